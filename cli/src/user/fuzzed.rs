//! What must hold for any bytes that are taken for a CSV file of users. `scripts/fuzz` looks for such bytes; the test replays
//! those that it kept.

use serde_json::{Map, Value};
use standin_server::UserRow;
use standin_server::clock::Time;

use super::clerk_csv::{self, Record, Records};

const NOW: Time = Time(1_790_000_000_000);

/// What is read of a file stands there, but for quotation marks; and a record that is a user is the same user when it was written
/// and read again.
pub fn csv(data: &[u8]) {
    let Ok(records) = Records::of(data) else {
        return;
    };
    let unquoted: Vec<u8> = data.iter().copied().filter(|byte| *byte != b'"').collect();
    for record in records {
        let Ok(Record::Whole(columns)) = record else {
            continue;
        };
        for text in columns.values().filter_map(Value::as_str) {
            let text = text.replace('"', "");
            let mut parts = unquoted.windows(text.len().max(1));
            assert!(
                text.is_empty() || parts.any(|part| part == text.as_bytes()),
                "{text}"
            );
        }
        let Some(user) = read(&columns) else { continue };
        // One that has an address with a separator in it is not written.
        let Ok(written) = clerk_csv::record(&user) else {
            continue;
        };
        let mut file = csv::Writer::from_writer(Vec::new());
        file.write_record(clerk_csv::COLUMNS).expect("a header");
        file.write_record(written).expect("a record");
        let file = file.into_inner().expect("a file");
        let mut again = Records::of(&*file).unwrap_or_else(|_| panic!("{user:?}"));
        let Some(Ok(Record::Whole(columns))) = again.next() else {
            panic!("{user:?}");
        };
        assert_eq!(read(&columns), Some(user));
        assert!(again.next().is_none());
    }
}

/// The user of a record, as a row that tells all that is known.
fn read(columns: &Map<String, Value>) -> Option<Map<String, Value>> {
    let user = UserRow::from_params(clerk_csv::params(columns)).read(NOW);
    Some(UserRow::write(&user.ok()?.profile(), NOW))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    #[test]
    fn of_every_file_that_was_kept_the_users_are_the_same_when_they_are_read_again() {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/csv");
        let files: Vec<_> = fs::read_dir(kept).unwrap().collect();
        assert!(files.len() > 10);
        for file in files {
            let path = file.unwrap().path();
            // So that a failure names the file.
            println!("{}", path.display());
            let started = Instant::now();
            super::csv(&fs::read(&path).unwrap());
            assert!(started.elapsed() < Duration::from_secs(1));
        }
    }
}

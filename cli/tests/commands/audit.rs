use serde_json::Value;

use crate::world::{Done, run, served_once, standin};

#[test]
fn the_trail_is_exported_and_an_altered_record_is_named() {
    let folder = tempfile::tempdir().unwrap();
    served_once(folder.path()).ok();
    let audit = |arguments: &[&str]| -> Done {
        let all = [&["audit"], arguments].concat();
        run(standin(folder.path(), &all))
    };
    let records: Vec<Value> = audit(&["export"])
        .ok()
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        records
            .iter()
            .any(|record| record["action"] == "user.create")
    );
    let file = audit(&["export", "trail.jsonl"]).ok();
    assert!(file.stdout.is_empty() && folder.path().join("trail.jsonl").exists());
    assert_eq!(
        audit(&["export", "trail.jsonl"]).code,
        1,
        "nothing is written over"
    );
    let tail = audit(&["tail", "--no-follow", "-n", "1", "--json"]).ok();
    let newest: Value = serde_json::from_str(tail.line()).unwrap();
    assert_eq!(newest["seq"], records.last().unwrap()["seq"]);

    let verified = audit(&["verify", "--json"]).ok().json();
    assert_eq!(verified["records"], records.len());
    assert_eq!(
        verified["unsealed"], 0,
        "a server that stops seals what is left"
    );
    let head = verified["head"].as_str().unwrap();
    audit(&["verify", "--head", head]).ok();
    let gone = audit(&["verify", "--head", "99:x"]);
    assert_eq!(gone.code, 1, "{gone:?}");

    let file = folder.path().join(".standin/standin.db");
    let database = rusqlite::Connection::open(file).unwrap();
    database
        .execute("update audit set actor = 'nobody' where seq = 1", [])
        .unwrap();
    let altered = audit(&["verify"]);
    assert_eq!(altered.code, 1, "{altered:?}");
    assert_eq!(altered.line(), "record 1 was changed");
}

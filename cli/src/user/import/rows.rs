//! Reads the rows of a file, on a thread of its own, and makes of each a user ready to be imported, or the reason why not.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};
use standin_server::UserRow;
use standin_server::clock::Clock;
use standin_server::error::{Error, Result};
use standin_server::users::NewUser;
use tokio::sync::mpsc::Sender;

use super::Format;
use crate::failure::{Exit, Failure};
use crate::user::clerk_csv::{self, Record, Records, Unusable};

/// How many rows go into one transaction: it holds a running server's writes up for as long as it takes.
const BATCH: usize = 8000;
/// More of a line than this is not kept: a row may have 64 KiB.
const LINE_MAX: u64 = 128 * 1024;

/// Some rows, in the order of the file.
#[derive(Default)]
pub struct Batch {
    /// Those that are users.
    pub users: Arc<Vec<NewUser>>,
    /// All of them.
    pub rows: Vec<Row>,
    /// How many have a second factor, which is left behind.
    pub second_factors: u64,
}

/// A row of the file.
pub struct Row {
    /// Where: the line of a JSON Lines file, the record of a CSV file, the header being the first.
    pub number: u32,
    /// Why it is no user; `None` means that it is the next one of the batch.
    pub error: Option<Error>,
    text: Text,
}

/// A row as it stands in the file.
enum Text {
    Line(Vec<u8>),
    Record(Map<String, Value>),
    Fields(Vec<String>),
}

impl Row {
    /// The row as it stands in the file, for the file of refused rows.
    pub fn as_json(&self) -> Value {
        match &self.text {
            Text::Line(bytes) => serde_json::from_slice(bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into()),
            Text::Record(record) => record.clone().into(),
            Text::Fields(fields) => fields.clone().into(),
        }
    }
}

/// Reads one file and sends what it reads.
pub struct Reader {
    /// Whether passwords are left out.
    pub without_passwords: bool,
    /// How many bytes were read so far.
    pub position: Arc<AtomicU64>,
    /// Where the batches go.
    pub batches: Sender<Batch>,
    batch: Batch,
    users: Vec<NewUser>,
}

impl Reader {
    /// One that has read nothing yet.
    pub fn new(without_passwords: bool, position: Arc<AtomicU64>, batches: Sender<Batch>) -> Self {
        Self {
            without_passwords,
            position,
            batches,
            batch: Batch::default(),
            users: Vec::new(),
        }
    }

    /// Reads the whole file, unless nobody takes the batches any more.
    pub fn read(mut self, path: &Path, format: Format) -> crate::failure::Result<()> {
        let unreadable =
            |error: &std::io::Error| Failure::io(format!("read {}", path.display()), error);
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        let mut file = Counted {
            file: BufReader::with_capacity(1 << 20, file),
            position: self.position.clone(),
        };
        // Spreadsheets begin their files with a mark of the byte order.
        if file
            .file
            .fill_buf()
            .map_err(|error| unreadable(&error))?
            .starts_with(b"\xef\xbb\xbf")
        {
            file.file.consume(3);
        }
        match format {
            Format::Jsonl => self.json_lines(file).map_err(|error| unreadable(&error))?,
            Format::Csv => self.csv(file)?,
        }
        self.send();
        Ok(())
    }

    fn json_lines(&mut self, file: impl Read) -> std::io::Result<()> {
        let mut file = BufReader::new(file);
        for number in 1.. {
            let mut line = Vec::new();
            if (&mut file).take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if line.len() as u64 == LINE_MAX && !line.ends_with(b"\n") {
                file.skip_until(b'\n')?;
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let row = UserRow::parse(text);
            if !self.add(number, Text::Line(text.to_vec()), row) {
                break;
            }
        }
        Ok(())
    }

    fn csv(&mut self, file: impl Read) -> crate::failure::Result<()> {
        for (number, record) in (2..).zip(Records::of(file).map_err(unusable)?) {
            let (text, row) = match record.map_err(Unusable::File).map_err(unusable)? {
                Record::Whole(columns) => {
                    let secret = columns.get(clerk_csv::SECOND_FACTOR);
                    let has = secret
                        .and_then(Value::as_str)
                        .is_some_and(|text| !text.is_empty());
                    self.batch.second_factors += u64::from(has);
                    let row = UserRow::from_params(clerk_csv::params(&columns));
                    (Text::Record(columns), Ok(row))
                }
                Record::Broken(fields, why) => (Text::Fields(fields), Err(Error::BodyInvalid(why))),
            };
            if !self.add(number, text, row) {
                break;
            }
        }
        Ok(())
    }

    /// Adds a row. False when nobody takes the batches any more.
    fn add(&mut self, number: u32, text: Text, row: Result<UserRow>) -> bool {
        let now = Clock::System.now();
        let user = row.and_then(|row| {
            let row = if self.without_passwords {
                row.without_password()
            } else {
                row
            };
            row.read(now)
        });
        let error = match user {
            Ok(user) => {
                self.users.push(user);
                None
            }
            Err(error) => Some(error),
        };
        self.batch.rows.push(Row {
            number,
            error,
            text,
        });
        self.batch.rows.len() < BATCH || self.send()
    }

    fn send(&mut self) -> bool {
        let mut batch = std::mem::take(&mut self.batch);
        batch.users = Arc::new(std::mem::take(&mut self.users));
        self.batches.blocking_send(batch).is_ok()
    }
}

fn unusable(why: Unusable) -> Failure {
    match why {
        Unusable::Header(sentence) => Failure::usage(sentence)
            .hint("known are", clerk_csv::COLUMNS.join(", "))
            .hint(
                "for anything else",
                "JSON Lines, with the parameters of POST /v1/users",
            ),
        Unusable::File(error) => Failure::new(
            Exit::Failed,
            "io",
            format!("the CSV file cannot be read: {error}"),
        ),
    }
}

/// A file that tells how far it was read.
struct Counted {
    file: BufReader<File>,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

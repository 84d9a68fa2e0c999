//! `standin user export`: all users, page by page from the database to a file that [`super::import`] reads.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};
use standin_server::UserRow;
use standin_server::clock::Clock;
use standin_server::db::Db;
use standin_server::users::{self, Position};
use tempfile::NamedTempFile;

use super::clerk_csv;
use super::import::Format;
use crate::failure::{Failure, Result};
use crate::key::Data;
use crate::terminal;

/// How many users are held at a time.
const PAGE: i64 = 500;

/// `user export`.
#[derive(Args)]
pub struct Export {
    /// Where to; `-` is stdout
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// What to write [default: csv if the name ends so, else jsonl]
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    data: Data,
}

impl Export {
    /// Exports everybody.
    pub async fn run(self, json: bool) -> Result<()> {
        let db = self.data.open().await?;
        let written = self.write(&db).await;
        db.close().await;
        let (users, format) = written?;
        if self.is_stdout() {
            return Ok(());
        }
        if json {
            terminal::print(json!({ "users": users, "file": self.file }));
            return Ok(());
        }
        let file = self.file.display();
        terminal::say(format!(
            "{users} users in {file}; it holds their password digests"
        ));
        if format == Format::Csv {
            terminal::note(
                "CSV has no place for metadata, external ids, bans and times; JSON Lines has",
            );
        }
        Ok(())
    }

    fn is_stdout(&self) -> bool {
        self.file == Path::new("-")
    }

    async fn write(&self, db: &Db) -> Result<(u64, Format)> {
        let format = self.format.unwrap_or_else(|| Format::of(&self.file));
        let failed =
            |error: &io::Error| Failure::io(format!("write {}", self.file.display()), error);
        if self.is_stdout() {
            let out = io::BufWriter::new(io::stdout());
            return match (pages(db, Sheet::new(out, format))).await? {
                // Nobody reads any more (`| head -1`).
                (users, Err(error)) if error.kind() == ErrorKind::BrokenPipe => Ok((users, format)),
                (_, Err(error)) => Err(failed(&error)),
                (users, Ok(_)) => Ok((users, format)),
            };
        }
        // Beside the place where it will be, for its owner alone; a half-written file never has the name.
        let folder = self.file.parent().filter(|path| *path != Path::new(""));
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        let file = io::BufWriter::new(file.map_err(|error| failed(&error))?);
        let (users, written) = pages(db, Sheet::new(file, format)).await?;
        let file = written.map_err(|error| failed(&error))?;
        let file = file.into_inner().map_err(|error| failed(error.error()))?;
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        file.persist(&self.file)
            .map_err(|error| failed(&error.error))?;
        Ok((users, format))
    }
}

/// Writes everybody and gives back what was written to; the inner error is the file's.
async fn pages<W: Write>(db: &Db, mut sheet: Sheet<W>) -> Result<(u64, io::Result<W>)> {
    let (mut users, mut after) = (0, None);
    loop {
        let from: Option<Position> = after.clone();
        let page = db
            .search(move |tx| users::export(tx, from.as_ref(), PAGE))
            .await?;
        let Some(last) = page.last() else {
            return Ok((users, sheet.finish()));
        };
        after = Some(Position::after(&last.user));
        let now = Clock::System.now();
        for profile in &page {
            if let Err(error) = sheet.add(&UserRow::write(profile, now)) {
                return Ok((users, Err(error)));
            }
            users += 1;
        }
    }
}

/// A file in one of the formats.
enum Sheet<W: Write> {
    Jsonl(W),
    Csv(Box<csv::Writer<W>>, bool),
}

impl<W: Write> Sheet<W> {
    fn new(to: W, format: Format) -> Self {
        match format {
            Format::Jsonl => Self::Jsonl(to),
            Format::Csv => Self::Csv(Box::new(csv::Writer::from_writer(to)), false),
        }
    }

    fn add(&mut self, row: &Map<String, Value>) -> io::Result<()> {
        match self {
            Self::Jsonl(to) => {
                serde_json::to_writer(&mut *to, row)?;
                to.write_all(b"\n")
            }
            Self::Csv(to, has_header) => {
                if !std::mem::replace(has_header, true) {
                    to.write_record(clerk_csv::COLUMNS)?;
                }
                let record = clerk_csv::record(row).map_err(|address| {
                    let id = row["id"].as_str().unwrap_or_default();
                    let sentence = format!("{id} has {address}, which would be two addresses in a list of CSV; take JSON Lines");
                    io::Error::other(sentence)
                })?;
                Ok(to.write_record(record)?)
            }
        }
    }

    fn finish(self) -> io::Result<W> {
        match self {
            Self::Jsonl(mut to) => to.flush().map(|()| to),
            Self::Csv(mut to, has_header) => {
                if !has_header {
                    to.write_record(clerk_csv::COLUMNS)?;
                }
                let to = to.into_inner();
                to.map_err(|error| io::Error::other(error.to_string()))
            }
        }
    }
}

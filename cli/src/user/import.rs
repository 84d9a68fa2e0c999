//! `standin user import`: users from a file into the data itself. One thread reads, another writes, thousands of users in
//! one transaction; a user is made whole or not at all, and one that is there already is passed over, so the same
//! command can be run again after anything.

mod earlier;
mod refused;
mod rows;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use standin_server::caller::Caller;
use standin_server::clock::Clock;
use standin_server::db::Db;
use standin_server::error::Error;
use standin_server::users::{self, NewUser, Outcome};
use tokio::sync::mpsc;

use crate::failure::{Exit, Failure, Result};
use crate::key::Data;
use crate::terminal;
use earlier::Earlier;
use refused::{Refusal, RefusedFile};
use rows::{Batch, Reader, Row};

/// How users are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON Lines: one object a line, with the parameters of `POST /v1/users`
    Jsonl,
    /// CSV with the columns of Clerk's dashboard export
    Csv,
}

impl Format {
    /// What the name of a file says.
    pub fn of(path: &Path) -> Self {
        let is_csv = |end: &std::ffi::OsStr| end.eq_ignore_ascii_case("csv");
        if path.extension().is_some_and(is_csv) {
            Self::Csv
        } else {
            Self::Jsonl
        }
    }
}

/// `user import`.
#[derive(Args)]
#[command(after_help = "\
A row is refused for what POST /v1/users refuses it for, and leaves nothing behind. A user whose id or
external_id is there already is passed over: run the same command again after an interruption, or after the
refused rows were mended. The exit code is 1 when rows were refused.")]
pub struct Import {
    /// JSON Lines with the parameters of POST /v1/users, or CSV as Clerk's dashboard exports users
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the file is [default: csv if its name ends so, else jsonl]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where refused rows go, with the reasons [default: FILE.refused.jsonl]
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Leave passwords behind, where their digests are of a kind that cannot be checked here
    #[arg(long)]
    without_passwords: bool,
    #[command(flatten)]
    data: Data,
}

/// What became of the rows.
#[derive(Default)]
struct Counts {
    rows: u64,
    made: u64,
    already_there: u64,
    refused: u64,
    second_factors: u64,
}

impl Import {
    /// Imports the file.
    pub async fn run(self, json: bool) -> Result<ExitCode> {
        let size = std::fs::metadata(&self.file)
            .map_err(|error| Failure::io(format!("read {}", self.file.display()), &error))?
            .len();
        let refused = self.refused_path();
        if std::fs::canonicalize(&refused).ok() == std::fs::canonicalize(&self.file).ok() {
            return Err(Failure::usage(
                "the refused rows cannot go into the file that is read",
            ));
        }
        let db = self.data.open().await.map_err(|failure| {
            failure.hint(
                "make it",
                "standin key create --data DIR --make, or standin dev",
            )
        })?;
        let (sender, batches) = mpsc::channel(2);
        let position = Arc::new(AtomicU64::new(0));
        let reader = Reader::new(self.without_passwords, position.clone(), sender);
        let format = self.format.unwrap_or_else(|| Format::of(&self.file));
        let file = self.file.clone();
        let reading = tokio::task::spawn_blocking(move || reader.read(&file, format));
        let import = Running {
            db: db.clone(),
            earlier: Earlier::default(),
            refused: RefusedFile::create(refused)?,
            counts: Counts::default(),
            progress: progress(size),
            position,
        };
        let imported = import.all(batches).await;
        // The database is closed in any case, so that all of it is in its file.
        db.close().await;
        let (counts, refused) = imported.map_err(|failure| {
            failure.hint(
                "go on",
                "the same command: users that are there are passed over",
            )
        })?;
        reading
            .await
            .map_err(|error| Failure::new(Exit::Failed, "bug", error))??;
        counts.show(refused.as_deref(), json);
        Ok(ExitCode::from(u8::from(counts.refused > 0)))
    }

    fn refused_path(&self) -> PathBuf {
        self.refused.clone().unwrap_or_else(|| {
            let mut name = OsString::from(&self.file);
            name.push(".refused.jsonl");
            name.into()
        })
    }
}

/// Shown where someone looks.
fn progress(size: u64) -> ProgressBar {
    let bar = ProgressBar::new(size);
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Which part of the time of each transaction the database is left alone after it. Who waits for SQLite's lock looks for it
/// now and then; without a gap a running server would look in vain until its patience ends.
const GAP: u32 = 8;

#[expect(
    clippy::disallowed_methods,
    reason = "the time is for the writes of a running server, which cannot be waited for"
)]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// An import under way.
struct Running {
    db: Db,
    earlier: Earlier,
    refused: RefusedFile,
    counts: Counts,
    progress: ProgressBar,
    position: Arc<AtomicU64>,
}

impl Running {
    async fn all(
        mut self,
        mut batches: mpsc::Receiver<Batch>,
    ) -> Result<(Counts, Option<PathBuf>)> {
        while let Some(batch) = batches.recv().await {
            let users = batch.users.clone();
            let by = Caller::internal("cli", Clock::System.now());
            let started = Instant::now();
            let outcomes = self
                .db
                .write(by, move |tx| {
                    tx.in_bulk()?;
                    users::import(tx, &users)
                })
                .await?;
            let taken = started.elapsed();
            self.note(batch, outcomes)?;
            pause(taken / GAP).await;
            self.refused.flush()?;
            let counts = &self.counts;
            self.progress
                .set_position(self.position.load(Ordering::Relaxed));
            self.progress
                .set_message(format!("{} users, {} refused", counts.made, counts.refused));
        }
        self.progress.finish_and_clear();
        Ok((self.counts, self.refused.finish()?))
    }

    fn note(
        &mut self,
        batch: Batch,
        outcomes: Vec<std::result::Result<Outcome, Error>>,
    ) -> Result<()> {
        self.counts.second_factors += batch.second_factors;
        let mut users = batch.users.iter().zip(outcomes);
        for row in batch.rows {
            self.counts.rows += 1;
            let refusal = match &row.error {
                Some(error) => Some(because(error)),
                None => match users.next() {
                    Some((user, outcome)) => self.outcome(&row, user, outcome),
                    None => return Err(Failure::new(Exit::Failed, "bug", "a row without a user")),
                },
            };
            if let Some(refusal) = refusal {
                self.counts.refused += 1;
                self.refused.add(row.number, &refusal, &row.as_json())?;
            }
        }
        Ok(())
    }

    /// Counts what became of a user, or says why it was refused.
    fn outcome(
        &mut self,
        row: &Row,
        user: &NewUser,
        outcome: std::result::Result<Outcome, Error>,
    ) -> Option<Refusal> {
        let (error, other) = match outcome {
            Ok(Outcome::Made) => {
                self.counts.made += 1;
                self.earlier.add(user, row.number);
                return None;
            }
            Ok(Outcome::AlreadyThere) => match self.earlier.same_user(user) {
                None => {
                    self.counts.already_there += 1;
                    self.earlier.add(user, row.number);
                    return None;
                }
                Some((param, other)) => (Error::IdentifierExists(param), Some(other)),
            },
            Err(error) => {
                let other = match &error {
                    Error::IdentifierExists(param) => self.earlier.row_with(user, param),
                    _ => None,
                };
                (error, other)
            }
        };
        let mut refusal = because(&error);
        if let Some(other) = other {
            refusal.reason = format!("{} It is in row {other} of this file.", refusal.reason);
            refusal.collides_with = Some(other);
        }
        Some(refusal)
    }
}

fn because(error: &Error) -> Refusal {
    let shown = error.shown();
    Refusal {
        code: shown.code.to_owned(),
        reason: shown.long_message.clone(),
        collides_with: None,
    }
}

impl Counts {
    fn show(&self, refused_file: Option<&Path>, json: bool) {
        if json {
            terminal::print(json!({
                "rows": self.rows,
                "made": self.made,
                "already_there": self.already_there,
                "refused": self.refused,
                "refused_file": refused_file,
                "second_factors_left_out": self.second_factors,
            }));
            return;
        }
        terminal::say(format!(
            "{} rows: {} users made, {} already there, {} refused",
            self.rows, self.made, self.already_there, self.refused
        ));
        if self.second_factors > 0 {
            terminal::note(format!(
                "{} rows have a totp_secret, which was left out: Standin asks for no second factor",
                self.second_factors
            ));
        }
        if let Some(file) = refused_file {
            terminal::say(format!(
                "the refused rows, with reasons: {}",
                file.display()
            ));
        }
    }
}

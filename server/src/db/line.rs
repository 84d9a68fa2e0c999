//! A thread's line to the database: a connection, and the way to another one when it is lost.

use std::time::{Duration, Instant};

use super::{Connection, Database, Purpose};
use crate::error::Result;

/// A connection that is opened again when it is lost: not more often than a server that is down can bear, and without a
/// line in the log for every attempt.
pub(super) struct Line {
    pub(super) connection: Connection,
    database: Database,
    purpose: Purpose,
    failed_at: Option<Instant>,
}

impl Line {
    const PAUSE: Duration = Duration::from_millis(250);
    /// How long a lost answer is looked for, while its caller waits.
    const SETTLING: Duration = Duration::from_secs(10);

    pub(super) fn open(database: &Database, purpose: Purpose) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(database, purpose)?,
            database: database.clone(),
            purpose,
            failed_at: None,
        })
    }

    /// Finds out whether a commit took place whose answer was lost with the connection; `None` where nobody can tell in
    /// time.
    pub(super) fn settled(&mut self) -> Option<bool> {
        let started = Instant::now();
        while started.elapsed() < Self::SETTLING {
            if let Ok(mut opened) = Connection::open(&self.database, self.purpose)
                && let Ok(settled) = opened.settle(&self.connection)
            {
                self.connection = opened;
                return Some(settled);
            }
            pause();
        }
        None
    }

    /// Whether the connection was lost and there is a new one now.
    pub(super) fn is_renewed(&mut self) -> bool {
        let paused = self.failed_at.is_some_and(|at| at.elapsed() < Self::PAUSE);
        if paused || !self.connection.is_broken() {
            return false;
        }
        match Connection::open(&self.database, self.purpose) {
            Ok(opened) => {
                self.connection = opened;
                if self.failed_at.take().is_some() {
                    tracing::info!("the database answers again");
                }
                true
            }
            Err(error) => {
                if self.failed_at.replace(Instant::now()).is_none() {
                    tracing::warn!(%error, "the database does not answer");
                }
                false
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "on a thread of its own, while the server starts"
)]
fn pause() {
    std::thread::sleep(Line::PAUSE);
}

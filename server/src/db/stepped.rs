//! The writer without its thread: for whoever decides what happens when, as a simulation does. The same jobs go through the
//! same transactions as in a running server; only when a batch is taken, and what becomes of it, is somebody else's choice.

use std::path::PathBuf;

use tokio::sync::oneshot;

use super::job::{self, Job, WriteJob};
use super::{Connection, Database, Ledger, Purpose, Read, Write, migrate, writer};
use crate::caller::Caller;
use crate::error::Result;

/// A database of its own in memory, whose writer moves when it is told to.
pub struct Stepped {
    connection: Connection,
    ledger: Ledger,
    waiting: Vec<Box<dyn Job>>,
}

/// An answer that is there after the turn.
pub struct Coming<T>(oneshot::Receiver<Result<T>>);

impl<T> Coming<T> {
    /// What was answered; `None` where the process died.
    pub fn arrived(mut self) -> Option<Result<T>> {
        self.0.try_recv().ok()
    }
}

/// What becomes of a batch of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is committed, and its callers hear how it went.
    Answered,
    /// It is committed, and the process dies before anybody hears of it.
    Unheard,
    /// The process dies before the commit.
    Lost,
}

impl Stepped {
    /// An empty database, brought up to date.
    ///
    /// # Errors
    /// [`crate::error::Error::Unavailable`] when there is no memory for it.
    pub fn open(ledger: Ledger) -> Result<Self> {
        let memory = Database::Sqlite(PathBuf::from(":memory:"));
        let mut connection = Connection::open(&memory, Purpose::Writes)?;
        migrate::migrate(&mut connection)?;
        Ok(Self {
            connection,
            ledger,
            waiting: Vec::new(),
        })
    }

    /// Looks at what is committed.
    ///
    /// # Errors
    /// What `work` refuses.
    pub fn read<T>(&mut self, mut work: impl FnMut(&mut Read<'_>) -> Result<T>) -> Result<T> {
        job::read(&mut self.connection, &mut work)
    }

    /// Puts `work` into the next batch.
    pub fn write<T: Send + 'static>(
        &mut self,
        by: Caller,
        work: impl FnMut(&mut Write<'_>) -> Result<T> + Send + 'static,
    ) -> Coming<T> {
        let (job, answer) = WriteJob::chosen(by, work, self.ledger);
        self.waiting.push(Box::new(job));
        Coming(answer)
    }

    /// Takes what waits through one transaction.
    ///
    /// # Errors
    /// [`crate::error::Error::Unavailable`] when the database failed, which one in memory has no reason to.
    pub fn turn(&mut self, turn: Turn) -> Result<()> {
        let mut batch = std::mem::take(&mut self.waiting);
        if turn == Turn::Lost {
            return writer::lose(&mut self.connection, &mut batch);
        }
        writer::settled(&mut self.connection, &mut batch)?;
        if turn == Turn::Answered {
            for job in batch {
                job.answer(None);
            }
        }
        Ok(())
    }
}

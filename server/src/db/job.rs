//! Jobs for the threads that own connections: a caller's function, its result, and the way back to the caller.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Connection, Ledger, Read, Write};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::events::Event;

/// A job for a thread that owns a connection.
pub(super) trait Job: Send {
    /// Takes it for running. False when its caller waits no more, and then it is dropped.
    fn claim(&self) -> bool;
    /// Does the work and keeps its result for [`Job::answer`].
    fn run(&mut self, connection: &mut Connection) -> Outcome;
    /// Records that the work was refused, after its changes were rolled back.
    fn record_refusal(&mut self, connection: &mut Connection) -> Result<()>;
    /// Tells the caller: the kept result, or why the transaction as a whole failed.
    fn answer(self: Box<Self>, failure: Option<Error>);
}

/// What becomes of the changes a job made.
pub(super) enum Outcome {
    /// They are committed.
    Keep,
    /// They are rolled back.
    RollBack,
    /// They are rolled back, and the refusal is recorded.
    Refuse,
    /// They are rolled back because the database failed.
    Fail(String),
    /// Another transaction was in the way: this one is void, and running it again may succeed.
    Again(String),
}

/// Whose turn it is: the caller's to give up, until a thread begins.
type Begun = Arc<AtomicBool>;

/// The caller's end of a job: who is not served in time is told so, and then nothing is done.
async fn answered<T>(
    mut answer: oneshot::Receiver<Result<T>>,
    begun: Begun,
    patience: Duration,
) -> Result<T> {
    let answer = match timeout(patience, &mut answer).await {
        Ok(answer) => answer,
        Err(_) if !begun.swap(true, Ordering::AcqRel) => return Err(Error::Overloaded),
        Err(_) => answer.await,
    };
    let gone = || Error::Unavailable("the database threads have stopped".into());
    answer.unwrap_or_else(|_| Err(gone()))
}

fn panicked<T>() -> Result<T> {
    Err(Error::Bug("a database job panicked".into()))
}

/// What was computed, and who waits for it.
struct Reply<T> {
    result: Option<Result<T>>,
    caller: oneshot::Sender<Result<T>>,
    begun: Begun,
}

impl<T> Reply<T> {
    /// With where it arrives.
    fn channel() -> (Self, oneshot::Receiver<Result<T>>) {
        let (caller, answer) = oneshot::channel();
        let reply = Self {
            result: None,
            caller,
            begun: Begun::default(),
        };
        (reply, answer)
    }

    /// With the future that waits for it, and how long for its beginning.
    fn new(patience: Duration) -> (Self, impl Future<Output = Result<T>>) {
        let (reply, answer) = Self::channel();
        let answer = answered(answer, reply.begun.clone(), patience);
        (reply, answer)
    }

    fn claim(&self) -> bool {
        !self.caller.is_closed() && !self.begun.swap(true, Ordering::AcqRel)
    }

    fn send(self, failure: Option<Error>) {
        let result = match failure {
            Some(error) => Err(error),
            None => self
                .result
                .unwrap_or_else(|| Err(Error::Bug("a database job did not run".into()))),
        };
        // The caller may have gone away; the work is done all the same.
        let _ = self.caller.send(result);
    }
}

/// A read on its way to a thread.
pub(super) struct ReadJob<F, T> {
    with: F,
    reply: Reply<T>,
}

impl<F, T> ReadJob<F, T>
where
    F: FnMut(&mut Read<'_>) -> Result<T>,
{
    pub(super) fn new(with: F, patience: Duration) -> (Self, impl Future<Output = Result<T>>) {
        let (reply, answer) = Reply::new(patience);
        (Self { with, reply }, answer)
    }
}

/// Runs a read on a connection.
pub(super) fn read<T>(
    connection: &mut Connection,
    with: &mut impl FnMut(&mut Read<'_>) -> Result<T>,
) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| with(&mut Read { connection }))).unwrap_or_else(|_| panicked())
}

impl<F, T> Job for ReadJob<F, T>
where
    F: FnMut(&mut Read<'_>) -> Result<T> + Send,
    T: Send,
{
    fn claim(&self) -> bool {
        self.reply.claim()
    }

    fn run(&mut self, connection: &mut Connection) -> Outcome {
        self.reply.result = Some(read(connection, &mut self.with));
        Outcome::Keep
    }

    fn record_refusal(&mut self, _: &mut Connection) -> Result<()> {
        Ok(())
    }

    fn answer(self: Box<Self>, failure: Option<Error>) {
        self.reply.send(failure);
    }
}

/// A write on its way to a writer.
pub(super) struct WriteJob<F, T> {
    by: Caller,
    with: F,
    ledger: Ledger,
    reply: Reply<T>,
    refused: Option<(Event, Option<String>)>,
}

impl<F, T> WriteJob<F, T>
where
    F: FnMut(&mut Write<'_>) -> Result<T>,
{
    pub(super) fn new(
        by: Caller,
        with: F,
        ledger: Ledger,
        patience: Duration,
    ) -> (Self, impl Future<Output = Result<T>>) {
        let (reply, answer) = Reply::new(patience);
        (Self::replying(by, with, ledger, reply), answer)
    }

    /// One whose turn its caller chooses.
    pub(super) fn chosen(
        by: Caller,
        with: F,
        ledger: Ledger,
    ) -> (Self, oneshot::Receiver<Result<T>>) {
        let (reply, answer) = Reply::channel();
        (Self::replying(by, with, ledger, reply), answer)
    }

    fn replying(by: Caller, with: F, ledger: Ledger, reply: Reply<T>) -> Self {
        Self {
            by,
            with,
            ledger,
            reply,
            refused: None,
        }
    }

    /// The caller's work and then the ledger's, as one.
    fn work(&mut self, connection: &mut Connection) -> Result<T> {
        let mut tx = Write::new(connection, &self.by);
        let result = (self.with)(&mut tx).and_then(|done| {
            let events = std::mem::take(&mut tx.events);
            (self.ledger)(&mut tx, &events)?;
            Ok(done)
        });
        if let Err(error) = &result
            && !error.is_fault()
        {
            let refused = |event: Event| event.refused(error.shown().code);
            self.refused = tx
                .attempted
                .take()
                .map(|event| (refused(event), tx.actor.take()));
        }
        result
    }
}

impl<F, T> Job for WriteJob<F, T>
where
    F: FnMut(&mut Write<'_>) -> Result<T> + Send,
    T: Send,
{
    fn claim(&self) -> bool {
        self.reply.claim()
    }

    fn run(&mut self, connection: &mut Connection) -> Outcome {
        self.refused = None;
        let result =
            catch_unwind(AssertUnwindSafe(|| self.work(connection))).unwrap_or_else(|_| panicked());
        let outcome = match &result {
            Ok(_) => Outcome::Keep,
            Err(Error::Conflict(why)) => Outcome::Again(why.clone()),
            Err(Error::Unavailable(why)) => Outcome::Fail(why.clone()),
            Err(_) if self.refused.is_some() => Outcome::Refuse,
            Err(_) => Outcome::RollBack,
        };
        self.reply.result = Some(result);
        outcome
    }

    fn record_refusal(&mut self, connection: &mut Connection) -> Result<()> {
        let Some((event, actor)) = self.refused.take() else {
            return Ok(());
        };
        let mut tx = Write::new(connection, &self.by);
        tx.actor = actor;
        (self.ledger)(&mut tx, &[event])
    }

    fn answer(self: Box<Self>, failure: Option<Error>) {
        self.reply.send(failure);
    }
}

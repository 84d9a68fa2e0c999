//! The write path: takes the writes that wait, runs each inside a savepoint, commits once, and answers them all.

use std::thread;
use std::time::{Duration, Instant};

use super::Connection;
use super::job::{Job, Outcome};
use super::lane::Queue;
use super::line::Line;
use super::state::State;
use crate::error::{Error, Result};

/// How many writes share one commit at most on SQLite. More would only lengthen the wait of the first. On PostgreSQL
/// writers run side by side already, and a batch would hold row locks longer than one request needs them.
const BATCH: usize = 256;
/// How often a transaction that met another one is run again before the caller is told to come back.
const ATTEMPTS: u32 = 10;

/// How a transaction ended.
enum Fate {
    /// It is durable.
    Committed,
    /// Another transaction was in the way, and nothing was done.
    Again(String),
    /// It failed, and nothing was done.
    Nothing(String),
    /// The commit was asked for and its answer is not known.
    Unknown(String),
}

/// Takes a batch of writes through one transaction. False when it is time to stop.
pub(super) fn turn(line: &mut Line, queue: &Queue, state: &State) -> bool {
    let Some(first) = queue.next() else {
        return false;
    };
    let mut batch = vec![first];
    let most = match line.connection {
        Connection::Sqlite(_) => BATCH,
        Connection::Postgres(_) => 1,
    };
    let stopping = queue.fill(&mut batch, most);
    if state.is_stopped() {
        answer(batch, || {
            Error::Unavailable("the disk failed; start the server again".into())
        });
        return !stopping;
    }
    let (started, jobs) = (Instant::now(), batch.len());
    line.is_renewed();
    let fate = settle(line, &mut batch);
    if !matches!(fate, Fate::Committed) {
        state.failed.count();
    }
    match fate {
        Fate::Committed => {
            state.shared.observe(jobs as u64);
            state.took.took(started.elapsed());
            state.works();
            for job in batch {
                job.answer(None);
            }
        }
        Fate::Again(why) => answer(batch, || Error::Unavailable(format!("too busy: {why}"))),
        Fate::Nothing(why) => {
            state.fails(&why);
            answer(batch, || Error::Unavailable(why.clone()));
        }
        Fate::Unknown(why) => {
            match line.connection {
                // What the disk still holds, only the next start can tell.
                Connection::Sqlite(_) => state.stop(&why),
                Connection::Postgres(_) => state.fails(&why),
            }
            answer(batch, || Error::Unsettled(why.clone()));
            line.connection.linger(state);
        }
    }
    !stopping
}

/// Takes a batch that somebody chose through one transaction.
pub(super) fn settled(connection: &mut Connection, batch: &mut [Box<dyn Job>]) -> Result<()> {
    match transaction(connection, batch) {
        Fate::Committed => Ok(()),
        Fate::Again(why) | Fate::Nothing(why) => Err(Error::Unavailable(why)),
        Fate::Unknown(why) => Err(Error::Unsettled(why)),
    }
}

/// Runs a batch up to its commit, which never comes.
pub(super) fn lose(connection: &mut Connection, batch: &mut [Box<dyn Job>]) -> Result<()> {
    connection.begin()?;
    for job in batch {
        let _ = among_others(connection, job.as_mut());
    }
    connection.control("rollback")
}

fn answer(batch: Vec<Box<dyn Job>>, failure: impl Fn() -> Error) {
    for job in batch {
        job.answer(Some(failure()));
    }
}

/// Runs the batch, again if it met another transaction, and once more if the connection was lost before the commit.
fn settle(line: &mut Line, batch: &mut [Box<dyn Job>]) -> Fate {
    for attempt in 1.. {
        match transaction(&mut line.connection, batch) {
            Fate::Again(_) if attempt < ATTEMPTS => back_off(attempt),
            Fate::Nothing(_) if attempt == 1 && !line.connection.owes() && line.is_renewed() => {}
            Fate::Unknown(why) => return find_out(line, why),
            fate => return fate,
        }
    }
    unreachable!("the loop ends by returning")
}

/// What became of a commit whose answer was lost. While its connection is open the answer may still come, and only the
/// transaction itself can say what it will be.
fn find_out(line: &mut Line, why: String) -> Fate {
    if line.connection.owes() || matches!(line.connection, Connection::Sqlite(_)) {
        return Fate::Unknown(why);
    }
    match line.settled() {
        Some(true) => Fate::Committed,
        Some(false) => Fate::Nothing(why),
        None => Fate::Unknown(why),
    }
}

/// Runs the jobs in one transaction.
fn transaction(connection: &mut Connection, batch: &mut [Box<dyn Job>]) -> Fate {
    if let Err(error) = connection.begin() {
        return roll_back(connection, Fate::Nothing(error.to_string()));
    }
    // A job alone needs no savepoint: the transaction is one.
    if let [job] = batch {
        return alone(connection, job.as_mut());
    }
    let done = batch
        .iter_mut()
        .try_for_each(|job| among_others(connection, job.as_mut()));
    match done {
        Ok(()) => commit(connection),
        Err(fate) => roll_back(connection, fate),
    }
}

fn roll_back(connection: &mut Connection, fate: Fate) -> Fate {
    // On a dead connection the server rolls back by itself, and one that owes an answer gives no other.
    if !connection.is_broken() {
        let _ = connection.control("rollback");
    }
    fate
}

/// Runs the one job of a transaction.
fn alone(connection: &mut Connection, job: &mut dyn Job) -> Fate {
    match job.run(connection) {
        Outcome::Keep => commit(connection),
        Outcome::RollBack => roll_back(connection, Fate::Committed),
        Outcome::Refuse => {
            let recorded = connection
                .control("rollback")
                .and_then(|()| connection.begin())
                .and_then(|()| job.record_refusal(connection));
            match recorded {
                Ok(()) => commit(connection),
                Err(error) => roll_back(connection, Fate::Nothing(error.to_string())),
            }
        }
        Outcome::Fail(why) => roll_back(connection, Fate::Nothing(why)),
        Outcome::Again(why) => roll_back(connection, Fate::Again(why)),
    }
}

/// Runs one job of several inside a savepoint of its own.
fn among_others(connection: &mut Connection, job: &mut dyn Job) -> Result<(), Fate> {
    let nothing = |error: Error| Fate::Nothing(error.to_string());
    connection.control("savepoint job").map_err(nothing)?;
    match job.run(connection) {
        Outcome::Keep => connection.control("release savepoint job").map_err(nothing),
        Outcome::RollBack => give_back(connection).map_err(nothing),
        Outcome::Refuse => {
            give_back(connection).map_err(nothing)?;
            job.record_refusal(connection).map_err(nothing)
        }
        // The disk is full, say: SQLite has rolled back the whole transaction, and whoever shared it must hear that.
        Outcome::Fail(why) => Err(Fate::Nothing(why)),
        Outcome::Again(why) => Err(Fate::Again(why)),
    }
}

fn give_back(connection: &mut Connection) -> Result<()> {
    connection.control("rollback to savepoint job")?;
    connection.control("release savepoint job")
}

/// Commits. Some failures mean that nothing was done, some that nobody knows.
fn commit(connection: &mut Connection) -> Fate {
    match connection.commit() {
        Ok(()) => Fate::Committed,
        Err(Error::Conflict(why)) => roll_back(connection, Fate::Again(why)),
        Err(Error::Unsettled(why)) => roll_back(connection, Fate::Unknown(why)),
        Err(other) => roll_back(connection, Fate::Nothing(other.to_string())),
    }
}

/// Waits a random time, longer at each attempt, so that transactions that met do not meet again.
#[expect(
    clippy::disallowed_methods,
    reason = "on a thread of its own, while the other transaction finishes"
)]
fn back_off(attempt: u32) {
    let mut random = [0_u8];
    let _ = aws_lc_rs::rand::fill(&mut random);
    let most = Duration::from_millis(4 << attempt.min(7));
    thread::sleep(most * u32::from(random[0]) / 255);
}

//! The database: one set of SQL text for SQLite and PostgreSQL, and the only place that knows threads.
//!
//! A write is a plain function from a [`Tx`] to a result. A writer thread takes the writes that wait, runs each inside a
//! savepoint of its own, commits once, and only then answers them all: nobody hears of success before it is durable, and
//! a failed write leaves nothing behind. A write may be run again after a conflict, so it makes no ids and reads no clock.
//!
//! Columns are `text` and `bigint` only. Parameters are written `$1`, `$2`, …; a statement holds no other `$`.

mod postgres;
mod sqlite;
mod value;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Error, Result};
pub use value::{FromRow, FromValue, Row, Value};

/// Where the data lives.
#[derive(Clone, Debug)]
pub enum Database {
    /// A SQLite file; its folder must exist.
    Sqlite(PathBuf),
    /// A PostgreSQL connection string or URL.
    Postgres(String),
}

/// Builds the parameter list of a statement from anything that has a [`Value`].
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Value::from($value)),*] };
}
pub(crate) use values;

/// What a statement runs on: one connection, inside a transaction when it belongs to a write.
pub struct Tx<'a> {
    connection: &'a mut Connection,
}

impl Tx<'_> {
    /// Runs a statement that changes rows and says how many it changed.
    pub fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        match self.connection {
            Connection::Sqlite(sqlite) => sqlite.execute(sql, values),
            Connection::Postgres(postgres) => postgres.execute(sql, values),
        }
    }

    /// All rows a statement returns.
    pub fn all<T: FromRow>(&mut self, sql: &str, values: &[Value]) -> Result<Vec<T>> {
        let rows = match self.connection {
            Connection::Sqlite(sqlite) => sqlite.rows(sql, values)?,
            Connection::Postgres(postgres) => postgres.rows(sql, values)?,
        };
        rows.into_iter()
            .map(|mut row| T::from_row(&mut row))
            .collect()
    }

    /// The first row, if there is one.
    pub fn first<T: FromRow>(&mut self, sql: &str, values: &[Value]) -> Result<Option<T>> {
        Ok(self.all(sql, values)?.into_iter().next())
    }

    /// The one row of a statement that always has one.
    pub fn one<T: FromRow>(&mut self, sql: &str, values: &[Value]) -> Result<T> {
        self.first(sql, values)?
            .ok_or_else(|| Error::Bug(format!("no row: {sql}")))
    }
}

/// A connection of either kind.
enum Connection {
    Sqlite(sqlite::Connection),
    Postgres(Box<postgres::Connection>),
}

impl Connection {
    fn open(database: &Database) -> Result<Self> {
        Ok(match database {
            Database::Sqlite(path) => Self::Sqlite(sqlite::Connection::open(path)?),
            Database::Postgres(url) => Self::Postgres(Box::new(postgres::Connection::open(url)?)),
        })
    }

    /// Runs statements without parameters, as migrations have them.
    fn batch(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.batch(sql),
            Self::Postgres(postgres) => postgres.batch(sql),
        }
    }

    /// Begins and ends transactions and savepoints: one statement, used again and again.
    fn control(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.control(sql),
            Self::Postgres(postgres) => postgres.batch(sql),
        }
    }

    /// Whether the connection is gone for good and must be opened anew.
    fn is_broken(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(postgres) => postgres.is_broken(),
        }
    }
}

/// A job for a thread that owns a connection.
trait Job: Send {
    /// Does the work and keeps its result for [`Job::answer`]. An error means: roll back.
    fn run(&mut self, tx: &mut Tx<'_>) -> Outcome;
    /// Tells the caller: the kept result, or why the transaction as a whole failed.
    fn answer(self: Box<Self>, failure: Option<Error>);
}

enum Outcome {
    Keep,
    RollBack,
    /// A conflict with another transaction: the whole transaction is void, and running it again may succeed.
    Again,
}

struct Work<F, T> {
    with: F,
    result: Option<Result<T>>,
    caller: oneshot::Sender<Result<T>>,
}

impl<F, T> Job for Work<F, T>
where
    F: FnMut(&mut Tx<'_>) -> Result<T> + Send,
    T: Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Outcome {
        let result = catch_unwind(AssertUnwindSafe(|| (self.with)(tx)))
            .unwrap_or_else(|_| Err(Error::Bug("a database job panicked".into())));
        let outcome = match &result {
            Ok(_) => Outcome::Keep,
            Err(Error::Unavailable(why)) if why == postgres::CONFLICT => Outcome::Again,
            Err(_) => Outcome::RollBack,
        };
        self.result = Some(result);
        outcome
    }

    fn answer(mut self: Box<Self>, failure: Option<Error>) {
        let result = match failure {
            Some(error) => Err(error),
            None => self
                .result
                .take()
                .unwrap_or_else(|| Err(Error::Bug("a database job did not run".into()))),
        };
        // The caller may have gone away; the work is done all the same.
        let _ = self.caller.send(result);
    }
}

type Jobs = Arc<Mutex<Receiver<Box<dyn Job>>>>;

/// The handle the rest of the server holds; cheap to clone.
#[derive(Clone)]
pub struct Db {
    writes: Sender<Box<dyn Job>>,
    reads: Sender<Box<dyn Job>>,
}

/// How many writes share one commit at most. More would only lengthen the wait of the first.
const BATCH: usize = 256;
/// SQLite takes one writer; PostgreSQL takes several transactions at once.
const POSTGRES_WRITERS: usize = 8;
const READERS: usize = 2;
const POSTGRES_READERS: usize = 6;
/// How often a transaction that met another one is run again before the caller is told to come back.
const ATTEMPTS: u32 = 10;

impl Db {
    /// Opens the database, brings its schema up to date and starts the threads.
    ///
    /// # Errors
    /// [`Error::Config`] when the database is newer than this program; [`Error::Unavailable`] when it cannot be reached.
    pub async fn open(database: &Database) -> Result<Self> {
        let database = database.clone();
        // Opening waits for disks and for other nodes, and must not hold up the requests of this one.
        let opening = tokio::task::spawn_blocking(move || Self::open_here(&database));
        opening
            .await
            .map_err(|error| Error::Bug(error.to_string()))?
    }

    fn open_here(database: &Database) -> Result<Self> {
        migrate(
            &mut Connection::open(database)?,
            matches!(database, Database::Sqlite(_)),
        )?;
        let (write_threads, read_threads, batch) = match database {
            Database::Sqlite(_) => (1, READERS, BATCH),
            // Writers already run side by side; a batch would hold row locks longer than one request needs them.
            Database::Postgres(_) => (POSTGRES_WRITERS, POSTGRES_READERS, 1),
        };
        let writes = start("write", write_threads, database, move |connection, jobs| {
            write_batch(connection, jobs, batch)
        })?;
        let reads = start("read", read_threads, database, |connection, jobs| {
            let Some(mut job) = next(jobs) else {
                return false;
            };
            job.run(&mut Tx { connection });
            job.answer(None);
            true
        })?;
        Ok(Self { writes, reads })
    }

    /// Runs `work` in a transaction and answers after it is durable.
    ///
    /// # Errors
    /// What `work` refuses, after its changes are rolled back; [`Error::Unavailable`] when the database cannot commit.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        submit(&self.writes, work).await
    }

    /// Runs `work` against the latest committed state; each statement sees its own latest state.
    ///
    /// # Errors
    /// What `work` refuses; [`Error::Unavailable`] when the database cannot be reached.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        submit(&self.reads, work).await
    }
}

async fn submit<T: Send + 'static>(
    jobs: &Sender<Box<dyn Job>>,
    work: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (caller, answer) = oneshot::channel();
    let gone = || Error::Unavailable("the database threads have stopped".into());
    jobs.send(Box::new(Work {
        with: work,
        result: None,
        caller,
    }))
    .map_err(|_| gone())?;
    answer.await.unwrap_or_else(|_| Err(gone()))
}

/// Starts `count` threads, each with a connection of its own, that call `turn` until the last [`Db`] is gone.
fn start(
    name: &str,
    count: usize,
    database: &Database,
    turn: impl Fn(&mut Connection, &Jobs) -> bool + Clone + Send + 'static,
) -> Result<Sender<Box<dyn Job>>> {
    let (sender, receiver) = channel();
    let jobs: Jobs = Arc::new(Mutex::new(receiver));
    for _ in 0..count {
        let (jobs, turn, database) = (jobs.clone(), turn.clone(), database.clone());
        let mut connection = Connection::open(&database)?;
        thread::Builder::new()
            .name(format!("db-{name}"))
            .spawn(move || {
                while turn(&mut connection, &jobs) {
                    if connection.is_broken() {
                        match Connection::open(&database) {
                            Ok(opened) => connection = opened,
                            Err(error) => tracing::warn!(%error, "the database does not answer"),
                        }
                    }
                }
            })?;
    }
    Ok(sender)
}

fn next(jobs: &Jobs) -> Option<Box<dyn Job>> {
    jobs.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}

/// Takes the writes that wait, commits them together and answers them. False when nobody can send any more.
fn write_batch(connection: &mut Connection, jobs: &Jobs, most: usize) -> bool {
    let Some(first) = next(jobs) else {
        return false;
    };
    let mut batch = vec![first];
    if most > 1 {
        let waiting = jobs.lock().unwrap_or_else(PoisonError::into_inner);
        batch.extend(waiting.try_iter().take(most - 1));
    }
    for attempt in 1.. {
        let failure = match commit(connection, &mut batch) {
            Ok(true) => None,
            Ok(false) if attempt < ATTEMPTS => {
                back_off(attempt);
                continue;
            }
            Ok(false) => Some("the database is too busy to settle this write".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        for job in batch {
            job.answer(failure.clone().map(Error::Unavailable));
        }
        break;
    }
    true
}

/// Runs the jobs in one transaction. `Ok(false)` when another transaction was in the way and nothing was done.
fn commit(connection: &mut Connection, batch: &mut [Box<dyn Job>]) -> Result<bool> {
    connection.control(match connection {
        Connection::Sqlite(_) => "begin immediate",
        Connection::Postgres(_) => "begin",
    })?;
    // A job alone needs no savepoint: the transaction is one.
    if let [job] = batch {
        match job.run(&mut Tx { connection }) {
            Outcome::Keep => {}
            Outcome::RollBack => return connection.control("rollback").map(|()| true),
            Outcome::Again => return connection.control("rollback").map(|()| false),
        }
        return settle(connection, Ok(()));
    }
    let done = batch.iter_mut().try_for_each(|job| {
        connection.control("savepoint job")?;
        match job.run(&mut Tx { connection }) {
            Outcome::Keep => connection.control("release savepoint job"),
            Outcome::RollBack => {
                connection.control("rollback to savepoint job")?;
                connection.control("release savepoint job")
            }
            Outcome::Again => Err(Error::Unavailable(postgres::CONFLICT.into())),
        }
    });
    settle(connection, done)
}

/// Commits what was done, or rolls all of it back.
fn settle(connection: &mut Connection, done: Result<()>) -> Result<bool> {
    match done.and_then(|()| connection.control("commit")) {
        Ok(()) => Ok(true),
        Err(error) => {
            // On a dead connection this fails too; the server has rolled back by itself then.
            let _ = connection.control("rollback");
            match error {
                Error::Unavailable(why) if why == postgres::CONFLICT => Ok(false),
                other => Err(other),
            }
        }
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

const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_init.sql"),
    include_str!("../migrations/0002_session_activity.sql"),
];

/// Applies the migrations this database has not seen, under a lock that keeps other starting nodes waiting.
fn migrate(connection: &mut Connection, sqlite: bool) -> Result<()> {
    connection.batch(if sqlite {
        "begin immediate"
    } else {
        "begin; select pg_advisory_xact_lock(7821)"
    })?;
    connection.batch("create table if not exists migrations (version bigint primary key)")?;
    let mut tx = Tx { connection };
    let seen: i64 = tx.one("select coalesce(max(version), 0) from migrations", &[])?;
    let seen = usize::try_from(seen).unwrap_or_default();
    if seen > MIGRATIONS.len() {
        return Err(Error::Config(format!(
            "the database has schema {seen} and this program knows {} only; start a newer standin",
            MIGRATIONS.len()
        )));
    }
    for (version, sql) in (1_i64..).zip(MIGRATIONS).skip(seen) {
        // The one difference between the two dialects: SQLite numbers rows by itself under this very type only.
        let sql = if sqlite {
            sql.replace("bigserial primary key", "integer primary key")
        } else {
            (*sql).to_owned()
        };
        tx.connection.batch(&sql)?;
        tx.execute(
            "insert into migrations (version) values ($1)",
            values![version],
        )?;
    }
    tx.connection.batch("commit")
}

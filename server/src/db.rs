//! The database: one set of SQL text for SQLite and PostgreSQL, and the only place that knows threads.
//!
//! A write is a plain function from a [`Write`] to a result. A writer thread takes the writes that wait, runs each inside a
//! savepoint of its own, commits once, and only then answers them all: nobody hears of success before it is durable, and
//! a failed write leaves nothing behind but the record of its refusal. A write may be run again after a conflict, so it
//! makes no ids and reads no clock. A read has a [`Read`], which cannot change anything.
//!
//! Columns are `text` and `bigint` only. Parameters are written `$1`, `$2`, …; a statement holds no other `$`.

mod fence;
mod figures;
mod job;
mod lane;
mod line;
mod migrate;
pub mod moving;
mod place;
mod postgres;
mod query;
mod rows;
pub mod snapshot;
mod sqlite;
mod state;
mod stepped;
pub mod upkeep;
mod value;
mod writer;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use crate::caller::Caller;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::events::Event;
pub use fence::Fence;
use job::{ReadJob, WriteJob};
use lane::{Lane, Pool};
pub use place::{Capacity, Database};
pub use query::{Page, Query, sorted, sorted_nulls_last};
pub use rows::{insert_all, look_up};
use state::State;
pub use stepped::{Coming, Stepped, Turn};
pub use value::{FromRow, FromValue, Row, Value};

/// Builds the parameter list of a statement from anything that has a [`Value`].
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Value::from($value)),*] };
}
pub(crate) use values;

/// What a read runs on: one connection that takes no changes. Each statement sees the latest committed state.
pub struct Read<'a> {
    connection: &'a mut Connection,
}

impl Read<'_> {
    /// Whether this is SQLite, for the few questions about the database itself that each engine answers in its own words.
    fn is_sqlite(&self) -> bool {
        matches!(self.connection, Connection::Sqlite(_))
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

/// What a write runs on: a transaction that knows who asks and when, and notes what happens.
pub struct Write<'a> {
    read: Read<'a>,
    by: &'a Caller,
    actor: Option<String>,
    events: Vec<Event>,
    attempted: Option<Event>,
}

impl<'a> Write<'a> {
    fn new(connection: &'a mut Connection, by: &'a Caller) -> Self {
        Self {
            read: Read { connection },
            by,
            actor: None,
            events: Vec::new(),
            attempted: None,
        }
    }

    /// Who asks.
    pub fn by(&self) -> &'a Caller {
        self.by
    }

    /// The moment of the request.
    pub fn now(&self) -> Time {
        self.by.at
    }

    /// Who acts, as the records of this write will say.
    pub fn actor(&self) -> &str {
        self.actor.as_deref().unwrap_or(&self.by.actor)
    }

    /// It turned out who acts: a page's session speaks for its agent, or for its user.
    pub fn acts_as(&mut self, id: &str) {
        self.actor = Some(id.to_owned());
    }

    /// Notes what happened. Its record is part of this write.
    pub fn note(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Says what is about to be tried. If the write is refused, its changes are rolled back and this is recorded, with the
    /// code of the refusal.
    pub fn attempt(&mut self, event: Event) {
        self.attempted = Some(event);
    }

    /// What was tried is done. If the write is refused after all, nothing is recorded: nobody in particular asked.
    pub fn attempted(&mut self) {
        self.attempted = None;
    }

    /// Says that very many rows are being written, by this write and those after it: more of the indexes is kept in memory,
    /// and the log is copied back less often. Only for who writes alone; a server's answers would wait for the copying.
    pub fn in_bulk(&mut self) -> Result<()> {
        match self.read.connection {
            Connection::Sqlite(sqlite) => sqlite.in_bulk(),
            Connection::Postgres(_) => Ok(()),
        }
    }

    /// Runs a statement that changes rows and says how many it changed.
    pub fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        match self.read.connection {
            Connection::Sqlite(sqlite) => sqlite.execute(sql, values),
            Connection::Postgres(postgres) => postgres.execute(sql, values),
        }
    }

    /// Runs a statement that changes rows and returns (`returning …`) something of each.
    pub fn returning<T: FromRow>(&mut self, sql: &str, values: &[Value]) -> Result<Vec<T>> {
        self.read.all(sql, values)
    }
}

impl<'a> Deref for Write<'a> {
    type Target = Read<'a>;

    fn deref(&self) -> &Read<'a> {
        &self.read
    }
}

impl<'a> DerefMut for Write<'a> {
    fn deref_mut(&mut self) -> &mut Read<'a> {
        &mut self.read
    }
}

/// What runs inside the savepoint of every write, after its work, with the events that it noted.
pub type Ledger = fn(&mut Write<'_>, &[Event]) -> Result<()>;

/// A connection of either kind.
enum Connection {
    Sqlite(sqlite::Connection),
    Postgres(Box<postgres::Connection>),
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Reads,
    Writes,
    /// Looks at everything there is, as it is and for as long as it takes.
    Looks,
    /// Reads and writes everything, while nobody else has it open.
    Alone,
}

impl Connection {
    fn open(database: &Database, purpose: Purpose) -> Result<Self> {
        Ok(match database {
            Database::Sqlite(path) => Self::Sqlite(sqlite::Connection::open(path, purpose)?),
            Database::Postgres(url) => {
                Self::Postgres(Box::new(postgres::Connection::open(url, purpose)?))
            }
        })
    }

    /// Whether nobody has come meanwhile who could write. On SQLite nobody can.
    fn still_alone(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(postgres) => postgres.is_alone(),
        }
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
            Self::Postgres(postgres) => postgres.control(sql),
        }
    }

    /// Begins a transaction that writes.
    fn begin(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.control("begin immediate"),
            Self::Postgres(postgres) => postgres.begin(),
        }
    }

    /// Ends a transaction. [`Error::Unsettled`] when it may have taken place all the same.
    fn commit(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.commit(),
            Self::Postgres(postgres) => postgres.commit(),
        }
    }

    /// Whether another connection's last commit took place.
    fn settle(&mut self, other: &Self) -> Result<bool> {
        match (self, other) {
            (Self::Postgres(postgres), Self::Postgres(other)) => postgres.settle(other),
            _ => Err(Error::Bug("nobody can tell".into())),
        }
    }

    /// Whether an answer may still come that was given up on.
    fn owes(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(postgres) => postgres.owes(),
        }
    }

    /// Waits for such an answer, until the server stops.
    fn linger(&mut self, state: &State) {
        if let Self::Postgres(postgres) = self
            && postgres.owes()
        {
            postgres.linger(|| state.goes_on());
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

/// The handle the rest of the server holds; cheap to clone.
#[derive(Clone)]
pub struct Db {
    writes: Lane,
    reads: Reads,
    /// Searches and counts, which may go through a whole table: apart, so that they delay each other only.
    searches: Lane,
    ledger: Ledger,
    patience: Duration,
    state: Arc<State>,
}

/// Who answers short reads.
#[derive(Clone)]
enum Reads {
    /// SQLite: the calling thread itself. A look into a B-tree takes less time than waking another thread.
    Here(Pool),
    /// PostgreSQL: threads that wait for its answers.
    Lane(Lane),
}

/// How many requests may wait in a lane; one more is told to come back. A write shares its commit with the others that
/// wait, so a full lane is a matter of a second.
const WAITING: usize = 4096;
const SEARCHES_WAITING: usize = 32;

impl Db {
    /// Opens the database, brings its schema up to date and starts the threads.
    ///
    /// # Errors
    /// [`Error::Config`] when the database is newer than this program or cannot be written; [`Error::Unavailable`] when it
    /// cannot be reached.
    pub async fn open(database: &Database, capacity: Capacity, ledger: Ledger) -> Result<Self> {
        let database = database.clone();
        // Opening waits for disks and for other nodes, and must not hold up the requests of this one.
        let opening =
            tokio::task::spawn_blocking(move || Self::open_here(&database, capacity, ledger));
        opening
            .await
            .map_err(|error| Error::Bug(error.to_string()))?
    }

    fn open_here(database: &Database, capacity: Capacity, ledger: Ledger) -> Result<Self> {
        let mut connection = Connection::open(database, Purpose::Writes)?;
        migrate::migrate(&mut connection)?;
        moving::serves(&mut connection)?;
        drop(connection);
        let state = Arc::new(State::default());
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let (writers, searchers, reads) = match database {
            // One more than there are threads that read, so that none waits for another.
            Database::Sqlite(_) => (
                1,
                cores.div_ceil(2),
                Reads::Here(Pool::new(database, cores + 1)),
            ),
            Database::Postgres(_) => {
                let all = capacity.connections.max(Capacity::LEAST);
                let (writers, searchers) = (all / 2, all / 8);
                let readers = all - writers - searchers;
                let reads = Reads::Lane(Lane::of_reads("read", database, readers, WAITING)?);
                (writers, searchers, reads)
            }
        };
        Ok(Self {
            writes: Lane::of_writes(database, writers, WAITING, &state)?,
            reads,
            searches: Lane::of_reads("search", database, searchers, SEARCHES_WAITING)?,
            ledger,
            patience: capacity.patience,
            state,
        })
    }

    /// Runs `work` in a transaction, for this caller, and answers after it is durable.
    ///
    /// # Errors
    /// What `work` refuses, after its changes are rolled back; [`Error::Unavailable`] when the database cannot commit;
    /// [`Error::Unsettled`] when it is not known whether it did.
    pub async fn write<T: Send + 'static>(
        &self,
        by: Caller,
        work: impl FnMut(&mut Write<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = WriteJob::new(by, work, self.ledger, self.patience);
        self.writes.send(Box::new(job))?;
        answer.await
    }

    /// Runs `work`, a few statements that each find their rows by an index.
    ///
    /// # Errors
    /// What `work` refuses; [`Error::Unavailable`] when the database cannot be reached.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Read<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match &self.reads {
            Reads::Here(pool) => pool.run(work),
            Reads::Lane(lane) => self.ask(lane, work).await,
        }
    }

    /// Runs `work` that may take long, beside others of its kind and apart from everything else.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn search<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Read<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(&self.searches, work).await
    }

    /// Runs `work` as a search where it may take long, and as a read where it does not.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn find<T: Send + 'static>(
        &self,
        may_take_long: bool,
        work: impl FnMut(&mut Read<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if may_take_long {
            self.search(work).await
        } else {
            self.read(work).await
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        lane: &Lane,
        work: impl FnMut(&mut Read<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = ReadJob::new(work, self.patience);
        lane.send(Box::new(job))?;
        answer.await
    }

    /// Whether reads and writes work now. While writes fail, this tries one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] saying what does not work.
    pub async fn check(&self, now: Time) -> Result<()> {
        self.read(|tx| tx.one::<i64>("select count(*) from instance", &[]))
            .await?;
        if self.state.writes_work() {
            return Ok(());
        }
        self.write(Caller::internal("standin", now), |tx| {
            // By a millisecond, for SQLite writes no page whose content stays the same.
            tx.execute("update instance set seen_at = seen_at + 1", &[])
        })
        .await
        .map(|_| ())
    }

    /// Finishes what waits, closes every connection and ends the threads.
    pub async fn close(&self) {
        self.state.close();
        let lanes = [Some(self.writes.clone()), Some(self.searches.clone()), {
            match &self.reads {
                Reads::Here(_) => None,
                Reads::Lane(lane) => Some(lane.clone()),
            }
        }];
        let closing = tokio::task::spawn_blocking(move || {
            lanes.into_iter().flatten().for_each(|lane| lane.close());
        });
        let _ = closing.await;
        if let Reads::Here(pool) = &self.reads {
            pool.close();
        }
    }
}

//! The database under the server, reached past it: filled before the server starts, put back to that state between
//! measurements, and given the tickets and sessions that a measurement will use up.

mod postgres;
mod sqlite;

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use crate::population::Population;
use crate::rows::{self, Table};

pub use postgres::Postgres;
pub use sqlite::Sqlite;

/// Which database the server runs on.
#[derive(Clone, Debug)]
pub enum Engine {
    /// A file in the data folder.
    Sqlite,
    /// A cluster, by its URL without a database's name.
    Postgres(String),
}

impl Engine {
    /// As people call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// SQLite, and PostgreSQL where `TEST_DATABASE_URL` names a cluster.
    pub fn all() -> Vec<Self> {
        let cluster = std::env::var("TEST_DATABASE_URL").ok();
        std::iter::once(Self::Sqlite)
            .chain(cluster.map(Self::Postgres))
            .collect()
    }
}

/// One database.
pub enum Store {
    /// A file.
    Sqlite(Sqlite),
    /// A database of a cluster.
    Postgres(Postgres),
}

impl Store {
    /// A database for a data folder; there is nothing in it yet, not even a schema.
    pub fn new(engine: &Engine, folder: &Path, name: &str) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite(Sqlite::at(folder.join("standin.db"))),
            Engine::Postgres(cluster) => Self::Postgres(Postgres::create(cluster, name)),
        }
    }

    /// What `--database-url` must say, where it must say something.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(postgres) => Some(postgres.url()),
        }
    }

    /// Writes all that belongs to a population, while no server runs.
    pub fn fill(&self, population: &Population) {
        match self {
            Self::Sqlite(sqlite) => sqlite.fill(population),
            Self::Postgres(postgres) => postgres.fill(population),
        }
    }

    /// Waits until the running server has sealed the audit trail, but for what is too little for a seal.
    pub fn wait_until_sealed(&self) {
        let unsealed = "select coalesce((select max(seq) from audit), 0) - coalesce((select max(last_seq) from audit_seals), 0)";
        loop {
            let waiting = match self {
                Self::Sqlite(sqlite) => sqlite.number(unsealed),
                Self::Postgres(postgres) => postgres.number(unsealed),
            };
            if waiting < 500 {
                return;
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "the server tells nobody, so the condition itself is asked"
            )]
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Remembers the present state, while no server runs.
    pub fn keep(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.keep(),
            Self::Postgres(postgres) => postgres.keep(),
        }
    }

    /// Goes back to the state that [`Store::keep`] saw, while no server runs.
    pub fn put_back(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.put_back(),
            Self::Postgres(postgres) => postgres.put_back(),
        }
    }

    /// Adds tickets that can be spent, beside the running server.
    pub fn add_tickets(&self, population: &Population, numbers: Range<u64>) {
        self.add(rows::TICKETS, population, numbers);
    }

    /// Adds sessions that can be ended, beside the running server.
    pub fn add_sessions(&self, population: &Population, numbers: Range<u64>) {
        self.add(rows::LIVE_SESSIONS, population, numbers);
    }

    fn add(&self, tables: &[Table], population: &Population, numbers: Range<u64>) {
        match self {
            Self::Sqlite(sqlite) => sqlite.add(tables, population, numbers),
            Self::Postgres(postgres) => postgres.add(tables, population, numbers),
        }
    }

    /// The processes that work for the server: none where the database is a library.
    pub fn processes(&self) -> Vec<u32> {
        match self {
            Self::Sqlite(_) => Vec::new(),
            Self::Postgres(postgres) => postgres.backends(),
        }
    }
}

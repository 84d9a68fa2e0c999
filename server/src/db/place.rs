//! Where a database is, and how much of it a node takes up.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;

/// Where the data lives.
#[derive(Clone)]
pub enum Database {
    /// A SQLite file; its folder must exist.
    Sqlite(PathBuf),
    /// A `postgres://` URL with what libpq's may say: several hosts, `sslmode` and the certificates for it, time limits.
    Postgres(String),
}

/// How much of the database one node takes up, and how long a request waits for its turn.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Connections to PostgreSQL: half of them for writes, an eighth for searches, the others for reads. Eight at least.
    /// On SQLite there is one writer, and readers by the number of processors.
    pub connections: usize,
    /// How long a request waits until its turn comes, before it is told to come back.
    pub patience: Duration,
}

impl Capacity {
    /// The fewest connections with which every kind of work goes on.
    pub const LEAST: usize = 8;
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            connections: 16,
            patience: Duration::from_secs(10),
        }
    }
}

impl Database {
    /// Names the file that a start failed with: whoever starts a server may have several.
    pub(crate) fn at_fault(&self, error: Error) -> Error {
        match (self, error) {
            (Self::Sqlite(file), Error::Unavailable(why) | Error::Bug(why)) => {
                Error::Unavailable(format!("{}: {why}", file.display()))
            }
            (_, error) => error,
        }
    }
}

impl fmt::Debug for Database {
    /// The URL may hold a password and is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

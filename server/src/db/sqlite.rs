//! SQLite: write-ahead log, every commit on the disk before it is acknowledged.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags, Statement, StatementStatus, ToSql, ffi, params_from_iter};

use super::{Purpose, Row, Value};
use crate::error::{Error, Result};

/// A connection to one SQLite file.
pub(super) struct Connection(rusqlite::Connection);

impl Connection {
    pub(super) fn open(path: &Path, purpose: Purpose) -> Result<Self> {
        if purpose == Purpose::Looks {
            let connection = Self::existing(path)?;
            connection.execute_batch("pragma query_only = on;")?;
            return Ok(Self(connection));
        }
        let connection = rusqlite::Connection::open(path)?;
        if purpose == Purpose::Alone {
            return Self::alone(connection);
        }
        // Another process (the command line beside a running server) may hold the write lock for a moment.
        connection.busy_timeout(Duration::from_secs(5))?;
        // The cache holds the upper levels of every index at a million rows; the rest is left to the system's. The log is copied
        // back at SQLite's own thousand pages: at four thousand a p99 of 18 ms became 44, for no more writes a second.
        connection.execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = memory;
             pragma cache_size = -8000;",
        )?;
        if purpose == Purpose::Reads {
            connection.execute_batch("pragma query_only = on;")?;
        }
        connection.set_prepared_statement_cache_capacity(128);
        // Plans do not depend on the values bound; else every binding would have the statement compiled anew.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Self(connection))
    }

    /// A file that must be there, as it is. Not read-only, or what a crash has left half done could not be undone.
    pub(super) fn existing(path: &Path) -> Result<rusqlite::Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = rusqlite::Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(connection)
    }

    /// Keeps everybody else out, from the first look on until it is closed.
    fn alone(connection: rusqlite::Connection) -> Result<Self> {
        connection.busy_timeout(Duration::from_secs(1))?;
        let taken = connection.execute_batch(
            "pragma locking_mode = exclusive; begin immediate; commit; pragma journal_mode = wal; pragma synchronous = full;
             pragma foreign_keys = on; pragma temp_store = memory;",
        );
        match taken {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Err(Error::Config(
                    "somebody has the database open; stop the server and every other program on it first".into(),
                ))
            }
            taken => Ok(taken.map(|()| Self(connection))?),
        }
    }

    /// Keeps 64 MB of pages, and 64 MB of log before it is copied back. A page of an index that many rows share is then
    /// written once instead of once a transaction.
    pub(super) fn in_bulk(&mut self) -> Result<()> {
        self.batch("pragma cache_size = -64000; pragma wal_autocheckpoint = 16000;")
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        Ok(self.0.execute_batch(sql)?)
    }

    pub(super) fn control(&mut self, sql: &str) -> Result<()> {
        self.0.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Ends a transaction. After an I/O error the log may hold it whole, so that the next start finds it done; but not where
    /// it was a write that failed, for the last one is what makes it whole, and syncs come after it.
    pub(super) fn commit(&mut self) -> Result<()> {
        let Err(error) = self.0.prepare_cached("commit")?.execute([]) else {
            return Ok(());
        };
        let code = error.sqlite_error().map(|error| error.extended_code);
        if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
            && code != Some(ffi::SQLITE_IOERR_WRITE)
        {
            return Err(Error::Unsettled(error.to_string()));
        }
        Err(error.into())
    }

    pub(super) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        let mut statement = self.0.prepare_cached(&numbered(sql))?;
        let changed = statement.execute(params_from_iter(values));
        trace(sql, &statement);
        Ok(changed? as u64)
    }

    pub(super) fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        let mut statement = self.0.prepare_cached(&numbered(sql))?;
        let width = statement.column_count();
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let columns: Result<Vec<_>> = (0..width)
                .map(|column| read(row.get_ref(column)?))
                .collect();
            found.push(Row::new(columns?));
        }
        drop(rows);
        trace(sql, &statement);
        Ok(found)
    }
}

/// Tells who listens which statement ran and through how many rows of a table it went without an index to lead it.
fn trace(sql: &str, statement: &Statement<'_>) {
    if tracing::enabled!(target: "standin::sql", tracing::Level::TRACE) {
        let scanned = statement.reset_status(StatementStatus::FullscanStep);
        tracing::trace!(target: "standin::sql", scanned, sql);
    }
}

/// SQLite would number `$2` by where it first stands; `?2` is number two wherever it stands.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn read(value: ValueRef<'_>) -> Result<Value> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(Error::Bug("a text column is not UTF-8".into())),
        },
        ValueRef::Real(_) | ValueRef::Blob(_) => {
            Err(Error::Bug("a column is neither text nor bigint".into()))
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory,
            ) => Self::Unavailable(text),
            _ => Self::Bug(text),
        }
    }
}

//! Looking after a database from outside of a server: what is in it, whether it is whole, and copies of it. Nothing is
//! brought up to date here, so a newer program can copy what an older one has left.

use std::path::Path;

use super::{Connection, Database, Purpose, Read, Time, migrate, sqlite, values};
use crate::error::{Error, Result};

/// Looks at a database as it is at one moment.
///
/// # Errors
/// What `work` refuses; [`Error::Unavailable`] when the database cannot be reached.
pub fn look<T>(database: &Database, work: impl FnOnce(&mut Read<'_>) -> Result<T>) -> Result<T> {
    let looked = || {
        let mut connection = Connection::open(database, Purpose::Looks)?;
        match &mut connection {
            Connection::Sqlite(sqlite) => sqlite.control("begin")?,
            Connection::Postgres(postgres) => postgres.begin_look()?,
        }
        work(&mut Read {
            connection: &mut connection,
        })
    };
    looked().map_err(|error| database.at_fault(error))
}

/// Which schema a database has and which one this program knows. 0 where there is none.
pub fn schema(tx: &mut Read<'_>) -> Result<(i64, i64)> {
    let is_there = tables(tx)?.iter().any(|name| name == "migrations");
    let seen = if is_there {
        tx.one("select coalesce(max(version), 0) from migrations", &[])?
    } else {
        0
    };
    Ok((seen, migrate::known()))
}

/// The names of all tables.
pub fn tables(tx: &mut Read<'_>) -> Result<Vec<String>> {
    tx.all(
        if tx.is_sqlite() {
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name"
        } else {
            "select table_name::text from information_schema.tables
             where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1"
        },
        &[],
    )
}

/// The names of a table's columns, sorted.
pub(super) fn columns(tx: &mut Read<'_>, table: &str) -> Result<Vec<String>> {
    tx.all(
        if tx.is_sqlite() {
            "select name from pragma_table_info($1) order by name"
        } else {
            "select column_name::text from information_schema.columns
             where table_schema = current_schema() and table_name::text = $1 order by 1"
        },
        values![table],
    )
}

/// What is in a table.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Contents {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: i64,
    /// When the oldest was made, where rows say so.
    pub oldest: Option<Time>,
    /// And the newest.
    pub newest: Option<Time>,
}

/// Counts every table.
pub fn contents(tx: &mut Read<'_>) -> Result<Vec<Contents>> {
    let mut all = Vec::new();
    for table in tables(tx)? {
        let columns = columns(tx, &table)?;
        let moments = ["created_at", "sealed_at", "at"];
        let made = moments
            .into_iter()
            .find(|name| columns.iter().any(|column| column == name))
            .unwrap_or("null");
        let (rows, oldest, newest) = tx.one(
            &format!(
                "select count(*), cast(min({made}) as bigint), cast(max({made}) as bigint) from {table}"
            ),
            &[],
        )?;
        all.push(Contents {
            table,
            rows,
            oldest,
            newest,
        });
    }
    Ok(all)
}

/// The engine with its version, and how many bytes the database takes up.
pub fn engine(tx: &mut Read<'_>) -> Result<(String, i64)> {
    if tx.is_sqlite() {
        let version: String = tx.one("select sqlite_version()", &[])?;
        let bytes = tx.one(
            "select page_count * page_size from pragma_page_count(), pragma_page_size()",
            &[],
        )?;
        return Ok((format!("SQLite {version}"), bytes));
    }
    let version: String = tx.one("select current_setting('server_version')", &[])?;
    let bytes = tx.one("select pg_database_size(current_database())", &[])?;
    Ok((format!("PostgreSQL {version}"), bytes))
}

/// What the engine itself finds amiss: pages, indexes, rows that refer to nothing.
pub fn faults(tx: &mut Read<'_>) -> Result<Vec<String>> {
    if tx.is_sqlite() {
        let mut found: Vec<String> = tx.all("pragma integrity_check", &[])?;
        found.retain(|line| line != "ok");
        found.extend(tx.all::<String>(
            "select 'a row of ' || \"table\" || ' refers to nothing in ' || parent from pragma_foreign_key_check limit 100",
            &[],
        )?);
        return Ok(found);
    }
    // It holds every row against its references by itself; an index or a constraint may be left unfinished all the same.
    tx.all(
        "select 'index ' || indexrelid::regclass::text || ' is not valid' from pg_index where not indisvalid
         union all
         select 'constraint ' || conname::text || ' is not valid' from pg_constraint where not convalidated",
        &[],
    )
}

/// Writes a copy of a SQLite file as it is at this moment into an empty file, while others go on reading and writing.
///
/// SQLite's backup API would begin anew whenever another process commits, and under load never end; this reads in one
/// transaction. It also leaves out free pages, where rows that were removed may still be read.
pub fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let named = to.to_str().ok_or_else(|| {
        Error::Config(format!("SQLite takes no such file name: {}", to.display()))
    })?;
    let source = sqlite::Connection::existing(from)?;
    source.execute("vacuum into ?1", [named])?;
    Ok(std::fs::File::open(to)?.sync_all()?)
}

/// Makes a SQLite file that nobody has open one file, without a log beside it, and sees it onto the disk.
pub fn one_file(file: &Path) -> Result<()> {
    let connection = rusqlite::Connection::open(file)?;
    connection.query_row("pragma journal_mode = delete", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(std::fs::File::open(file)?.sync_all()?)
}

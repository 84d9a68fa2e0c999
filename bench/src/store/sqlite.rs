//! A SQLite file, filled with everything switched off that makes a commit safe: a fill that dies is begun again.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, params_from_iter};

use crate::population::Population;
use crate::rows::{self, Table};

/// A database file, perhaps with a server on it.
pub struct Sqlite {
    file: PathBuf,
}

impl Sqlite {
    /// The file at a path, there or not.
    pub fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// Where it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A copy of the state that [`Sqlite::keep`] saw, in a file of its own.
    pub fn copy_of_kept(&self, name: &str) -> Self {
        let copy = Self::at(self.file.with_file_name(name));
        fs::copy(self.kept(), copy.file()).expect("a copy");
        copy
    }

    /// A connection that waits for the server's writer.
    pub fn connect(&self) -> Connection {
        let connection = Connection::open(&self.file).expect("the database");
        connection
            .busy_timeout(Duration::from_secs(20))
            .expect("a time limit");
        connection
    }

    pub(super) fn fill(&self, population: &Population) {
        let mut connection = self.connect();
        connection
            .execute_batch(
                "pragma locking_mode = exclusive; pragma journal_mode = off; pragma synchronous = off; \
                 pragma cache_size = -1000000; pragma temp_store = memory;",
            )
            .expect("a careless mode");
        // A million rows are sorted into an index faster than put into it one by one.
        let indexes = indexes(&connection);
        for (name, _) in &indexes {
            connection
                .execute_batch(&format!("drop index {name}"))
                .expect("an index to drop");
        }
        insert(&mut connection, rows::ALL, population, 0..population.users);
        for (_, sql) in &indexes {
            connection.execute_batch(sql).expect("the index again");
        }
        connection
            .execute_batch("pragma journal_mode = wal")
            .expect("the mode the server found");
    }

    pub(super) fn number(&self, sql: &str) -> i64 {
        let number = self.connect().query_row(sql, [], |row| row.get(0));
        number.expect("a number")
    }

    fn kept(&self) -> PathBuf {
        self.file.with_extension("kept")
    }

    pub(super) fn keep(&self) {
        self.connect()
            .execute_batch("pragma wal_checkpoint(truncate)")
            .expect("a whole file");
        fs::copy(&self.file, self.kept()).expect("a copy");
    }

    pub(super) fn put_back(&self) {
        for ending in ["-wal", "-shm"] {
            let mut beside = self.file.clone().into_os_string();
            beside.push(ending);
            // A server that stopped well has removed them.
            let _ = fs::remove_file(beside);
        }
        fs::copy(self.kept(), &self.file).expect("the state kept");
    }

    pub(super) fn add(&self, tables: &[Table], population: &Population, numbers: Range<u64>) {
        let mut connection = self.connect();
        insert(&mut connection, tables, population, numbers);
        // Not at the cost of the commit that comes next.
        connection
            .execute_batch("pragma wal_checkpoint(passive)")
            .expect("a checkpoint");
    }
}

/// The indexes that can be dropped and made again, with how; not those that a `unique` column brings with it.
fn indexes(connection: &Connection) -> Vec<(String, String)> {
    let mut named = connection
        .prepare("select name, sql from sqlite_master where type = 'index' and sql is not null")
        .expect("the schema");
    named
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("its indexes")
        .collect::<Result<_, _>>()
        .expect("their names")
}

fn insert(
    connection: &mut Connection,
    tables: &[Table],
    population: &Population,
    numbers: Range<u64>,
) {
    let transaction = connection.transaction().expect("a transaction");
    for table in tables {
        let marks = vec!["?"; table.columns.split(',').count()].join(", ");
        let (name, columns) = (table.name, table.columns);
        let mut insert = transaction
            .prepare(&format!("insert into {name} ({columns}) values ({marks})"))
            .expect("the table");
        for row in numbers.clone().flat_map(|n| (table.rows)(population, n)) {
            insert.execute(params_from_iter(row)).expect("a row");
        }
    }
    transaction.commit().expect("a commit");
}

//! A database of a PostgreSQL cluster, filled by `copy`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;

use postgres::{Client, NoTls};

use crate::population::Population;
use crate::rows::{self, Cell, Table};

/// A database, perhaps with a server on it.
pub struct Postgres {
    cluster: String,
    name: String,
}

impl Postgres {
    /// Makes an empty one, in place of one of that name.
    pub(super) fn create(cluster: &str, name: &str) -> Self {
        let name = format!("bench_{name}");
        let made = Self {
            cluster: cluster.to_owned(),
            name,
        };
        made.replace("template0");
        made
    }

    pub(super) fn url(&self) -> String {
        format!("{}/{}", self.cluster, self.name)
    }

    fn connect(&self) -> Client {
        Client::connect(&self.url(), NoTls).expect("the database")
    }

    fn maintenance(&self, statements: &[String]) {
        let url = format!("{}/postgres", self.cluster);
        let mut client = Client::connect(&url, NoTls).expect("the cluster");
        // One by one: databases are made and dropped outside of transactions only.
        for statement in statements {
            client.batch_execute(statement).expect("a database");
        }
    }

    fn replace(&self, template: &str) {
        let name = &self.name;
        self.maintenance(&[
            format!("drop database if exists {name} with (force)"),
            format!("create database {name} template {template}"),
        ]);
    }

    pub(super) fn fill(&self, population: &Population) {
        let mut client = self.connect();
        // Rows come in an order in which nothing is missing, so nothing need be looked up for each.
        client
            .batch_execute(
                "set session_replication_role = replica; set maintenance_work_mem = '512MB'",
            )
            .expect("a superuser");
        let indexes = indexes(&mut client);
        for (name, _) in &indexes {
            client
                .batch_execute(&format!("drop index {name}"))
                .expect("an index to drop");
        }
        copy(&mut client, rows::ALL, population, 0..population.users);
        for (_, definition) in &indexes {
            client.batch_execute(definition).expect("the index again");
        }
        // What the cluster would do by itself, in the middle of a measurement.
        client.batch_execute("vacuum analyze").expect("statistics");
        client.batch_execute("checkpoint").expect("a checkpoint");
    }

    pub(super) fn number(&self, sql: &str) -> i64 {
        let row = self.connect().query_one(sql, &[]).expect("a row");
        row.get(0)
    }

    pub(super) fn keep(&self) {
        let name = &self.name;
        self.maintenance(&[
            format!("drop database if exists {name}_kept with (force)"),
            format!("create database {name}_kept template {name}"),
        ]);
    }

    pub(super) fn put_back(&self) {
        self.replace(&format!("{}_kept", self.name));
    }

    pub(super) fn add(&self, tables: &[Table], population: &Population, numbers: Range<u64>) {
        copy(&mut self.connect(), tables, population, numbers);
    }

    /// The cluster's processes that answer this database's connections.
    pub(super) fn backends(&self) -> Vec<u32> {
        let mine = "select pid from pg_stat_activity
                    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()";
        let rows = self.connect().query(mine, &[]).expect("the activity");
        rows.iter()
            .filter_map(|row| u32::try_from(row.get::<_, i32>(0)).ok())
            .collect()
    }
}

/// The indexes that can be dropped and made again, with how; not those that a constraint brings with it.
fn indexes(client: &mut Client) -> Vec<(String, String)> {
    let rows = client.query(
        "select indexname::text, indexdef from pg_indexes
         where schemaname = 'public' and indexname not in (select conname from pg_constraint)",
        &[],
    );
    let rows = rows.expect("the schema");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn copy(client: &mut Client, tables: &[Table], population: &Population, numbers: Range<u64>) {
    let mut transaction = client.transaction().expect("a transaction");
    for Table {
        name,
        columns,
        rows,
    } in tables
    {
        let mut into = transaction
            .copy_in(&format!("copy {name} ({columns}) from stdin"))
            .expect("the table");
        let mut text = String::new();
        for row in numbers.clone().flat_map(|n| rows(population, n)) {
            line(&mut text, &row);
            if text.len() > 1 << 16 {
                into.write_all(text.as_bytes()).expect("rows");
                text.clear();
            }
        }
        into.write_all(text.as_bytes()).expect("rows");
        into.finish().expect("a whole table");
    }
    transaction.commit().expect("a commit");
}

/// A row as `copy` reads it.
fn line(text: &mut String, row: &[Cell]) {
    for (column, cell) in row.iter().enumerate() {
        if column > 0 {
            text.push('\t');
        }
        match cell {
            Cell::Null => text.push_str("\\N"),
            Cell::Int(number) => {
                let _ = write!(text, "{number}");
            }
            Cell::Text(value) => text.push_str(value),
        }
    }
    text.push('\n');
}

//! Connections that must not meet others: beside one that changes the schema, and where there must be no other at all.

use super::Connection;
use crate::error::{Error, Result};

/// How often it is looked again, for a twentieth of a second each, whether the others are gone.
const LOOKS: usize = 40;

impl Connection {
    /// Keeps nodes out that start from now on: they wait for the lock of whoever changes the schema.
    pub(super) fn be_alone(&mut self) -> Result<()> {
        self.control("select pg_advisory_lock(7821)")?;
        self.is_alone()
    }

    /// Refuses where anybody else is connected to this database, and stays: the connection of a process that was killed does not.
    pub(in crate::db) fn is_alone(&mut self) -> Result<()> {
        for _ in 0..LOOKS {
            let others = self.ask(async |client| {
                let any = "select 1 from pg_stat_activity
                     where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' limit 1";
                client.query_opt(any, &[]).await
            })?;
            if others.is_none() {
                return Ok(());
            }
            self.control("select pg_sleep(0.05)")?;
        }
        Err(Error::Config(
            "somebody is connected to the database; stop the servers and every other program on it first"
                .into(),
        ))
    }

    /// Begins to look at these tables. Whoever changes the schema is waited for, and waits for the end of the look from then on: the
    /// two would take the tables in different orders, and one of them would lose.
    pub(in crate::db) fn begin_look(&mut self) -> Result<()> {
        self.control("select pg_advisory_lock_shared(7821)")?;
        self.control("begin isolation level repeatable read")?;
        let tables = self.rows(
            "select string_agg(quote_ident(table_name::text), ', ') from information_schema.tables
             where table_schema = current_schema() and table_type = 'BASE TABLE'",
            &[],
        )?;
        for mut row in tables {
            if let Some(names) = row.take::<Option<String>>()? {
                self.control(&format!("lock table {names} in access share mode"))?;
            }
        }
        self.control("select pg_advisory_unlock_shared(7821)")
    }
}

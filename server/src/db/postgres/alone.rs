//! A connection beside which there is no other one.

use super::Connection;
use crate::error::{Error, Result};

impl Connection {
    /// Keeps nodes out that start from now on: they wait for the lock of whoever changes the schema.
    pub(super) fn be_alone(&mut self) -> Result<()> {
        self.control("select pg_advisory_lock(7821)")?;
        self.is_alone()
    }

    /// Refuses where anybody else is connected to this database.
    pub(in crate::db) fn is_alone(&mut self) -> Result<()> {
        let others = self.ask(async |client| {
            let any = "select 1 from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' limit 1";
            client.query_opt(any, &[]).await
        })?;
        match others {
            None => Ok(()),
            Some(_) => Err(Error::Config(
                "somebody is connected to the database; stop the servers and every other program on it first"
                    .into(),
            )),
        }
    }
}

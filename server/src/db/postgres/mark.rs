//! The mark that each commit leaves in its own transaction, by which one whose answer was lost is settled.
//!
//! A connection that writes has a row of its own with the number of its last commit. Whoever asks later takes the row: that
//! waits for a commit under way, and puts an end to one that has not arrived, for it finds no row to count in. Transaction
//! ids would not do: a promoted standby gives those that it has not heard of to other transactions.

use aws_lc_rs::rand;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::Connection;
use crate::db::values;
use crate::error::{Error, Result};

/// A row of `writers`.
pub(super) struct Mark {
    writer: String,
    /// The number of the last commit that was asked for.
    pub(super) commit: i64,
    count: Statement,
}

/// How many commits one row counts. While a snapshot is held for long, as a backup does, every one of them leaves a version of
/// the row that the next has to step over.
const COMMITS: i64 = 1000;

/// Fails where the row is settled or gone: nothing can be divided by no rows.
const COUNT: &str =
    "with counted as (update writers set commits = $2, at = extract(epoch from now())::bigint
    where id = $1 and commits + 1 = $2 and settled_at is null returning 1)
    select 1 / count(*) from counted";
const SETTLE: &str = "update writers set settled_at = extract(epoch from now())::bigint where id = $1 returning commits";

impl Mark {
    /// Gives a connection its row, in the place of a `former` one; it must be there before the first transaction that counts in
    /// it. No standby has to have it. Rows of a day ago are gone with their writers, or those begin anew.
    pub(super) fn new(connection: &mut Connection, former: Option<&Self>) -> Result<Self> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(|_| Error::Bug("no randomness".into()))?;
        let writer = format!("{:032x}", u128::from_ne_bytes(bytes));
        let gone = match former {
            Some(former) => format!("id = '{}'", former.writer),
            None => "at < extract(epoch from now())::bigint - 86400".into(),
        };
        connection.control(&format!(
            "begin; set local synchronous_commit = local;
            delete from writers where {gone};
            insert into writers (id, commits, at) values ('{writer}', 0, extract(epoch from now())::bigint); commit"
        ))?;
        Ok(Self {
            writer,
            commit: 0,
            count: connection.prepared(COUNT)?,
        })
    }

    /// Whether the next commit wants another row.
    pub(super) fn is_full(&self) -> bool {
        self.commit >= COMMITS
    }

    /// Counts and commits, in one go.
    pub(super) async fn commit(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let values: [&(dyn ToSql + Sync); 2] = [&self.writer, &self.commit];
        let (counted, committed) = tokio::join!(
            client.execute(&self.count, &values),
            client.batch_execute("commit"),
        );
        counted.and(committed)
    }

    /// Whether the last commit took place. This is a commit itself, so whatever a standby must have, it has.
    pub(super) fn settle(&self, connection: &mut Connection) -> Result<bool> {
        let mut rows = connection.rows(SETTLE, values![&self.writer])?;
        match rows.pop() {
            Some(mut row) => Ok(row.take::<i64>()? == self.commit),
            None => Ok(false),
        }
    }
}

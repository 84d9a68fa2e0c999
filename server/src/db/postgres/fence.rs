//! Whether those are over who were under way at some moment: PostgreSQL's transactions overlap, and what one of them has
//! numbered is seen when it commits, after others with higher numbers.
//!
//! A transaction that writes has its id from its beginning on, before it numbers anything. So whatever was under way when a
//! fence was put up has a lower id than the fence, and once every lower id is over, nothing of it is still to come. Nobody
//! waits, and nothing is assumed of how long a transaction may take. A transaction that stays open, also one of another
//! database of the cluster or a prepared one, keeps everything behind the fence waiting.

use super::Connection;
use crate::error::{Error, Result};

/// Begins a transaction that has its id.
pub(super) const BEGIN: &str = "begin; select pg_current_xact_id()";

impl Connection {
    /// Puts up a fence: an id later than those of all that have begun to write.
    pub(in crate::db) fn fence(&mut self) -> Result<i64> {
        self.id("select pg_current_xact_id()::text::bigint")
    }

    /// Whether all before a fence are over.
    pub(in crate::db) fn is_past(&mut self, fence: i64) -> Result<bool> {
        let oldest = self.id("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")?;
        Ok(oldest >= fence)
    }

    fn id(&mut self, sql: &str) -> Result<i64> {
        let mut rows = self.rows(sql, &[])?;
        let row = rows.first_mut();
        row.ok_or_else(|| Error::Bug("no id".into()))?.take()
    }
}

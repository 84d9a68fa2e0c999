//! Which tasks there are.

use super::{Status, Task};
use crate::clock::Time;
use crate::db::{Page, Query, Read};
use crate::error::Result;
use crate::id::{AgentId, UserId};
use crate::policy::TICKET_SECONDS_MAX;

/// Which tasks to list. What is `None` does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// With this status.
    pub status: Option<Status>,
    /// For this user.
    pub user: Option<UserId>,
    /// Of this agent.
    pub agent: Option<AgentId>,
}

impl Filter {
    /// Adds the conditions. What a status means here is what [`Task::status`] reckons from a row.
    fn apply(&self, mut query: Query, now: Time) -> Query {
        query.equals("t.user_id", self.user.as_ref());
        query.equals("t.agent_id", self.agent.as_ref());
        match self.status {
            None => {}
            Some(Status::Used) => query.and("t.used_at is not null"),
            // The first part is what the index on revoked tasks has.
            Some(Status::Revoked) => query.and("t.revoked_at is not null and t.used_at is null"),
            Some(Status::Expired) => {
                let now = query.mark(now);
                query.and(&format!(
                    "t.used_at is null and t.revoked_at is null and t.expires_at <= {now}"
                ));
            }
            Some(Status::Pending) => {
                // No ticket lives longer, so older tasks need not be looked at.
                let oldest = query.mark(now.plus_seconds(-TICKET_SECONDS_MAX));
                let now = query.mark(now);
                query.and(&format!(
                    "t.used_at is null and t.revoked_at is null and t.expires_at > {now} and t.created_at >= {oldest}"
                ));
            }
        }
        query
    }
}

/// Tasks, newest first.
pub fn list(tx: &mut Read<'_>, filter: &Filter, page: Page, now: Time) -> Result<Vec<Task>> {
    filter
        .apply(Query::new(select!("")), now)
        .page("t.created_at desc, t.id desc", page)
        .all(tx)
}

/// How many tasks [`list`] would go through, counted to `most`.
pub fn count(tx: &mut Read<'_>, filter: &Filter, now: Time, most: i64) -> Result<i64> {
    filter
        .apply(Query::new("select 1 from tasks t"), now)
        .counted(most)
        .one(tx)
}

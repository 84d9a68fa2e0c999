//! Which tasks there are.

use super::Task;
use crate::clock::Time;
use crate::db::{Tx, values};
use crate::error::Result;
use crate::id::{AgentId, UserId};

/// Which tasks to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// With this status.
    pub status: Option<String>,
    /// For this user.
    pub user: Option<UserId>,
    /// Of this agent.
    pub agent: Option<AgentId>,
}

macro_rules! matching {
    ($select:expr, $rest:literal) => {
        concat!(
            $select,
            "where (cast($1 as text) is null or t.user_id = $1) and (cast($2 as text) is null or t.agent_id = $2)
               and (cast($3 as text) is null or $3 = case
                    when t.used_at is not null then 'used'
                    when t.revoked_at is not null then 'revoked'
                    when t.expires_at <= $4 then 'expired'
                    else 'pending' end) ",
            $rest
        )
    };
}

/// Tasks, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    (limit, offset): (i64, i64),
    now: Time,
) -> Result<Vec<Task>> {
    tx.all(
        matching!(
            select!(""),
            "order by t.created_at desc, t.id desc limit $5 offset $6"
        ),
        values![
            filter.user.as_ref(),
            filter.agent.as_ref(),
            filter.status.as_ref(),
            now,
            limit,
            offset
        ],
    )
}

/// How many tasks [`list`] would go through.
pub fn count(tx: &mut Tx<'_>, filter: &Filter, now: Time) -> Result<i64> {
    tx.one(
        matching!("select count(*) from tasks t ", ""),
        values![
            filter.user.as_ref(),
            filter.agent.as_ref(),
            filter.status.as_ref(),
            now
        ],
    )
}

//! Which sessions there are.

use super::{Session, Status};
use crate::clock::Time;
use crate::db::{Page, Query, Read, values};
use crate::error::Result;
use crate::id::{AgentId, ClientId, UserId};

/// Which sessions to list. What is `None` does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this client.
    pub client: Option<ClientId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// With this status.
    pub status: Option<Status>,
}

const BARRED: &str = barred!();
const WAITS: &str = waits!();

impl Filter {
    /// Adds the conditions. What a status means here is what [`Session::status`] reckons from a row.
    fn apply(&self, mut query: Query, now: Time) -> Query {
        query.equals("s.client_id", self.client.as_ref());
        query.equals("s.user_id", self.user.as_ref());
        query.equals("s.agent_id", self.agent.as_ref());
        let Some(status) = self.status else {
            return query;
        };
        match status {
            Status::Active => {
                let now = query.mark(now);
                query.and(&format!(
                    "s.ended_at is null and s.expire_at > {now} and not {BARRED} and not {WAITS}"
                ));
            }
            Status::Pending => {
                let now = query.mark(now);
                query.and(&format!(
                    "s.ended_at is null and s.expire_at > {now} and not {BARRED} and {WAITS}"
                ));
            }
            Status::Expired => {
                let now = query.mark(now);
                query.and(&format!("s.ended_at is null and s.expire_at <= {now}"));
            }
            Status::Revoked => {
                let now = query.mark(now);
                query.and(&format!(
                    "(s.end_status = 'revoked' or s.ended_at is null and s.expire_at > {now} and {BARRED})"
                ));
            }
            Status::Ended | Status::Removed | Status::Replaced => {
                query.equals("s.end_status", Some(status));
            }
            Status::Abandoned => query.and("1 = 0"),
        }
        query
    }
}

/// Sessions, newest first.
pub fn list(tx: &mut Read<'_>, filter: &Filter, page: Page, now: Time) -> Result<Vec<Session>> {
    filter
        .apply(Query::new(select!("")), now)
        .page("s.created_at desc, s.id desc", page)
        .all(tx)
}

/// How many sessions neither ended nor expired, of those that began at most so many seconds ago: no session lives longer.
pub fn alive(tx: &mut Read<'_>, now: Time, cap: i64) -> Result<i64> {
    tx.one(
        "select count(*) from sessions where created_at > $1 and ended_at is null and expire_at > $2",
        values![now.plus_seconds(-cap), now],
    )
}

/// How many sessions [`list`] would go through.
pub fn count(tx: &mut Read<'_>, filter: &Filter, now: Time) -> Result<i64> {
    let query = Query::new(concat!("select count(*) from sessions s ", around!()));
    filter.apply(query, now).one(tx)
}

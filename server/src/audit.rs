//! The audit trail, as it is read back, sealed and verified. The ledger writes it.

mod seal;
mod trim;
mod verify;

use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, values};
use crate::error::Result;
use crate::events::Action;
use crate::id::{AgentId, SessionId, TaskId, UserId};
pub use seal::{SLICE, Seal, keep, last, newest, prepare, sealed_to};
pub use trim::trim;
pub use verify::{Finding, Verification};

/// One record. Ids are kept as text: what they name may be gone.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Record {
    /// Its place in the order of things.
    pub seq: i64,
    /// The moment of the request.
    pub at: Time,
    /// A word of [`crate::events::Action`].
    pub action: String,
    /// `ok`, or the code of the refusal.
    pub result: String,
    /// A secret key, an agent, a user, `cli`, `standin` or `anyone`.
    pub actor: String,
    /// The user concerned.
    pub user_id: Option<String>,
    /// The agent concerned.
    pub agent_id: Option<String>,
    /// The task concerned.
    #[serde(rename = "agent_task_id")]
    pub task_id: Option<String>,
    /// The session concerned.
    pub session_id: Option<String>,
    /// The caller's address.
    #[serde(rename = "ip_address")]
    pub ip: Option<String>,
    /// The caller's `User-Agent`.
    pub user_agent: Option<String>,
    /// The request, as the log names it.
    pub request_id: String,
    /// A remark.
    pub detail: Option<String>,
}

impl FromRow for Record {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            seq: row.take()?,
            at: row.take()?,
            action: row.take()?,
            result: row.take()?,
            actor: row.take()?,
            user_id: row.take()?,
            agent_id: row.take()?,
            task_id: row.take()?,
            session_id: row.take()?,
            ip: row.take()?,
            user_agent: row.take()?,
            request_id: row.take()?,
            detail: row.take()?,
        })
    }
}

const SELECT: &str =
    "select seq, at, action, result, actor, user_id, agent_id, task_id, session_id, ip, user_agent, request_id, detail
     from audit";

/// Records after one, oldest first.
pub fn after(tx: &mut Read<'_>, seq: i64, limit: i64) -> Result<Vec<Record>> {
    tx.all(
        &format!("{SELECT} where seq > $1 order by seq limit $2"),
        values![seq, limit],
    )
}

/// How many records are not sealed yet, and since when.
pub fn unsealed(tx: &mut Read<'_>) -> Result<(i64, Option<Time>)> {
    let sealed = seal::sealed_to(tx)?;
    tx.one(
        "select count(*), min(at) from audit where seq > $1",
        values![sealed],
    )
}

/// Which records are meant; all, where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that concern this task.
    pub task: Option<TaskId>,
    /// Those that concern this user.
    pub user: Option<UserId>,
    /// Those that concern this agent.
    pub agent: Option<AgentId>,
    /// Those that concern this session.
    pub session: Option<SessionId>,
    /// What this one did or was refused, as [`Record::actor`] names it.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<Action>,
}

impl Filter {
    /// Whether records are gone through from the newest on until enough are found. A task has an index; one for everything
    /// else would cost more with every write than those who look for it do.
    pub fn is_search(&self) -> bool {
        let is_narrow = self.user.is_some()
            || self.agent.is_some()
            || self.session.is_some()
            || self.actor.is_some()
            || self.action.is_some();
        self.task.is_none() && is_narrow
    }
}

/// The newest records first.
pub fn list(tx: &mut Read<'_>, filter: &Filter, page: Page) -> Result<Vec<Record>> {
    let mut query = Query::new(SELECT);
    query.equals("task_id", filter.task.as_ref());
    query.equals("user_id", filter.user.as_ref());
    query.equals("agent_id", filter.agent.as_ref());
    query.equals("session_id", filter.session.as_ref());
    query.equals("actor", filter.actor.as_deref());
    query.equals("action", filter.action);
    query.page("seq desc", page).all(tx)
}

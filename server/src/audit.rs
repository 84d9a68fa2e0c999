//! The audit trail, as it is read back, sealed and verified. The ledger writes it.

mod seal;
mod trim;
mod verify;

use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, values};
use crate::error::Result;
use crate::id::TaskId;
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

/// The newest records first, of one task where one is named.
pub fn list(tx: &mut Read<'_>, task: Option<&TaskId>, page: Page) -> Result<Vec<Record>> {
    let mut query = Query::new(SELECT);
    query.equals("task_id", task);
    query.page("seq desc", page).all(tx)
}

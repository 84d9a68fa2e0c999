//! The record of what happened, written in the same transaction as the change itself: a change without its record, or a
//! record without its change, cannot be committed.

use crate::clock::Time;
use crate::db::{FromRow, Row, Tx, values};
use crate::error::Result;
use crate::id::{AgentId, SessionId, TaskId, UserId};

/// Who asks, from where, and when. A door makes one for each request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The moment of the request; the only time the house sees.
    pub at: Time,
    /// A secret key's or client's id, or `anyone`.
    pub actor: String,
    /// The address of the caller, as far as proxies are trusted.
    pub ip: Option<String>,
    /// The caller's `User-Agent`.
    pub user_agent: Option<String>,
    /// Names this request in the log and in error answers (`clerk_trace_id`).
    pub request_id: String,
}

/// What happened, to whom. `result` is `ok` or the code of the refusal.
#[derive(Debug, Default)]
pub struct Entry<'a> {
    /// The action, as `task.create`.
    pub action: &'a str,
    /// `None` means it was done; else the code it was refused with.
    pub refused: Option<&'a str>,
    /// The user concerned.
    pub user: Option<&'a UserId>,
    /// The agent concerned.
    pub agent: Option<&'a AgentId>,
    /// The task concerned.
    pub task: Option<&'a TaskId>,
    /// The session concerned.
    pub session: Option<&'a SessionId>,
    /// Anything else worth knowing; never a secret.
    pub detail: Option<&'a str>,
}

/// Writes one record.
pub fn record(tx: &mut Tx<'_>, by: &Caller, entry: &Entry<'_>) -> Result<()> {
    tx.execute(
        "insert into audit (at, action, result, actor, user_id, agent_id, task_id, session_id, ip, user_agent, request_id, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        values![
            by.at,
            entry.action,
            entry.refused.unwrap_or("ok"),
            &by.actor,
            entry.user,
            entry.agent,
            entry.task,
            entry.session,
            by.ip.as_ref(),
            by.user_agent.as_ref(),
            &by.request_id,
            entry.detail,
        ],
    )?;
    Ok(())
}

/// A record as it is read back.
#[derive(Debug, serde::Serialize)]
pub struct Record {
    /// Always `audit_log`.
    object: &'static str,
    /// Its place in the order of things.
    pub seq: i64,
    /// When, in milliseconds.
    pub at: Time,
    /// What.
    pub action: String,
    /// `ok` or the code of the refusal.
    pub result: String,
    /// By whom.
    pub actor: String,
    /// The user concerned.
    pub user_id: Option<String>,
    /// The agent concerned.
    pub agent_id: Option<String>,
    /// The task concerned.
    pub agent_task_id: Option<String>,
    /// The session concerned.
    pub session_id: Option<String>,
    /// From where.
    pub ip_address: Option<String>,
    /// With what program.
    pub user_agent: Option<String>,
    /// In which request.
    pub request_id: String,
    /// Anything else.
    pub detail: Option<String>,
}

impl FromRow for Record {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            object: "audit_log",
            seq: row.take()?,
            at: row.take()?,
            action: row.take()?,
            result: row.take()?,
            actor: row.take()?,
            user_id: row.take()?,
            agent_id: row.take()?,
            agent_task_id: row.take()?,
            session_id: row.take()?,
            ip_address: row.take()?,
            user_agent: row.take()?,
            request_id: row.take()?,
            detail: row.take()?,
        })
    }
}

/// The newest records first, at most `limit`, after skipping `offset`; of one task where `task` is given.
pub fn list(
    tx: &mut Tx<'_>,
    task: Option<&TaskId>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Record>> {
    tx.all(
        "select seq, at, action, result, actor, user_id, agent_id, task_id, session_id, ip, user_agent, request_id, detail
         from audit where cast($1 as text) is null or task_id = $1 order by seq desc limit $2 offset $3",
        values![task, limit, offset],
    )
}

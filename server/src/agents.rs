//! Agents: the stable identity behind an `agent_name`. A name has one id for ever, whoever uses it first and however many
//! use it at once.

use crate::audit::{self, Caller, Entry};
use crate::clock::Time;
use crate::db::{FromRow, Row, Tx, values};
use crate::error::{Error, Result};
use crate::id::AgentId;

/// An agent.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Agent {
    /// Stable for the name.
    pub id: AgentId,
    /// As `agent_name` said it.
    pub name: String,
    /// When the name was first used.
    pub created_at: Time,
    /// Since when its tasks are refused.
    pub disabled_at: Option<Time>,
}

impl FromRow for Agent {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            name: row.take()?,
            created_at: row.take()?,
            disabled_at: row.take()?,
        })
    }
}

/// The agent of this name; made with the id `fresh` when the name is new.
pub fn named(tx: &mut Tx<'_>, name: &str, fresh: &AgentId, by: &Caller) -> Result<Agent> {
    const BY_NAME: &str = "select id, name, created_at, disabled_at from agents where name = $1";
    if let Some(agent) = tx.first(BY_NAME, values![name])? {
        return Ok(agent);
    }
    // Two first users at once: the unique name lets one insert through, and both read the same row.
    let added = tx.execute(
        "insert into agents (id, name, created_at) values ($1, $2, $3) on conflict (name) do nothing",
        values![fresh, name, by.at],
    )?;
    if added == 1 {
        audit::record(
            tx,
            by,
            &Entry {
                action: "agent.create",
                agent: Some(fresh),
                ..Entry::default()
            },
        )?;
    }
    tx.one(BY_NAME, values![name])
}

/// The agent with this id.
pub fn get(tx: &mut Tx<'_>, id: &AgentId) -> Result<Agent> {
    tx.first(
        "select id, name, created_at, disabled_at from agents where id = $1",
        values![id],
    )?
    .ok_or_else(|| Error::NotFound("agent", id.to_string()))
}

/// All agents, newest first.
pub fn list(tx: &mut Tx<'_>, limit: i64, offset: i64) -> Result<Vec<Agent>> {
    tx.all(
        "select id, name, created_at, disabled_at from agents order by created_at desc, id desc limit $1 offset $2",
        values![limit, offset],
    )
}

/// How many agents there are.
pub fn count(tx: &mut Tx<'_>) -> Result<i64> {
    tx.one("select count(*) from agents", &[])
}

/// Refuses the agent's tasks from now on. Its sessions are the caller's to end, in the same transaction.
pub fn disable(tx: &mut Tx<'_>, id: &AgentId, by: &Caller) -> Result<Agent> {
    switch(tx, id, Some(by.at), by)
}

/// Lets the agent's tasks work again.
pub fn enable(tx: &mut Tx<'_>, id: &AgentId, by: &Caller) -> Result<Agent> {
    switch(tx, id, None, by)
}

fn switch(tx: &mut Tx<'_>, id: &AgentId, disabled_at: Option<Time>, by: &Caller) -> Result<Agent> {
    tx.execute(
        "update agents set disabled_at = $2 where id = $1",
        values![id, disabled_at],
    )?;
    let agent = get(tx, id)?;
    let action = if disabled_at.is_some() {
        "agent.disable"
    } else {
        "agent.enable"
    };
    audit::record(
        tx,
        by,
        &Entry {
            action,
            agent: Some(id),
            ..Entry::default()
        },
    )?;
    Ok(agent)
}

//! Agents: the stable identity behind an `agent_name`. A name has one id for ever, whoever uses it first and however many
//! use it at once.

use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::AgentId;
use crate::sessions::{self, Whose};
use crate::text;

/// An agent.
#[derive(Clone, Debug)]
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

const SELECT: &str = "select id, name, created_at, disabled_at from agents";

/// The enabled agent of this name; made with the id `fresh` when the name is new.
///
/// # Errors
/// [`Error::TaskCannotBeUsed`] when the agent is disabled, or when the name is new and is a disabled agent's but
/// for letter case, width or spacing.
pub fn named(tx: &mut Write<'_>, name: &str, fresh: &AgentId) -> Result<Agent> {
    let now = tx.now();
    if let Some(agent) = by_name(tx, name)? {
        return enabled(agent);
    }
    let folded = text::folded(name);
    let disabled: Option<AgentId> = tx.first(
        "select id from agents where name_folded = $1 and disabled_at is not null",
        values![&folded],
    )?;
    if disabled.is_some() {
        return Err(DISABLED);
    }
    // Two first users at once: the unique name lets one insert through, and both read the same row.
    let added = tx.execute(
        "insert into agents (id, name, name_folded, created_at) values ($1, $2, $3, $4) on conflict (name) do nothing",
        values![fresh, name, folded, now],
    )?;
    if added == 1 {
        tx.note(Event::new(Action::AgentCreate).agent(fresh));
    }
    by_name(tx, name)?
        .map(enabled)
        .ok_or_else(|| Error::Bug(format!("the agent {fresh} was made and is not there")))?
}

const DISABLED: Error = Error::TaskCannotBeUsed("its agent is disabled");

fn enabled(agent: Agent) -> Result<Agent> {
    match agent.disabled_at {
        None => Ok(agent),
        Some(_) => Err(DISABLED),
    }
}

fn by_name(tx: &mut Read<'_>, name: &str) -> Result<Option<Agent>> {
    tx.first(&format!("{SELECT} where name = $1"), values![name])
}

/// The agent with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Read<'_>, id: &AgentId) -> Result<Agent> {
    tx.first(&format!("{SELECT} where id = $1"), values![id])?
        .ok_or_else(|| Error::NotFound("agent", id.to_string()))
}

/// Agents, newest first; the one of a name, where one is named.
pub fn list(tx: &mut Read<'_>, name: Option<&str>, page: Page) -> Result<Vec<Agent>> {
    let mut query = Query::new(SELECT);
    query.equals("name", name);
    query.page("created_at desc, id desc", page).all(tx)
}

/// How many agents [`list`] goes through, counted to `most`.
pub fn count(tx: &mut Read<'_>, name: Option<&str>, most: i64) -> Result<i64> {
    let mut query = Query::new("select 1 from agents");
    query.equals("name", name);
    query.counted(most).one(tx)
}

/// Refuses the agent's tasks from now on and ends the sessions in which it acts.
pub fn disable(tx: &mut Write<'_>, id: &AgentId) -> Result<Agent> {
    let now = tx.now();
    let agent = switch(tx, id, Some(now), Action::AgentDisable)?;
    sessions::revoke_all(tx, &Whose::Agent(id.clone()))?;
    Ok(agent)
}

/// Lets the agent's tasks work again.
pub fn enable(tx: &mut Write<'_>, id: &AgentId) -> Result<Agent> {
    switch(tx, id, None, Action::AgentEnable)
}

fn switch(
    tx: &mut Write<'_>,
    id: &AgentId,
    disabled_at: Option<Time>,
    action: Action,
) -> Result<Agent> {
    let event = Event::new(action).agent(id);
    tx.attempt(event.clone());
    tx.execute(
        "update agents set disabled_at = $2 where id = $1",
        values![id, disabled_at],
    )?;
    let agent = get(tx, id)?;
    tx.note(event);
    Ok(agent)
}

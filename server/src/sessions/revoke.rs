//! Ending many sessions at once: a few set statements, however many there are.

use super::Status;
use crate::clients;
use crate::db::{FromRow, Query, Row, Write};
use crate::error::Result;
use crate::events::{Action, Event};
use crate::id::{AgentId, ClientId, SessionId, TaskId, UserId};

/// Whose sessions are meant.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// This user's.
    User(&'a UserId),
    /// Those in which this agent acts.
    Agent(&'a AgentId),
    /// The one this task opened.
    Task(&'a TaskId),
    /// Everyone's.
    All,
}

/// What the records need of a session that was ended.
struct Ended {
    id: SessionId,
    client: ClientId,
    user: UserId,
    agent: Option<AgentId>,
    task: Option<TaskId>,
}

impl FromRow for Ended {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            client: row.take()?,
            user: row.take()?,
            agent: row.take()?,
            task: row.take()?,
        })
    }
}

/// Revokes every active session of someone and says which they were.
pub fn revoke_all(tx: &mut Write<'_>, whose: &Whose<'_>) -> Result<Vec<SessionId>> {
    let mut query =
        Query::new("update sessions set ended_at = $1, end_status = $2, updated_at = $1");
    query.mark(tx.now());
    query.mark(Status::Revoked);
    query.and("ended_at is null and expire_at > $1");
    match whose {
        Whose::User(id) => query.equals("user_id", Some(*id)),
        Whose::Agent(id) => query.equals("agent_id", Some(*id)),
        Whose::Task(id) => {
            let task = query.mark(*id);
            query.and(&format!(
                "id = (select session_id from tasks where id = {task})"
            ));
        }
        Whose::All => {}
    }
    let ended: Vec<Ended> = query
        .returning("id, client_id, user_id, agent_id, task_id")
        .changed(tx)?;
    let mut clients: Vec<ClientId> = ended.iter().map(|one| one.client.clone()).collect();
    clients.sort();
    clients.dedup();
    clients::signed_out(tx, &clients)?;
    for one in &ended {
        tx.note(Event {
            agent: one.agent.clone(),
            task: one.task.clone(),
            ..Event::new(Action::SessionRevoke)
                .user(&one.user)
                .session(&one.id)
        });
    }
    Ok(ended.into_iter().map(|one| one.id).collect())
}

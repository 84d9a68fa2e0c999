//! Who acts in a session, if not its user.

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::id::{AgentId, TaskId};

/// Who acts for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An agent.
    Agent {
        /// Its id.
        id: AgentId,
        /// Its name.
        name: String,
        /// The task that opened the session.
        task: TaskId,
    },
    /// Somebody whom the creator of an actor token named, in the creator's words.
    Given(Map<String, Json>),
}

impl Actor {
    /// The `act` claim and the `actor` of a session (RFC 8693 §4.1, with Clerk's `type`). An agent's task is there under two
    /// names: applications written for Clerk read `task_id`.
    pub fn claim(&self) -> Json {
        match self {
            Self::Agent { id, name, task } => json!({
                "type": "agent",
                "sub": id,
                "agent_name": name,
                "agent_task_id": task,
                "task_id": task,
            }),
            Self::Given(actor) => actor.clone().into(),
        }
    }

    /// The agent and its task, if an agent acts.
    pub fn agent(&self) -> Option<(&AgentId, &TaskId)> {
        match self {
            Self::Agent { id, task, .. } => Some((id, task)),
            Self::Given(_) => None,
        }
    }

    /// What was given, as it is kept.
    pub fn given(&self) -> Option<String> {
        match self {
            Self::Agent { .. } => None,
            Self::Given(actor) => Some(Json::from(actor.clone()).to_string()),
        }
    }

    /// What was given, as it was kept.
    ///
    /// # Errors
    /// [`Error::Bug`] for what was never written.
    pub fn read(given: &str) -> Result<Self> {
        let read = serde_json::from_str(given).map(Self::Given);
        read.map_err(|error| Error::Bug(format!("stored actor: {error}")))
    }

    /// The actor's id.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Agent { id, .. } => Some(id.as_str()),
            Self::Given(actor) => actor.get("sub").and_then(Json::as_str),
        }
    }
}

//! Who acts where somebody acts for a user (RFC 8693 §4.1).

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::id::{AgentId, AgentTaskId};

/// Who acts in a user's name: the `act` claim of a session token (RFC 8693 §4.1), and the `actor` of a session.
///
/// In a session that an agent task opened it is the agent. Clerk also uses it for people who impersonate a user.
///
/// ```
/// let actor: standin::Actor = serde_json::from_str(
///     r#"{ "type": "agent", "sub": "agt_2xKqYbN0f3pQ", "agent_name": "my-agent" }"#,
/// )?;
/// assert_eq!(actor.agent(), Some(&"agt_2xKqYbN0f3pQ".parse()?));
/// assert_eq!(actor.agent_name(), Some("my-agent"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Actor {
    subject: String,
    agent: Option<AgentId>,
    all: Map<String, Value>,
}

impl Actor {
    /// The id of the actor: an agent's, or that of a user who impersonates another.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The agent, if the actor is one (`type: agent`).
    pub fn agent(&self) -> Option<&AgentId> {
        self.agent.as_ref()
    }

    /// The name the agent was given. **Standin only**: Clerk does not document it.
    pub fn agent_name(&self) -> Option<&str> {
        self.all.get("agent_name")?.as_str()
    }

    /// The task the agent came with. **Standin only**: Clerk does not document it.
    pub fn agent_task_id(&self) -> Option<AgentTaskId> {
        self.all.get("agent_task_id")?.as_str()?.parse().ok()
    }
}

/// An actor without a readable subject is none: whoever acts for a user must not pass for the user because of an oddity.
impl TryFrom<Map<String, Value>> for Actor {
    type Error = String;

    fn try_from(all: Map<String, Value>) -> Result<Self, String> {
        let text = |name: &str| all.get(name).and_then(Value::as_str);
        let subject = text("sub").ok_or("an actor without sub")?.to_owned();
        let agent = match text("type") {
            Some("agent") => {
                Some(AgentId::try_from(subject.as_str()).map_err(|error| error.to_string())?)
            }
            _ => None,
        };
        Ok(Self {
            subject,
            agent,
            all,
        })
    }
}

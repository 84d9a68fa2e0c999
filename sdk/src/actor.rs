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

    /// The task the agent came with (`agent_task_id`, else `task_id`). **Standin only**: Clerk does not document it.
    ///
    /// ```
    /// let actor: standin::Actor = serde_json::from_str(
    ///     r#"{ "type": "agent", "sub": "agt_2xKqYbN0f3pQ", "task_id": "agt_task_2xKq" }"#,
    /// )?;
    /// assert_eq!(actor.agent_task_id(), Some("agt_task_2xKq".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn agent_task_id(&self) -> Option<AgentTaskId> {
        let id = |name: &str| self.all.get(name)?.as_str()?.parse().ok();
        id("agent_task_id").or_else(|| id("task_id"))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_task_is_read_under_either_name_and_the_longer_one_first() {
        let task = |more: Value| {
            let mut all = json!({ "type": "agent", "sub": "agt_1" });
            let more = more.as_object().unwrap().clone();
            all.as_object_mut().unwrap().extend(more);
            let actor: Actor = serde_json::from_value(all).unwrap();
            actor.agent_task_id().map(|id| id.to_string())
        };
        let (one, two) = ("agt_task_1", "agt_task_2");
        assert_eq!(task(json!({ "agent_task_id": one })).as_deref(), Some(one));
        assert_eq!(task(json!({ "task_id": two })).as_deref(), Some(two));
        let both = json!({ "agent_task_id": one, "task_id": two });
        assert_eq!(task(both).as_deref(), Some(one));
        let odd = json!({ "agent_task_id": null, "task_id": two });
        assert_eq!(task(odd).as_deref(), Some(two));
        assert_eq!(task(json!({})), None);
    }
}

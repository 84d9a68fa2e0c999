//! The audit trail: what happened, newest first. **Standin only**; at Clerk this call is not found.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;

use crate::call::{Call, awaitable};
use crate::client::Client;
use crate::id::{AgentId, AgentTaskId, SessionId, UserId};
use crate::page::{Items, Page};

impl Client {
    /// What happened, newest first. **Standin only**.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, task: standin::id::AgentTaskId) -> standin::Result<()> {
    /// for record in client.audit_logs().agent_task(&task).await? {
    ///     println!("{} {} by {}: {}", record.at, record.action, record.actor, record.result);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn audit_logs(&self) -> ListAuditLogs {
        ListAuditLogs(Call::get(self, "/v1/audit_logs"))
    }
}

/// A part of the audit trail; `.await` it for one page, or [`stream`](Self::stream) it.
#[must_use = "nothing is sent until it is awaited"]
pub struct ListAuditLogs(Call<Page<AuditLog>>);

impl ListAuditLogs {
    /// Only what concerns this task.
    pub fn agent_task(self, id: &AgentTaskId) -> Self {
        Self(self.0.query("agent_task_id", id))
    }

    /// Only what concerns this user.
    pub fn user(self, id: &UserId) -> Self {
        Self(self.0.query("user_id", id))
    }

    /// Only what concerns this agent.
    pub fn agent(self, id: &AgentId) -> Self {
        Self(self.0.query("agent_id", id))
    }

    /// Only what concerns this session.
    pub fn session(self, id: &SessionId) -> Self {
        Self(self.0.query("session_id", id))
    }

    /// Only what this one did or was refused, as [`AuditLog::actor`] names it.
    pub fn actor(self, id: &str) -> Self {
        Self(self.0.query("actor", id))
    }

    /// Only this, as [`AuditLog::action`] names it.
    pub fn action(self, action: &str) -> Self {
        Self(self.0.query("action", action))
    }

    /// How many a page has: 1 to 500, 10 where not given.
    pub fn limit(self, limit: u32) -> Self {
        Self(self.0.query("limit", limit))
    }

    /// How many to pass over.
    pub fn offset(self, offset: u32) -> Self {
        Self(self.0.query("offset", offset))
    }

    /// All of it, fetched in pages of [`limit`](Self::limit), 100 where not given.
    pub fn stream(self) -> Items<AuditLog> {
        Items::new(self.0, None)
    }
}

awaitable!(ListAuditLogs => Page<AuditLog>);

/// One thing that happened, or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AuditLog {
    /// Its place in the order of things.
    pub seq: i64,
    /// When.
    #[serde(with = "millisecond::required")]
    pub at: Timestamp,
    /// What, as in `task.create`.
    pub action: String,
    /// `ok`, or the code of the refusal.
    pub result: String,
    /// By whom: a secret key, a session, the server itself.
    pub actor: String,
    /// The user concerned.
    pub user_id: Option<UserId>,
    /// The agent concerned.
    pub agent_id: Option<AgentId>,
    /// The task concerned.
    pub agent_task_id: Option<AgentTaskId>,
    /// The session concerned.
    pub session_id: Option<SessionId>,
    /// The address it came from.
    pub ip_address: Option<String>,
    /// What the caller calls itself.
    pub user_agent: Option<String>,
    /// The request it happened in.
    pub request_id: String,
    /// Anything else worth keeping.
    pub detail: Option<String>,
}

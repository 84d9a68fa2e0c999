//! What became of tasks: Standin's own.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;

use crate::call::Call;
use crate::id::{AgentId, AgentTaskId, SessionId, UserId};
use crate::page::{Items, Page};
use crate::wire;

wire::open_enum! {
    /// Where a task stands.
    TaskStatus {
        /// Its URL can be opened.
        Pending = "pending",
        /// Its URL was opened, and the session made.
        Used = "used",
        /// It was taken back before anybody opened it.
        Revoked = "revoked",
        /// Nobody opened it in time.
        Expired = "expired",
    }
}

wire::open_enum! {
    /// Who is asked before a task's session is opened.
    Confirm {
        /// Nobody.
        Nobody = "nobody",
        /// Whoever opens its URL, on a page that says who would act as whom.
        Visitor = "visitor",
    }
}

/// A task and what became of it. **Standin only**.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AgentTaskRecord {
    /// The task.
    #[serde(rename = "agent_task_id")]
    pub id: AgentTaskId,
    /// The agent.
    pub agent_id: AgentId,
    /// The agent's name.
    pub agent_name: String,
    /// Whom it signs in.
    pub user_id: UserId,
    /// Where it stands.
    pub status: TaskStatus,
    /// What it is for.
    pub task_description: String,
    /// Where the browser lands.
    pub redirect_url: String,
    /// How long its session lasts.
    #[serde(
        rename = "session_max_duration_in_seconds",
        deserialize_with = "wire::seconds"
    )]
    pub session_max_duration: Duration,
    /// Who is asked before its session is opened.
    pub confirm: Confirm,
    /// Whether pages of its session may use it and nothing more.
    pub restricted: bool,
    /// The session it opened.
    pub session_id: Option<SessionId>,
    /// When it was created.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// Until when its URL can be opened.
    #[serde(with = "millisecond::required")]
    pub expires_at: Timestamp,
    /// When its URL was opened.
    #[serde(default, with = "millisecond::optional")]
    pub used_at: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, with = "millisecond::optional")]
    pub revoked_at: Option<Timestamp>,
    /// Who opened its URL.
    pub used_from: Option<UsedFrom>,
}

/// Who opened a task's URL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct UsedFrom {
    /// The address it was opened from.
    pub ip_address: Option<String>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

/// A list of tasks; `.await` it for one page, or [`stream`](Self::stream) it. **Standin only**.
#[must_use = "nothing is sent until it is awaited"]
pub struct ListAgentTasks(pub(super) Call<Page<AgentTaskRecord>>);

impl ListAgentTasks {
    /// Only those that stand so.
    pub fn status(self, status: impl Into<TaskStatus>) -> Self {
        Self(self.0.query("status", status.into()))
    }

    /// Only those that sign this user in.
    pub fn user(self, id: &UserId) -> Self {
        Self(self.0.query("user_id", id))
    }

    /// Only those of this agent.
    pub fn agent(self, id: &AgentId) -> Self {
        Self(self.0.query("agent_id", id))
    }

    /// How many a page has: 1 to 500, 10 where not given.
    pub fn limit(self, limit: u32) -> Self {
        Self(self.0.query("limit", limit))
    }

    /// How many to pass over.
    pub fn offset(self, offset: u32) -> Self {
        Self(self.0.query("offset", offset))
    }

    /// All of them, fetched in pages of [`limit`](Self::limit), 100 where not given.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let mut tasks = client.agent_tasks().list().status("pending").stream();
    /// while let Some(task) = tasks.try_next().await? {
    ///     println!("{} for {}", task.id, task.user_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> Items<AgentTaskRecord> {
        Items::new(self.0, None)
    }
}

//! Agents: who acted, and the switch that stops one. **Standin only**; at Clerk these calls are not found.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;

use crate::call::{Call, awaitable};
use crate::client::Client;
use crate::id::AgentId;
use crate::page::{Items, Page};

/// The calls about agents; from [`Client::agents`].
#[derive(Clone, Copy, Debug)]
pub struct Agents<'a>(&'a Client);

impl Client {
    /// The calls about agents. **Standin only**.
    pub fn agents(&self) -> Agents<'_> {
        Agents(self)
    }
}

impl Agents<'_> {
    /// All agents that ever had a task.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// for agent in client.agents().list().await? {
    ///     println!("{} {}", agent.id, agent.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(self) -> ListAgents {
        ListAgents(Call::get(self.0, "/v1/agents"))
    }

    /// One agent, with its [`activity`](Agent::activity).
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn get(self, id: &AgentId) -> Call<Agent> {
        Call::get(self.0, format!("/v1/agents/{id}"))
    }

    /// Stops an agent: its tasks open nothing from now on and its sessions end, in one step.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, agent: standin::AgentId) -> standin::Result<()> {
    /// let stopped = client.agents().disable(&agent).await?;
    /// println!("{} is stopped since {:?}", stopped.name, stopped.disabled_at);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn disable(self, id: &AgentId) -> Call<Agent> {
        Call::post(self.0, format!("/v1/agents/{id}/disable"))
    }

    /// Lets a stopped agent act again. Sessions that ended stay ended.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn enable(self, id: &AgentId) -> Call<Agent> {
        Call::post(self.0, format!("/v1/agents/{id}/enable"))
    }
}

/// A list of agents; `.await` it for one page, or [`stream`](Self::stream) it.
#[must_use = "nothing is sent until it is awaited"]
pub struct ListAgents(Call<Page<Agent>>);

impl ListAgents {
    /// The one with exactly this name, if there is one.
    pub fn name(self, name: &str) -> Self {
        Self(self.0.query("name", name))
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
    pub fn stream(self) -> Items<Agent> {
        Items::new(self.0, None)
    }
}

awaitable!(ListAgents => Page<Agent>);

/// A program that acts for users.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Agent {
    /// The agent.
    pub id: AgentId,
    /// The `agent_name` of its tasks.
    pub name: String,
    /// When it had its first task.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// Since when it is stopped.
    #[serde(default, with = "millisecond::optional")]
    pub disabled_at: Option<Timestamp>,
    /// What it did; only [`Agents::get`] tells.
    pub activity: Option<AgentActivity>,
}

/// What an agent did, as far as its newest 1,000 tasks and its newest 1,000 sessions show. **Standin only**.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AgentActivity {
    /// What came of its tasks.
    pub tasks: TaskOutcomes,
    /// How many sessions it acts in now.
    pub open_sessions: u32,
    /// When a page last said that one of its sessions is in use.
    #[serde(default, with = "millisecond::optional")]
    pub last_active_at: Option<Timestamp>,
}

/// How many tasks there are of each [`TaskStatus`](crate::agent_tasks::TaskStatus).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TaskOutcomes {
    /// Their URLs can be opened.
    pub pending: u32,
    /// Their sessions were opened.
    pub used: u32,
    /// They were taken back before anybody opened them.
    pub revoked: u32,
    /// Nobody opened them in time.
    pub expired: u32,
}

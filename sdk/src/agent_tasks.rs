//! Agent tasks: a link that signs one browser in as a user, once (spec paths `/agents/tasks…`).
//!
//! Creating and revoking is Clerk's; looking at tasks afterwards is Standin's own.

mod record;
mod redeem;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::{Call, awaitable};
use crate::client::Client;
use crate::id::{AgentId, AgentTaskId, OrganizationId, UserId};
use crate::page::Page;
pub use record::{AgentTaskRecord, Confirm, ListAgentTasks, TaskStatus, UsedFrom};
pub use redeem::{OpenedSession, SignedIn};

/// The calls about agent tasks; from [`Client::agent_tasks`].
#[derive(Clone, Copy, Debug)]
pub struct AgentTasks<'a>(&'a Client);

impl Client {
    /// The calls about agent tasks.
    pub fn agent_tasks(&self) -> AgentTasks<'_> {
        AgentTasks(self)
    }
}

/// Whom a task signs in.
///
/// ```
/// use standin::{OnBehalfOf, UserId};
///
/// let id: UserId = "user_2xKqYbN0f3pQ".parse()?;
/// assert_eq!(OnBehalfOf::from(&id), OnBehalfOf::User(id));
/// assert_eq!(
///     OnBehalfOf::identifier("ada@example.com"),
///     OnBehalfOf::Identifier("ada@example.com".into()),
/// );
/// # Ok::<(), standin::id::InvalidId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum OnBehalfOf {
    /// The user with this id.
    #[doc(alias = "user_id")]
    #[serde(rename = "user_id")]
    User(UserId),
    /// The user with this verified e-mail address, phone number or username.
    #[serde(rename = "identifier")]
    Identifier(String),
}

impl OnBehalfOf {
    /// The user with this verified e-mail address, phone number or username.
    pub fn identifier(text: impl Into<String>) -> Self {
        Self::Identifier(text.into())
    }
}

impl From<UserId> for OnBehalfOf {
    fn from(id: UserId) -> Self {
        Self::User(id)
    }
}

impl From<&UserId> for OnBehalfOf {
    fn from(id: &UserId) -> Self {
        Self::User(id.clone())
    }
}

/// A task to be created: what every task needs. What it may have beside comes after [`AgentTasks::create`].
///
/// The task's `permissions` are `"*"`, everything the user may do; the API knows no other.
#[derive(Clone, Debug)]
pub struct NewAgentTask<'a> {
    /// Whom it signs in.
    pub on_behalf_of: OnBehalfOf,
    /// Who will act. Tasks with the same name belong to the same agent.
    pub agent_name: &'a str,
    /// What it will do, for the people who read the record.
    pub task_description: &'a str,
    /// Where the browser lands, signed in: an absolute URL of your application, https in production.
    pub redirect_url: &'a str,
}

impl AgentTasks<'_> {
    /// Creates a task, whose URL signs one browser in as the user, once (spec operation `CreateAgentTask`).
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use standin::{Client, NewAgentTask, OnBehalfOf};
    ///
    /// # async fn run(client: Client) -> standin::Result<()> {
    /// let task = client
    ///     .agent_tasks()
    ///     .create(NewAgentTask {
    ///         on_behalf_of: OnBehalfOf::identifier("ada@example.com"),
    ///         agent_name: "my-agent",
    ///         task_description: "Book a table for two",
    ///         redirect_url: "https://app.example.com/dashboard",
    ///     })
    ///     .session_max_duration(Duration::from_mins(15))
    ///     .await?;
    /// println!("open {}", task.url);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `agent_task_subject_not_found` (404) where nobody is meant, `user_banned` (403), and 422 with the parameter for
    /// what is not as it must be.
    pub fn create(self, new: NewAgentTask<'_>) -> CreateAgentTask {
        CreateAgentTask(
            Call::post(self.0, "/v1/agents/tasks")
                .set("on_behalf_of", new.on_behalf_of)
                .set("permissions", "*")
                .set("agent_name", new.agent_name)
                .set("task_description", new.task_description)
                .set("redirect_url", new.redirect_url),
        )
    }

    /// Takes a task back that nobody has used yet: its URL opens nothing from now on (spec operation `RevokeAgentTask`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, task: standin::AgentTaskId) -> standin::Result<()> {
    /// match client.agent_tasks().revoke(&task).await {
    ///     Ok(_) => println!("nobody will open it"),
    ///     Err(error) if error.code() == Some("agent_task_cannot_be_revoked") => println!("too late"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown task, `agent_task_cannot_be_revoked` (400) for one
    /// that was used, revoked or expired. To end the session of a used one see
    /// [`Sessions::revoke_all`](crate::sessions::Sessions::revoke_all).
    pub fn revoke(self, id: &AgentTaskId) -> Call<AgentTask> {
        Call::post(self.0, format!("/v1/agents/tasks/{id}/revoke"))
    }

    /// A task with all that became of it. **Standin only**.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, task: standin::AgentTaskId) -> standin::Result<()> {
    /// let task = client.agent_tasks().get(&task).await?;
    /// if let Some(from) = task.used_from {
    ///     println!("opened from {:?} at {:?}", from.ip_address, task.used_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown task.
    pub fn get(self, id: &AgentTaskId) -> Call<AgentTaskRecord> {
        Call::get(self.0, format!("/v1/agents/tasks/{id}"))
    }

    /// Tasks, newest first. **Standin only**.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// use standin::agent_tasks::TaskStatus;
    ///
    /// for task in client.agent_tasks().list().status(TaskStatus::Pending).await? {
    ///     println!("{} until {}", task.task_description, task.expires_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(self) -> ListAgentTasks {
        ListAgentTasks(Call::get(self.0, "/v1/agents/tasks"))
    }
}

/// The creation of a task; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct CreateAgentTask(Call<CreatedAgentTask>);

impl CreateAgentTask {
    /// How long the session lasts that the task opens, in whole seconds: fractions are dropped. 30 minutes where not given.
    pub fn session_max_duration(self, duration: Duration) -> Self {
        Self(
            self.0
                .set("session_max_duration_in_seconds", duration.as_secs()),
        )
    }

    /// How long the URL can be opened, in whole seconds: fractions are dropped. 10 minutes where not given, a day at
    /// most. **Standin only**: Clerk refuses it with `form_param_unknown`.
    pub fn expires_in(self, duration: Duration) -> Self {
        Self(self.0.set("expires_in_seconds", duration.as_secs()))
    }

    /// The organization that the session begins in; refused with `not_a_member_in_organization` where the user is not in it.
    /// **Standin only**: Clerk refuses it with `form_param_unknown`.
    #[doc(alias = "organization_id")]
    pub fn organization(self, id: &OrganizationId) -> Self {
        Self(self.0.set("organization_id", id))
    }

    /// Who is asked before the session is opened; as the server is set where not given, usually nobody.
    /// **Standin only**: Clerk refuses it with `form_param_unknown`.
    pub fn confirm(self, by: Confirm) -> Self {
        Self(self.0.set("confirm", by))
    }

    /// Whether pages of the session may use it and nothing more: they neither sign out, nor change its organization, nor sign
    /// anybody else in. As the server is set where not given, usually not. **Standin only**: Clerk refuses it with
    /// `form_param_unknown`.
    pub fn restricted(self, restricted: bool) -> Self {
        Self(self.0.set("restricted", restricted))
    }
}

awaitable!(CreateAgentTask => CreatedAgentTask, ListAgentTasks => Page<AgentTaskRecord>);

/// A task that was just created (spec schema `AgentTask`). Its `Debug` leaves the URL out.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CreatedAgentTask {
    /// The task.
    #[serde(rename = "agent_task_id")]
    pub id: AgentTaskId,
    /// The agent: the same for every task with the same `agent_name`.
    pub agent_id: AgentId,
    /// Whoever opens this is signed in. It works once, and is shown nowhere else.
    pub url: String,
}

impl fmt::Debug for CreatedAgentTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedAgentTask")
            .field("id", &self.id)
            .field("agent_id", &self.agent_id)
            .finish_non_exhaustive()
    }
}

/// A task by its ids (spec schema `AgentTask`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AgentTask {
    /// The task.
    #[serde(rename = "agent_task_id")]
    pub id: AgentTaskId,
    /// The agent: the same for every task with the same `agent_name`.
    pub agent_id: AgentId,
}

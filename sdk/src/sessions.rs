//! Sessions (spec paths `/sessions…`), and Standin's own call that ends many.

mod refresh;
mod session;

use std::time::Duration;

use serde::Deserialize;

use crate::call::{Call, awaitable, hide_all};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::id::{AgentId, AgentTaskId, ClientId, InvalidId, SessionId, UserId};
use crate::page::{Items, Page};
pub use refresh::{Refresh, RefreshedCookies};
pub use session::{Session, SessionActivity, SessionStatus};

/// The calls about sessions; from [`Client::sessions`].
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a>(&'a Client);

impl Client {
    /// The calls about sessions.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }
}

impl Sessions<'_> {
    /// Sessions, newest first (spec operation `GetSessionList`). Clerk wants a user or a client to be named.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::id::UserId) -> standin::Result<()> {
    /// use standin::sessions::SessionStatus;
    ///
    /// let mut sessions = client.sessions().list().user(&ada).status(SessionStatus::Active).stream();
    /// while let Some(session) = sessions.try_next().await? {
    ///     println!("{} until {}", session.id, session.expire_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(self) -> ListSessions {
        ListSessions(Call::get(self.0, "/v1/sessions").query("paginated", true))
    }

    /// One session (spec operation `GetSession`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, session: standin::SessionId) -> standin::Result<()> {
    /// let session = client.sessions().get(&session).await?;
    /// if let Some(agent) = session.actor.as_ref().and_then(|actor| actor.agent()) {
    ///     println!("{agent} acts for {}", session.user_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn get(self, id: &SessionId) -> Call<Session> {
        Call::get(self.0, format!("/v1/sessions/{id}"))
    }

    /// Creates a session without a browser, for tests (spec operation `createSession`). Only development instances do.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let session = client.sessions().create(&ada).await?;
    /// let token = client.sessions().create_token(&session.id).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown user; a refusal in production.
    pub fn create(self, user: &UserId) -> Call<Session> {
        Call::post(self.0, "/v1/sessions").set("user_id", user)
    }

    /// Ends a session (spec operation `RevokeSession`). Tokens it has given out are accepted for the rest of their minute.
    /// To end one that is over already is no error.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, session: standin::SessionId) -> standin::Result<()> {
    /// client.sessions().revoke(&session).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub fn revoke(self, id: &SessionId) -> Call<Session> {
        Call::post(self.0, format!("/v1/sessions/{id}/revoke"))
    }

    /// Ends many sessions in one step, and says how many were active (`total_count`) and which, up to 500 of them.
    /// **Standin only**.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, task: standin::id::AgentTaskId) -> standin::Result<()> {
    /// use standin::sessions::Whose;
    ///
    /// let ended = client.sessions().revoke_all(Whose::AgentTask(task)).await?;
    /// println!("{} sessions ended", ended.total_count.unwrap_or_default());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn revoke_all(self, whose: Whose) -> Result<Page<SessionId>> {
        let call = Call::<Page<SessionId>>::post(self.0, "/v1/sessions/revoke");
        let call = match whose {
            Whose::User(id) => call.set("user_id", id),
            Whose::Agent(id) => call.set("agent_id", id),
            Whose::AgentTask(id) => call.set("agent_task_id", id),
            Whose::Everyone => call.set("all", true),
        };
        call.send().await
    }

    /// A session token of an active session (spec operation `CreateSessionToken`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, session: standin::SessionId) -> standin::Result<()> {
    /// use std::time::Duration;
    ///
    /// let minutes = Duration::from_mins(5);
    /// let token = client.sessions().create_token(&session).expires_in(minutes).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown session, a refusal for one that is over.
    pub fn create_token(self, id: &SessionId) -> CreateToken {
        CreateToken(Call::post(self.0, format!("/v1/sessions/{id}/tokens")))
    }

    /// A token of an active session, made from a JWT template (spec operation `CreateSessionTokenFromTemplate`). Standin has
    /// no templates and finds none.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown session or template.
    pub async fn create_token_from_template(
        self,
        id: &SessionId,
        template: &str,
    ) -> Result<SessionToken> {
        if !crate::id::sound(template) {
            return Err(Error::from(InvalidId::of("template name")));
        }
        let path = format!("/v1/sessions/{id}/tokens/{template}");
        Call::post(self.0, path).send().await
    }
}

/// Whose sessions [`Sessions::revoke_all`] ends.
///
/// ```no_run
/// # async fn run(client: standin::Client, agent: standin::AgentId) -> standin::Result<()> {
/// use standin::sessions::Whose;
///
/// client.sessions().revoke_all(Whose::Agent(agent)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Whose {
    /// A user's.
    User(UserId),
    /// Those in which an agent acts.
    Agent(AgentId),
    /// Those that a task opened: one at most.
    AgentTask(AgentTaskId),
    /// All there are.
    Everyone,
}

/// A list of sessions; `.await` it for one page, or [`stream`](Self::stream) it.
#[must_use = "nothing is sent until it is awaited"]
pub struct ListSessions(Call<Page<Session>>);

impl ListSessions {
    /// Only this user's.
    pub fn user(self, id: &UserId) -> Self {
        Self(self.0.query("user_id", id))
    }

    /// Only this browser's.
    pub fn client(self, id: &ClientId) -> Self {
        Self(self.0.query("client_id", id))
    }

    /// Only those that are so.
    pub fn status(self, status: SessionStatus) -> Self {
        Self(self.0.query("status", status))
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
    pub fn stream(self) -> Items<Session> {
        Items::new(self.0, None)
    }
}

/// The creation of a session token; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct CreateToken(Call<SessionToken>);

impl CreateToken {
    /// How long it is good for, in whole seconds: 30 seconds to ten years, a minute where not given. It ends with its
    /// session in any case at Standin.
    pub fn expires_in(self, duration: Duration) -> Self {
        Self(self.0.set("expires_in_seconds", duration.as_secs()))
    }
}

awaitable!(ListSessions => Page<Session>, CreateToken => SessionToken);

/// A session token.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SessionToken {
    /// The token, a JWT (RFC 7519): a credential.
    pub jwt: String,
}

hide_all!(SessionToken);

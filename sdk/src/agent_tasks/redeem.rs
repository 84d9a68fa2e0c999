//! Signing in without a browser: Standin's own.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::AgentTasks;
use crate::call::{Call, hide_all};
use crate::error::Error;
use crate::id::SessionId;

impl AgentTasks<'_> {
    /// Opens a task's URL as a program does: the answer holds the session instead of leading to a page. The URL is spent by
    /// it. **Standin only**.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, url: String) -> standin::Result<()> {
    /// let signed_in = client.agent_tasks().redeem(&url).await?;
    /// println!("{} until {}", signed_in.session.id, signed_in.session.expire_at);
    /// std::fs::write("state.json", signed_in.storage_state.to_string()).ok();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `agent_task_already_used`, `agent_task_revoked` or `ticket_expired_code` (400) for a URL that opens nothing any
    /// more.
    pub fn redeem(self, url: &str) -> Call<SignedIn> {
        // The text holds the ticket and is not repeated.
        let wrong = |error| Error::setting("the task's URL is no address", error);
        let url = match Url::parse(url) {
            Ok(url) if url.has_host() => url,
            Ok(_) => return Call::failed(self.0, wrong(None)),
            Err(error) => return Call::failed(self.0, wrong(Some(error.into()))),
        };
        let server = match self.0.at(&url) {
            Ok(server) => server,
            Err(error) => return Call::failed(self.0, error),
        };
        let call = Call::get(&server, url.path()).once().without_key();
        match url.query_pairs().find(|(name, _)| name == "ticket") {
            Some((_, ticket)) => call.query("ticket", ticket),
            None => call,
        }
    }
}

/// A session that a task opened without a browser.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SignedIn {
    /// The session.
    pub session: OpenedSession,
    /// A session token, good for a minute: a credential.
    pub jwt: String,
    /// The cookies that a browser would have been left with, as Playwright keeps them (`storageState`): credentials.
    pub storage_state: Value,
}

hide_all!(SignedIn);

/// A session that was opened just now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct OpenedSession {
    /// The session.
    pub id: SessionId,
    /// When it ends, whatever happens.
    #[serde(with = "millisecond::required")]
    pub expire_at: Timestamp,
}

//! Sessions as the server shows them.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;

use crate::Actor;
use crate::id::{ClientId, SessionId, UserId};
use crate::wire;

wire::open_enum! {
    /// How a session is (spec schema `Session`).
    SessionStatus {
        /// Its user is signed in.
        Active = "active",
        /// Its user has yet to do something, and is not signed in till then.
        Pending = "pending",
        /// Somebody took it back.
        Revoked = "revoked",
        /// Its user signed out.
        Ended = "ended",
        /// It lasted as long as it was to last.
        Expired = "expired",
        /// Its user signed out and the browser forgot it.
        Removed = "removed",
        /// Nobody used it for too long.
        Abandoned = "abandoned",
        /// The same browser signed in again.
        Replaced = "replaced",
    }
}

/// A session (spec schema `Session`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Who is signed in.
    pub user_id: UserId,
    /// In which browser.
    pub client_id: ClientId,
    /// Who acts for the user: an agent, where a task opened the session.
    pub actor: Option<Actor>,
    /// How it is.
    pub status: SessionStatus,
    /// When it was last used.
    #[serde(with = "millisecond::required")]
    pub last_active_at: Timestamp,
    /// When it ends, whatever happens.
    #[serde(with = "millisecond::required")]
    pub expire_at: Timestamp,
    /// When it ends if nobody uses it.
    #[serde(with = "millisecond::required")]
    pub abandon_at: Timestamp,
    /// When it began.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "millisecond::required")]
    pub updated_at: Timestamp,
    /// From where and with what it was last used, where the server knows.
    pub latest_activity: Option<SessionActivity>,
}

/// From where and with what a session was last used (spec schema `SessionActivityResponse`). It is what the browser said of
/// itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SessionActivity {
    /// The browser or other program, as `Chrome`.
    pub browser_name: Option<String>,
    /// Its version.
    pub browser_version: Option<String>,
    /// What it ran on, as `Linux`.
    pub device_type: Option<String>,
    /// Whether that is carried around.
    pub is_mobile: bool,
    /// From which address.
    pub ip_address: Option<String>,
    /// Where that is. Standin asks nobody and never says.
    pub city: Option<String>,
    /// In which country.
    pub country: Option<String>,
}

impl Session {
    /// Whether its user is signed in.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let sessions = client.sessions().list().user(&ada).await?;
    /// let active = sessions.into_iter().filter(|session| session.is_active()).count();
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_active(&self) -> bool {
        self.status == SessionStatus::Active
    }
}

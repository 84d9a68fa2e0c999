//! Session tokens as the server sees them at this moment. **Standin only**; at Clerk these calls are not found.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::second;
use serde::Deserialize;
use serde_json::Value;

use crate::actor::Actor;
use crate::call::Call;
use crate::client::Client;
use crate::id::{SessionId, UserId};

impl Client {
    /// Whether a session token counts at this moment (RFC 7662): it verifies for the rest of its minute after its session was
    /// revoked, and this call knows. **Standin only**.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, token: &str) -> standin::Result<()> {
    /// if !client.introspect(token).await?.active {
    ///     println!("over");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn introspect(&self, token: &str) -> Call<Introspection> {
        Call::post(self, "/v1/tokens/introspect").set("token", token)
    }

    /// Ends the session of a token (RFC 7009), also of one that has expired. A token of nobody's is no error. **Standin only**.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, token: &str) -> standin::Result<()> {
    /// client.revoke_token(token).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn revoke_token(&self, token: &str) -> Call<Value> {
        Call::post(self, "/v1/tokens/revoke").set("token", token)
    }
}

/// What a session token is at this moment. All but `active` is missing where it is not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Introspection {
    /// Whether it counts.
    pub active: bool,
    /// The user.
    #[serde(rename = "sub")]
    pub user_id: Option<UserId>,
    /// The session.
    #[serde(rename = "sid")]
    pub session_id: Option<SessionId>,
    /// Who acts for the user.
    #[serde(rename = "act")]
    pub actor: Option<Actor>,
    /// When the token expires.
    #[serde(rename = "exp", default, with = "second::optional")]
    pub expires_at: Option<Timestamp>,
}

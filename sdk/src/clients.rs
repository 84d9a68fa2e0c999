//! Browsers' clients (spec paths `/clients…`). A client is what a browser's cookie at the Frontend API stands for: the
//! holder of its sessions.

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;

use crate::call::{Call, hide_all};
use crate::client::Client;
use crate::error::Result;
use crate::id::{ClientId, SessionId};
use crate::sessions::Session;
use crate::wire;

/// The calls about browsers' clients; from [`Client::clients`].
#[derive(Clone, Copy, Debug)]
pub struct Clients<'a>(&'a Client);

impl Client {
    /// The calls about browsers' clients.
    pub fn clients(&self) -> Clients<'_> {
        Clients(self)
    }
}

impl Clients<'_> {
    /// A browser's client and its sessions (spec operation `GetClient`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, session: standin::SessionId) -> standin::Result<()> {
    /// let session = client.sessions().get(&session).await?;
    /// let browser = client.clients().get(&session.client_id).await?;
    /// println!("{} sessions in this browser", browser.sessions.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub async fn get(self, id: &ClientId) -> Result<BrowserClient> {
        Call::get(self.0, format!("/v1/clients/{id}")).send().await
    }

    /// The client that a session token came from (spec operation `VerifyClient`).
    ///
    /// To know who calls, check the token with [`auth`](crate::auth) instead: that asks nobody.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, token: String) -> standin::Result<()> {
    /// let browser = client.clients().verify(&token).await?;
    /// println!("{:?}", browser.last_active_session_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the token is none of this instance or past its time, or its session is over.
    pub async fn verify(self, session_token: &str) -> Result<BrowserClient> {
        Call::post(self.0, "/v1/clients/verify")
            .set("token", session_token)
            .send()
            .await
    }

    /// What a handshake nonce stands for. Not in the public description: server SDKs ask for it when a browser comes back
    /// from a handshake, and [`auth`](crate::auth) does so by itself.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for a nonce that is unknown or past its time, about a minute.
    pub async fn handshake_payload(self, nonce: &str) -> Result<HandshakePayload> {
        Call::get(self.0, "/v1/clients/handshake_payload")
            .query("nonce", nonce)
            .send()
            .await
    }
}

/// What a handshake brings.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct HandshakePayload {
    /// Whole values of `Set-Cookie` (RFC 6265 §4.1), to be passed on as they are. They hold a session token: a credential.
    pub directives: Vec<String>,
}

hide_all!(HandshakePayload);

/// A browser's client (spec schema `Client`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct BrowserClient {
    /// The client.
    pub id: ClientId,
    /// Its sessions, those that are over included.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub sessions: Vec<Session>,
    /// The session that was used last.
    pub last_active_session_id: Option<SessionId>,
    /// When the browser first came.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// When somebody last signed in or out.
    #[serde(with = "millisecond::required")]
    pub updated_at: Timestamp,
}

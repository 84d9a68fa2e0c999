//! Browsers' clients (spec paths `/clients…`). A client is what a browser's cookie at the Frontend API stands for: the
//! holder of its sessions.

use serde::Deserialize;

use crate::call::Call;
use crate::client::Client;
use crate::error::Result;

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
    /// What a handshake nonce stands for. Not in the public description: server SDKs ask for it when a browser comes back
    /// from a handshake, and [`auth`](crate::auth) does so by itself.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for a nonce that is unknown or past its time, about a minute.
    pub async fn handshake_payload(&self, nonce: &str) -> Result<HandshakePayload> {
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

crate::call::hide_all!(HandshakePayload);

//! The public keys that session tokens verify with (spec path `/jwks`, RFC 7517).

use serde::Deserialize;

use crate::call::Call;
use crate::client::Client;
use crate::error::Result;

/// A set of keys (RFC 7517 §5).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct JwkSet {
    /// The keys. A server that is about to sign with a new one shows it beside the old one.
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// The key of this id.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let keys = client.jwks().await?;
    /// if let Some(key) = keys.find("ins_2xKqYbN0f3pQ") {
    ///     println!("modulus {:?}", key.n);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.kid.as_deref() == Some(kid))
    }
}

/// A public key (RFC 7517 §4). What an RSA key is made of is in `n` and `e` (RFC 7518 §6.3.1); keys of other kinds are
/// shown without their numbers.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Jwk {
    /// What kind of key it is: `RSA`.
    pub kty: String,
    /// The key's id, which tokens name in their header.
    pub kid: Option<String>,
    /// What it signs with: `RS256`.
    pub alg: Option<String>,
    /// What it is for: `sig`.
    #[serde(rename = "use")]
    pub use_for: Option<String>,
    /// The modulus of an RSA key, big-endian, in base64url without padding.
    pub n: Option<String>,
    /// The exponent of an RSA key, as `n`; `AQAB` is 65537.
    pub e: Option<String>,
}

impl Client {
    /// The public keys that this instance's session tokens verify with (spec path `/jwks`).
    ///
    /// [`auth`](crate::auth) fetches and keeps them by itself; this is for other uses.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let keys = client.jwks().await?;
    /// println!("{} keys, the first is {:?}", keys.keys.len(), keys.keys.first().map(|key| &key.kid));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn jwks(&self) -> Result<JwkSet> {
        Call::get(self, "/v1/jwks").send().await
    }
}

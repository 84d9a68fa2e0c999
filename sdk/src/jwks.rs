//! The public keys that session tokens verify with (spec path `/jwks`, RFC 7517).

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::RsaPublicKeyComponents;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
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

impl Jwk {
    /// The key as PEM (RFC 7468 §13, `-----BEGIN PUBLIC KEY-----`): what SDKs take as `CLERK_JWT_KEY`, to verify tokens without
    /// asking anybody. `None` where it is no RSA key of 2048 to 8192 bits.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// if let Some(pem) = client.jwks().await?.keys.first().and_then(|key| key.pem()) {
    ///     print!("{pem}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pem(&self) -> Option<String> {
        let key = self.components()?;
        if !(2048 / 8..=8192 / 8).contains(&key.n.len()) {
            return None;
        }
        let der: PublicKeyX509Der<'_> = key.as_der().ok()?;
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for (at, letter) in STANDARD.encode(der.as_ref()).chars().enumerate() {
            if at > 0 && at % 64 == 0 {
                pem.push('\n');
            }
            pem.push(letter);
        }
        pem.push_str("\n-----END PUBLIC KEY-----\n");
        Some(pem)
    }

    /// What an RSA key is made of.
    pub(crate) fn components(&self) -> Option<RsaPublicKeyComponents<Vec<u8>>> {
        let number = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let (n, e) = (number(&self.n)?, number(&self.e)?);
        Some(RsaPublicKeyComponents { n, e })
    }
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

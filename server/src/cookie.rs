//! Cookies, in and out.
//!
//! SDKs read and write each of theirs under two names, plain and with the instance's suffix. The suffixed one wins,
//! because another instance on the same host may own the plain one; both are always written.

use http::HeaderMap;
use http::header::COOKIE;

use crate::instance::Instance;

/// A browser's client. `HttpOnly`; its value is the client's secret.
pub const CLIENT: &str = "__client";
/// The session token. SDKs in the page rewrite it, so it cannot be `HttpOnly`.
pub const SESSION: &str = "__session";
/// When the client's set of sessions last changed, in seconds; `0` is signed out.
pub const CLIENT_UAT: &str = "__client_uat";
/// Lets an application's server renew a token without a redirect.
pub const REFRESH: &str = "__refresh";
/// Development: the client's second name.
pub const DEV_BROWSER: &str = "__clerk_db_jwt";
/// The short form of a handshake payload.
pub const NONCE: &str = "__clerk_handshake_nonce";
/// The long form of a handshake payload.
pub const HANDSHAKE: &str = "__clerk_handshake";

/// A year: what SDKs give cookies whose content ends by itself.
pub const YEAR: i64 = 31_536_000;

/// The cookies of one request, in the order they came.
pub struct Cookies<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Cookies<'a> {
    /// Reads every `Cookie` header (RFC 6265 §4.2).
    pub fn of(headers: &'a HeaderMap) -> Self {
        let texts = headers
            .get_all(COOKIE)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        let pairs = texts.flat_map(|text| text.split(';'));
        Self(
            pairs
                .filter_map(|pair| pair.trim().split_once('='))
                .collect(),
        )
    }

    /// The value of the cookie `name` that belongs to this instance.
    pub fn get(&self, name: &str, instance: &Instance) -> Option<&'a str> {
        let find = |wanted: &str| {
            self.0
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| *value)
        };
        let suffixed = format!("{name}_{}", instance.cookie_suffix);
        find(&suffixed)
            .or_else(|| find(name))
            .filter(|value| !value.is_empty())
    }
}

/// A `Set-Cookie` value in the making.
pub struct Setting<'a> {
    /// How long the browser keeps it, in seconds; zero deletes it.
    pub max_age: i64,
    /// Only sent over https.
    pub secure: bool,
    /// Hidden from scripts.
    pub http_only: bool,
    /// Shared with the hosts under this domain.
    pub domain: Option<&'a str>,
}

impl Setting<'_> {
    /// The `Set-Cookie` value (RFC 6265 §4.1) for one name.
    pub fn one(&self, name: &str, value: &str) -> String {
        let mut text = format!(
            "{name}={value}; Path=/; Max-Age={}; SameSite=Lax",
            self.max_age
        );
        if let Some(domain) = self.domain {
            text.push_str("; Domain=");
            text.push_str(domain);
        }
        if self.http_only {
            text.push_str("; HttpOnly");
        }
        if self.secure {
            text.push_str("; Secure");
        }
        text
    }

    /// The plain and the suffixed name.
    pub fn both(&self, name: &str, value: &str, instance: &Instance) -> [String; 2] {
        [
            self.one(name, value),
            self.one(&format!("{name}_{}", instance.cookie_suffix), value),
        ]
    }
}

//! Cookies, in and out.
//!
//! SDKs read and write each of theirs under two names, plain and with the instance's suffix. The suffixed one wins,
//! because another instance on the same host may own the plain one; both are always written.

use std::fmt;

use http::HeaderMap;
use http::header::COOKIE;
use serde::{Serialize, Serializer};

use crate::instance::Instance;

/// A browser's client. `HttpOnly`; its value is the client's secret.
pub const CLIENT: &str = "__client";
/// The session token. SDKs in the page rewrite it, so it cannot be `HttpOnly`.
pub const SESSION: &str = "__session";
/// When the client's set of sessions last changed, in seconds; `0` is signed out.
pub const CLIENT_UAT: &str = "__client_uat";
/// Lets an application's server renew a token without a redirect.
pub const REFRESH: &str = "__refresh";
/// An attempt to sign in that is under way, sealed. Standin's own; `HttpOnly`.
pub const SIGN_IN: &str = "__standin_sign_in";
/// An attempt to sign up that is under way, sealed. Standin's own; `HttpOnly`.
pub const SIGN_UP: &str = "__standin_sign_up";
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

    /// The values of the cookie `name`: those under this instance's suffixed name, then those under the plain one. There
    /// can be several of a name, since a cookie also has a path and a domain, which browsers do not tell.
    pub fn all(&self, name: &str, instance: &Instance) -> impl Iterator<Item = &'a str> {
        let suffixed = format!("{name}_{}", instance.cookie_suffix);
        let named = |wanted: &str| {
            let values = self.0.iter().filter(move |(name, _)| *name == wanted);
            values
                .map(|(_, value)| *value)
                .filter(|value| !value.is_empty())
                .collect::<Vec<_>>()
        };
        let mut values = named(&suffixed);
        values.extend(named(name));
        values.into_iter()
    }
}

/// A cookie to be set. Shown and serialised as the `Set-Cookie` value (RFC 6265 §4.1). Its value is a secret more often than
/// not, so it has no `Debug` that a log could print.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// How long the browser keeps it, in seconds; zero deletes it.
    pub max_age: i64,
    /// Only sent over https.
    pub secure: bool,
    /// Hidden from scripts.
    pub http_only: bool,
    /// Shared with the hosts under this domain; `None` for the host that sets it alone.
    pub domain: Option<String>,
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value, max_age) = (&self.name, &self.value, self.max_age);
        write!(f, "{name}={value}; Path=/; Max-Age={max_age}; SameSite=Lax")?;
        if let Some(domain) = &self.domain {
            write!(f, "; Domain={domain}")?;
        }
        if self.http_only {
            f.write_str("; HttpOnly")?;
        }
        if self.secure {
            f.write_str("; Secure")?;
        }
        Ok(())
    }
}

impl Serialize for Cookie {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// What several cookies have in common.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// See [`Cookie::max_age`].
    pub max_age: i64,
    /// See [`Cookie::secure`].
    pub secure: bool,
    /// See [`Cookie::http_only`].
    pub http_only: bool,
    /// See [`Cookie::domain`].
    pub domain: Option<&'a str>,
}

impl Setting<'_> {
    /// A cookie under one name.
    pub fn one(&self, name: &str, value: &str) -> Cookie {
        Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            max_age: self.max_age,
            secure: self.secure,
            http_only: self.http_only,
            domain: self.domain.map(ToOwned::to_owned),
        }
    }

    /// Under the suffixed name, which belongs to this instance alone.
    pub fn own(&self, name: &str, value: &str, instance: &Instance) -> Cookie {
        self.one(&format!("{name}_{}", instance.cookie_suffix), value)
    }

    /// The plain and the suffixed name.
    pub fn both(&self, name: &str, value: &str, instance: &Instance) -> [Cookie; 2] {
        [self.one(name, value), self.own(name, value, instance)]
    }
}

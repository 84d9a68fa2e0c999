//! Cookies, in and out.
//!
//! SDKs read and write each of theirs under two names, plain and with the instance's suffix. The suffixed one wins,
//! because another instance on the same host may own the plain one; both are always written.
//!
//! What nobody but this server reads is under one name over https, which begins with `__Host-`: browsers take such a cookie
//! from this very host only, so that no page beside it can plant one.

use std::collections::BTreeMap;
use std::fmt;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use serde::{Serialize, Serializer};

use crate::error::{Error, Result};
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

    /// The values under a name as it stands.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let values = self.0.iter().filter(move |(known, _)| *known == name);
        values.map(|(_, value)| *value)
    }

    /// The values of a cookie that this server alone reads: those under the name that belongs to this instance, then, where
    /// that can be planted anyway, those under the plain one. There can be several of a name, since a cookie also has a path
    /// and a domain, which browsers do not tell.
    pub fn all(&self, name: &str, instance: &Instance) -> impl Iterator<Item = &'a str> {
        let named = |wanted: &str| {
            let values = self.0.iter().filter(move |(name, _)| *name == wanted);
            values
                .map(|(_, value)| *value)
                .filter(|value| !value.is_empty())
                .collect::<Vec<_>>()
        };
        let mut values = named(&hosts(name, instance));
        if !instance.secure {
            values.extend(named(name));
        }
        values.into_iter()
    }
}

/// The name of a cookie that this instance alone reads, on its own host.
fn hosts(name: &str, instance: &Instance) -> String {
    let prefix = if instance.secure { "__Host-" } else { "" };
    format!("{prefix}{name}_{}", instance.cookie_suffix)
}

/// How many other instances on the same host keep their cookies in a browser.
const NEIGHBOURS: usize = 3;

impl Cookies<'_> {
    /// Names of the cookies that other instances on this host left behind, but for the three that were used last. Ports do
    /// not part cookies, so every short-lived instance on `localhost` leaves five more, until applications refuse requests
    /// with so many headers.
    pub fn strays(&self, instance: &Instance) -> Vec<String> {
        const NAMES: [&str; 5] = [CLIENT, SESSION, CLIENT_UAT, REFRESH, DEV_BROWSER];
        let mut last_used: BTreeMap<&str, i64> = BTreeMap::new();
        let mut found: Vec<(&str, &str)> = Vec::new();
        for (name, value) in &self.0 {
            let suffix = |base: &&'static str| {
                let suffix = name.strip_prefix(*base)?.strip_prefix('_')?;
                let is_suffix = suffix.len() == instance.cookie_suffix.len()
                    && suffix
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                (is_suffix && suffix != instance.cookie_suffix).then_some((*base, suffix))
            };
            if let Some((base, suffix)) = NAMES.iter().find_map(suffix) {
                let at = last_used.entry(suffix).or_default();
                if base == CLIENT_UAT {
                    *at = value.parse().unwrap_or_default();
                }
                found.push((suffix, name));
            }
        }
        let mut suffixes: Vec<(i64, &str)> = last_used
            .into_iter()
            .map(|(suffix, at)| (at, suffix))
            .collect();
        suffixes.sort_unstable();
        let gone = suffixes.len().saturating_sub(NEIGHBOURS);
        let is_gone = |suffix: &str| suffixes[..gone].iter().any(|(_, one)| *one == suffix);
        let gone = found.into_iter().filter(|(suffix, _)| is_gone(suffix));
        gone.map(|(_, name)| name.to_owned()).collect()
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
    /// Whether it is sent only where a page of this site asks, and not where somebody comes by a link from elsewhere.
    pub strict: bool,
}

impl Cookie {
    /// The same, and strict.
    #[must_use]
    pub fn strict(self) -> Self {
        Self {
            strict: true,
            ..self
        }
    }

    /// As the value of `Set-Cookie`.
    ///
    /// # Errors
    /// [`Error::Bug`] where it holds what no header may.
    pub fn header(&self) -> Result<HeaderValue> {
        HeaderValue::from_str(&self.to_string())
            .map_err(|_| Error::Bug("a cookie is no header".into()))
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value, max_age) = (&self.name, &self.value, self.max_age);
        let same_site = if self.strict { "Strict" } else { "Lax" };
        write!(
            f,
            "{name}={value}; Path=/; Max-Age={max_age}; SameSite={same_site}"
        )?;
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
            strict: false,
        }
    }

    /// Under the suffixed name, which belongs to this instance alone.
    pub fn own(&self, name: &str, value: &str, instance: &Instance) -> Cookie {
        self.one(&format!("{name}_{}", instance.cookie_suffix), value)
    }

    /// A cookie that this instance alone reads, on its own host.
    pub fn hosts(&self, name: &str, value: &str, instance: &Instance) -> Cookie {
        self.one(&hosts(name, instance), value)
    }

    /// The plain and the suffixed name.
    pub fn both(&self, name: &str, value: &str, instance: &Instance) -> [Cookie; 2] {
        [self.one(name, value), self.own(name, value, instance)]
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::id::InstanceId;
    use crate::stage::Stage;

    #[test]
    fn of_many_neighbours_the_three_that_were_used_last_keep_their_cookies() {
        let url = Url::parse("http://localhost:4747").unwrap();
        let own = Instance::new(InstanceId::from("ins_1"), Stage::Development, url);
        let strays = |neighbours: &[(&str, i64)]| {
            let mine = format!(
                "__client_uat_{}=1; theme=dark; __session=x; __client_uat=5",
                own.cookie_suffix
            );
            let of = |(suffix, at): &(&str, i64)| {
                format!(
                    "__client_uat_{suffix}={at}; __session_{suffix}=t; __clerk_db_jwt_{suffix}=d"
                )
            };
            let texts: Vec<String> = std::iter::once(mine)
                .chain(neighbours.iter().map(of))
                .collect();
            let text = texts.join("; ");
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, text.parse().unwrap());
            Cookies::of(&headers).strays(&own)
        };
        let three = [("aaaaaaaa", 30), ("bbbb-bbb", 10), ("cccccccc", 20)];
        assert!(strays(&three).is_empty());
        let five = [&three[..], &[("dddddddd", 40), ("e_eeeeee", 0)]].concat();
        let gone = [
            "__client_uat_bbbb-bbb",
            "__session_bbbb-bbb",
            "__clerk_db_jwt_bbbb-bbb",
            "__client_uat_e_eeeeee",
            "__session_e_eeeeee",
            "__clerk_db_jwt_e_eeeeee",
        ];
        assert_eq!(strays(&five), gone);
    }
}

//! Which places a session may be carried to.
//!
//! A redirect with a handshake payload is a bearer credential on its way to a browser, so its target must match the
//! allow-list in scheme, host and port, exactly, when a task is created and again when its ticket is spent.

use std::str::FromStr;

use url::{Host, Url};

use crate::error::{Error, Result};
use crate::stage::Stage;
use crate::text;

/// One entry of the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Development only: any port of `localhost`, a name under it, or a loopback address.
    Loopback,
    /// Exactly this scheme, host and port, written as browsers write an `Origin` header.
    Exact(String),
}

impl Origin {
    /// The origin of a URL.
    pub fn of(url: &Url) -> Self {
        Self::Exact(url.origin().ascii_serialization())
    }

    fn allows(&self, url: &Url) -> bool {
        match self {
            Self::Loopback => is_loopback(url),
            Self::Exact(origin) => *origin == url.origin().ascii_serialization(),
        }
    }
}

impl FromStr for Origin {
    type Err = Error;

    /// Reads `https://app.example.com[:port]`; a path, a user or a wildcard is refused.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::Config(format!(
                "{text} is not an origin; write scheme, host and port, as in https://app.example.com"
            ))
        };
        let url = Url::parse(text).map_err(|_| wrong())?;
        let origin = url.origin();
        let bare = text.strip_suffix('/').unwrap_or(text);
        if !matches!(url.scheme(), "http" | "https")
            || !bare.eq_ignore_ascii_case(&origin.ascii_serialization())
            || text.contains('*')
        {
            return Err(wrong());
        }
        Ok(Self::Exact(origin.ascii_serialization()))
    }
}

/// Whether this machine itself is meant. Such names never leave the machine, so http is as good as https.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a host name is `localhost` or stands under it (RFC 6761 §6.3).
pub fn is_loopback_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    is_host_name(&name) && (name == "localhost" || name.ends_with(".localhost"))
}

/// Whether a DNS name could be written like this (RFC 1123 §2.1, and the underscore that is seen in practice): labels of
/// 1 to 63 letters, digits, hyphens and underscores, 253 characters in all.
pub fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Whether browsers treat an origin as trustworthy: https, or this machine itself. To all others they say neither how a
/// request came about (`Sec-Fetch-…`) nor keep cookies and tickets out of sight on the way.
///
/// Source: W3C Secure Contexts §3.1, Fetch Metadata §2.
pub fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
}

/// The longest redirect address that is taken, in bytes.
const LONGEST: usize = 2048;

/// Reads a redirect target and holds it against the allow-list.
///
/// Refused before any look at the host: characters that parsers repair in different ways (white space, control bytes,
/// backslashes), user names, and addresses that are not absolute. What is allowed is then compared as parsed, so that
/// letter case, percent-encoding and international names cannot make one host look like another.
///
/// # Errors
/// [`Error::RedirectInvalid`], [`Error::RedirectScheme`] or [`Error::RedirectForeign`].
pub fn redirect_target(text: &str, stage: Stage, allowed: &[Origin]) -> Result<Url> {
    if text.len() > LONGEST {
        return Err(Error::RedirectInvalid("is longer than 2048 bytes"));
    }
    if text
        .chars()
        .any(|c| c.is_whitespace() || c == '\\' || text::is_invisible(c))
    {
        return Err(Error::RedirectInvalid(
            "holds white space, control characters or backslashes",
        ));
    }
    let url = Url::parse(text).map_err(|_| Error::RedirectInvalid("is not an absolute URL"))?;
    match (url.scheme(), stage) {
        ("https", _) | ("http", Stage::Development) => {}
        _ => return Err(Error::RedirectScheme),
    }
    // `https:/host` and `https:host` parse too, and mean different things to different readers.
    let rest = &text[url.scheme().len()..];
    if !rest.starts_with("://") || rest.starts_with(":///") {
        return Err(Error::RedirectInvalid("does not begin with scheme://host"));
    }
    let authority = rest[3..].split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Error::RedirectInvalid("names a user"));
    }
    if authority.contains('%') || !authority.is_ascii() {
        return Err(Error::RedirectInvalid(
            "hides its host behind an encoding; write the ASCII name",
        ));
    }
    if let Some(Host::Domain(name)) = url.host()
        && !is_host_name(name)
    {
        return Err(Error::RedirectInvalid(
            "names a host that cannot be: labels have 1 to 63 characters, all of them 253 at most",
        ));
    }
    if url.port() == Some(0) {
        return Err(Error::RedirectInvalid("names port 0"));
    }
    if allowed.iter().any(|origin| origin.allows(&url)) {
        Ok(url)
    } else {
        Err(Error::RedirectForeign(url.origin().ascii_serialization()))
    }
}

/// Whether pages of `origin` (an `Origin` header) may call the Frontend API.
pub fn is_allowed(origin: &str, allowed: &[Origin]) -> bool {
    Url::parse(origin).is_ok_and(|url| {
        url.origin().ascii_serialization() == origin
            && allowed.iter().any(|entry| entry.allows(&url))
    })
}

/// Whether browsers see two addresses as one site, whose pages share cookies: the same scheme, and the same host or
/// registrable domain. Ports do not count.
///
/// Source: HTML §7.1.1 ("schemelessly same site"), RFC 6265bis §5.2.
pub fn is_same_site(one: &Url, other: &Url) -> bool {
    let shared = || {
        let domain = cookie_domain(one);
        domain.is_some() && domain == cookie_domain(other)
    };
    one.scheme() == other.scheme() && (one.host() == other.host() || shared())
}

/// The domain that cookies of a production instance are shared on: the registrable domain of the host, or `None` where
/// only the host itself may read them (addresses, single labels, public suffixes).
pub fn cookie_domain(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => psl::domain_str(name).map(ToOwned::to_owned),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

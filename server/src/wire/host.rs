//! The host that a request names, and whether it is one of ours.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use http::header::HOST;

use crate::app::App;
use crate::origin;

/// The host of a `Host` header, without its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// An address.
    Address(IpAddr),
    /// A name, in lower case.
    Name(String),
}

impl Host {
    /// What a request names. `None` where it names no host, several, or something that is none.
    pub(super) fn named(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(HOST).into_iter();
        match (all.next(), all.next()) {
            (Some(host), None) => Self::parse(host.to_str().ok()?),
            _ => None,
        }
    }

    /// Reads `host` or `host:port` (RFC 9110 §7.2).
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            let address = address.parse::<Ipv6Addr>().ok()?;
            (Self::Address(address.into()), port)
        } else {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let host = match host.parse::<IpAddr>() {
                Ok(address) => Self::Address(address),
                Err(_) if origin::is_host_name(host) => Self::Name(host.to_ascii_lowercase()),
                Err(_) => return None,
            };
            (host, port)
        };
        let is_port = |port: &str| port.parse::<u16>().is_ok() && !port.starts_with('+');
        match port.strip_prefix(':') {
            None if port.is_empty() => Some(host),
            Some(port) if is_port(port) => Some(host),
            _ => None,
        }
    }

    /// Whether this machine itself is meant.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Name(name) => origin::is_loopback_name(name),
        }
    }

    /// Whether this server answers for it. A page of another name that resolves to this machine (DNS rebinding) is
    /// stopped here.
    pub(super) fn is_ours(&self, app: &App) -> bool {
        let text = match self {
            Self::Address(address) => address.to_string(),
            Self::Name(name) => name.clone(),
        };
        self.is_loopback()
            || app
                .instance
                .public_url
                .host()
                .is_some_and(|host| match host {
                    url::Host::Domain(name) => name == text,
                    url::Host::Ipv4(address) => *self == Self::Address(address.into()),
                    url::Host::Ipv6(address) => *self == Self::Address(address.into()),
                })
            || app.config.allowed_hosts.contains(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for text in ["localhost", "LOCALHOST:4747", "a.localhost:1"] {
            assert!(Host::parse(text).unwrap().is_loopback(), "{text}");
        }
        for text in ["127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:4747"] {
            assert!(Host::parse(text).unwrap().is_loopback(), "{text}");
        }
        for text in [
            "clerk.example.com",
            "10.1.2.3:4747",
            "standin_1",
            "localhost.evil.example",
        ] {
            assert!(!Host::parse(text).unwrap().is_loopback(), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_none() {
        let long = format!("{}.localhost", "a".repeat(64));
        for text in [
            "",
            ":4747",
            "[::1]evil",
            "[::1",
            "::1",
            "[localhost]",
            "[127.0.0.1]",
            "..localhost",
            ".localhost",
            "localhost.",
            "a..localhost",
            "user@localhost",
            "localhost:",
            "localhost:65536",
            "localhost:+1",
            "localhost:4747:1",
            "local host",
            "localhost/",
            "localhost,localhost",
            long.as_str(),
        ] {
            assert_eq!(Host::parse(text), None, "{text:?}");
        }
    }
}

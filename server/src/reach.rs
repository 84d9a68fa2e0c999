//! Which addresses this server calls by itself. Whoever can have it call somewhere must not reach with it what only it can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::word::words;

words! {
    /// How far calls to endpoints may go; each word adds to those before it.
    pub enum Reach {
        /// The internet.
        Public = "public",
        /// This machine.
        Loopback = "loopback",
        /// Private networks.
        Private = "private",
    }
}

impl Reach {
    /// Whether this address may be connected to. What is link-local, where clouds hand out credentials, never may.
    pub fn admits(self, address: IpAddr) -> bool {
        let needed = match address {
            IpAddr::V4(address) => nearness(address),
            IpAddr::V6(address) => match within(address) {
                Some(address) => nearness(address),
                None => nearness6(address),
            },
        };
        needed.is_some_and(|needed| self >= needed)
    }

    /// Whether an endpoint may be there, as far as its address says; what its name stands for is looked up at each attempt. Says
    /// what it has to be instead.
    pub fn takes(self, url: &Url) -> Result<(), &'static str> {
        let (is_loopback, is_admitted) = match url.host() {
            Some(Host::Domain(name)) => {
                let local = name == "localhost" || name.ends_with(".localhost");
                (local, !local || self >= Self::Loopback)
            }
            Some(Host::Ipv4(address)) => (address.is_loopback(), self.admits(address.into())),
            Some(Host::Ipv6(address)) => (address.is_loopback(), self.admits(address.into())),
            None => (false, false),
        };
        let is_secure = url.scheme() == "https" || url.scheme() == "http" && is_loopback;
        let is_plain = url.username().is_empty() && url.password().is_none();
        if !is_secure {
            return Err(
                "an https:// URL (http:// on this machine alone, where that may be called)",
            );
        }
        if !is_admitted {
            return Err("at an address that this server may call: see webhook_reach");
        }
        if !is_plain || url.fragment().is_some() {
            return Err("a URL without a user and without a fragment");
        }
        Ok(())
    }
}

/// Beyond every reach.
const NEVER: Option<Reach> = None;

/// How far the reach must be for this address.
fn nearness(address: Ipv4Addr) -> Option<Reach> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        // "This" network, link-local, protocol assignments, examples, the relay of 6to4, multicast and what lies beyond; the
        // hosts of Azure and Alibaba that hand out credentials.
        (0 | 224.., ..)
        | (169, 254, _)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 51, 100)
        | (203, 0, 113)
        | (168, 63, 129)
        | (100, 100, 100) => NEVER,
        (127, ..) => Some(Reach::Loopback),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (198, 18..=19, _) | (100, 64..=127, _) => {
            Some(Reach::Private)
        }
        _ => Some(Reach::Public),
    }
}

fn nearness6(address: Ipv6Addr) -> Option<Reach> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Reach::Loopback),
        // Amazon's metadata lies among the private ones, Teredo, other protocols and the examples among the public ones.
        [0xfd00, 0xec2, ..] | [0x2001, ..=0x1ff | 0xdb8, ..] => NEVER,
        [0xfc00..=0xfdff, ..] => Some(Reach::Private),
        [0x2000..=0x3ffe, ..] => Some(Reach::Public),
        _ => NEVER,
    }
}

/// The IPv4 address that packets to this one end at: mapped, compatible, translated (NAT64) or tunnelled (6to4).
fn within(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            v4(high, low)
        }
        [0x2002, high, low, ..] => v4(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(address: &str) -> Vec<&'static str> {
        let all = [Reach::Public, Reach::Loopback, Reach::Private];
        let some = all
            .iter()
            .filter(|reach| reach.admits(address.parse().unwrap()));
        some.map(|reach| reach.as_str()).collect()
    }

    #[test]
    fn what_only_this_machine_can_reach_is_not_called_for_others() {
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::1.1.1.1",
            "2002:101:101::",
        ] {
            assert_eq!(
                reaches(public),
                ["public", "loopback", "private"],
                "{public}"
            );
        }
        for loopback in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert_eq!(reaches(loopback), ["loopback", "private"], "{loopback}");
        }
        for private in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            assert_eq!(reaches(private), ["private"], "{private}");
        }
        for never in [
            "0.0.0.0",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fe80::1",
            "fd00:ec2::254",
            "168.63.129.16",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "ff02::1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "192.0.2.1",
            "fec0::1",
        ] {
            assert!(reaches(never).is_empty(), "{never}");
        }
    }

    #[test]
    fn an_endpoint_is_https_but_on_this_machine() {
        let takes = |reach: Reach, url: &str| reach.takes(&url.parse().unwrap()).is_ok();
        assert!(takes(Reach::Public, "https://app.example.com/hooks?a=b"));
        assert!(
            takes(Reach::Loopback, "http://localhost:3000/")
                && takes(Reach::Loopback, "http://[::1]:3000/")
        );
        for refused in [
            "http://app.example.com/",
            "http://localhost:3000/",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/",
            "https://a:b@app.example.com/",
            "https://app.example.com/#x",
            "ftp://app.example.com/",
        ] {
            assert!(!takes(Reach::Public, refused), "{refused}");
        }
    }
}

//! The cookies of a request (RFC 6265 §4.2), read as Clerk's SDKs read them: the first of a name counts, and values may be
//! percent-encoded.
//!
//! Reading is linear in the length of the headers and keeps ten values at most, whatever a stranger sends: a name is
//! held against those in [`KNOWN`], never against other cookies. Beyond [`LONGEST`] nothing is read at all.

use std::borrow::Cow;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// The session token.
pub(crate) const SESSION: &str = "__session";
/// When the client's set of sessions last changed, in seconds; `0` is signed out.
pub(crate) const CLIENT_UAT: &str = "__client_uat";
/// Renews a token without a redirect; only ever suffixed.
pub(crate) const REFRESH: &str = "__refresh";
/// Development: stands for the client.
pub(crate) const DEV_BROWSER: &str = "__clerk_db_jwt";
/// The long form of a handshake payload; never suffixed.
pub(crate) const HANDSHAKE: &str = "__clerk_handshake";
/// The short form of a handshake payload; never suffixed.
pub(crate) const NONCE: &str = "__clerk_handshake_nonce";
/// How many handshakes came one after another; never suffixed.
pub(crate) const REDIRECTS: &str = "__clerk_redirect_count";

/// All of them. Everything else in a `Cookie` header is another application's.
const KNOWN: [&str; 7] = [
    SESSION,
    CLIENT_UAT,
    REFRESH,
    DEV_BROWSER,
    HANDSHAKE,
    NONCE,
    REDIRECTS,
];

/// The longest `Cookie` headers that are read, in bytes, all of a request's together. Ten cookies of 4096 bytes, the
/// longest that browsers keep, fit in with room to spare, and few proxies let more than half of it through.
pub(crate) const LONGEST: usize = 64 * 1024;

/// The cookies of one request that mean something to this instance.
#[derive(Default)]
pub(crate) struct Cookies<'a> {
    plain: [Option<&'a [u8]>; KNOWN.len()],
    suffixed: [Option<&'a [u8]>; KNOWN.len()],
    too_long: bool,
}

impl<'a> Cookies<'a> {
    /// Reads every `Cookie` header. `suffix` is what this instance's own cookies end in, after an underscore.
    ///
    /// Of headers longer than [`LONGEST`] nothing is read. The first part of them could say something else than the whole:
    /// that there is a client, say, and not that it has a session, and a browser would be sent round in a circle.
    pub(crate) fn of(headers: &'a HeaderMap, suffix: &str) -> Self {
        let lines = || headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        if lines().map(<[u8]>::len).sum::<usize>() > LONGEST {
            return Self {
                too_long: true,
                ..Self::default()
            };
        }
        let mut found = Self::default();
        for pair in lines().flat_map(|line| line.split(|byte| *byte == b';')) {
            let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
                continue;
            };
            if let Some(place) = found.place(trim(&pair[..equals]), suffix) {
                place.get_or_insert(trim(&pair[equals + 1..]));
            }
        }
        found
    }

    /// Whether the headers were too long to be read.
    pub(crate) fn too_long(&self) -> bool {
        self.too_long
    }

    /// The value of a cookie without a suffix; `None` for an empty one.
    pub(crate) fn plain(&self, name: &str) -> Option<Cow<'a, str>> {
        value(&self.plain, name)
    }

    /// The value of a cookie with this instance's suffix; `None` for an empty one.
    pub(crate) fn suffixed(&self, name: &str) -> Option<Cow<'a, str>> {
        value(&self.suffixed, name)
    }

    /// Where the value of a cookie of this name belongs; `None` for another application's.
    fn place(&mut self, name: &[u8], suffix: &str) -> Option<&mut Option<&'a [u8]>> {
        if !name.starts_with(b"__") {
            return None;
        }
        if let Some(index) = index(name) {
            return Some(&mut self.plain[index]);
        }
        let bare = name
            .strip_suffix(suffix.as_bytes())
            .and_then(|rest| rest.strip_suffix(b"_"))?;
        index(bare).map(|index| &mut self.suffixed[index])
    }
}

fn index(name: &[u8]) -> Option<usize> {
    KNOWN.iter().position(|known| known.as_bytes() == name)
}

fn value<'a>(found: &[Option<&'a [u8]>], name: &str) -> Option<Cow<'a, str>> {
    let bytes = found[index(name.as_bytes())?]?;
    Some(text(bytes)).filter(|value| !value.is_empty())
}

fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = bytes
        .iter()
        .position(|byte| !blank(byte))
        .unwrap_or(bytes.len());
    let end = bytes
        .iter()
        .rposition(|byte| !blank(byte))
        .map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// A value as text: percent-decoded where that gives text, else as it is, a byte for a character.
fn text(value: &[u8]) -> Cow<'_, str> {
    if let Some(decoded) = value.contains(&b'%').then(|| decode(value)).flatten() {
        return Cow::Owned(decoded);
    }
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(value.iter().map(|byte| char::from(*byte)).collect()),
    }
}

fn decode(value: &[u8]) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.iter();
    while let Some(byte) = rest.next() {
        if *byte == b'%' {
            let (high, low) = (digit(*rest.next()?)?, digit(*rest.next()?)?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(*byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUFFIX: &str = "naoXFJnI";

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        headers
    }

    fn read(lines: &[&[u8]], name: &str) -> Option<String> {
        let headers = headers(lines);
        let cookies = Cookies::of(&headers, SUFFIX);
        cookies.plain(name).map(Cow::into_owned)
    }

    #[test]
    fn the_first_cookie_of_a_name_counts() {
        let lines: &[&[u8]] = &[
            b"a=1; __session=one ;\t__session=two",
            b"__session=three; __client_uat=7",
        ];
        assert_eq!(read(lines, SESSION).as_deref(), Some("one"));
        assert_eq!(read(lines, CLIENT_UAT).as_deref(), Some("7"));
        assert_eq!(read(&[b"__session=; __session=two"], SESSION), None);
    }

    #[test]
    fn only_this_instance_s_suffix_is_one() {
        let headers = headers(&[
            b"__session_l2OS3d9k=foreign; __session_naoXFJnI=own; __sessionnaoXFJnI=x; _naoXFJnI=y; __session_=z",
        ]);
        let cookies = Cookies::of(&headers, SUFFIX);
        assert_eq!(cookies.suffixed(SESSION).as_deref(), Some("own"));
        assert_eq!(cookies.plain(SESSION), None);
    }

    #[test]
    fn foreign_cookies_do_no_harm() {
        let line: &[u8] = b"caf\xc3\xa9=\xff\xfe; =; ;;; novalue; __session=x=y; __client_uat=\xe9";
        assert_eq!(read(&[line], SESSION).as_deref(), Some("x=y"));
        assert_eq!(read(&[line], CLIENT_UAT).as_deref(), Some("é"));
    }

    #[test]
    fn values_are_decoded_where_they_can_be() {
        assert_eq!(read(&[b"__session=a%2Eb"], SESSION).as_deref(), Some("a.b"));
        for kept in [&b"__session=a%2"[..], b"__session=%zz", b"__session=%"] {
            assert!(read(&[kept], SESSION).unwrap().contains('%'));
        }
        assert_eq!(read(&[b"__session=%ff"], SESSION).as_deref(), Some("%ff"));
    }

    #[test]
    fn headers_that_are_too_long_are_not_read_in_part() {
        let known = b"__session=one; a=";
        let longest = [&known[..], &vec![b'x'; LONGEST - known.len()]].concat();
        assert_eq!(read(&[&longest], SESSION).as_deref(), Some("one"));
        let lines = headers(&[&longest, b"x"]);
        let cookies = Cookies::of(&lines, SUFFIX);
        assert!(cookies.too_long());
        assert_eq!(cookies.plain(SESSION), None);
    }
}

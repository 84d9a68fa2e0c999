//! The cookies of a request (RFC 6265 §4.2), read as Clerk's SDKs read them: the first of a name counts, and values may be
//! percent-encoded.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::COOKIE;

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

/// The cookies of one request.
pub(crate) struct Cookies<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Cookies<'a> {
    /// Reads every `Cookie` header. Other applications' cookies, whatever they hold, are passed over.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let mut found: Vec<(&[u8], &[u8])> = Vec::new();
        for header in headers.get_all(COOKIE) {
            for pair in header.as_bytes().split(|byte| *byte == b';') {
                let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
                    continue;
                };
                let name = trim(&pair[..equals]);
                if name.starts_with(b"__") && !found.iter().any(|(known, _)| *known == name) {
                    found.push((name, trim(&pair[equals + 1..])));
                }
            }
        }
        Self(found)
    }

    /// The value of a cookie; `None` for an empty one.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == name.as_bytes())?;
        Some(text(value)).filter(|value| !value.is_empty())
    }
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
    use http::HeaderValue;

    use super::*;

    fn read(lines: &[&'static [u8]], name: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        Cookies::of(&headers).get(name).map(Cow::into_owned)
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
    fn foreign_cookies_do_no_harm() {
        let line: &[u8] = b"caf\xc3\xa9=\xff\xfe; =; ;;; novalue; __session=x=y; __client_uat=\xe9";
        assert_eq!(read(&[line], SESSION).as_deref(), Some("x=y"));
        assert_eq!(read(&[line], CLIENT_UAT).as_deref(), Some("é"));
    }

    #[test]
    fn values_are_decoded_where_they_can_be() {
        assert_eq!(read(&[b"__session=a%2Eb"], SESSION).as_deref(), Some("a.b"));
        for kept in [&b"__session=a%2"[..], b"__session=%zz", b"__session=%"] {
            let line: &'static [u8] = kept;
            assert!(read(&[line], SESSION).unwrap().contains('%'));
        }
        assert_eq!(read(&[b"__session=%ff"], SESSION).as_deref(), Some("%ff"));
    }
}

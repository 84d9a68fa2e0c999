//! Whether an event was sent by who knows the secret, and just now.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// How far the moment of an event may be from the present, in either direction.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The same each time that it is sent, so that a receiver can tell what it has seen.
    #[serde(skip)]
    pub id: String,
    /// What, as in `user.created`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The object as it was then, as the Backend API shows it.
    pub data: Value,
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
    /// The instance it happened in.
    pub instance_id: String,
}

/// Why an event is not taken. Answer with 400: it is sent again, in case the secret here is the wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalid {
    /// The secret is not one that begins with `whsec_`.
    Secret,
    /// One of the headers is missing or cannot be read.
    Headers,
    /// It was signed too long ago, or will be.
    Timestamp,
    /// No signature is that of this secret over this body.
    Signature,
    /// The body is signed and no event.
    Body,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "the signing secret is none: it begins with whsec_",
            Self::Headers => "svix-id, svix-timestamp or svix-signature is missing",
            Self::Timestamp => "it was not signed within the last five minutes",
            Self::Signature => "it was not signed with this secret",
            Self::Body => "the body is no event",
        })
    }
}

impl std::error::Error for Invalid {}

/// Verifies an event that came in: its headers, its body as it came, byte for byte, and the endpoint's secret (what Clerk's
/// SDKs call `CLERK_WEBHOOK_SIGNING_SECRET`).
///
/// ```
/// # use http::HeaderMap;
/// fn hook(headers: &HeaderMap, body: &[u8], secret: &str) -> Result<(), standin::webhooks::Invalid> {
///     let event = standin::webhooks::verify(headers, body, secret)?;
///     if event.kind == "user.created" {
///         println!("{}", event.data["id"]);
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// [`Invalid`].
pub fn verify(headers: &HeaderMap, body: &[u8], secret: &str) -> Result<Event, Invalid> {
    verify_at(headers, body, secret, Timestamp::now())
}

fn verify_at(
    headers: &HeaderMap,
    body: &[u8],
    secret: &str,
    now: Timestamp,
) -> Result<Event, Invalid> {
    let key = secret.strip_prefix("whsec_").ok_or(Invalid::Secret)?;
    let key = STANDARD.decode(key.trim()).map_err(|_| Invalid::Secret)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let id = header(headers, "id")?;
    let at = header(headers, "timestamp")?;
    let seconds: i64 = at.parse().map_err(|_| Invalid::Headers)?;
    if now.as_second().abs_diff(seconds) > TOLERANCE.as_secs() {
        return Err(Invalid::Timestamp);
    }
    let mut content = format!("{id}.{at}.").into_bytes();
    content.extend_from_slice(body);
    let is_its = |signature: &str| {
        let tag = signature
            .strip_prefix("v1,")
            .map(|tag| STANDARD.decode(tag));
        matches!(tag, Some(Ok(tag)) if hmac::verify(&key, &content, &tag).is_ok())
    };
    if !header(headers, "signature")?.split(' ').any(is_its) {
        return Err(Invalid::Signature);
    }
    let event = serde_json::from_slice(body).map_err(|_| Invalid::Body)?;
    Ok(Event {
        id: id.to_owned(),
        ..event
    })
}

/// Under Svix' name, or that of Standard Webhooks.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Invalid> {
    let value = headers
        .get(format!("svix-{name}"))
        .or_else(|| headers.get(format!("webhook-{name}")));
    value
        .and_then(|value| value.to_str().ok())
        .ok_or(Invalid::Headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that Svix publishes for those who verify by hand.
    const SECRET: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
    const BODY: &[u8] = br#"{"event_type":"ping","data":{"success":true}}"#;
    const AT: i64 = 1_731_705_121;

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("svix-id", "msg_loFOjxBNrRLzqYUf".parse().unwrap());
        headers.insert("svix-timestamp", AT.to_string().parse().unwrap());
        headers.insert("svix-signature", signature.parse().unwrap());
        headers
    }

    #[test]
    fn what_svix_signed_is_known_and_nothing_else() {
        let told = |headers: &HeaderMap, body: &[u8], secret: &str, late: i64| {
            let now = Timestamp::from_second(AT + late).unwrap();
            verify_at(headers, body, secret, now).unwrap_err()
        };
        let good = headers("v2,x v1,AAAA v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
        // The signature holds; the body is another company's event.
        assert_eq!(told(&good, BODY, SECRET, 300), Invalid::Body);
        assert_eq!(told(&good, BODY, SECRET, 301), Invalid::Timestamp);
        assert_eq!(told(&good, BODY, SECRET, -301), Invalid::Timestamp);
        assert_eq!(told(&good, &BODY[1..], SECRET, 0), Invalid::Signature);
        assert_eq!(told(&good, BODY, "whsec_AAAA", 0), Invalid::Signature);
        assert_eq!(
            told(&good, BODY, "plJ3nmyCDGBKInavdOK15jsl", 0),
            Invalid::Secret
        );
        assert_eq!(told(&headers("v1,"), BODY, SECRET, 0), Invalid::Signature);
        assert_eq!(told(&HeaderMap::new(), BODY, SECRET, 0), Invalid::Headers);
    }

    #[test]
    fn an_event_is_given_with_its_id() {
        let body = br#"{"object":"event","type":"user.created","data":{"id":"user_1"},"timestamp":5,"instance_id":"ins_1"}"#;
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789");
        let secret = format!("whsec_{}", STANDARD.encode(b"0123456789"));
        let mut content = format!("msg_loFOjxBNrRLzqYUf.{AT}.").into_bytes();
        content.extend(body);
        let tag = STANDARD.encode(hmac::sign(&key, &content));
        let now = Timestamp::from_second(AT).unwrap();
        let event = verify_at(&headers(&format!("v1,{tag}")), body, &secret, now).unwrap();
        assert_eq!(
            (event.id.as_str(), event.kind.as_str()),
            ("msg_loFOjxBNrRLzqYUf", "user.created")
        );
        assert_eq!(event.data["id"], "user_1");
    }
}

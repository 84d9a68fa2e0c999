//! `Idempotency-Key`: names a `POST`, so that it is done once however often it is sent. The draft of the IETF and other APIs
//! have the header; Clerk's description has none.

use axum::body::Body;
use axum::extract::Request;
use http::{HeaderMap, HeaderName, Method};

use crate::caller::Once;
use crate::error::{Error, Result};
use crate::secret::Digest;
use crate::secret_keys::SecretKey;
use crate::wire;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_MAX: usize = 255;

/// Puts [`Once`] beside a request that carries the header. Another method does the same twice as once.
pub(super) async fn named(key: &SecretKey, request: Request) -> Result<Request> {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let name = name(&parts.headers)?.to_owned();
    let body = wire::body(&parts, body).await?;
    // A secret key's own, and nobody learns the name from the database.
    let id = format!("{}\n{name}", key.id);
    let mut request = format!("{}\n", parts.uri).into_bytes();
    request.extend(&body);
    parts.extensions.insert(Once {
        id: Digest::of(id.as_bytes()),
        request: Digest::of(&request),
    });
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// What a request is named.
pub(crate) fn name(headers: &HeaderMap) -> Result<&str> {
    let mut given = headers.get_all(HEADER).into_iter();
    let text = given.next().and_then(|value| value.to_str().ok());
    match text.map(str::trim) {
        Some(text) if given.next().is_none() && (1..=KEY_MAX).contains(&text.len()) => Ok(text),
        _ => Err(Error::IdempotencyKeyInvalid(KEY_MAX)),
    }
}

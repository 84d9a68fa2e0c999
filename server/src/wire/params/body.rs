//! The bytes of a request's body, within their bounds.

use axum::body::Body;
use axum::extract::Request;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout_at;

use super::Params;
use crate::error::{Error, Result};
use crate::wire::{Edge, header};

/// The most bytes a request body may hold.
const BODY_MAX: usize = 64 * 1024;

impl Params {
    /// The parameters of a JSON body that may be larger than others; nothing at all is none.
    pub(crate) async fn large(request: Request, max: usize) -> Result<Self> {
        let (parts, sent) = request.into_parts();
        let bytes = body_within(&parts, sent, max).await?;
        let kind = header(&parts.headers, CONTENT_TYPE).unwrap_or_default();
        match kind.trim_start() {
            _ if bytes.is_empty() => Ok(Self::default()),
            kind if kind.starts_with("application/json") => Self::json(&bytes),
            _ => Err(Error::ContentType("application/json")),
        }
    }
}

/// The whole body of a request, within its bounds.
pub(crate) async fn body(parts: &Parts, sent: Body) -> Result<Vec<u8>> {
    body_within(parts, sent, BODY_MAX).await
}

async fn body_within(parts: &Parts, sent: Body, max: usize) -> Result<Vec<u8>> {
    let announced =
        header(&parts.headers, CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(Error::BodyTooLarge(max));
    }
    let by = parts.extensions.get::<Edge>().map(|edge| edge.body_by);
    let bytes = Limited::new(sent, max).collect();
    let bytes = match by {
        Some(by) => timeout_at(by, bytes).await.map_err(|_| Error::BodyLate)?,
        None => bytes.await,
    };
    match bytes {
        Ok(collected) => Ok(collected.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::BodyTooLarge(max)),
        Err(_) => Err(Error::BodyInvalid("it ended early".into())),
    }
}

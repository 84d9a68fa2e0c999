//! What both doors share on the wire: strict parameters, JSON answers, error bodies in Clerk's shape.

mod access_log;
mod caller;
mod calls;
mod doors;
mod edge;
pub(crate) mod faults;
pub(crate) mod health;
mod host;
pub(crate) mod metrics;
mod params;
pub(crate) mod route;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::json;
use std::sync::Arc;

use crate::error::Error;
pub(crate) use access_log::About;
pub(crate) use caller::{Browser, Proxied};
pub(crate) use calls::{Calls, FULL, READ, TASKS};
pub(crate) use doors::Doors;
pub(crate) use edge::{Edge, Peer, RequestId, edge, user_agent};
#[cfg(feature = "observing")]
pub use params::asked::{Noted, asked_for};
pub(crate) use params::{Bare, Params, body, user_text};

/// How far lists that Clerk does not count exactly count what they go through (`total_count`); beyond that, there are at
/// least so many.
pub(crate) const COUNTED: i64 = 1_000;

/// A JSON answer or a refusal.
pub(crate) type Answer = crate::error::Result<Json<serde_json::Value>>;

/// Any answer or a refusal.
pub(crate) type Reply = crate::error::Result<Response>;

/// Whether a request came by a name of this machine itself (`Host`).
pub(crate) fn names_this_machine(headers: &HeaderMap) -> bool {
    host::Host::named(headers).is_some_and(|host| host.is_loopback())
}

/// Whether a form was sent by a page of this very origin, as browsers say of themselves. Who says nothing is no browser, or an
/// old one, which names the origin at least.
pub(crate) fn is_own_form(headers: &HeaderMap, is_own: impl FnOnce(&str) -> bool) -> bool {
    match header(headers, HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site.eq_ignore_ascii_case("same-origin"),
        None => header(headers, ORIGIN).is_some_and(is_own),
    }
}

/// The text of a header, if it is there once and readable.
pub(crate) fn header(headers: &HeaderMap, name: impl Into<HeaderName>) -> Option<&str> {
    headers.get(name.into())?.to_str().ok()
}

impl IntoResponse for Error {
    /// Only marks the response: the edge knows the request's id, writes the body and logs the error once.
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.shown().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// A refusal as a page for people: put beside the mark by a door, written by the edge.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The page.
    pub(crate) html: String,
    /// What it may do: its `Content-Security-Policy`.
    pub(crate) policy: &'static str,
}

/// The body of a refusal.
pub(crate) fn error_body(error: &Error, request_id: &str) -> serde_json::Value {
    let shown = error.shown();
    let mut entry = json!({
        "code": shown.code,
        "message": shown.message,
        "long_message": shown.long_message,
    });
    if let Some(param) = shown.param {
        entry["meta"] = json!({ "param_name": param });
    }
    json!({ "errors": [entry], "clerk_trace_id": request_id })
}

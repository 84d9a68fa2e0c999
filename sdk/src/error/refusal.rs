//! A refusal as the server words it (spec schema `ClerkErrors`).

use std::fmt;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

/// One reason why the server refused a call (spec schema `ClerkError`).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Refusal {
    /// What happened, for programs: `form_param_missing`, `agent_task_not_found`, …
    pub code: String,
    /// What happened, for developers, in a few words.
    #[serde(default)]
    pub message: String,
    /// What happened, in a sentence.
    #[serde(default)]
    pub long_message: Option<String>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Meta {
    #[serde(default)]
    param_name: Option<String>,
}

impl Refusal {
    /// The parameter it is about, where it is about one.
    pub fn param(&self) -> Option<&str> {
        self.meta.as_ref()?.param_name.as_deref()
    }
}

/// Whatever an answer without success says about itself.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) trace_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<Refusal>,
    #[serde(default)]
    clerk_trace_id: Option<String>,
}

impl Answer {
    /// Reads an answer. A body of another shape says nothing; the status alone is enough then.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let seconds = |text: &str| text.trim().parse().ok().map(Duration::from_secs);
        Self {
            status,
            refusals: body.errors,
            trace_id: body.clerk_trace_id,
            retry_after: headers
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .and_then(seconds),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(refusal) = self.refusals.first() else {
            return write!(f, "{}", self.status);
        };
        let sentence = match refusal.long_message.as_deref() {
            None | Some("") => refusal.message.as_str(),
            Some(long) => long,
        };
        write!(f, "{sentence} ({} {}", self.status.as_u16(), refusal.code)?;
        if let Some(param) = refusal.param() {
            write!(f, ", {param}")?;
        }
        if let (true, Some(trace)) = (self.status.is_server_error(), &self.trace_id) {
            write!(f, ", trace {trace}")?;
        }
        f.write_str(")")
    }
}

//! Refusals that somebody asked for: faults added by hand to a development instance.

use super::{Shown, shown};

/// Each status with what Clerk calls it.
const ROWS: [(u16, &str, &str); 13] = [
    (400, "bad_request", "bad request"),
    (401, "authentication_invalid", "not signed in"),
    (403, "authorization_invalid", "not allowed"),
    (404, "resource_not_found", "not found"),
    (408, "request_timeout", "request timeout"),
    (409, "conflict", "conflict"),
    (410, "gone", "gone"),
    (422, "form_param_value_invalid", "is not allowed"),
    (429, "too_many_requests", "too many requests"),
    (500, "internal_clerk_error", "internal error"),
    (502, "internal_clerk_error", "bad gateway"),
    (503, "service_unavailable", "service unavailable"),
    (504, "gateway_timeout", "gateway timeout"),
];

/// A refusal of one of these statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(usize);

impl Fault {
    /// That of a status; `None` where there is none.
    pub fn of(status: i64) -> Option<Self> {
        Self::all().find(|one| i64::from(one.status()) == status)
    }

    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ROWS.len()).map(Self)
    }

    /// Its status.
    pub fn status(self) -> u16 {
        ROWS[self.0].0
    }

    /// Seconds after which the same request may pass, where answers of its status say so.
    pub(super) fn retry_after(self) -> Option<u64> {
        matches!(self.status(), 429 | 503).then_some(1)
    }

    pub(super) fn shown(self) -> Shown {
        let (status, code, message) = ROWS[self.0];
        let long = "A fault that somebody added by hand answers here (`standin fault list`). Nothing was done.";
        shown(status, code, message, long)
    }
}

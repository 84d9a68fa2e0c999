//! When a call is tried again, and after how long.
//!
//! The rule: never do anything twice. A call that changes something is repeated only when it is certain that nothing was
//! done; a call that reads may be repeated whenever that could help.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use http::StatusCode;

use crate::error::Error;

/// The pause before the first retry; it doubles with each.
const FIRST: Duration = Duration::from_millis(100);

/// How long to wait before the call is tried again, if it is.
pub(super) fn wait(reads: bool, error: &Error, attempt: u32) -> Option<Duration> {
    let nothing_done = error.is_connect() || error.is_rate_limited();
    if nothing_done || (reads && may_pass(error)) {
        Some(error.retry_after().unwrap_or_else(|| pause(attempt)))
    } else {
        None
    }
}

/// Whether it may go better next time.
fn may_pass(error: &Error) -> bool {
    match error.status() {
        Some(status) => matches!(
            status,
            StatusCode::INTERNAL_SERVER_ERROR
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        ),
        None => error.is_lost(),
    }
}

/// Between half and all of the doubled pause, so that many clients do not come back at once.
fn pause(attempt: u32) -> Duration {
    let whole = FIRST * 2_u32.saturating_pow(attempt.min(10));
    // Each RandomState hashes with other keys: random enough for this, without a dependency.
    let random = RandomState::new().build_hasher().finish();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share needs no more than 53 bits"
    )]
    let share = random as f64 / u64::MAX as f64;
    whole.mul_f64(0.5 + share / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ() {
        for attempt in 0..5 {
            let whole = FIRST * 2_u32.pow(attempt);
            let pauses: Vec<_> = (0..20).map(|_| pause(attempt)).collect();
            assert!(
                pauses
                    .iter()
                    .all(|pause| (whole / 2..=whole).contains(pause))
            );
            assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        }
    }
}

//! How often is too often. Limits are counted on each node for itself, in memory; they protect the machine, while the
//! rules that must hold across nodes live in the database.

use std::hash::Hash;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Limits;
use crate::error::{Error, Result};

/// A limit for each key of some kind. A second's worth ten times over may come at once.
pub struct Limiter<K: Clone + Eq + Hash>(Option<DefaultKeyedRateLimiter<K>>);

/// How many keys are remembered before those that have been quiet are forgotten.
const KEYS: usize = 10_000;

impl<K: Clone + Eq + Hash> Limiter<K> {
    fn new(per_second: Option<u32>) -> Self {
        Self(per_second.and_then(NonZeroU32::new).map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(9));
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        }))
    }

    /// Counts one event.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] with the seconds to wait.
    pub fn check(&self, key: &K) -> Result<()> {
        let Some(limiter) = &self.0 else {
            return Ok(());
        };
        if limiter.len() > KEYS {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            Error::TooManyRequests(wait.as_secs() + 1)
        })
    }
}

/// All limits of a server.
pub struct Limiters {
    /// By secret key.
    pub keys: Limiter<String>,
    /// By IP address, Frontend API.
    pub addresses: Limiter<String>,
    /// By agent name and by user.
    pub agents_and_users: Limiter<String>,
    /// By IP address, refused credentials only.
    pub refused: Limiter<String>,
}

impl Limiters {
    /// Limits as configured.
    pub fn new(limits: &Limits) -> Self {
        Self {
            keys: Limiter::new(limits.per_key),
            addresses: Limiter::new(limits.per_ip),
            agents_and_users: Limiter::new(limits.per_agent_or_user),
            refused: Limiter::new(limits.refused_per_ip),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_stopped_and_told_when_to_come_back_and_others_are_not() {
        let limiter = Limiter::new(Some(2));
        let passed = (0..50).filter(|_| limiter.check(&"a").is_ok()).count();
        assert!((20..25).contains(&passed), "{passed}");
        assert!(
            limiter
                .check(&"a")
                .unwrap_err()
                .retry_after()
                .is_some_and(|seconds| seconds >= 1)
        );
        assert!(limiter.check(&"b").is_ok());
        assert!((0..10_000).all(|_| Limiter::new(None).check(&"a").is_ok()));
    }
}

//! How often is too often. Limits are counted on each node for itself, in memory; they protect the machine, while the
//! rules that must hold across nodes live in the database.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Limits;
use crate::error::{Error, Result};
use crate::id::SecretKeyId;

/// How many keys are remembered before those that have been quiet are forgotten.
const KEYS: usize = 10_000;
/// How many seconds' worth may come at once.
const BURST: u32 = 10;
/// The same as a length of time.
const AT_ONCE: Duration = Duration::from_secs(BURST as u64);

/// Where requests come from, as far as counting goes: an IPv4 address, or the /64 that belongs to one IPv6 subscriber
/// (RFC 6177), who could otherwise take a fresh address for every guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let subnet = address.to_bits() & !u128::from(u64::MAX);
                Self(Ipv6Addr::from_bits(subnet).into())
            }
            address @ IpAddr::V4(_) => Self(address),
        }
    }
}

/// Whose tasks are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An agent, by its name as names are compared.
    Agent(String),
    /// A user, by id or by an identifier as identifiers are compared.
    User(String),
}

/// A limit for each key of some kind. Ten seconds' worth may come at once.
pub struct Limiter<K: Clone + Eq + Hash> {
    /// `None` where there is no limit.
    inner: Option<DefaultKeyedRateLimiter<K>>,
    /// At how many keys the quiet ones are looked for next.
    sweep_at: AtomicUsize,
}

impl<K: Clone + Eq + Hash> Limiter<K> {
    fn new(per_second: Option<u32>) -> Self {
        let inner = per_second.and_then(NonZeroU32::new).map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST - 1));
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        });
        Self {
            inner,
            sweep_at: AtomicUsize::new(KEYS),
        }
    }

    /// Counts one event.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] with the seconds to wait.
    pub fn check(&self, key: &K) -> Result<()> {
        let Some(limiter) = &self.inner else {
            return Ok(());
        };
        if limiter.len() > self.sweep_at.load(Ordering::Relaxed) {
            limiter.retain_recent();
            // Keys that are all busy are not looked through again for each request.
            let next = KEYS.max(limiter.len() * 2);
            self.sweep_at.store(next, Ordering::Relaxed);
        }
        limiter
            .check_key(key)
            .map_err(|early| too_many(early.wait_time_from(DefaultClock::default().now())))
    }
}

fn too_many(wait: Duration) -> Error {
    Error::TooManyRequests(wait.as_secs() + 1)
}

/// What was tried and refused. Each is counted for itself, so that a flood of dead links through a proxy does not shut
/// the Backend API to the application behind the same address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tried {
    /// A secret key, in whichever header.
    Key,
    /// A ticket of a task or of a sign-in token.
    Ticket,
    /// An identifier, a password or a code.
    Guess,
}

/// Refused credentials, by network. A network that showed too many is turned away *before* its next one is looked up;
/// one whose credentials are good is never counted.
///
/// Kept as the moment until which each network's refusals reach if one is let through every `interval` (the generic cell
/// rate algorithm): it may lie ten seconds ahead.
pub struct Refusals {
    /// `None` where there is no limit.
    interval: Option<Duration>,
    ledger: Mutex<Ledger>,
    /// Those of each kind that nobody gave out, since they were last asked for.
    unknown: [AtomicU64; 3],
}

struct Ledger {
    until: HashMap<(Tried, Network), Instant>,
    /// At how many networks those that have been quiet are looked for next.
    sweep_at: usize,
}

impl Refusals {
    fn new(per_second: Option<u32>) -> Self {
        let interval = per_second.and_then(NonZeroU32::new);
        Self {
            interval: interval.map(|rate| Duration::from_secs(1) / rate.get()),
            ledger: Mutex::new(Ledger {
                until: HashMap::new(),
                sweep_at: KEYS,
            }),
            unknown: [const { AtomicU64::new(0) }; 3],
        }
    }

    /// Looks a credential up, unless this network has shown too many that were refused; one more of those is counted.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] without a look, else those of the look-up.
    pub async fn guard<T>(
        &self,
        tried: Tried,
        network: Network,
        look_up: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.ask(tried, network)?;
        let found = look_up.await;
        if let Err(error) = &found {
            self.charge(tried, network, error);
        }
        found
    }

    /// Whether a credential from this network may be looked up.
    ///
    /// # Errors
    /// [`Error::TooManyRequests`] with the seconds to wait.
    pub fn ask(&self, tried: Tried, network: Network) -> Result<()> {
        self.ask_at(tried, network, Instant::now())
    }

    /// Counts a refusal, if `error` is one of a credential.
    pub fn charge(&self, tried: Tried, network: Network, error: &Error) {
        let is_counted = match tried {
            Tried::Key | Tried::Ticket => error.is_refused_credential(),
            Tried::Guess => error.is_guess(),
        };
        if is_counted {
            self.charge_at(tried, network, Instant::now());
        }
        if error.is_unknown_credential() {
            self.unknown[tried as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many of this kind that nobody gave out were shown since this was last asked.
    pub fn take_unknown(&self, tried: Tried) -> u64 {
        self.unknown[tried as usize].swap(0, Ordering::Relaxed)
    }

    fn ask_at(&self, tried: Tried, network: Network, now: Instant) -> Result<()> {
        let Some(interval) = self.interval else {
            return Ok(());
        };
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let until = ledger.until.get(&(tried, network)).copied().unwrap_or(now);
        // Room for one more of them: so many that exactly ten seconds' worth get through.
        let reach = until.saturating_duration_since(now) + interval;
        match reach.checked_sub(AT_ONCE) {
            Some(early) if !early.is_zero() => Err(too_many(early)),
            _ => Ok(()),
        }
    }

    fn charge_at(&self, tried: Tried, network: Network, now: Instant) {
        let Some(interval) = self.interval else {
            return;
        };
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if ledger.until.len() >= ledger.sweep_at {
            ledger.until.retain(|_, until| *until > now);
            ledger.sweep_at = KEYS.max(ledger.until.len() * 2);
        }
        let until = ledger.until.entry((tried, network)).or_insert(now);
        *until = (*until).max(now) + interval;
    }
}

/// All limits of a server.
pub struct Limiters {
    /// By secret key.
    pub keys: Limiter<SecretKeyId>,
    /// By network, Frontend API.
    pub addresses: Limiter<Network>,
    /// Tasks, by agent and by user.
    pub tasks: Limiter<Subject>,
    /// Refused credentials, by network.
    pub refused: Refusals,
    /// Wrong guesses of people, by network.
    pub guesses: Refusals,
    /// Passwords and codes, by the identifier they are shown for.
    pub identifiers: Limiter<String>,
    /// Sign-ups, by network.
    pub sign_ups: Limiter<Network>,
}

impl Limiters {
    /// Limits as configured.
    pub fn new(limits: &Limits) -> Self {
        Self {
            keys: Limiter::new(limits.per_key),
            addresses: Limiter::new(limits.per_ip),
            tasks: Limiter::new(limits.per_agent_or_user),
            refused: Refusals::new(limits.refused_per_ip),
            guesses: Refusals::new(limits.guesses_per_ip),
            identifiers: Limiter::new(limits.guesses_per_identifier),
            sign_ups: Limiter::new(limits.sign_ups_per_ip),
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

    fn network(address: &str) -> Network {
        address.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn an_ipv6_subscriber_is_one_network_whatever_address_it_takes() {
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }

    #[test]
    fn refusals_are_let_through_for_ten_seconds_at_once_and_then_one_by_one() {
        let refusals = Refusals::new(Some(2));
        let (here, start) = (network("192.0.2.1"), Instant::now());
        let ask =
            |after| refusals.ask_at(Tried::Ticket, here, start + Duration::from_millis(after));
        for _ in 0..20 {
            ask(0).unwrap();
            refusals.charge_at(Tried::Ticket, here, start);
        }
        assert_eq!(ask(0).unwrap_err().retry_after(), Some(1));
        assert!(ask(400).is_err());
        ask(600).unwrap();
        refusals
            .ask_at(Tried::Key, here, start)
            .expect("keys are counted apart");
        refusals
            .ask_at(Tried::Ticket, network("192.0.2.2"), start)
            .expect("others are not held up");
    }

    #[test]
    fn networks_that_have_been_quiet_are_forgotten() {
        let refusals = Refusals::new(Some(2));
        let start = Instant::now();
        for n in 0..u32::try_from(KEYS).unwrap() {
            let address = IpAddr::from(n.to_be_bytes());
            refusals.charge_at(Tried::Key, address.into(), start);
        }
        let later = start + AT_ONCE;
        refusals.charge_at(Tried::Key, network("192.0.2.1"), later);
        assert_eq!(refusals.ledger.lock().unwrap().until.len(), 1);
    }
}

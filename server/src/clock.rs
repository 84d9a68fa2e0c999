//! Time, in whole milliseconds since the Unix epoch, and the only place that asks the machine for it.
//!
//! The house never reads a clock: a door asks [`Clock::now`] once and hands the [`Time`] in, so one request sees one
//! moment, and a test moves time by hand.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::error::{Error, Result};

/// A moment: milliseconds since the Unix epoch. JSON shows it as that number; token claims show whole seconds.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// Whole seconds since the epoch, rounded down, as JWT claims and `__client_uat` want them (RFC 7519 §2).
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The moment `seconds` later; saturates instead of wrapping.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// The time from `earlier` to this moment in whole seconds; negative where `earlier` is later.
    pub fn seconds_since(self, earlier: Time) -> i64 {
        self.seconds() - earlier.seconds()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// Where the present comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's own clock.
    System,
    /// A clock that moves only when told to.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn fixed(start: Time) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(start.0)))
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        match self {
            Self::System => Time(jiff::Timestamp::now().as_millisecond()),
            Self::Fixed(at) => Time(at.load(Ordering::SeqCst)),
        }
    }

    /// Sets a fixed clock, forward or back. The system clock cannot be set: the call does nothing.
    pub fn set(&self, to: Time) {
        if let Self::Fixed(at) = self {
            at.store(to.0, Ordering::SeqCst);
        }
    }

    /// Moves a fixed clock forward. The system clock cannot be moved: the call does nothing.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(at) = self {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            at.fetch_add(by, Ordering::SeqCst);
        }
    }
}

/// A clock that never goes back by itself. It begins at the latest moment that the database has seen, so that a restart does not make it
/// forget.
#[derive(Debug)]
pub struct Watch {
    clock: Clock,
    /// The latest moment of that clock.
    seen_at: AtomicI64,
    /// By how many milliseconds somebody moved what is said here, forward or back.
    ahead: AtomicI64,
}

/// How far a clock may be behind the latest moment that was seen, in seconds. Clocks that are kept right are moved by less.
const BEHIND_MAX: i64 = 30;

impl Watch {
    /// Goes by `clock`, and not back behind `seen_at`.
    pub fn new(clock: Clock, seen_at: Time) -> Self {
        Self {
            clock,
            seen_at: AtomicI64::new(seen_at.0),
            ahead: AtomicI64::new(0),
        }
    }

    /// The moment by which everything here goes.
    pub fn now(&self) -> Time {
        Time(self.real().0 + self.ahead())
    }

    /// The present moment, whoever moved this clock: what the machine's says, and never less than what it said before. A clock that is set back a
    /// little stands still meanwhile.
    pub fn real(&self) -> Time {
        let now = self.clock.now();
        let before = self.seen_at.fetch_max(now.0, Ordering::Relaxed);
        Time(before.max(now.0))
    }

    /// Refuses to go by a clock that was set back: tickets and sessions that had expired would open again.
    ///
    /// # Errors
    /// [`Error::ClockBehind`].
    pub fn check(&self) -> Result<()> {
        let behind = self.real().seconds_since(self.clock.now());
        if behind > BEHIND_MAX {
            Err(Error::ClockBehind(behind))
        } else {
            Ok(())
        }
    }

    /// How many milliseconds are between what is said here and the present moment.
    pub fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    /// Moves what is said here, forward or back.
    pub(crate) fn move_by(&self, milliseconds: i64) {
        self.ahead.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Ends that.
    pub(crate) fn put_right(&self) {
        self.ahead.store(0, Ordering::Relaxed);
    }
}

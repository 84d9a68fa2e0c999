//! Whether writes work, so that health can say so, and so that the log tells of a change once and not with every request.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::metrics::{Counter, Histogram};

/// Shared by the writers and whoever asks.
pub(super) struct State {
    failing: AtomicBool,
    stopped: AtomicBool,
    closing: AtomicBool,
    /// How many writes shared each transaction.
    pub(super) shared: Histogram,
    /// How long each transaction took, its way to the disk included.
    pub(super) took: Histogram,
    /// Transactions that failed, or met another one too often.
    pub(super) failed: Counter,
}

/// Bounds of how many writes share a transaction.
const SHARED: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256];

impl Default for State {
    fn default() -> Self {
        Self {
            failing: AtomicBool::default(),
            stopped: AtomicBool::default(),
            closing: AtomicBool::default(),
            shared: Histogram::of(SHARED),
            took: Histogram::of_durations(),
            failed: Counter::default(),
        }
    }
}

impl State {
    /// Whether the last write could be committed or refused as it should.
    pub(super) fn writes_work(&self) -> bool {
        !self.failing.load(Ordering::Relaxed)
    }

    /// A write went through.
    pub(super) fn works(&self) {
        if self.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the database takes writes again");
        }
    }

    /// A write failed.
    pub(super) fn fails(&self, why: &str) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::error!(why, "the database takes no writes");
        }
    }

    /// The disk said that it lost something, or the file is damaged. What else is lost nobody can know, so nothing is
    /// written any more until somebody has looked and starts the server again.
    pub(super) fn stop(&self, why: &str) {
        self.fails(why);
        if !self.stopped.swap(true, Ordering::Relaxed) {
            tracing::error!("no more writes until the server is started again");
        }
    }

    /// The server stops: nobody waits any longer than it takes.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether it does not stop.
    pub(super) fn goes_on(&self) -> bool {
        !self.closing.load(Ordering::Relaxed)
    }

    /// Whether nothing is written any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

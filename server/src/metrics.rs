//! Figures that the server keeps of itself. Each is an atomic number, so that counting takes no lock and allocates nothing;
//! their text, in Prometheus' format, is put together when somebody asks.
//!
//! What is counted by a name (a route, a code) is counted by a name that stands in the program, never by one that a request
//! brings: the number of names has a bound.

mod text;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

pub use text::Text;

/// A number that only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn count(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Up, or down.
    pub fn add(&self, change: i64) {
        self.0.fetch_add(change, Ordering::Relaxed);
    }

    /// It is this now.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// What it is.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often a size was at most each of some bounds.
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what lies beyond the last.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// Bounds of durations, in microseconds: from what a look-up takes to what a caller gives up at.
const MICROS: &[u64] = &[
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

impl Default for Histogram {
    /// Of durations.
    fn default() -> Self {
        Self::of_durations()
    }
}

impl Histogram {
    /// Of sizes with these bounds.
    pub fn of(bounds: &'static [u64]) -> Self {
        Self {
            bounds,
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Of durations.
    pub fn of_durations() -> Self {
        Self::of(MICROS)
    }

    /// One of this size.
    pub fn observe(&self, size: u64) {
        let place = self.bounds.partition_point(|bound| *bound < size);
        self.buckets[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(size, Ordering::Relaxed);
    }

    /// One that took so long.
    pub fn took(&self, time: Duration) {
        self.observe(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }
}

/// Figures by two words: a kind and a name.
pub struct Table<T> {
    slots: Box<[OnceLock<Named<T>>]>,
    /// Of what found no slot.
    rest: Named<T>,
}

/// A figure with its two words.
#[derive(Default)]
pub struct Named<T> {
    /// The kind: a method, say.
    pub kind: &'static str,
    /// The name: a route, say.
    pub name: Box<str>,
    /// What is kept of it.
    pub figure: T,
}

/// More than twice as many as there are routes with their methods.
const SLOTS: usize = 512;

impl<T: Default> Default for Table<T> {
    fn default() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| OnceLock::new()).collect(),
            rest: Named::default(),
        }
    }
}

impl<T: Default> Table<T> {
    /// The figure of these words; the first to ask makes it.
    pub fn of(&self, kind: &'static str, name: &str) -> &T {
        let mut hasher = DefaultHasher::new();
        (kind, name).hash(&mut hasher);
        let start = usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or_default();
        let (before, from) = self.slots.split_at(start);
        for slot in from.iter().chain(before) {
            let named = slot.get_or_init(|| Named {
                kind,
                name: name.into(),
                figure: T::default(),
            });
            if named.kind == kind && *named.name == *name {
                return &named.figure;
            }
        }
        &self.rest.figure
    }

    /// All that were asked for, sorted by name and kind.
    pub fn all(&self) -> Vec<&Named<T>> {
        let mut all: Vec<_> = self.slots.iter().filter_map(OnceLock::get).collect();
        all.sort_by_key(|named| (&named.name, named.kind));
        all
    }
}

/// Everything that is counted beside the database.
#[derive(Default)]
pub struct Metrics {
    /// By method and route.
    pub requests: Table<Requests>,
    /// Refusals by the code that their callers were shown.
    pub refusals: Table<Counter>,
    /// Housekeeping by what it does.
    pub chores: Table<Chore>,
    /// Writes that remove what is old.
    pub slices: Histogram,
    /// What is sent to endpoints.
    pub webhooks: Webhooks,
    /// Sessions that are alive, as housekeeping last counted them.
    pub sessions: Gauge,
    /// Records of the audit trail after the last seal, as housekeeping last counted them.
    pub unsealed: Gauge,
}

/// Deliveries, as this node tried them.
#[derive(Default)]
pub struct Webhooks {
    /// Arrived.
    pub delivered: Counter,
    /// Failed, and are tried again.
    pub failed: Counter,
    /// Failed for the last time.
    pub dead: Counter,
    /// How long attempts took.
    pub took: Histogram,
    /// How long the one waits that has waited longest, in seconds.
    pub oldest: Gauge,
}

/// Requests of one method and route.
#[derive(Default)]
pub struct Requests {
    by_status: [Counter; STATUSES.len() + 1],
    /// How long they took.
    pub took: Histogram,
}

/// The statuses that this server gives.
const STATUSES: [u16; 23] = [
    200, 201, 204, 206, 304, 307, 400, 401, 403, 404, 405, 408, 409, 413, 415, 416, 421, 422, 429,
    431, 499, 500, 503,
];

impl Requests {
    /// One was answered.
    pub fn answered(&self, status: u16, time: Duration) {
        let place = STATUSES.iter().position(|known| *known == status);
        self.by_status[place.unwrap_or(STATUSES.len())].count();
        self.took.took(time);
    }

    /// How many with each status, of those that occurred.
    pub fn by_status(&self) -> impl Iterator<Item = (String, u64)> {
        let names = STATUSES.iter().map(u16::to_string);
        let names = names.chain(["other".to_owned()]);
        let counts = self.by_status.iter().map(Counter::get);
        names.zip(counts).filter(|(_, count)| *count > 0)
    }
}

/// One kind of housekeeping.
#[derive(Default)]
pub struct Chore {
    /// How often it was done.
    pub done: Counter,
    /// How often it could not be done.
    pub failed: Counter,
    /// How many rows it changed or removed.
    pub rows: Counter,
    /// When it was last done, in seconds since 1970; 0 is never.
    pub last: Gauge,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_counts_up_to_the_first_bound_that_holds_it() {
        let sizes = Histogram::of(&[1, 10]);
        for size in [0, 1, 2, 10, 11, 1000] {
            sizes.observe(size);
        }
        let counts: Vec<_> = sizes
            .buckets
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .collect();
        assert_eq!(counts, [2, 2, 2]);
        assert_eq!(sizes.sum.load(Ordering::Relaxed), 1024);
    }

    #[test]
    fn each_name_has_its_figure_and_a_table_that_is_full_takes_no_more_memory() {
        let table = Table::<Counter>::default();
        for name in 0..2 * SLOTS {
            table.of("GET", &format!("/{name}")).count();
            table.of("GET", "/0").count();
        }
        let all = table.all();
        assert_eq!(all.len(), SLOTS);
        let first = all.iter().find(|named| &*named.name == "/0").unwrap();
        assert_eq!(first.figure.get(), 2 * SLOTS as u64 + 1);
        assert_eq!(table.rest.figure.get(), SLOTS as u64);
    }
}

//! Lanes: queues of jobs with a bound, and the threads that work them off, each with a line of its own to the database.
//! And the pool of connections that SQLite's short reads use where they are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::job::{self, Job};
use super::line::Line;
use super::state::State;
use super::{Connection, Database, Purpose, Read, writer};
use crate::error::{Error, Result};
use crate::metrics::{Gauge, Histogram};

/// A job with the moment at which it began to wait, or the word to stop.
type Item = Option<(Instant, Box<dyn Job>)>;

/// The threads' end of a queue.
pub(super) struct Queue {
    jobs: Mutex<Receiver<Item>>,
    waits: Arc<Waits>,
}

/// How many wait in a lane, and for how long they do.
pub(super) struct Waits {
    pub(super) waiting: Gauge,
    pub(super) waited: Histogram,
}

impl Queue {
    /// Waits for the next job that somebody still wants; `None` when it is time to stop.
    pub(super) fn next(&self) -> Option<Box<dyn Job>> {
        loop {
            let next = lock(&self.jobs).recv().ok().flatten()?;
            if let Some(job) = self.take(next) {
                return Some(job);
            }
        }
    }

    fn take(&self, (since, job): (Instant, Box<dyn Job>)) -> Option<Box<dyn Job>> {
        self.waits.waiting.add(-1);
        self.waits.waited.took(since.elapsed());
        job.claim().then_some(job)
    }

    /// Adds the jobs that wait already, up to `most` in all. True when the word to stop was among them.
    pub(super) fn fill(&self, batch: &mut Vec<Box<dyn Job>>, most: usize) -> bool {
        if most <= batch.len() {
            return false;
        }
        let waiting = lock(&self.jobs);
        for item in waiting.try_iter() {
            let Some(next) = item else {
                return true;
            };
            batch.extend(self.take(next));
            if batch.len() == most {
                break;
            }
        }
        false
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The callers' end of a queue.
#[derive(Clone)]
pub(super) struct Lane {
    jobs: SyncSender<Item>,
    pub(super) waits: Arc<Waits>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Lane {
    /// A lane of reads: each thread takes one job after the other.
    pub(super) fn of_reads(
        name: &str,
        database: &Database,
        threads: usize,
        waiting: usize,
    ) -> Result<Self> {
        Self::start(
            name,
            database,
            (threads, waiting, Purpose::Reads),
            |line, queue| {
                let Some(mut job) = queue.next() else {
                    return false;
                };
                line.is_renewed();
                job.run(&mut line.connection);
                // The server may have been started again since this line was last used.
                if !line.connection.owes() && line.is_renewed() {
                    job.run(&mut line.connection);
                }
                job.answer(None);
                true
            },
        )
    }

    /// The lane of writes.
    pub(super) fn of_writes(
        database: &Database,
        threads: usize,
        waiting: usize,
        state: &Arc<State>,
    ) -> Result<Self> {
        let state = state.clone();
        Self::start(
            "write",
            database,
            (threads, waiting, Purpose::Writes),
            move |line, queue| writer::turn(line, queue, &state),
        )
    }

    /// Starts the threads. Each calls `turn` until it says false.
    fn start(
        name: &str,
        database: &Database,
        (threads, waiting, purpose): (usize, usize, Purpose),
        turn: impl Fn(&mut Line, &Queue) -> bool + Clone + Send + 'static,
    ) -> Result<Self> {
        let (jobs, receiver) = sync_channel(waiting);
        let waits = Arc::new(Waits {
            waiting: Gauge::default(),
            waited: Histogram::of_durations(),
        });
        let queue = Arc::new(Queue {
            jobs: Mutex::new(receiver),
            waits: waits.clone(),
        });
        let mut running = Vec::new();
        for _ in 0..threads {
            let (queue, turn) = (queue.clone(), turn.clone());
            let mut line = Line::open(database, purpose)?;
            let thread = thread::Builder::new().name(format!("db-{name}"));
            running.push(thread.spawn(move || while turn(&mut line, &queue) {})?);
        }
        Ok(Self {
            jobs,
            waits,
            threads: Arc::new(Mutex::new(running)),
        })
    }

    /// Puts a job into the queue.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when as many wait already as may; [`Error::Unavailable`] when the lane is closed.
    pub(super) fn send(&self, job: Box<dyn Job>) -> Result<()> {
        // Counted first: it may be taken before this thread goes on.
        self.waits.waiting.add(1);
        let sent = self.jobs.try_send(Some((Instant::now(), job)));
        sent.map_err(|error| {
            self.waits.waiting.add(-1);
            match error {
                TrySendError::Full(_) => Error::Overloaded,
                TrySendError::Disconnected(_) => {
                    Error::Unavailable("the database threads have stopped".into())
                }
            }
        })
    }

    /// Lets the threads finish what waits, and ends them with their connections.
    pub(super) fn close(&self) {
        let running = std::mem::take(&mut *lock(&self.threads));
        for _ in &running {
            let _ = self.jobs.send(None);
        }
        for thread in running {
            let _ = thread.join();
        }
    }
}

/// Connections for reads on the calling thread, each opened when it is first needed.
#[derive(Clone)]
pub(super) struct Pool(Arc<PoolState>);

struct PoolState {
    database: Database,
    slots: Vec<Mutex<Option<Connection>>>,
    is_closed: AtomicBool,
}

impl Pool {
    pub(super) fn new(database: &Database, size: usize) -> Self {
        Self(Arc::new(PoolState {
            database: database.clone(),
            slots: (0..size).map(|_| Mutex::new(None)).collect(),
            is_closed: AtomicBool::new(false),
        }))
    }

    /// Runs a read on the first connection that is free.
    pub(super) fn run<T>(&self, mut work: impl FnMut(&mut Read<'_>) -> Result<T>) -> Result<T> {
        let slots = &self.0.slots;
        let free = slots.iter().find_map(|slot| slot.try_lock().ok());
        let mut slot = match free {
            Some(slot) => slot,
            None => lock(slots.last().ok_or_else(closed)?),
        };
        if self.0.is_closed.load(Ordering::Relaxed) {
            return Err(closed());
        }
        let connection = match slot.take() {
            Some(open) => open,
            None => Connection::open(&self.0.database, Purpose::Reads)?,
        };
        job::read(slot.insert(connection), &mut work)
    }

    pub(super) fn close(&self) {
        self.0.is_closed.store(true, Ordering::Relaxed);
        for slot in &self.0.slots {
            lock(slot).take();
        }
    }
}

fn closed() -> Error {
    Error::Unavailable("the database is closed".into())
}

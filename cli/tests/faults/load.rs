//! Callers that create tasks and visit them, and ask again until they are told.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use standin_proof::{Held, Told};
use tokio::task::JoinSet;

use crate::calls::{Calls, SIGNED_IN, Task, already_used, unavailable};

const CALLERS: usize = 8;

/// Whom a caller's tasks are for. Each has its own, or visits would wait for each other's commits.
pub fn email(caller: usize) -> String {
    format!("user{caller}@example.com")
}

/// Callers that create tasks under an `Idempotency-Key` each, and ask again until they are told; and visit every other one.
pub struct Load {
    callers: JoinSet<()>,
    enough: Arc<AtomicBool>,
    done: Arc<Mutex<Vec<Instant>>>,
    again: Arc<AtomicUsize>,
}

impl Load {
    pub async fn on(calls: &Calls) -> Self {
        let (enough, done) = (Arc::<AtomicBool>::default(), Arc::default());
        let again = Arc::default();
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let email = email(caller);
            calls.user(&email).await;
            let caller = Caller {
                calls: calls.clone(),
                email,
                done: Arc::clone(&done),
                again: Arc::clone(&again),
            };
            let enough = enough.clone();
            callers.spawn(async move {
                let mut turn = 0;
                while !enough.load(Ordering::Relaxed) {
                    let task = caller.create(turn).await;
                    if turn % 2 == 0 {
                        caller.visit(&task).await;
                    }
                    turn += 1;
                }
            });
        }
        Self {
            callers,
            enough,
            done,
            again,
        }
    }

    /// How long after a moment somebody was told for the first time that something was done.
    pub async fn served_after(&self, moment: Instant) -> Duration {
        loop {
            let done = self.done.lock().unwrap().clone();
            if let Some(first) = done.iter().find(|at| **at > moment) {
                return *first - moment;
            }
            pause(5).await;
        }
    }

    /// Lets every caller finish what it began. How often one of them had to ask again.
    pub async fn end(self) -> usize {
        self.enough.store(true, Ordering::Relaxed);
        self.callers.join_all().await;
        self.again.load(Ordering::Relaxed)
    }
}

struct Caller {
    calls: Calls,
    email: String,
    done: Arc<Mutex<Vec<Instant>>>,
    again: Arc<AtomicUsize>,
}

impl Caller {
    async fn create(&self, turn: usize) -> Task {
        let key = format!("{} {turn}", self.email);
        let again = |told: &Told| self.note(told);
        let task = self.calls.create_once(&self.email, &key, again).await;
        self.done.lock().unwrap().push(Instant::now());
        task
    }

    async fn visit(&self, task: &Task) {
        loop {
            let told = self.calls.visit(task).await;
            if told == SIGNED_IN {
                self.done.lock().unwrap().push(Instant::now());
                return;
            }
            // Right after an answer that was lost; the laws say whether there was one.
            if told == already_used() {
                return;
            }
            self.note(&told);
            pause(50).await;
        }
    }

    /// Why the same is asked again. Nothing but these answers is right.
    fn note(&self, told: &Told) {
        assert!(*told == Told::Nothing || *told == unavailable(), "{told:?}");
        self.again.fetch_add(1, Ordering::Relaxed);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the load lasts is what is chosen"
)]
pub async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Holds everything against the laws after a load: all were told in the end, so nothing may be there that nobody was told of.
pub async fn hold(calls: &Calls) -> Held {
    let held = calls.hold().await;
    let there = calls.all("/v1/agents/tasks?paginated=true").await.len();
    assert_eq!(held.tasks, there, "made twice, or made and never told of");
    assert!(held.tasks > 100, "the load was too small to tell: {held}");
    held
}

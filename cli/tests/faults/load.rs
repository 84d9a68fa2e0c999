//! Callers that create tasks and visit them, and ask again until they are told; and what must be there afterwards.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::process::{Calls, Task};

const CALLERS: usize = 8;

/// Whom a caller's tasks are for. Each has its own, or visits would wait for each other's commits.
pub fn email(caller: usize) -> String {
    format!("user{caller}@example.com")
}

/// What the callers were told.
#[derive(Default)]
pub struct Told {
    pub created: Vec<Task>,
    pub opened: HashSet<String>,
    /// How often the outcome was unknown.
    pub unknown: usize,
}

/// Callers that create tasks under an `Idempotency-Key` each, and ask again until they are told; and visit every other one.
pub struct Load {
    callers: JoinSet<()>,
    enough: Arc<AtomicBool>,
    told: Arc<Mutex<Told>>,
}

impl Load {
    pub async fn on(calls: &Calls) -> Self {
        let (enough, told) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Told>>::default());
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (calls, enough, told) = (calls.clone(), enough.clone(), told.clone());
            let email = email(caller);
            calls.user(&email).await;
            callers.spawn(async move {
                let mut turn = 0;
                while !enough.load(Ordering::Relaxed) {
                    let task = create(&calls, &email, turn, &told).await;
                    if turn % 2 == 0 {
                        visit(&calls, &task, &told).await;
                    }
                    turn += 1;
                }
            });
        }
        Self {
            callers,
            enough,
            told,
        }
    }

    /// Lets every caller finish what it began.
    pub async fn end(self) -> Told {
        self.enough.store(true, Ordering::Relaxed);
        self.callers.join_all().await;
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

async fn create(calls: &Calls, email: &str, turn: usize, told: &Mutex<Told>) -> Task {
    let key = format!("{email} {turn}");
    loop {
        match calls.create_under(email, &key).await {
            Ok(task) => {
                told.lock().unwrap().created.push(task.clone());
                return task;
            }
            Err(why) => again(&why, told).await,
        }
    }
}

async fn visit(calls: &Calls, task: &Task, told: &Mutex<Told>) {
    let mut is_unknown = false;
    loop {
        let why = match calls.visit_said(task).await {
            Ok(()) => {
                told.lock().unwrap().opened.insert(task.id.clone());
                return;
            }
            Err(why) => why,
        };
        if why == "agent task already used" {
            assert!(is_unknown, "nothing was changed, it was said, but it was");
            return;
        }
        is_unknown |= why == UNKNOWN;
        again(&why, told).await;
    }
}

const UNKNOWN: &str = "outcome unknown";

/// Waits a little before the same is asked again. Nothing but these answers is right.
async fn again(why: &str, told: &Mutex<Told>) {
    assert!(
        [UNKNOWN, "service unavailable", "too busy"].contains(&why),
        "{why}"
    );
    told.lock().unwrap().unknown += usize::from(why == UNKNOWN);
    pause(50).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the load lasts is what is chosen"
)]
pub async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Nothing that was acknowledged is missing after so many faults, and there was enough of it to tell.
pub async fn nothing_is_lost(after: &str, calls: &Calls, told: &Told) {
    let lost = lost(calls, told).await;
    println!(
        "{after}, {} tasks acknowledged, {} opened, {} times unknown, {lost} lost",
        told.created.len(),
        told.opened.len(),
        told.unknown
    );
    assert_eq!(lost, 0);
    assert!(told.created.len() > 100, "the load was too small to tell");
}

/// What was acknowledged and is not there. Panics if anything is there twice.
async fn lost(calls: &Calls, told: &Told) -> usize {
    let tasks = calls.all("/v1/agents/tasks?paginated=true").await;
    let ids: HashSet<&str> = tasks
        .iter()
        .map(|task| task["agent_task_id"].as_str().unwrap())
        .collect();
    let used: HashSet<&str> = tasks
        .iter()
        .filter(|task| task["status"] == "used")
        .map(|task| task["agent_task_id"].as_str().unwrap())
        .collect();
    let sessions = calls.all("/v1/sessions?paginated=true").await.len();
    assert_eq!(sessions, used.len(), "one session for each used ticket");
    let acknowledged: HashSet<&str> = told.created.iter().map(|task| &*task.id).collect();
    let double = ids.difference(&acknowledged).count();
    assert_eq!(double, 0, "made twice, or made and never told of");
    let unopened = told.opened.iter().filter(|id| !used.contains(&***id));
    acknowledged.difference(&ids).count() + unopened.count()
}

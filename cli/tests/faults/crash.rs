//! `kill -9` under load, again and again. What was acknowledged must be there afterwards, and no ticket may have opened two
//! sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::process::{Calls, Process, SIGNED_IN, Task, Told, count, database, free_port};

const CALLERS: usize = 8;
const EMAIL: &str = "ada@example.com";

/// What the callers of one life were told.
#[derive(Default)]
struct History {
    created: Vec<Task>,
    /// By task: what each visit was told; `None` is a visit that got no answer.
    visits: HashMap<String, Vec<Told>>,
}

/// One caller: creates tasks and visits every other one, until the process dies.
async fn call(calls: Calls, history: Arc<Mutex<History>>) {
    for turn in 0.. {
        let Some(task) = calls.create(EMAIL).await else {
            return;
        };
        history.lock().unwrap().created.push(task.clone());
        if turn % 2 == 0 {
            continue;
        }
        let told = calls.visit(&task).await;
        let died = told.is_none();
        history
            .lock()
            .unwrap()
            .visits
            .entry(task.id.clone())
            .or_default()
            .push(told);
        if died {
            return;
        }
    }
}

/// Holds what is there against what was acknowledged.
async fn check(calls: &Calls, history: History) -> usize {
    for task in &history.created {
        let visits = history.visits.get(&task.id).map_or(&[][..], Vec::as_slice);
        let opened = visits.iter().flatten().any(|told| told == SIGNED_IN);
        let unknown = visits.iter().any(Option::is_none);
        let now = calls.visit(task).await.unwrap();
        match (now.as_str(), opened, unknown) {
            (SIGNED_IN, false, _)
            | ("agent_task_already_used", true, _)
            | ("agent_task_already_used", false, true) => {}
            other => panic!("{} was acknowledged and is now {other:?}", task.id),
        }
        let again = calls.visit(task).await.unwrap();
        assert_eq!(again, "agent_task_already_used");
    }
    history.created.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_and_no_ticket_opens_twice() {
    let (data, database) = (tempfile::tempdir().unwrap(), database());
    let (port, kills) = (free_port(), count("STANDIN_KILLS", 50));
    let mut checked = 0;
    for life in 0..kills {
        let process = Process::start(data.path(), database.as_deref(), port, port).await;
        if life == 0 {
            process.calls.user(EMAIL).await;
        }
        let history = Arc::new(Mutex::new(History::default()));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(call(process.calls.clone(), history.clone()));
        }
        // Each life ends at another moment of the same work.
        let life = u64::try_from(life).unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "the moment of the crash is what is chosen"
        )]
        tokio::time::sleep(Duration::from_millis(40 + life * 37 % 160)).await;
        process.kill();
        callers.join_all().await;
        let process = Process::start(data.path(), database.as_deref(), port, port).await;
        let history = std::mem::take(&mut *history.lock().unwrap());
        checked += check(&process.calls, history).await;
        process.kill();
    }
    let process = Process::start(data.path(), database.as_deref(), port, port).await;
    let tasks = process.calls.all("/v1/agents/tasks?status=used").await;
    let sessions = process.calls.all("/v1/sessions?paginated=true").await;
    assert_eq!(
        sessions.len(),
        tasks.len(),
        "every spent ticket has one session, and every session one ticket"
    );
    assert!(
        checked >= kills,
        "only {checked} tasks were created in {kills} lives"
    );
    println!(
        "{kills} kills, {checked} acknowledged tasks checked, {} sessions",
        sessions.len()
    );
}

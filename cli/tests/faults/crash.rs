//! `kill -9` under load, again and again. Everything that was told in every life is held against what there is in the last.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use standin_proof::{History, Told, Trial};
use tokio::task::JoinSet;

use crate::calls::{Calls, Task};
use crate::process::{Process, database, free_port};

const CALLERS: usize = 8;
pub const EMAIL: &str = "ada@example.com";

/// One caller: creates tasks, leaves some alone and takes some back, visits the others and signs some of those out, so often
/// or until the process dies.
pub async fn call(calls: Calls, tasks: Arc<Mutex<Vec<Task>>>, turns: usize) {
    for turn in 0..turns {
        let Some(task) = calls.create(EMAIL).await else {
            return;
        };
        tasks.lock().unwrap().push(task.clone());
        let told = match turn % 4 {
            0 => continue,
            1 => calls.take_back(&task).await,
            _ => calls.visit(&task).await,
        };
        if told == Told::Nothing || turn % 4 == 3 && calls.sign_out(&task).await == Told::Nothing {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_and_no_ticket_opens_twice() {
    let (data, database) = (tempfile::tempdir().unwrap(), database());
    let mut trial = Trial::begin("R1", "`kill -9` under eight callers");
    let (port, kills) = (free_port(), trial.size(25, 1000));
    let history = Arc::new(History::default());
    let tasks = Arc::new(Mutex::new(Vec::new()));
    for life in 0..kills {
        let process = Process::start(data.path(), database.as_deref(), port, port).await;
        if life == 0 {
            process.calls.user(EMAIL).await;
        }
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(call(process.calls.of(&history), tasks.clone(), usize::MAX));
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
    }
    let started = Instant::now();
    let process = Process::start(data.path(), database.as_deref(), port, port).await;
    let ready = started.elapsed();
    let calls = process.calls.of(&history);
    // Whatever became of them, every ticket is shown twice more.
    let tasks = std::mem::take(&mut *tasks.lock().unwrap());
    for task in tasks.iter().chain(&tasks) {
        assert_ne!(calls.visit(task).await, Told::Nothing);
    }
    let held = calls.hold().await;
    assert!(held.tasks > kills, "{held}");
    trial.end(format_args!(
        "{kills} kills: {held}; ready {ready:.1?} after the last one"
    ));
}

/// So many pending tasks of one user.
fn fill(database: &std::path::Path, tasks: usize) {
    let sql = format!(
        "insert into agents (id, name, name_folded, created_at) values ('agent_x', 'X', 'x', 1);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < {tasks})
        insert into tasks (id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds,
                           ticket_digest, created_at, expires_at)
        select 'agttsk_' || i, 'agent_x', (select min(id) from users), 'key_1', 'old', '*', 'http://localhost:3000/', 1800,
               't' || (i * 7919 % 1000003), i, 9000000000000000 from n;"
    );
    let file = rusqlite::Connection::open(database).unwrap();
    file.execute_batch(&sql).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_ready_within_a_second_however_many_tasks_there_are() {
    let mut trial =
        Trial::begin("R1", "from the start after a kill to the first answer").on("SQLite");
    let (tasks, port) = (trial.size(10_000, 100_000), free_port());
    let data = tempfile::tempdir().unwrap();
    let process = Process::start(data.path(), None, port, port).await;
    process.calls.user(EMAIL).await;
    process.kill();
    fill(&data.path().join("standin.db"), tasks);
    let mut longest = Duration::ZERO;
    for _ in 0..5 {
        let started = Instant::now();
        let process = Process::start(data.path(), None, port, port).await;
        longest = longest.max(started.elapsed());
        assert!(process.calls.create(EMAIL).await.is_some());
        process.kill();
    }
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    trial.end(format_args!(
        "{tasks} pending tasks, 5 kills: ready after {longest:.2?} at most"
    ));
}

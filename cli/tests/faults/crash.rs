//! `kill -9` under load, again and again. Everything that was told in every life is held against what there is in the last.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use standin_proof::{History, Told, Trial};
use tokio::task::JoinSet;

use crate::process::{Calls, Process, Task, database, free_port};

const CALLERS: usize = 8;
pub const EMAIL: &str = "ada@example.com";

/// One caller: creates tasks, leaves some alone and takes some back, visits the others and signs some of those out, until
/// the process dies.
pub async fn call(calls: Calls, tasks: Arc<Mutex<Vec<Task>>>) {
    for turn in 0.. {
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
            callers.spawn(call(process.calls.of(&history), tasks.clone()));
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
    let process = Process::start(data.path(), database.as_deref(), port, port).await;
    let calls = process.calls.of(&history);
    // Whatever became of them, every ticket is shown twice more.
    let tasks = std::mem::take(&mut *tasks.lock().unwrap());
    for task in tasks.iter().chain(&tasks) {
        assert_ne!(calls.visit(task).await, Told::Nothing);
    }
    let held = calls.hold().await;
    assert!(held.tasks > kills, "{held}");
    trial.end(format_args!("{kills} kills: {held}"));
}

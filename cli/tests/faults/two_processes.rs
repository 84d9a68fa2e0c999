//! Two server processes on one database: of many visitors of one ticket one gets in, wherever they knock.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use standin_proof::Trial;
use tempfile::TempDir;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::calls::{SIGNED_IN, already_used};
use crate::process::{Process, database, free_port};

const VISITORS: usize = 64;
const EMAIL: &str = "ada@example.com";

/// A second node's folder: the same keys and the same data. `standin dev` refuses a folder that is served already, since
/// that is a mistake on a developer's machine; here it is the point.
fn twin(folder: &Path) -> TempDir {
    let twin = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("master.key"), twin.path().join("master.key")).unwrap();
    let notes = std::fs::read(folder.join("dev.json")).unwrap();
    let mut notes: Value = serde_json::from_slice(&notes).unwrap();
    notes.as_object_mut().unwrap().remove("pid");
    let file = twin.path().join("dev.json");
    std::fs::copy(folder.join("dev.json"), &file).unwrap();
    std::fs::write(&file, notes.to_string()).unwrap();
    let data = folder.join("standin.db");
    std::os::unix::fs::symlink(data, twin.path().join("standin.db")).unwrap();
    twin
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_visitors_at_two_processes_one_gets_in() {
    let (data, database) = (tempfile::tempdir().unwrap(), database());
    let (port, other) = (free_port(), free_port());
    let first = Process::start(data.path(), database.as_deref(), port, port).await;
    first.calls.user(EMAIL).await;
    let twin = twin(data.path());
    let second = Process::start(twin.path(), database.as_deref(), other, port).await;
    let at = [first.calls.clone(), second.calls.of(&first.calls.history)];
    let mut trial = Trial::begin("R4", "64 visitors of one ticket, at two processes");
    let rounds = trial.size(50, 10_000);
    for round in 0..rounds {
        let task = first.calls.create(EMAIL).await.unwrap();
        let barrier = Arc::new(Barrier::new(VISITORS));
        let mut visitors = JoinSet::new();
        for visitor in 0..VISITORS {
            let (barrier, task, calls) = (barrier.clone(), task.clone(), at[visitor % 2].clone());
            visitors.spawn(async move {
                barrier.wait().await;
                calls.visit(&task).await
            });
        }
        let told = visitors.join_all().await;
        let late = told.iter().filter(|told| **told == already_used()).count();
        assert!(
            told.contains(&SIGNED_IN) && late == VISITORS - 1,
            "round {round}: {told:?}"
        );
    }
    let held = first.calls.hold().await;
    assert_eq!(held.opened, rounds);
    trial.end(held);
}

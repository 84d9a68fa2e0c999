//! Two server processes on one database: of many visitors of one ticket one gets in, wherever they knock.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::process::{Process, SIGNED_IN, count, database, free_port};

const VISITORS: usize = 64;
const EMAIL: &str = "ada@example.com";

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_visitors_at_two_processes_one_gets_in() {
    let (data, database) = (tempfile::tempdir().unwrap(), database());
    let (port, other) = (free_port(), free_port());
    let first = Process::start(data.path(), database.as_deref(), port, port).await;
    first.calls.user(EMAIL).await;
    let second = Process::start(data.path(), database.as_deref(), other, port).await;
    let rounds = count("STANDIN_RACE_ROUNDS", 200);
    for round in 0..rounds {
        let task = first.calls.create(EMAIL).await.unwrap();
        let barrier = Arc::new(Barrier::new(VISITORS));
        let mut visitors = JoinSet::new();
        for visitor in 0..VISITORS {
            let (barrier, task) = (barrier.clone(), task.clone());
            let calls = if visitor % 2 == 0 {
                first.calls.clone()
            } else {
                second.calls.clone()
            };
            visitors.spawn(async move {
                barrier.wait().await;
                calls.visit(&task).await.unwrap()
            });
        }
        let told = visitors.join_all().await;
        assert_eq!(
            told.iter().filter(|answer| *answer == SIGNED_IN).count(),
            1,
            "round {round}: {told:?}"
        );
        assert_eq!(
            told.iter()
                .filter(|answer| *answer == "agent_task_already_used")
                .count(),
            VISITORS - 1,
            "{told:?}"
        );
    }
    let sessions = first.calls.all("/v1/sessions?paginated=true").await;
    assert_eq!(sessions.len(), rounds);
}

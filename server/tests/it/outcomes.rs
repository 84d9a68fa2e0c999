//! What a caller is told when PostgreSQL goes away in the middle of its request: what was done, what was not, or that
//! nobody knows.

use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use serde_json::json;
use standin_server::db::Database;

use crate::world::{Answer, World, batch};

fn client(url: &str) -> Client {
    Client::connect(url, NoTls).unwrap()
}

/// Ends the one backend of this world's database that waits in this way.
fn end_the_backend_that_waits(url: &str, how: &str) {
    let mut client = client(url);
    let sql = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and {how}"
    );
    let started = Instant::now();
    while client.query(&sql, &[]).unwrap().is_empty() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "no backend waits"
        );
        std::thread::yield_now();
    }
}

/// Creates a task, and ends the backend that does it once it waits.
async fn create_and_lose_the_backend(world: &World, url: &str, how: &'static str) -> Answer {
    let (answer, _) = create_until_the_backend_is_lost(world, url, how).await;
    answer
}

/// Creates tasks until a backend waits, which it is then ended for. Tells how many were asked for.
async fn create_until_the_backend_is_lost(
    world: &World,
    url: &str,
    how: &'static str,
) -> (Answer, i64) {
    let (url, backend) = (url.to_owned(), world.backend.clone());
    let ending = tokio::task::spawn_blocking(move || end_the_backend_that_waits(&url, how));
    let mut asked = 0;
    let answer = loop {
        let answer = backend.create(json!({})).await;
        asked += 1;
        if answer.status != 200 || ending.is_finished() {
            break answer;
        }
    };
    ending.await.unwrap();
    (answer, asked)
}

fn told(answer: &Answer) -> (u16, &str) {
    let sentence = answer.json["errors"][0]["long_message"].as_str().unwrap();
    (answer.status.as_u16(), sentence)
}

fn assert_unknown(answer: &Answer) {
    let (status, sentence) = told(answer);
    assert_eq!(status, 503);
    assert!(
        sentence.starts_with("Whether this was done is not known"),
        "{sentence}"
    );
    assert!(
        answer.headers.get("retry-after").is_none(),
        "nobody should ask again blindly: {answer:?}"
    );
}

/// A cluster that waits for a standby that does not exist, but in databases that ask for it only.
struct MissingStandby(String);

impl MissingStandby {
    fn awaited(url: &str) -> Self {
        let guard = Self(url.to_owned());
        guard.set("synchronous_commit = 'local'");
        guard.set("synchronous_standby_names = 'nobody'");
        guard
    }

    fn set(&self, setting: &str) {
        let mut client = client(&self.0);
        client
            .batch_execute(&format!("alter system set {setting}"))
            .unwrap();
        client.batch_execute("select pg_reload_conf()").unwrap();
    }
}

impl Drop for MissingStandby {
    fn drop(&mut self) {
        self.set("synchronous_standby_names = ''");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_that_goes_away_while_it_confirms_leaves_the_outcome_unknown_and_the_row_there()
{
    let world = World::with(|config| {
        if let Database::Postgres(url) = &config.database {
            let name = url.rsplit('/').next().unwrap();
            let sql = format!("alter database {name} set synchronous_commit = on");
            batch(&config.database, &sql);
        }
    })
    .await;
    let Database::Postgres(url) = world.config.database.clone() else {
        return;
    };
    let asked = url.clone();
    let standby = tokio::task::spawn_blocking(move || MissingStandby::awaited(&asked))
        .await
        .unwrap();
    // The cluster waits once its checkpointer has read the setting, which is busy now and then.
    let waits = "wait_event = 'SyncRep'";
    let (lost, asked) = create_until_the_backend_is_lost(&world, &url, waits).await;
    tokio::task::spawn_blocking(move || drop(standby))
        .await
        .unwrap();
    assert_unknown(&lost);
    assert_eq!(world.count("tasks").await, asked, "it was done after all");
    world.backend.task().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_that_goes_away_before_it_has_committed_leaves_the_outcome_unknown_too() {
    let world = World::new().await;
    let Database::Postgres(url) = world.config.database.clone() else {
        return;
    };
    // Runs within COMMIT, before there is anything to find after a crash.
    batch(
        &world.config.database,
        "create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(9); return null; end $$;
         create constraint trigger slow after insert on tasks deferrable initially deferred
         for each row execute function slow()",
    );
    let lost = create_and_lose_the_backend(&world, &url, "wait_event = 'PgSleep'").await;
    assert_unknown(&lost);
    assert_eq!(world.count("tasks").await, 0);
    batch(&world.config.database, "drop trigger slow on tasks");
    world.backend.task().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_that_goes_away_before_the_commit_is_asked_for_has_changed_nothing() {
    let world = World::new().await;
    let Database::Postgres(url) = world.config.database.clone() else {
        return;
    };
    let asked = url.clone();
    let (free, wait) = std::sync::mpsc::channel::<()>();
    let (locked, begun) = tokio::sync::oneshot::channel();
    let locking = tokio::task::spawn_blocking(move || {
        let mut client = client(&asked);
        client
            .batch_execute("begin; lock table tasks in exclusive mode")
            .unwrap();
        locked.send(()).unwrap();
        let _ = wait.recv();
    });
    begun.await.unwrap();
    let lost = create_and_lose_the_backend(&world, &url, "wait_event_type = 'Lock'").await;
    drop(free);
    locking.await.unwrap();
    let (status, sentence) = told(&lost);
    assert_eq!(status, 503);
    assert!(sentence.starts_with("Nothing was changed"), "{sentence}");
    assert_eq!(lost.headers["retry-after"], "1");
    for table in ["tasks", "agents", "audit where action = 'task.create'"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    world.backend.task().await;
}

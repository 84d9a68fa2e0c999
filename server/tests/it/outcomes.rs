//! What a caller is told when PostgreSQL goes away in the middle of its request: what was done, what was not, and that
//! nobody knows only where nobody can.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use serde_json::json;
use standin_server::caller::Caller;
use standin_server::db::{Capacity, Database, Db, Write};
use standin_server::ledger;
use tokio::task::JoinSet;

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
    let url = url.to_owned();
    let ending = tokio::task::spawn_blocking(move || end_the_backend_that_waits(&url, how));
    let answer = world.backend.create(json!({})).await;
    ending.await.unwrap();
    answer
}

fn told(answer: &Answer) -> (u16, &str) {
    let sentence = answer.json["errors"][0]["long_message"].as_str().unwrap();
    (answer.status.as_u16(), sentence)
}

fn assert_nothing(answer: &Answer) {
    let (status, sentence) = told(answer);
    assert_eq!(status, 503);
    assert!(sentence.starts_with("Nothing was changed"), "{sentence}");
    assert_eq!(answer.headers["retry-after"], "1");
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

/// Waits until a commit waits for the standby.
fn wait_for_the_wait(url: &str) {
    let mut client = client(url);
    let sql = "select 1 from pg_stat_activity where datname = current_database() and wait_event = 'SyncRep'";
    while client.query(sql, &[]).unwrap().is_empty() {
        std::thread::yield_now();
    }
}

async fn world_that_waits_for_a_standby() -> World {
    World::with(|config| {
        if let Database::Postgres(url) = &config.database {
            let name = url.rsplit('/').next().unwrap();
            let sql = format!("alter database {name} set synchronous_commit = on");
            batch(&config.database, &sql);
        }
    })
    .await
}

/// One test, because what the cluster waits for holds for all of its databases that wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_looked_up_and_one_that_takes_too_long_is_unknown() {
    let world = world_that_waits_for_a_standby().await;
    let Database::Postgres(url) = world.config.database.clone() else {
        return;
    };
    // The connection is lost while the commit waits. Nobody is told of it before the standby has it.
    let asked = url.clone();
    let losing = tokio::task::spawn_blocking(move || {
        let standby = MissingStandby::awaited(&asked);
        end_the_backend_that_waits(&asked, "wait_event = 'SyncRep'");
        wait_for_the_wait(&asked);
        drop(standby);
    });
    let mut asked = 0;
    while !losing.is_finished() {
        world.backend.create(json!({})).await.ok();
        asked += 1;
    }
    losing.await.unwrap();
    assert_eq!(world.count("tasks").await, asked, "each once");

    // The connection stays, and no standby comes.
    let at = url.clone();
    let waiting = tokio::task::spawn_blocking(move || {
        let standby = MissingStandby::awaited(&at);
        wait_for_the_wait(&at);
        standby
    });
    let late = loop {
        let answer = world.backend.create(json!({})).await;
        asked += 1;
        if answer.status != 200 {
            break answer;
        }
    };
    let standby = waiting.await.unwrap();
    let (status, sentence) = told(&late);
    assert_eq!(status, 503);
    let unknown = "Whether this was done is not known";
    assert!(sentence.starts_with(unknown), "{sentence}");
    let nobody_should_ask_again_blindly = late.headers.get("retry-after").is_none();
    assert!(nobody_should_ask_again_blindly, "{late:?}");
    tokio::task::spawn_blocking(move || drop(standby))
        .await
        .unwrap();
    // Each of the eight writers is there again, also the one that waited.
    for _ in 0..8 {
        world.backend.task().await;
    }
    assert_eq!(
        world.count("tasks").await,
        asked + 8,
        "it was done after all"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_that_goes_away_before_it_has_committed_has_changed_nothing_and_says_so() {
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
    assert_nothing(&lost);
    assert_eq!(world.count("tasks").await, 0);
    batch(&world.config.database, "drop trigger slow on tasks");
    world.backend.task().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_arrives_after_it_was_looked_up_in_vain_does_not_take_place() {
    let world = World::new().await;
    if !matches!(world.config.database, Database::Postgres(_)) {
        return;
    }
    world.backend.task().await;
    // As if each writer were thought lost.
    batch(&world.config.database, "update writers set settled_at = 1");
    assert_eq!(world.count("writers where settled_at is null").await, 0);
    // Its transaction is refused, and begun again by one that counts anew.
    world.backend.task().await;
    assert_eq!(world.count("tasks").await, 2);
    assert!(world.count("writers where settled_at is null").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_connection_is_lost_before_its_commit_is_begun_again() {
    let world = World::new().await;
    let Database::Postgres(url) = world.config.database.clone() else {
        return;
    };
    let (locked, begun) = tokio::sync::oneshot::channel();
    let losing = tokio::task::spawn_blocking(move || {
        let mut client = client(&url);
        client
            .batch_execute("begin; lock table tasks in exclusive mode")
            .unwrap();
        locked.send(()).unwrap();
        end_the_backend_that_waits(&url, "wait_event_type = 'Lock'");
    });
    begun.await.unwrap();
    let lost = world.backend.create(json!({})).await;
    losing.await.unwrap();
    // The write was begun again on a new connection.
    lost.ok();
    for table in ["tasks", "agents", "audit where action = 'task.create'"] {
        assert_eq!(world.count(table).await, 1, "{table}");
    }
    world.backend.task().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_could_not_begin_begins_when_it_can_again() {
    let world = World::new().await;
    let database = &world.config.database;
    if !matches!(database, Database::Postgres(_)) {
        return;
    }
    batch(database, "alter table writers rename to away");
    // Each of the eight writers loses its row, and gets no other.
    for _ in 0..32 {
        assert_nothing(&world.backend.create(json!({})).await);
    }
    batch(database, "alter table away rename to writers");
    for _ in 0..32 {
        world.backend.task().await;
    }
    assert_eq!(world.count("tasks").await, 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_a_writer_counts_a_thousand_commits_and_makes_way_for_another_one() {
    let world = World::new().await;
    if !matches!(world.config.database, Database::Postgres(_)) {
        return;
    }
    batch(&world.config.database, "create table t (id bigint)");
    let few = Capacity {
        connections: Capacity::LEAST,
        ..Capacity::default()
    };
    let db = Db::open(&world.config.database, few, ledger::enter).await;
    let (db, before) = (Arc::new(db.unwrap()), world.count("writers").await);
    // More than a thousand for each of its four writers.
    for _ in 0..10 {
        let mut writes = JoinSet::new();
        for _ in 0..500 {
            let (db, by) = (db.clone(), Caller::internal("test", world.now()));
            let insert = |tx: &mut Write<'_>| tx.execute("insert into t values (1)", &[]);
            writes.spawn(async move { db.write(by, insert).await.unwrap() });
        }
        writes.join_all().await;
    }
    assert_eq!(world.count("t").await, 5000);
    assert_eq!(world.count("writers where commits > 1000").await, 0);
    assert_eq!(world.count("writers").await, before + 4);
}

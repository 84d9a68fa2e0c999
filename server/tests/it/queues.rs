//! What waits for the database: how much may, what becomes of work that nobody waits for any more, and what does not wait
//! for each other.

use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use serde_json::json;
use standin_server::caller::Caller;
use standin_server::clock::Clock;
use standin_server::db::{Capacity, Database, Db, Value};
use standin_server::error::{Error, Result};
use standin_server::ledger;
use tokio::task::JoinSet;

use crate::world::{World, batch};

fn by() -> Caller {
    Caller::internal("test", Clock::System.now())
}

type Pending = Pin<Box<dyn Future<Output = Result<u64>> + Send>>;

fn insert(db: &Db, id: i64) -> Pending {
    let db = db.clone();
    Box::pin(async move {
        db.write(by(), move |tx| {
            tx.execute("insert into t (id) values ($1)", &[Value::Int(id)])
        })
        .await
    })
}

/// Asks once, which puts the work into its queue, and does not wait.
fn ask(pending: &mut Pending) -> Poll<Result<u64>> {
    pending
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

/// A gate that opens when its other end is dropped.
type Gate = Arc<Mutex<Receiver<()>>>;

fn gate() -> (Sender<()>, Gate) {
    let (held, gate) = channel();
    (held, Arc::new(Mutex::new(gate)))
}

/// Keeps every writer busy until the gate opens.
async fn occupy(world: &World, db: &Db, gate: &Gate) -> JoinSet<Result<()>> {
    let writers = match world.config.database {
        Database::Sqlite(_) => 1,
        Database::Postgres(_) => 8,
    };
    let mut busy = JoinSet::new();
    let (started, begun) = channel();
    for _ in 0..writers {
        let (db, gate, started) = (db.clone(), gate.clone(), started.clone());
        busy.spawn(async move {
            db.write(by(), move |_| {
                started.send(()).unwrap();
                let _ = gate.lock().unwrap().recv();
                Ok(())
            })
            .await
        });
    }
    tokio::task::spawn_blocking(move || (0..writers).for_each(|_| begun.recv().unwrap()))
        .await
        .unwrap();
    busy
}

async fn table(world: &World) -> Db {
    batch(
        &world.config.database,
        "create table t (id bigint primary key)",
    );
    world.db().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_says_so_at_once_and_what_waits_in_it_is_done() {
    let world = World::new().await;
    let db = table(&world).await;
    let (held, gate) = gate();
    let busy = occupy(&world, &db, &gate).await;
    let mut waiting: Vec<_> = (0..4096).map(|id| insert(&db, id)).collect();
    assert!(waiting.iter_mut().all(|one| ask(one).is_pending()));
    let one_more = ask(&mut insert(&db, 4096));
    let Poll::Ready(Err(refused @ Error::Overloaded)) = one_more else {
        panic!("{one_more:?}");
    };
    assert_eq!(refused.retry_after(), Some(1));
    assert_eq!(refused.shown().status, 503);
    // Reads do not stand in that queue.
    db.read(|tx| tx.one::<i64>("select count(*) from t", &[]))
        .await
        .unwrap();
    drop(held);
    for done in busy.join_all().await {
        done.unwrap();
    }
    for one in waiting {
        one.await.unwrap();
    }
    assert_eq!(world.count("t").await, 4096);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_for_a_turn_is_told_to_come_back_and_nothing_is_done() {
    let world = World::new().await;
    batch(
        &world.config.database,
        "create table t (id bigint primary key)",
    );
    let short = Capacity {
        patience: Duration::from_millis(300),
        ..Capacity::default()
    };
    let db = Db::open(&world.config.database, short, ledger::enter)
        .await
        .unwrap();
    let (held, gate) = gate();
    let busy = occupy(&world, &db, &gate).await;
    let refused = insert(&db, 1).await.unwrap_err();
    assert!(matches!(refused, Error::Overloaded), "{refused:?}");
    assert_eq!(refused.retry_after(), Some(1));
    drop(held);
    // Whose turn had come waits for its end, however long that takes.
    for done in busy.join_all().await {
        done.unwrap();
    }
    insert(&db, 2).await.unwrap();
    assert_eq!(world.count("t where id = 1").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_whose_caller_left_before_its_turn_is_never_done() {
    let world = World::new().await;
    let db = table(&world).await;
    let (held, gate) = gate();
    let busy = occupy(&world, &db, &gate).await;
    let mut waiting: Vec<_> = (0..100).map(|id| insert(&db, id)).collect();
    assert!(waiting.iter_mut().all(|one| ask(one).is_pending()));
    let stayed: Vec<_> = waiting.drain(..50).collect();
    drop(waiting);
    drop(held);
    for done in busy.join_all().await {
        done.unwrap();
    }
    for one in stayed {
        one.await.unwrap();
    }
    // One after all of them, so that whatever would still be done has been.
    insert(&db, 1000).await.unwrap();
    assert_eq!(world.count("t where id < 50").await, 50);
    assert_eq!(world.count("t where id between 50 and 999").await, 0);
}

const USERS: &str = "
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
    insert into users (id, first_name, last_name, name_folded, public_metadata, private_metadata, unsafe_metadata,
                       delete_self_enabled, create_organization_enabled, created_at, updated_at)
    select 'user_' || i, 'Grace', 'Nr ' || i, 'grace nr ' || i, '{}', '{}', '{}', 1, 1, i, i from n;
    analyze;";

/// Everything that is asked all the time, none of which may wait for a search.
async fn longest_of_the_usual(world: &World, done: impl Fn() -> bool) -> Duration {
    let (browser, mut longest) = (world.browser(), Duration::ZERO);
    browser.visit(&world.backend.task().await).await.location();
    while !done() {
        let health = Instant::now();
        browser.get("/v1/health").await.ok();
        longest = longest.max(health.elapsed());
        let page = Instant::now();
        assert!(browser.session().await["id"].is_string());
        longest = longest.max(page.elapsed());
        let key = Instant::now();
        world
            .backend
            .with_key("sk_test_wrong")
            .get("/v1/jwks")
            .await;
        world.backend.get("/v1/jwks").await.ok();
        longest = longest.max(key.elapsed());
    }
    longest
}

async fn search(world: &World, at_once: usize) -> (Vec<crate::world::Answer>, Duration) {
    let mut searches = JoinSet::new();
    for n in 0..at_once {
        let backend = world.backend.clone();
        searches.spawn(async move {
            let path = format!("/v1/users?query=nobody{n}&limit=10");
            backend.get(&path).await
        });
    }
    let searching = tokio::spawn(searches.join_all());
    let longest = longest_of_the_usual(world, || searching.is_finished()).await;
    (searching.await.unwrap(), longest)
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_slow_searches_at_once_delay_nobody_else() {
    let world = World::new().await;
    batch(&world.config.database, USERS);
    let (answers, longest) = search(&world, 16).await;
    for answer in answers {
        assert_eq!(answer.ok().json, json!([]));
    }
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_searches_than_may_wait_are_told_to_come_back() {
    let world = World::new().await;
    batch(&world.config.database, USERS);
    let (answers, longest) = search(&world, 100).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|answer| answer.status.is_success());
    assert!(done.len() >= 32, "{}", done.len());
    assert!(!refused.is_empty());
    for answer in refused {
        assert_eq!(answer.refusal(), "503 service_unavailable");
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(answer.json["errors"][0]["message"], "too busy");
    }
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}

//! The write path below the house: shared commits, rollbacks, conflicts.

use std::sync::Arc;

use standin_server::db::{Db, Value};
use standin_server::error::Error;
use tokio::task::JoinSet;

use crate::world::World;

async fn table(world: &World) -> Arc<Db> {
    let db = Db::open(&world.config.database).await.unwrap();
    db.write(|tx| {
        tx.execute(
            "create table t (id bigint primary key, x bigint not null)",
            &[],
        )?;
        tx.execute("insert into t (id, x) values (0, 0), (1, 0)", &[])
    })
    .await
    .unwrap();
    Arc::new(db)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_takes_nothing_and_nobody_with_it() {
    let world = World::new().await;
    let db = table(&world).await;
    let mut writes = JoinSet::new();
    for id in 10_i64..310 {
        let db = db.clone();
        writes.spawn(async move {
            db.write(move |tx| {
                tx.execute(
                    "insert into t (id, x) values ($1, $2)",
                    &[Value::Int(id), Value::Int(1)],
                )?;
                match id % 3 {
                    0 => Err(Error::KeyInvalid),
                    1 if id % 30 == 1 => panic!("a write that panics"),
                    _ => Ok(()),
                }
            })
            .await
            .is_ok()
        });
    }
    let kept = writes
        .join_all()
        .await
        .into_iter()
        .filter(|kept| *kept)
        .count();
    let rows: i64 = db
        .read(|tx| tx.one("select count(*) from t where x = 1", &[]))
        .await
        .unwrap();
    assert_eq!((kept, rows), (190, 190));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_lock_each_other_out_are_run_again() {
    let world = World::new().await;
    let db = table(&world).await;
    for _ in 0..4 {
        // One takes the rows in one order, one in the other: on PostgreSQL some pairs deadlock, and one of the two is
        // chosen to begin again.
        let write = |first: i64| {
            let db = db.clone();
            async move {
                db.write(move |tx| {
                    for id in [first, 1 - first] {
                        tx.execute("update t set x = x + 1 where id = $1", &[Value::Int(id)])?;
                        tx.one::<i64>("select count(*) from t", &[])?;
                    }
                    Ok(())
                })
                .await
                .unwrap();
            }
        };
        tokio::join!(write(0), write(1));
    }
    let sums: Vec<i64> = db
        .read(|tx| tx.all("select x from t where id < 2 order by id", &[]))
        .await
        .unwrap();
    assert_eq!(sums, [8, 8], "each write once, none twice");
}

#[tokio::test]
async fn what_breaks_a_rule_of_the_schema_is_a_conflict_and_no_fault_of_the_connection() {
    let world = World::new().await;
    let db = table(&world).await;
    let twice = db
        .write(|tx| tx.execute("insert into t (id, x) values (0, 0)", &[]))
        .await;
    assert!(matches!(twice, Err(Error::Conflict(_))), "{twice:?}");
    db.write(|tx| tx.execute("insert into t (id, x) values (9, 0)", &[]))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_database_of_an_older_program_is_brought_up_to_date_with_all_that_is_in_it() {
    let mut world = World::new().await;
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let before = browser.session().await;
    let db = Db::open(&world.config.database).await.unwrap();
    for undo in [
        "alter table sessions drop column ip",
        "alter table sessions drop column user_agent",
        "delete from migrations where version = 2",
    ] {
        db.write(move |tx| tx.execute(undo, &[])).await.unwrap();
    }
    drop(db);
    world.restart().await;
    let path = format!("/v1/sessions/{}", before["id"].as_str().unwrap());
    let after = world.backend.get(&path).await.ok().json;
    assert_eq!(after["status"], "active");
    assert_eq!(after["expire_at"], before["expire_at"]);
    assert_eq!(after["latest_activity"]["ip_address"], "127.0.0.1");
}

#[tokio::test]
async fn a_database_newer_than_the_program_is_left_alone() {
    let mut world = World::new().await;
    let db = Db::open(&world.config.database).await.unwrap();
    db.write(|tx| tx.execute("insert into migrations (version) values (999)", &[]))
        .await
        .unwrap();
    world.server.take().unwrap().stop().await;
    let refused = standin_server::Server::start(world.config.clone())
        .await
        .err()
        .unwrap();
    assert!(refused.to_string().contains("newer standin"), "{refused}");
}

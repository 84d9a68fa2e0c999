//! The write path below the house: shared commits, rollbacks, conflicts.

use std::sync::Arc;

use standin_proof::Trial;
use standin_server::caller::Caller;
use standin_server::clock::Clock;
use standin_server::db::{Database, Db, Value};
use standin_server::error::Error;
use tokio::task::JoinSet;

use crate::world::World;

fn by() -> Caller {
    Caller::internal("test", Clock::System.now())
}

async fn table(world: &World) -> Arc<Db> {
    let db = world.db().await;
    db.write(by(), |tx| {
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
            db.write(by(), move |tx| {
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
                db.write(by(), move |tx| {
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
async fn what_breaks_a_rule_of_the_schema_fails_alone_and_the_connection_lives() {
    let world = World::new().await;
    let db = table(&world).await;
    let twice = db
        .write(by(), |tx| {
            tx.execute("insert into t (id, x) values (0, 0)", &[])
        })
        .await;
    assert!(
        matches!(twice, Err(Error::Bug(_) | Error::Unavailable(_))),
        "{twice:?}"
    );
    db.write(by(), |tx| {
        tx.execute("insert into t (id, x) values (9, 0)", &[])
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_a_read_would_write_is_not_written() {
    let world = World::new().await;
    let db = table(&world).await;
    let sql = "update t set x = 7 where id = 0 returning id";
    let read = db.read(move |tx| tx.all::<i64>(sql, &[])).await;
    let search = db.search(move |tx| tx.all::<i64>(sql, &[])).await;
    assert!(read.is_err() && search.is_err(), "{read:?} {search:?}");
    assert_eq!(world.count("t where x = 7").await, 0);
}

/// What the first release left behind, many times over: users, tasks, and a session for each.
const OLD_ROWS: &str = "
    insert into instance (slot, id, kind, created_at) values (1, 'ins_old', 'development', 1);
    insert into agents (id, name, created_at) values ('agent_old', 'PT', 1);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ROWS)
    insert into users (id, first_name, last_name, public_metadata, private_metadata, unsafe_metadata, delete_self_enabled,
                       create_organization_enabled, created_at, updated_at)
    select 'user_' || i, 'Émile', 'Nr ' || i, '{}', '{}', '{}', 1, 1, i, i from n;
    insert into clients (id, secret_digest, created_at, updated_at) select 'client_' || id, id, 1, 1 from users;
    insert into tasks (id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds,
                       ticket_digest, created_at, expires_at, used_at, session_id, used_ip, used_agent)
    select 'agttsk_' || id, 'agent_old', id, 'key_1', 'old', '*', 'http://localhost:3000/', 1800, id, 1, 2, 1,
           'sess_' || id, '10.0.0.1', 'curl/8' from users;
    insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at)
    select session_id, 'client_' || user_id, user_id, agent_id, id, 1, 1, 2, 1 from tasks;";

#[tokio::test]
async fn a_database_of_the_first_release_is_brought_up_to_date_with_everything_in_it() {
    let mut trial = Trial::begin(
        "R18",
        "a database of the first release is brought up to date",
    );
    let rows = trial.size(10_000, 100_000);
    let old = OLD_ROWS.replace("ROWS", &rows.to_string());
    let world = World::with(|config| {
        let first = include_str!("../../migrations/0001_init.sql");
        let seen = "create table migrations (version bigint primary key); insert into migrations values (1)";
        // It may be a copy of one that is up to date.
        let empty = match config.database {
            Database::Sqlite(_) => "",
            Database::Postgres(_) => "drop schema public cascade; create schema public",
        };
        let old = format!("{empty};{first};{seen};{old}");
        crate::world::batch(&config.database, &old);
    })
    .await;
    let session = world.backend.get("/v1/sessions/sess_user_77").await.ok();
    assert_eq!(session.json["latest_activity"]["ip_address"], "10.0.0.1");
    let found = world
        .backend
        .get(&format!("/v1/users?name_query=émile nr {rows}"))
        .await;
    assert_eq!(found.json[0]["id"], format!("user_{rows}"));
    assert_eq!(world.count("users where name_folded = ''").await, 0);
    trial.end(format_args!(
        "{rows} users, clients, tasks and sessions each"
    ));
}

#[tokio::test]
async fn a_database_newer_than_the_program_is_left_alone() {
    let mut world = World::new().await;
    let db = world.db().await;
    db.write(by(), |tx| {
        tx.execute("insert into migrations (version) values (999)", &[])
    })
    .await
    .unwrap();
    world.server.take().unwrap().stop().await;
    let refused = standin_server::Server::start(world.config.clone())
        .await
        .err()
        .unwrap();
    assert!(refused.to_string().contains("newer standin"), "{refused}");
}

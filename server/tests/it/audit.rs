//! The chain over the audit trail: who changes it behind the server's back is found out.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use standin_proof::Trial;
use standin_server::Server;
use standin_server::audit::{self, Finding, Seal, Verification};
use standin_server::caller::Caller;
use standin_server::db::{Database, Db, Write};

use crate::watched::{figure, metrics};
use crate::world::{World, batch, join_all};

/// Seals everything that there is, with seals of at most 500 records.
async fn seal(db: &Db, world: &World) {
    let now = world.now();
    let newest = db.read(audit::newest).await.unwrap();
    while let Some(seal) = db
        .read(move |tx| audit::prepare(tx, newest, now))
        .await
        .unwrap()
    {
        let by = Caller::internal("standin", now);
        let kept = db.write(by, move |tx| audit::keep(tx, &seal)).await;
        kept.unwrap();
    }
}

struct Verified {
    findings: Vec<Finding>,
    records: u64,
    unsealed: u64,
    head: Option<Seal>,
}

async fn verify_from(db: &Db, expected: Option<(i64, String)>) -> Verified {
    db.search(move |tx| {
        let mut verification = Verification::expecting(expected.clone());
        while verification.go_on(tx)? {}
        let (unsealed, _) = verification.end(tx)?;
        Ok(Verified {
            findings: verification.findings,
            records: verification.records,
            unsealed,
            head: verification.head,
        })
    })
    .await
    .unwrap()
}

async fn verify(db: &Db) -> Vec<Finding> {
    verify_from(db, None).await.findings
}

/// So many records more.
fn fill(world: &World, count: u32) {
    let sql = format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
         insert into audit (at, action, result, actor, request_id, detail)
         select i, 'task.create', 'ok', 'key_' || i, 'r' || i, 'd' from n"
    );
    batch(&world.config.database, &sql);
}

/// A trail of so many sealed records, and no server that goes on sealing.
async fn sealed(count: u32) -> (World, Db) {
    let mut world = World::new().await;
    world.server.take().unwrap().stop().await;
    fill(&world, count);
    // The stop sealed what there was; here seals are to begin with the first record.
    batch(&world.config.database, "delete from audit_seals");
    let db = world.db().await;
    seal(&db, &world).await;
    (world, db)
}

/// Runs everything there is, for those who look at each statement.
pub async fn use_all(world: &World) {
    let db = world.db().await;
    seal(&db, world).await;
    verify(&db).await;
    let (by, now) = (Caller::internal("standin", world.now()), world.now());
    let trim = move |tx: &mut Write<'_>| {
        audit::trim(tx, now, 1)?;
        audit::trim(tx, now, 1)
    };
    db.write(by, trim).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_to_one_of_a_hundred_thousand_records_is_named() {
    let (world, db) = sealed(100_000).await;
    let before = verify_from(&db, None).await;
    assert_eq!(before.findings, []);
    assert!(before.records >= 100_000 && before.unsealed == 0);
    batch(
        &world.config.database,
        "update audit set actor = 'nobody' where seq = 77777",
    );
    assert_eq!(verify(&db).await, [Finding::Changed { seq: 77_777 }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_alter_the_trail_is_named_and_undone_it_is_whole_again() {
    let (world, db) = sealed(1500).await;
    assert_eq!(verify(&db).await, []);
    let changed = || vec![Finding::Changed { seq: 600 }];
    let copy = "create table kept as select * from audit; create table kept_seals as select * from audit_seals";
    batch(&world.config.database, copy);
    let ways: [(&str, Vec<Finding>); 8] = [
        ("update audit set at = at + 1 where seq = 600", changed()),
        (
            "update audit set user_agent = '' where seq = 600",
            changed(),
        ),
        (
            "update audit set detail = request_id, request_id = detail where seq = 600",
            changed(),
        ),
        (
            "delete from audit where seq = 600",
            vec![Finding::Removed { seq: 600 }],
        ),
        (
            "update audit set seq = -1 where seq = 600; update audit set seq = 600 where seq = 610;
             update audit set seq = 610 where seq = -1",
            vec![
                Finding::Moved {
                    seq: 600,
                    from: 610,
                },
                Finding::Moved {
                    seq: 610,
                    from: 600,
                },
            ],
        ),
        (
            "insert into audit (seq, at, action, result, actor, request_id) values (-7, 1, 'task.create', 'ok', 'x', 'x')",
            vec![Finding::Inserted { seq: -7 }],
        ),
        (
            "update audit_seals set digest = 'x' where number = 2",
            vec![
                Finding::SealBroken { seal: 2 },
                Finding::SealBroken { seal: 3 },
            ],
        ),
        (
            "delete from audit where seq <= 500; delete from audit_seals where number = 1",
            vec![Finding::SealRemoved { seal: 1 }],
        ),
    ];
    for (way, findings) in ways {
        batch(&world.config.database, way);
        assert_eq!(verify(&db).await, findings, "{way}");
        let back = "delete from audit; insert into audit select * from kept;
            delete from audit_seals; insert into audit_seals select * from kept_seals";
        batch(&world.config.database, back);
        assert_eq!(verify(&db).await, [], "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_was_cut_off_at_its_end_is_found_out_by_a_seal_seen_before() {
    let (world, db) = sealed(1200).await;
    let head = verify_from(&db, None).await.head.unwrap();
    let seen = || Some((head.number, head.digest.clone()));
    fill(&world, 600);
    seal(&db, &world).await;
    assert_eq!(verify_from(&db, seen()).await.findings, []);
    let cut = format!(
        "delete from audit_seals where number >= {0}; delete from audit where seq > 1000",
        head.number
    );
    batch(&world.config.database, &cut);
    assert_eq!(verify(&db).await, [], "by itself it looks whole");
    let seal = head.number;
    let findings = verify_from(&db, seen()).await.findings;
    assert_eq!(findings, [Finding::SealRemoved { seal }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_past_their_time_are_removed_little_by_little_and_the_rest_is_a_chain_all_the_time()
{
    let (world, db) = sealed(11_200).await;
    let trim = async |before| {
        let by = Caller::internal("standin", world.now());
        db.write(by, move |tx| audit::trim(tx, before, 300))
            .await
            .unwrap()
    };
    assert_eq!(trim(world.now()).await, 0, "it was sealed at this moment");
    world.advance(1);
    let before = world.now();
    fill(&world, 700);
    seal(&db, &world).await;
    assert_eq!(trim(before).await, 1, "the trail begins later");
    assert_eq!(verify(&db).await, []);
    assert_eq!(trim(before).await, 300);
    assert_eq!(verify(&db).await, []);
    while trim(before).await > 0 {}
    assert_eq!(verify(&db).await, []);
    let kept = verify_from(&db, None).await;
    assert!((700..1200).contains(&(kept.records + kept.unsealed)));
    // Somebody else removes the next ones and dresses it up.
    seal(&db, &world).await;
    let head = verify_from(&db, None).await.head.unwrap();
    let forged = format!(
        "delete from audit where seq <= {};
        delete from audit_seals where number < {number};
        update audit_seals set marks = '' where number = {number}",
        head.last_seq,
        number = head.number
    );
    batch(&world.config.database, &forged);
    let seal = head.number;
    assert_eq!(verify(&db).await, [Finding::SealRemoved { seal }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_verifies_at_any_moment_while_the_server_removes_its_beginning() {
    let mut world = World::with(|config| config.keep.audit = Some(86_400)).await;
    world.server.take().unwrap().stop().await;
    fill(&world, 30_000);
    let db = world.db().await;
    seal(&db, &world).await;
    world.advance(2 * 86_400);
    let before = world.count("audit").await;
    world.restart().await;
    let mut left = before;
    while left > 1000 {
        assert_eq!(verify(&db).await, []);
        left = world.count("audit").await;
    }
    assert_eq!(verify(&db).await, []);
    assert!(world.count("audit_seals").await < 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_nodes_write_and_seal_one_chain() {
    let world = Arc::new(World::new().await);
    let other = Server::start(world.config.clone()).await.unwrap();
    let mut second = world.backend.clone();
    second.base = format!("http://localhost:{}", other.local_addr().port());
    let nodes = [world.backend.clone(), second];
    join_all((0..600).map(|n| nodes[n % 2].create(json!({})))).await;
    let (one, two) = (world.db().await, world.db().await);
    let sealing = [one.clone(), two].map(|db| {
        let world = world.clone();
        tokio::spawn(async move { seal(&db, &world).await })
    });
    for sealing in sealing {
        sealing.await.unwrap();
    }
    let verified = verify_from(&one, None).await;
    assert_eq!(verified.findings, []);
    assert!(verified.records >= 600 && verified.unsealed == 0);
    other.stop().await;
}

/// A write that has given its record a number and is not over.
fn begin_late_record(url: &str) -> postgres::Client {
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    let sql = "begin; select pg_current_xact_id();
        insert into audit (at, action, result, actor, request_id) values (1, 'task.create', 'ok', 'late', 'late')";
    client.batch_execute(sql).unwrap();
    client
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// Until the same is asked again: sealing looks once a second, and waits for whoever writes in the cluster.
async fn pause() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the condition itself is asked, without keeping a processor busy"
    )]
    tokio::time::sleep(Duration::from_millis(20)).await;
}

async fn wait_until_sealed(world: &World, number: i64) {
    let db = world.db().await;
    while db.read(audit::sealed_to).await.unwrap() < number {
        pause().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_seals_by_itself_and_at_its_stop_whatever_is_left() {
    let mut world = World::new().await;
    let db = world.db().await;
    fill(&world, 700);
    wait_until_sealed(&world, 500).await;
    world.server.take().unwrap().stop().await;
    // In a cluster that others use, one of them may be writing at this very moment.
    if matches!(world.config.database, Database::Sqlite(_)) {
        assert_eq!(verify_from(&db, None).await.unsealed, 0);
    }
    assert_eq!(verify(&db).await, []);
}

/// How often the server has looked since it started.
async fn looks(world: &World) -> u64 {
    let name = "standin_housekeeping_done_total{chore=\"seal_audit\"}";
    figure(&metrics(world).await, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sealed_above_a_record_that_is_not_committed_yet_however_long_that_takes() {
    let world = World::with(|config| {
        config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let Database::Postgres(url) = world.config.database.clone() else {
        return;
    };
    let db = world.db().await;
    let first = db.read(audit::newest).await.unwrap();
    let late = blocking(move || begin_late_record(&url)).await;
    fill(&world, 1200);
    // As many looks as there are seconds: the transaction is as long as the run wants it.
    let mut trial = Trial::begin("R14", "an audit record that is committed late");
    let seconds = u64::try_from(trial.size(3, 90)).unwrap();
    let from = looks(&world).await;
    while looks(&world).await < from + seconds {
        pause().await;
    }
    assert!(db.read(audit::sealed_to).await.unwrap() <= first);
    let waiting = figure(&metrics(&world).await, "standin_audit_unsealed");
    assert!(waiting >= 1200, "{waiting} wait");
    blocking(move || {
        let mut late = late;
        late.batch_execute("commit").unwrap();
    })
    .await;
    // The rest waits for the minute.
    wait_until_sealed(&world, first + 900).await;
    let verified = verify_from(&db, None).await;
    assert_eq!(verified.findings, []);
    trial.end(format_args!(
        "held open for {seconds} s, {waiting} records waited; sealed in order afterwards, {} in all",
        verified.records
    ));
}

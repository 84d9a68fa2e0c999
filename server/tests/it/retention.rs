//! What is past its time is removed, in writes that nobody has to wait for long behind, and nothing else is.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use standin_proof::Trial;
use standin_server::caller::Caller;
use standin_server::clock::Time;
use standin_server::config::Keep;
use standin_server::db::{Database, Write};
use standin_server::id::UserId;
use standin_server::retention::{self, Old, Place};

use crate::watched::{figure, metrics};
use crate::world::{Browser, Task, World, batch};

const DAY: u64 = 86_400;

/// Lets time pass, and waits until housekeeping has looked through everything.
pub async fn later(world: &World, days: u64) {
    world.advance(days * DAY);
    let now = world.now();
    let db = world.db().await;
    let is_done = async || {
        let due = db.read(|tx| tx.one::<Time>("select due_at from retention", &[]));
        due.await.unwrap() > now
    };
    while !is_done().await {
        tokio::task::yield_now().await;
    }
}

async fn visited(world: &World, seconds: u64) -> (Browser, Task, String) {
    let long = json!({ "session_max_duration_in_seconds": seconds });
    let task = Task::of(&world.backend.create(long).await.ok());
    let browser = world.browser();
    browser.visit(&task).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    (browser, task, session)
}

async fn counts(world: &World) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in [
        "tasks",
        "sessions",
        "clients",
        "dev_browsers",
        "sign_in_tokens",
    ] {
        counts.push(world.count(table).await);
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_time_goes_and_what_is_not_stays() {
    let world = World::new().await;
    let task = async |task: &Task| {
        let path = format!("/v1/agents/tasks/{}", task.id);
        world.backend.get(&path).await.status
    };
    let (short, old, _) = visited(&world, 1800).await;
    let (_, long, _) = visited(&world, 30 * DAY).await;
    let unused = world.backend.task().await;
    let ada = world.backend.get("/v1/users").await.json[0]["id"].clone();
    let token = json!({ "user_id": ada, "expires_in_seconds": 3600 });
    world.backend.post("/v1/sign_in_tokens", token).await.ok();
    assert_eq!(counts(&world).await, [3, 2, 2, 2, 1]);
    let audit = world.count("audit").await;

    later(&world, 29).await;
    assert_eq!(counts(&world).await, [3, 2, 2, 2, 1]);
    later(&world, 2).await;
    assert_eq!(counts(&world).await, [1, 1, 1, 1, 0]);
    assert_eq!(task(&long).await, 200, "its session ended a day ago");
    for gone in [&old, &unused] {
        assert_eq!(task(gone).await, 404);
        let refused = world.browser().visit(gone).await;
        assert_eq!(
            refused.refusal(),
            world
                .browser()
                .get("/v1/agents/tasks?ticket=x")
                .await
                .refusal()
        );
    }
    assert!(short.session().await.is_null());
    let again = world.backend.task().await;
    short.visit(&again).await.location();
    assert_eq!(short.session().await["status"], "active");

    later(&world, 60).await;
    assert_eq!(counts(&world).await, [0, 0, 0, 0, 0]);
    assert!(world.count("audit").await > audit, "the records stay");
    assert_eq!(world.count("users").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_goes_on_keeps_its_task_and_its_client_however_old_they_are() {
    let world = World::with(|config| {
        let day = Some(86_400);
        let (tasks, sessions, audit) = (day, day, day);
        config.keep = Keep {
            tasks,
            sessions,
            audit,
            deliveries: day,
        };
    })
    .await;
    let (browser, task, session) = visited(&world, 20 * DAY).await;
    later(&world, 15).await;
    assert_eq!(counts(&world).await, [1, 1, 1, 1, 0]);
    browser.token(&session).await.ok();
    let path = format!("/v1/agents/tasks/{}", task.id);
    world.backend.get(&path).await.ok();
    // Ended before its time, it stays for another day.
    let revoke = format!("/v1/sessions/{session}/revoke");
    world.backend.post(&revoke, json!({})).await.ok();
    later(&world, 1).await;
    assert_eq!(world.count("sessions").await, 1);
    later(&world, 1).await;
    assert_eq!(counts(&world).await, [0, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_where_everything_is_kept_for_ever() {
    let world = World::with(|config| config.keep = Keep::FOREVER).await;
    visited(&world, 60).await;
    later(&world, 5000).await;
    assert_eq!(counts(&world).await, [1, 1, 1, 1, 0]);
}

/// So many of each, all long past their time.
fn fill(world: &World, each: usize) {
    let sql = format!("insert into agents (id, name, name_folded, created_at) values ('agent_x', 'X', 'x', 1);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < {each})
        insert into clients (id, secret_digest, created_at, updated_at) select 'client_' || i, 'c' || (i * 7919 % 40009), i, i from n;
        insert into tasks (id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds,
                           ticket_digest, created_at, expires_at, used_at, session_id)
        select 'agttsk_' || id, 'agent_x', 'user_' || (created_at % 1000), 'key_1', 'old', '*', 'http://localhost:3000/', 1800,
               't' || secret_digest, created_at, 2, 1, 'sess_' || id from clients;
        insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at)
        select session_id, substr(session_id, 6), user_id, agent_id, id, created_at, 1, 2, 1 from tasks where session_id is not null;");
    batch(&world.config.database, &sql);
}

/// How many slices took at most so many seconds.
fn within(text: &str, bound: &str) -> u64 {
    let name = format!("standin_housekeeping_write_seconds_bucket{{le=\"{bound}\"}}");
    figure(text, &name)
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_past_their_time_go_in_short_writes_while_others_write() {
    let mut trial = Trial::begin("R20", "rows past their time are removed under writes");
    // A hundred and twenty thousand rows in the full form.
    let each = trial.size(4_000, 40_000);
    let world = World::with(|config| {
        config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    fill(&world, each);
    let removing = async {
        later(&world, 1).await;
        true
    };
    let mut slowest = Duration::ZERO;
    let creating = async {
        loop {
            let started = Instant::now();
            world.backend.task().await;
            slowest = slowest.max(started.elapsed());
        }
    };
    tokio::select! {
        _ = removing => {}
        () = creating => {}
    }
    assert_eq!(counts(&world).await[1..], [0, 0, 0, 0]);
    let text = metrics(&world).await;
    let (all, short) = (within(&text, "+Inf"), within(&text, "0.01"));
    let each = u64::try_from(each).unwrap();
    assert!(all > each / 512);
    // Built without optimizations, beside other tests: a bound for the many, and one that none of them passes.
    if matches!(world.config.database, Database::Sqlite(_)) {
        assert!(within(&text, "0.025") * 10 >= all * 9, "{text}");
        assert_eq!(within(&text, "1"), all, "{text}");
    }
    let sessions = r#"standin_housekeeping_rows_total{chore="remove_sessions"}"#;
    let tasks = r#"standin_housekeeping_rows_total{chore="remove_tasks"}"#;
    assert_eq!(
        (figure(&text, sessions), figure(&text, tasks)),
        (each, each)
    );
    trial.end(format_args!(
        "{all} writes, {short} of them within 10 ms; the slowest create took {slowest:.1?}"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_nodes_one_removes_and_another_takes_over_when_it_is_silent() {
    let world = World::new().await;
    let db = world.db().await;
    let take = async |node: &'static str| {
        let by = Caller::internal("standin", world.now());
        let taking = db.write(by, move |tx| retention::take_turn(tx, node));
        taking.await.unwrap()
    };
    let due = async || {
        let now = world.now();
        db.read(move |tx| retention::is_due(tx, now)).await.unwrap()
    };
    assert!(
        !due().await && !take("one").await,
        "a new database has nothing old"
    );
    // For so long that the server itself finds nothing due.
    let until = world.now().plus_seconds(7_000).0;
    batch(
        &world.config.database,
        &format!("update retention set node = 'one', held_until = {until}, due_at = 1"),
    );
    assert!(!due().await && !take("two").await);
    assert!(take("one").await, "its own turn goes on");
    world.advance(61);
    assert!(take("two").await, "the first was silent for a minute");
    assert!(!take("one").await);
}

#[tokio::test]
async fn a_turn_that_was_under_way_when_the_clock_went_back_keeps_nobody_waiting() {
    let world = World::new().await;
    // After the wait of a new database.
    let now = world.now().plus_seconds(3_601);
    let then = now.plus_seconds(30 * 86_400);
    let ending = move |tx: &mut Write<'_>| {
        assert!(retention::take_turn(tx, "one")?);
        let held = (retention::is_due(tx, then)?, retention::is_due(tx, now)?);
        retention::end_turn(tx, "one", tx.now())?;
        let soon = then.plus_seconds(-1800);
        let ended = [then, soon, now].map(|at| retention::is_due(tx, at).unwrap());
        Ok((held, ended))
    };
    let by = Caller::internal("standin", then);
    let (held, ended) = world.db().await.write(by, ending).await.unwrap();
    assert_eq!(held, (false, true));
    assert_eq!(ended, [false, false, true]);
}

#[tokio::test]
async fn a_turn_that_was_under_way_when_the_clock_went_ahead_is_followed_by_the_next_at_once() {
    let world = World::new().await;
    let now = world.now().plus_seconds(3_601);
    let then = now.plus_seconds(30 * 86_400);
    let ending = move |tx: &mut Write<'_>| {
        assert!(retention::take_turn(tx, "one")?);
        retention::end_turn(tx, "one", now)?;
        retention::is_due(tx, then)
    };
    let by = Caller::internal("standin", then);
    assert!(world.db().await.write(by, ending).await.unwrap());
}

/// Every row of every table as text.
fn everything(database: &Database) -> Vec<(String, String)> {
    let mut all = Vec::new();
    match database {
        Database::Sqlite(path) => {
            let file = rusqlite::Connection::open(path).unwrap();
            let tables = "select name from sqlite_master where type = 'table'";
            let mut tables = file.prepare(tables).unwrap();
            let tables: Vec<String> = tables
                .query_map([], |row| row.get(0))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            for table in tables {
                let mut rows = file.prepare(&format!("select * from {table}")).unwrap();
                let columns = rows.column_count();
                let mut rows = rows.query([]).unwrap();
                while let Some(row) = rows.next().unwrap() {
                    let values = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
                    // Texts are shown as bytes.
                    let texts = (0..columns).filter_map(|at| row.get::<_, String>(at).ok());
                    let text = values.chain(texts).collect::<Vec<_>>().join(" ");
                    all.push((table.clone(), text));
                }
            }
        }
        Database::Postgres(url) => {
            let url = url.clone();
            let reading = std::thread::spawn(move || {
                let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
                let tables = "select table_name from information_schema.tables where table_schema = 'public'";
                let mut all = Vec::new();
                for table in client.query(tables, &[]).unwrap() {
                    let table: String = table.get(0);
                    let rows = format!("select t::text from {table} t");
                    for row in client.query(&rows, &[]).unwrap() {
                        all.push((table.clone(), row.get::<_, String>(0)));
                    }
                }
                all
            });
            all = reading.join().unwrap();
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_deleted_user_nothing_is_left_but_what_the_audit_trail_says_of_an_id() {
    let world = World::new().await;
    let backend = &world.backend;
    let organization = {
        let ada = backend.get("/v1/users").await.json[0]["id"].clone();
        backend.organization("Acme", ada.as_str().unwrap()).await
    };
    for path in [
        "/v1/invitations".to_owned(),
        "/v1/waitlist_entries".to_owned(),
        format!("/v1/organizations/{organization}/invitations"),
    ] {
        let mut body = json!({ "email_address": "grace@example.org" });
        if path.ends_with(&format!("{organization}/invitations")) {
            body["role"] = "org:member".into();
        }
        backend.post(&path, body).await.ok();
    }
    let grace = json!({
        "email_address": ["grace@example.org"], "phone_number": ["+15555550142"], "username": "grace_h", "first_name": "Gracious",
        "last_name": "Hopperson", "external_id": "crm-4711", "public_metadata": { "plan": "admiral" },
    });
    let user = backend.post("/v1/users", grace).await.ok().json["id"].clone();
    let user = user.as_str().unwrap();
    backend.member(&organization, user, "org:member").await.ok();
    let task = json!({ "on_behalf_of": { "user_id": user }, "task_description": "as Gracious" });
    let opened = Task::of(&backend.create(task.clone()).await.ok());
    let pending = Task::of(&backend.create(task).await.ok());
    let browser = world.browser();
    let visit = browser
        .request(Method::GET, &opened.path)
        .header("user-agent", "Hopper's browser");
    browser.send(visit).await.location();
    let token = json!({ "user_id": user, "expires_in_seconds": 60 });
    backend.post("/v1/sign_in_tokens", token).await.ok();

    backend.delete(&format!("/v1/users/{user}")).await.ok();
    assert!(browser.session().await.is_null());
    let erased = async || {
        let sql = "select count(*) from erasures where due_at <= $1";
        let now = Time(world.now().0);
        let db = world.db().await;
        db.read(move |tx| tx.one::<i64>(sql, &[now.into()]))
            .await
            .unwrap()
            == 0
    };
    while !erased().await {
        tokio::task::yield_now().await;
    }
    let refused = world.browser().visit(&pending).await;
    assert_eq!(
        refused.refusal(),
        "404 agent_task_subject_not_found",
        "as long as it would open something"
    );
    world.advance(601);
    while !erased().await || world.count("erasures").await > 0 {
        tokio::task::yield_now().await;
    }
    for (table, row) in everything(&world.config.database) {
        for word in [
            "grace@",
            "grace_h",
            "Gracious",
            "Hopperson",
            "15555550142",
            "crm-4711",
            "admiral",
        ] {
            assert!(!row.contains(word), "{table}: {row}");
        }
        let in_audit = table == "audit";
        assert!(
            in_audit || !row.contains(user) && !row.contains("Hopper's browser"),
            "{table}: {row}"
        );
    }
    let records = backend.get("/v1/audit_logs?limit=100").await.json;
    let of = |record: &&Value| record["user_id"] == user;
    assert!(
        records["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(of)
            .count()
            >= 5
    );
}

/// Runs everything there is, for those who look at each statement.
pub async fn use_all(world: &World) {
    let db = world.db().await;
    let (by, now) = (Caller::internal("standin", world.now()), world.now());
    for old in Old::ALL {
        let place = Place::default();
        let look = db.search(move |tx| retention::look(tx, old, Time(i64::MAX), &place));
        let look = look.await.unwrap();
        assert!(look.next.is_some());
        let some = look.past[..look.past.len().min(3)].to_vec();
        let remove = move |tx: &mut Write<'_>| retention::remove(tx, old, &some, now);
        db.write(by.clone(), remove).await.unwrap();
    }
    let user = world.backend.user("erased@example.com").await;
    let task = json!({ "on_behalf_of": { "user_id": user } });
    world.backend.create(task).await.ok();
    world
        .backend
        .delete(&format!("/v1/users/{user}"))
        .await
        .ok();
    let user = UserId::from(user);
    let erase = move |tx: &mut Write<'_>| {
        retention::unerased(tx, now)?;
        retention::erase(tx, &UserId::from("user_9"), 1)?;
        // A link that could still be opened, and nothing.
        retention::erase(tx, &user, 1)?;
        retention::erase(tx, &UserId::from("user_nobody"), 1)?;
        retention::is_due(tx, now)?;
        retention::take_turn(tx, "x")?;
        retention::end_turn(tx, "x", now)
    };
    db.write(by, erase).await.unwrap();
}

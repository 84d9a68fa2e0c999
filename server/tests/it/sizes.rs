//! Calls that concern everybody, where there are many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use standin_server::db::Database;

use crate::world::{World, batch};

/// On PostgreSQL each of them travels to another process.
fn many(database: &Database) -> i64 {
    match database {
        Database::Sqlite(_) => 100_000,
        Database::Postgres(_) => 10_000,
    }
}

/// How long the one call may take, and how long anybody may wait beside it, with a margin for machines that compile
/// meanwhile and for a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it may take until each session has its record.
const RECORDED: Duration = Duration::from_mins(2);

fn sessions(user: &str, many: i64) -> String {
    format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {many})
    insert into clients (id, secret_digest, last_active_session_id, created_at, updated_at)
    select 'client_' || i, 'digest ' || i, 'sess_' || i, 1, 1 from n;
    insert into sessions (id, client_id, user_id, created_at, updated_at, expire_at, last_active_at)
    select last_active_session_id, id, '{user}', 1, 1, 99999999999999, 1 from clients;
    analyze;"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_session_ends_in_one_call_and_creates_go_on_beside_it() {
    let world = World::new().await;
    let user = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    let many = many(&world.config.database);
    batch(
        &world.config.database,
        &sessions(user.as_str().unwrap(), many),
    );

    let over = Arc::new(AtomicBool::new(false));
    let (backend, done) = (world.backend.clone(), over.clone());
    let creating = tokio::spawn(async move {
        let (mut made, mut longest) = (0, Duration::ZERO);
        while !done.load(Ordering::Relaxed) || made < 5 {
            let asked = Instant::now();
            backend.create(json!({})).await.ok();
            longest = longest.max(asked.elapsed());
            made += 1;
        }
        longest
    });
    let asked = Instant::now();
    let everyone = json!({ "all": true });
    let revoked = world.backend.post("/v1/sessions/revoke", everyone).await;
    let took = asked.elapsed();
    over.store(true, Ordering::Relaxed);
    let longest_create = creating.await.unwrap();
    println!("revoked in {took:?}; the longest create beside it took {longest_create:?}");

    let told = revoked.ok().json;
    assert_eq!(told["total_count"], many);
    assert_eq!(told["data"].as_array().unwrap().len(), 500);
    assert!(took < PATIENCE, "{took:?}");
    assert!(longest_create < PATIENCE, "{longest_create:?}");
    // What nobody has ended yet is over all the same.
    let active = world
        .backend
        .get("/v1/sessions?status=active&limit=1")
        .await;
    assert_eq!(active.ok().json, json!([]));

    recorded(&world).await;
    let each = "audit where action = 'session.revoke' and result = 'ok' and session_id is not null";
    assert_eq!(world.count(each).await, many);
    let kept = "clients where last_active_session_id is not null";
    assert_eq!(world.count("sessions where ended_at is null").await, 0);
    assert_eq!(world.count(kept).await, 0);
}

async fn recorded(world: &World) {
    let asked = Instant::now();
    while world.count("revocations").await > 0 {
        assert!(asked.elapsed() < RECORDED, "still not each has its record");
        #[expect(clippy::disallowed_methods, reason = "the server works by itself")]
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// With more sessions behind somebody than one write looks at, those that are open end in one row, and what begins later
/// is not among them.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_in_one_row_is_over_at_once_and_what_comes_later_is_not() {
    let world = World::new().await;
    let ada = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    let task = world.backend.task().await;
    batch(
        &world.config.database,
        &history(ada.as_str().unwrap(), &task.agent),
    );
    for (turn, whose) in [
        json!({ "user_id": ada }),
        json!({ "agent_id": task.agent }),
        json!({ "all": true }),
    ]
    .into_iter()
    .enumerate()
    {
        let open = world.browser();
        open.visit(&world.backend.task().await).await.location();
        let session = open.session().await["id"].as_str().unwrap().to_owned();
        world.advance(1);
        let told = world
            .backend
            .post("/v1/sessions/revoke", whose.clone())
            .await
            .ok();
        // The one of this turn, and that of the last turn which began after the last call.
        let open_now = if turn == 0 { 1 } else { 2 };
        assert_eq!(told.json["total_count"], open_now, "{whose}");
        let named = told.json["data"].as_array().unwrap();
        assert!(named.contains(&json!(session)), "{whose}");
        assert_eq!(
            open.token(&session).await.refusal(),
            "401 signed_out",
            "{whose}"
        );
        let shown = world
            .backend
            .get(&format!("/v1/sessions/{session}"))
            .await
            .ok();
        assert_eq!(shown.json["status"], "revoked", "{whose}");

        world.advance(1);
        let later = world.browser();
        later.visit(&world.backend.task().await).await.location();
        let kept = later.session().await["id"].as_str().unwrap().to_owned();
        recorded(&world).await;
        later.token(&kept).await.ok();
        let record = format!(
            "audit where action = 'session.revoke' and session_id = '{session}' and actor like 'key_%'"
        );
        assert_eq!(world.count(&record).await, 1, "{whose}");
    }
    assert_eq!(
        world.count("sessions where end_status = 'revoked'").await,
        5
    );
}

/// Who changes or resets a password and signs out everywhere else stays signed in there, however many sessions there were.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_out_everywhere_else_stays_signed_in_with_many_sessions_too() {
    const EMAIL: &str = "grace+clerk_test@example.com";
    let passwords = [
        "correct horse battery",
        "staple correct horse",
        "horse battery staple",
    ];
    let world = World::new().await;
    let grace = world.backend.user_with_password(EMAIL, passwords[0]).await;
    let task = world.backend.task().await;
    batch(&world.config.database, &history(&grace, &task.agent));
    let sign_in = async |password: &str| {
        let browser = world.browser();
        let form = [("identifier", EMAIL), ("password", password)];
        browser.form("/v1/client/sign_ins", &form).await.ok();
        let session = browser.session().await["id"].as_str().unwrap().to_owned();
        (browser, session)
    };
    let (other, over) = sign_in(passwords[0]).await;
    let (browser, session) = sign_in(passwords[0]).await;
    let change = [
        ("current_password", passwords[0]),
        ("new_password", passwords[1]),
        ("sign_out_of_other_sessions", "true"),
    ];
    let changed = browser.form("/v1/me/change_password", &change).await.ok();
    assert_eq!(changed.json["client"]["sessions"][0]["id"], session);
    assert_eq!(other.token(&over).await.refusal(), "401 signed_out");
    recorded(&world).await;
    browser.token(&session).await.ok();

    world.advance(1);
    let resetting = world.browser();
    let code = ("strategy", "reset_password_email_code");
    let form = [("identifier", EMAIL), code];
    let begun = resetting.form("/v1/client/sign_ins", &form).await.ok();
    let attempt = format!(
        "/v1/client/sign_ins/{}",
        begun.json["response"]["id"].as_str().unwrap()
    );
    let given = [code, ("code", "424242")];
    let path = format!("{attempt}/attempt_first_factor");
    resetting.form(&path, &given).await.ok();
    let reset = [("password", passwords[2]), change[2]];
    resetting
        .form(&format!("{attempt}/reset_password"), &reset)
        .await
        .ok();
    let kept = resetting.session().await["id"].as_str().unwrap().to_owned();
    assert_eq!(browser.token(&session).await.refusal(), "401 signed_out");
    recorded(&world).await;
    resetting.token(&kept).await.ok();
    for (id, records) in [(&over, 1), (&session, 1), (&kept, 0)] {
        let record = format!("audit where action = 'session.revoke' and session_id = '{id}'");
        assert_eq!(world.count(&record).await, records);
    }
    let everywhere = json!({ "user_id": grace });
    world.advance(1);
    world
        .backend
        .post("/v1/sessions/revoke", everywhere)
        .await
        .ok();
    assert_eq!(resetting.token(&kept).await.refusal(), "401 signed_out");
}

/// Fifteen hundred sessions that are over.
fn history(user: &str, agent: &str) -> String {
    format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500)
    insert into clients (id, secret_digest, created_at, updated_at) select 'client_' || i, 'digest ' || i, 1, 1 from n;
    insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at)
    select 'sess_' || id, id, '{user}', '{agent}', 'agttsk_' || id, 1, 1, 2, 1 from clients where secret_digest like 'digest %';"
    )
}

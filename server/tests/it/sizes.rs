//! Calls that concern everybody, where there are many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{World, batch};

const SESSIONS: i64 = 100_000;

/// How long the one call may take, with a margin for machines that compile beside it and for a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(20);

fn sessions(user: &str) -> String {
    format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {SESSIONS})
    insert into clients (id, secret_digest, last_active_session_id, created_at, updated_at)
    select 'client_' || i, 'digest ' || i, 'sess_' || i, 1, 1 from n;
    insert into sessions (id, client_id, user_id, created_at, updated_at, expire_at, last_active_at)
    select last_active_session_id, id, '{user}', 1, 1, 99999999999999, 1 from clients;
    analyze;"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_sessions_end_in_one_call_and_creates_go_on_beside_it() {
    let world = World::new().await;
    let user = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    batch(&world.config.database, &sessions(user.as_str().unwrap()));

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
    assert_eq!(told["total_count"], SESSIONS);
    assert_eq!(told["data"].as_array().unwrap().len(), 500);
    assert!(took < PATIENCE, "{took:?}");
    assert!(longest_create < PATIENCE, "{longest_create:?}");
    assert_eq!(
        world
            .count("audit where action = 'session.revoke' and result = 'ok'")
            .await,
        SESSIONS
    );
    let kept = "clients where last_active_session_id is not null";
    assert_eq!(world.count("sessions where ended_at is null").await, 0);
    assert_eq!(world.count(kept).await, 0);
}

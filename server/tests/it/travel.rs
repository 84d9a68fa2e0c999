//! The clock of a development instance, moved by hand: everything that ends goes by it, and it can be put right.

use serde_json::json;

use crate::webhooks::Sink;
use crate::world::{Answer, Browser, Task, World, claims};

const PATH: &str = "/v1/development/clock";
const DAY: i64 = 86_400;

async fn move_by(world: &World, seconds: i64) -> Answer {
    let moved = world.backend.patch(PATH, json!({ "by_seconds": seconds }));
    moved.await.ok()
}

async fn put_right(world: &World) {
    let right = world.backend.delete(PATH).await.ok().json;
    assert_eq!(right["now"], world.now().0);
    assert_eq!(right["ahead_ms"], 0);
}

/// A browser in a session of half an hour, and the session's id.
pub async fn signed_in(world: &World) -> (Browser, String) {
    let wish = json!({ "session_max_duration_in_seconds": 1800 });
    let task = Task::of(&world.backend.create(wish).await.ok());
    let browser = world.browser();
    browser.visit(&task).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    (browser, session)
}

#[tokio::test]
async fn a_session_of_half_an_hour_and_an_unused_link_end_when_the_clock_is_moved_by_31_minutes() {
    let mut world = World::new().await;
    let (mut browser, session) = signed_in(&world).await;
    let unused = world.backend.task().await;
    browser.token(&session).await.ok();
    let moved = move_by(&world, 31 * 60).await.json;
    assert_eq!(moved["now"], world.now().0 + 31 * 60_000);
    assert_eq!(moved["real"], world.now().0);
    assert_eq!(browser.token(&session).await.refusal(), "401 signed_out");
    let opened = world.browser().visit(&unused).await;
    assert_eq!(opened.refusal(), "400 ticket_expired_code");

    // Whoever puts it right wants the time before, not only the number; a restart does the same.
    put_right(&world).await;
    browser.token(&session).await.ok();
    world.browser().visit(&unused).await.location();
    move_by(&world, 31 * 60).await;
    let (_, later) = signed_in(&world).await;
    world.restart().await;
    assert_eq!(world.backend.get(PATH).await.ok().json["ahead_ms"], 0);
    browser = world.browser_with(&browser);
    browser.token(&session).await.ok();
    assert_eq!(browser.get("/v1/health").await.status, 200);
    let later = world.backend.get(&format!("/v1/sessions/{later}")).await;
    assert_eq!(later.json["created_at"], world.now().0 + 31 * 60_000);
}

#[tokio::test]
async fn tokens_are_of_the_time_that_was_set_forward_or_back() {
    let world = World::new().await;
    for days in [200, -200] {
        let at = world.now().0 + days * DAY * 1000;
        let set = world.backend.patch(PATH, json!({ "at": at })).await.ok();
        assert_eq!(set.json["now"], at);
        let (browser, session) = signed_in(&world).await;
        let token = browser.token(&session).await.ok();
        let claims = claims(&world, token.json["jwt"].as_str().unwrap()).await;
        assert_eq!(claims["iat"], at / 1000, "{days}");
        assert_eq!(claims["exp"], at / 1000 + 60, "{days}");
        // It goes on from there.
        world.advance(120);
        let token = browser.token(&session).await.ok();
        let after = crate::world::claims(&world, token.json["jwt"].as_str().unwrap()).await;
        assert_eq!(after["iat"], at / 1000 + 120, "{days}");
        put_right(&world).await;
    }
    let records = world.backend.get("/v1/audit_logs?limit=100").await.json;
    let moves = records["data"].as_array().unwrap().iter();
    let moves: Vec<_> = moves
        .filter(|record| record["action"] == "clock.move")
        .collect();
    assert_eq!(moves.len(), 4, "{moves:?}");
}

#[tokio::test]
async fn what_happened_is_told_though_the_clock_went_back() {
    let world = World::new().await;
    let sink = Sink::new().await;
    let hook = json!({ "url": sink.url(), "events": ["user.created", "agent_task.expired"] });
    world.backend.post("/v1/webhook_endpoints", hook).await.ok();
    move_by(&world, 30 * DAY).await;
    sink.answers(500);
    world.backend.user("grace@example.com").await;
    world.backend.task().await;
    sink.has(1).await;
    sink.answers(200);
    put_right(&world).await;
    // The link is of a time to come, and so is its end.
    let told = sink.has(2).await;
    let types: Vec<_> = told.iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["user.created", "user.created"]);
}

#[tokio::test]
async fn a_time_that_cannot_be_meant_is_refused_and_the_clock_stays() {
    let world = World::new().await;
    for (body, refusal, param) in [
        (json!({}), "422 form_param_missing", "at"),
        (json!({ "at": "noon" }), "422 form_param_type_invalid", "at"),
        (json!({ "at": 0 }), "422 form_param_value_invalid", "at"),
        (
            json!({ "by_seconds": i64::MAX }),
            "422 form_param_value_invalid",
            "by_seconds",
        ),
        (
            json!({ "at": 1_800_000_000_000_i64, "by_seconds": 1 }),
            "422 form_conditional_param_disallowed",
            "at",
        ),
        (json!({ "days": 1 }), "422 form_param_unknown", "days"),
    ] {
        let refused = world.backend.patch(PATH, body).await;
        assert_eq!(
            (refused.refusal().as_str(), refused.param()),
            (refusal, param)
        );
    }
    assert_eq!(world.backend.get(PATH).await.json["ahead_ms"], 0);
    let stranger = world.backend.with_key("sk_test_wrong").get(PATH).await;
    assert_eq!(stranger.refusal(), "401 clerk_key_invalid");
}

#[tokio::test]
async fn in_production_there_is_no_such_address() {
    let world = World::production().await;
    let unknown = world.backend.get("/v1/no/such/address").await;
    assert_eq!(unknown.refusal(), "404 resource_not_found");
    for path in ["/v1/development", PATH, "/v1/development/faults"] {
        let body = json!({ "by_seconds": 3600 });
        for answer in [
            world.backend.get(path).await,
            world.backend.patch(path, body.clone()).await,
            world.backend.post(path, body).await,
            world.backend.delete(path).await,
        ] {
            assert_eq!(answer.status, unknown.status, "{path}");
            assert_eq!(answer.json["errors"], unknown.json["errors"], "{path}");
        }
    }
}

pub async fn use_all(world: &World) {
    let hook = json!({ "url": Sink::new().await.url() });
    let hook = world.backend.post("/v1/webhook_endpoints", hook).await.ok();
    move_by(world, 60).await;
    put_right(world).await;
    let path = format!(
        "/v1/webhook_endpoints/{}",
        hook.json["id"].as_str().unwrap()
    );
    world.backend.delete(&path).await.ok();
}

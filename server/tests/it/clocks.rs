//! A clock that is set back opens nothing again.

use serde_json::json;
use standin_server::clock::Time;

use crate::world::{Task, World};

const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn a_clock_that_jumped_ahead_and_came_back_revives_no_ticket_and_no_session() {
    let mut world = World::new().await;
    let (mut browser, used) = (world.browser(), world.backend.task().await);
    browser.visit(&used).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let unused = world.backend.task().await;
    let before = world.now();
    for ahead in [HOUR, 10 * 365 * 24 * HOUR] {
        world.clock.set(Time(before.0 + ahead));
        assert_eq!(
            browser.visit(&unused).await.refusal(),
            "400 ticket_expired_code"
        );
        assert_eq!(browser.token(&session).await.refusal(), "401 signed_out");
        world.clock.set(before);
        for restarted in [false, true] {
            if restarted {
                world.server.take().unwrap().stop().await;
                let server = standin_server::Server::start(world.config.clone()).await;
                world.server = Some(server.unwrap());
                let port = world.server.as_ref().unwrap().local_addr().port();
                world.url = format!("http://localhost:{port}");
                browser = world.browser_with(&browser);
            }
            assert_eq!(
                browser.visit(&unused).await.refusal(),
                "503 service_unavailable",
                "{restarted}"
            );
            assert_eq!(
                browser.token(&session).await.refusal(),
                "503 service_unavailable"
            );
            let health = browser.get("/v1/health").await;
            assert_eq!(health.status, 503);
            assert!(
                health.json["message"].as_str().unwrap().contains("behind"),
                "{health:?}"
            );
            assert_eq!(browser.get("/.well-known/jwks.json").await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_set_right_by_seconds_stands_still_and_nothing_else_happens() {
    let world = World::new().await;
    let before = world.now();
    world.clock.set(Time(before.0 - 20_000));
    let task: Task = world.backend.task().await;
    let shown = world
        .backend
        .get(&format!("/v1/agents/tasks/{}", task.id))
        .await;
    assert_eq!(shown.json["created_at"], json!(before.0));
    world.browser().visit(&task).await.location();
}

#[tokio::test]
async fn what_was_taken_back_by_a_clock_that_ran_ahead_is_over_after_a_crash_too() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let before = world.now();
    world.clock.set(Time(before.0 + HOUR));
    // It is over by this clock, so there is nothing to end.
    let revoke = format!("/v1/sessions/{session}/revoke");
    let revoked = world.backend.post(&revoke, json!({})).await.ok();
    assert_eq!(revoked.json["status"], "expired");
    world.clock.set(before);
    // This server is not asked to stop, so it writes nothing down.
    let next = standin_server::Server::start(world.config.clone()).await;
    let next = next.unwrap();
    browser.base = format!("http://localhost:{}", next.local_addr().port());
    let token = browser.token(&session).await;
    assert_eq!(token.refusal(), "503 service_unavailable");
    next.stop().await;
}

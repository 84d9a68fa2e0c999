//! What operators and their machines see: probes that tell the truth, and figures.

use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, World, join_all};

/// Asks an address of the server's, under a name that is none of its own.
async fn ask(world: &World, base: &str, path: &str) -> Answer {
    let request = reqwest::Client::new().get(format!("{base}{path}"));
    let request = request.header("host", "standin-0.pods.internal");
    world.backend.send(request).await
}

/// The value of a figure.
pub fn figure(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
    line.trim().parse().unwrap()
}

pub async fn metrics(world: &World) -> String {
    let address = world.server.as_ref().unwrap().metrics_addr().unwrap();
    ask(world, &format!("http://{address}"), "/metrics")
        .await
        .ok()
        .text
}

#[tokio::test]
async fn every_door_answers_probes_under_any_name_and_without_a_key() {
    let world = World::with(|config| {
        config.backend_listen = Some("127.0.0.1:0".parse().unwrap());
        config.limits.per_ip = Some(1);
    })
    .await;
    for base in [&world.url, &world.backend.base] {
        for _ in 0..3 {
            let ready = ask(&world, base, "/readyz").await.ok();
            assert_eq!(ready.json["status"], "ready");
            let alive = ask(&world, base, "/livez").await.ok();
            assert_eq!(alive.json["status"], "alive");
        }
        let elsewhere = ask(&world, base, "/v1/environment").await;
        assert_eq!(elsewhere.refusal(), "421 host_invalid");
    }
}

#[tokio::test]
async fn a_server_whose_clock_was_set_back_lives_and_is_not_ready() {
    let world = World::new().await;
    world
        .clock
        .set(standin_server::clock::Time(world.now().0 - 3_600_000));
    let ready = ask(&world, &world.url, "/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.json["status"]),
        (503, &json!("not ready"))
    );
    let why = ready.json["message"].as_str().unwrap();
    assert!(why.contains("clock is 3600 s behind"), "{why}");
    ask(&world, &world.url, "/livez").await.ok();
}

#[tokio::test]
async fn requests_are_counted_by_the_route_they_came_to_and_never_by_their_path() {
    let world = World::with(|config| {
        config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let (backend, browser) = (&world.backend, world.browser());
    let tasks = join_all((0..20).map(|_| backend.task())).await;
    browser.visit(&tasks[0]).await.location();
    assert_eq!(browser.visit(&tasks[1]).await.status, 307);
    browser.session().await;
    for nobody in ["user_x", "user_y"] {
        backend.get(&format!("/v1/users/{nobody}")).await;
    }
    backend.with_key("sk_test_wrong").get("/v1/users").await;
    let made_up = browser.request(Method::from_bytes(b"BREW").unwrap(), "/nowhere/sk_test_x");
    browser.send(made_up).await;
    browser.get("/images/initials/200/A.svg").await.ok();

    let text = metrics(&world).await;
    let requests = |labels: &str| {
        let name = format!("standin_http_requests_total{{{labels}}}");
        figure(&text, &name)
    };
    let tasks = r#"method="POST",route="/v1/agents/tasks",status="200""#;
    assert_eq!(requests(tasks), 20);
    let visits = r#"method="GET",route="/v1/agents/tasks",status="307""#;
    assert_eq!(requests(visits), 2);
    let unknown = r#"method="GET",route="/v1/users/{id}",status="404""#;
    assert_eq!(requests(unknown), 2);
    let wrong = r#"method="GET",route="/v1/users",status="401""#;
    assert_eq!(requests(wrong), 1);
    assert_eq!(requests(r#"method="other",route="none",status="404""#), 1);
    let picture = r#"method="GET",route="/images/initials/{color}/{file}",status="200""#;
    assert_eq!(requests(picture), 1);
    assert!(
        !text.contains("user_x") && !text.contains("nowhere"),
        "{text}"
    );

    let count = r#"standin_http_request_seconds_count{method="POST",route="/v1/agents/tasks"}"#;
    assert_eq!(figure(&text, count), 20);
    let refusals = r#"standin_refusals_total{code="clerk_key_invalid"}"#;
    assert_eq!(figure(&text, refusals), 1);
    assert!(figure(&text, "standin_db_transaction_writes_count") >= 1);
    assert!(figure(&text, "standin_db_transaction_writes_sum") >= 22);
    let waited = r#"standin_db_queue_wait_seconds_count{queue="write"}"#;
    assert!(figure(&text, waited) >= 22);
    let waiting = r#"standin_db_queue_waiting{queue="write"}"#;
    assert_eq!(figure(&text, waiting), 0);
    assert_eq!(figure(&text, "standin_db_writable"), 1);
    assert!(figure(&text, "process_resident_memory_bytes") > 1_000_000);
}

#[tokio::test]
async fn sessions_that_are_alive_are_counted_by_housekeeping() {
    let mut world = World::with(|config| {
        config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    for seconds in [60, 3600, 7200] {
        let long = json!({ "session_max_duration_in_seconds": seconds });
        let task = crate::world::Task::of(&world.backend.create(long).await.ok());
        world.browser().visit(&task).await.location();
    }
    world.advance(120);
    world.restart().await;
    let counted = r#"standin_housekeeping_done_total{chore="count_sessions"}"#;
    while !metrics(&world).await.contains(counted) {
        tokio::task::yield_now().await;
    }
    let text = metrics(&world).await;
    assert_eq!(figure(&text, "standin_sessions_alive"), 2);
}

#[tokio::test]
async fn figures_are_on_their_own_address_only() {
    let world = World::new().await;
    assert!(world.server.as_ref().unwrap().metrics_addr().is_none());
    assert_eq!(world.browser().get("/metrics").await.status, 404);
    assert_eq!(world.backend.get("/metrics").await.status, 404);
}

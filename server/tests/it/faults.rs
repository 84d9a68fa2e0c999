//! Faults that are added by hand to a development instance: they strike whom they are for, as often as was said, and can
//! always be taken away.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

const PATH: &str = "/v1/development/faults";

async fn add(world: &World, fault: Value) -> Value {
    world.backend.post(PATH, fault).await.ok().json
}

#[tokio::test]
async fn a_fault_strikes_whom_it_is_for_as_often_as_was_said_in_clerks_shape() {
    let world = World::new().await;
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let fault = json!({ "method": "POST", "path": "/v1/client/*", "status": 503, "times": 2 });
    let fault = add(&world, fault).await;
    assert_eq!(
        (&fault["hits"], &fault["times_left"]),
        (&json!(0), &json!(2))
    );
    for _ in 0..2 {
        let struck = browser.token(&session).await;
        assert_eq!(struck.refusal(), "503 service_unavailable");
        assert_eq!(struck.headers["retry-after"], "1");
        // Or the page would hear of nothing but a network that failed.
        assert_eq!(
            struck.headers["access-control-allow-origin"],
            "http://localhost:3000"
        );
        assert!(struck.json["clerk_trace_id"].is_string(), "{struck:?}");
        // The same address by another method, and another address.
        browser.page(Method::GET, "/v1/client").await.ok();
        world.backend.get("/v1/users").await.ok();
    }
    browser.token(&session).await.ok();
    let all = world.backend.get(PATH).await.ok().json;
    assert_eq!(
        (&all["total_count"], &all["data"][0]["hits"]),
        (&json!(1), &json!(2))
    );
}

#[tokio::test]
async fn a_fault_for_ever_ends_when_it_is_removed_and_spares_the_way_to_do_so() {
    let world = World::new().await;
    let first = add(&world, json!({ "path": "*", "status": 500 })).await;
    let second = add(&world, json!({ "path": "/v1/users", "status": 429 })).await;
    for _ in 0..5 {
        let struck = world.backend.get("/v1/users").await;
        assert_eq!(struck.refusal(), "500 internal_clerk_error");
    }
    for spared in ["/v1/health", "/readyz", "/livez", "/v1/development/clock"] {
        world.backend.get(spared).await.ok();
    }
    let path = format!("{PATH}/{}", first["id"].as_str().unwrap());
    assert_eq!(world.backend.delete(&path).await.ok().json["hits"], 5);
    let gone = world.backend.delete(&path).await;
    assert_eq!(gone.refusal(), "404 resource_not_found");
    let struck = world.backend.get("/v1/users").await;
    assert_eq!(struck.refusal(), "429 too_many_requests");
    let removed = world.backend.delete(PATH).await.ok().json;
    assert_eq!(removed["data"][0]["id"], second["id"]);
    world.backend.get("/v1/users").await.ok();
    assert_eq!(world.backend.get(PATH).await.json["total_count"], 0);
}

#[tokio::test]
async fn an_answer_that_is_only_late_is_the_answer() {
    let world = World::new().await;
    let slow = json!({ "method": "GET", "path": "/v1/environment", "delay_ms": 300, "times": 1 });
    add(&world, slow).await;
    let started = Instant::now();
    let late = world.browser().get("/v1/environment").await.ok();
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert!(late.json["auth_config"].is_object(), "{late:?}");
}

#[tokio::test]
async fn a_fault_that_cannot_be_meant_is_refused_and_none_is_added() {
    let world = World::new().await;
    for (fault, refusal, param) in [
        (json!({ "status": 503 }), "422 form_param_missing", "path"),
        (
            json!({ "path": "/v1/users" }),
            "422 form_param_missing",
            "status",
        ),
        (
            json!({ "path": "v1", "status": 503 }),
            "422 form_param_format_invalid",
            "path",
        ),
        (
            json!({ "path": "/v1/users?a=b", "status": 503 }),
            "422 form_param_format_invalid",
            "path",
        ),
        (
            json!({ "path": PATH, "status": 503 }),
            "422 form_param_value_invalid",
            "path",
        ),
        (
            json!({ "path": "/v1/health", "status": 503 }),
            "422 form_param_value_invalid",
            "path",
        ),
        (
            json!({ "path": "*", "status": 200 }),
            "422 form_param_value_invalid",
            "status",
        ),
        (
            json!({ "path": "*", "status": "no" }),
            "422 form_param_type_invalid",
            "status",
        ),
        (
            json!({ "path": "*", "status": 503, "times": 0 }),
            "422 form_param_value_invalid",
            "times",
        ),
        (
            json!({ "path": "*", "delay_ms": -1 }),
            "422 form_param_value_invalid",
            "delay_ms",
        ),
        (
            json!({ "path": "*", "delay_ms": 60_000 }),
            "422 form_param_value_invalid",
            "delay_ms",
        ),
        (
            json!({ "path": "*", "method": "get", "status": 503 }),
            "422 form_param_value_invalid",
            "method",
        ),
        (
            json!({ "path": "*", "status": 503, "body": "x" }),
            "422 form_param_unknown",
            "body",
        ),
    ] {
        let refused = world.backend.post(PATH, fault.clone()).await;
        let told = (refused.refusal(), refused.param());
        assert_eq!((told.0.as_str(), told.1), (refusal, param), "{fault}");
    }
    assert_eq!(world.backend.get(PATH).await.json["total_count"], 0);
}

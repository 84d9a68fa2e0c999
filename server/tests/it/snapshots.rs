//! States of a development instance that are kept and put back while it serves.

use reqwest::Method;
use serde_json::{Value, json};
use standin_server::db::Database;

use crate::world::{Answer, World};

const SNAPSHOTS: &str = "/v1/development/snapshots";

async fn put(world: &World, name: &str) -> Answer {
    let path = format!("{SNAPSHOTS}/{name}");
    let request = world.backend.request(Method::PUT, &path);
    world.backend.send(request).await
}

async fn restore(world: &World, name: &str) -> Answer {
    let path = format!("{SNAPSHOTS}/{name}/restore");
    world.backend.post(&path, json!({})).await
}

fn is_sqlite(world: &World) -> bool {
    matches!(world.config.database, Database::Sqlite(_))
}

/// Who there is, by their addresses.
async fn people(world: &World) -> Vec<String> {
    let users = world.backend.get("/v1/users").await.ok().json;
    let address = |user: &Value| {
        user["email_addresses"][0]["email_address"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let mut people: Vec<_> = users.as_array().unwrap().iter().map(address).collect();
    people.sort();
    people
}

async fn set_claims(world: &World, claims: Value) {
    let body = json!({ "claims": claims });
    let setting = "/v1/instance/session_token";
    world.backend.patch(setting, body).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_since_a_snapshot_is_undone_and_records_stay() {
    let world = World::new().await;
    if !is_sqlite(&world) {
        return;
    }
    let backend = &world.backend;
    let before = people(&world).await;
    let kept = backend
        .user_with_password("kept@example.com", "correct horse")
        .await;
    set_claims(&world, json!({ "state": "kept" })).await;
    let task = backend.task().await;
    let template = json!({ "name": "t", "claims": { "n": 1 } });
    let template = backend.post("/v1/jwt_templates", template).await.ok().json;
    let template = format!("/v1/jwt_templates/{}", template["id"].as_str().unwrap());
    let saved = put(&world, "before").await.ok().json;
    assert_eq!(
        (&saved["name"], &saved["object"]),
        (&json!("before"), &json!("snapshot"))
    );

    backend.delete(&format!("/v1/users/{kept}")).await.ok();
    backend.user("later@example.com").await;
    set_claims(&world, json!({ "state": "later" })).await;
    backend
        .patch(&template, json!({ "name": "t", "claims": { "n": 2 } }))
        .await
        .ok();
    let browser = world.browser();
    browser.visit(&task).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/sessions/{session}/tokens/t");
    backend.post(&path, json!({})).await.ok();
    let records = world.count("audit").await;

    restore(&world, "before").await.ok();
    let mut with_kept = before.clone();
    with_kept.push("kept@example.com".into());
    with_kept.sort();
    assert_eq!(people(&world).await, with_kept);
    let right = json!({ "password": "correct horse" });
    let verify = format!("/v1/users/{kept}/verify_password");
    backend.post(&verify, right).await.ok();
    assert_eq!(browser.token(&session).await.status, 401);
    assert!(world.count("audit").await > records);

    // The link was not spent then, and the claims and the template were others.
    let other = world.browser();
    other.visit(&task).await.location();
    let session = other.session().await["id"].as_str().unwrap().to_owned();
    let token = other.token(&session).await.ok().json;
    let claims = crate::world::claims(&world, token["jwt"].as_str().unwrap()).await;
    assert_eq!(claims["state"], "kept");
    backend
        .patch(&template, json!({ "name": "t", "claims": { "n": 3 } }))
        .await
        .ok();
    let path = format!("/v1/sessions/{session}/tokens/t");
    let token = backend.post(&path, json!({})).await.ok().json;
    let claims = crate::world::claims(&world, token["jwt"].as_str().unwrap()).await;
    assert_eq!(claims["n"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_have_names_and_one_takes_the_place_of_another() {
    let world = World::new().await;
    if !is_sqlite(&world) {
        let refused = put(&world, "one").await;
        assert_eq!(refused.refusal(), "400 request_invalid_for_environment");
        let refused = world.backend.post("/v1/development/reset", json!({})).await;
        assert_eq!(refused.refusal(), "400 request_invalid_for_environment");
        return;
    }
    let list = async || world.backend.get(SNAPSHOTS).await.ok().json;
    assert_eq!(list().await["total_count"], 0);
    put(&world, "one").await.ok();
    world.backend.user("later@example.com").await;
    put(&world, "one").await.ok();
    put(&world, "two").await.ok();
    let with_later = people(&world).await;
    restore(&world, "one").await.ok();
    assert_eq!(people(&world).await, with_later);
    let names: Vec<Value> = list().await["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["one", "two"]);
    world.backend.delete(&format!("{SNAPSHOTS}/one")).await.ok();
    for refused in [
        restore(&world, "one").await,
        world.backend.delete(&format!("{SNAPSHOTS}/one")).await,
    ] {
        assert_eq!(refused.refusal(), "404 resource_not_found");
    }
    for name in ["a.b", "%2e%2e%2fmaster", "a%20b", &"x".repeat(65)] {
        assert_eq!(
            put(&world, name).await.code(),
            "form_param_format_invalid",
            "{name}"
        );
    }
    assert_eq!(list().await["total_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_leaves_what_a_new_database_has_and_keys() {
    let world = World::with(|config| {
        let claims = json!({ "started": "so" });
        config.session_claims = claims.as_object().cloned();
    })
    .await;
    if !is_sqlite(&world) {
        return;
    }
    let backend = &world.backend;
    let fresh = backend.get("/v1/seed").await.ok().json;
    let seed = json!({
        "organizations": [{ "slug": "acme", "name": "Acme" }],
        "roles": [{ "key": "org:editor", "name": "Editor" }],
        "agents": [{ "name": "a" }],
        "instance": { "support_email": "help@example.com" },
        "claims": { "other": 1 },
    });
    let request = backend.request(Method::PUT, "/v1/seed").json(&seed);
    backend.send(request).await.ok();
    let browser = world.browser();
    browser.visit(&backend.task().await).await.location();
    world.advance(5);

    backend.post("/v1/development/reset", json!({})).await.ok();
    let mut wanted = fresh.clone();
    wanted.as_object_mut().unwrap().remove("users");
    assert_eq!(backend.get("/v1/seed").await.ok().json, wanted);
    assert_eq!(backend.get("/v1/sessions").await.ok().json, json!([]));
    backend.user("again@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_with_a_seed_is_one_write_and_one_that_is_refused_changes_nothing() {
    let world = World::new().await;
    if !is_sqlite(&world) {
        return;
    }
    let (backend, real) = (&world.backend, world.now());
    backend.user("before@example.com").await;
    let day = json!({ "by_seconds": 86_400 });
    backend.patch("/v1/development/clock", day).await.ok();
    let reset = async |users: Value| {
        let seed = json!({ "users": users });
        backend.post("/v1/development/reset", seed).await
    };
    let (before, records) = (people(&world).await, world.count("audit").await);
    let [ada, again] = ["user_a", "user_b"].map(|id| json!({ "id": id, "username": "grace" }));
    let refused = reset(json!([ada, again])).await;
    assert_eq!(refused.param(), "users[1].username");
    let unread = reset(json!([{ "id": "user_a", "username": "grace", "usernam": "x" }])).await;
    assert_eq!(unread.param(), "users[0].usernam");
    assert_eq!(people(&world).await, before);
    assert_eq!(world.count("audit").await, records);

    let begun = reset(json!([ada])).await.ok().json;
    let made = json!([{ "kind": "users", "made": 1, "changed": 0, "same": 0 }]);
    assert_eq!(begun, json!({ "object": "reset", "data": made }));
    let users = backend.get("/v1/users").await.ok().json;
    assert_eq!(users.as_array().unwrap().len(), 1);
    // It is of the time that the clock has gone back to.
    assert_eq!(users[0]["created_at"], real.0);
}

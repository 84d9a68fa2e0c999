//! What scripts ask about an instance, and a session's end that an application's server moves.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_development_instance_says_where_it_is() {
    let world = World::new().await;
    let instance = world.backend.get("/v1/instance").await.ok().json;
    assert_eq!(instance["object"], "instance");
    assert_eq!(instance["environment_type"], "development");
    assert!(instance["id"].as_str().unwrap().starts_with("ins_"));
    assert!(instance["allowed_origins"].is_null() && instance["workspace_id"].is_null());
    let domains = world.backend.get("/v1/domains").await.ok().json;
    assert_eq!(domains["total_count"], 1);
    let own = &domains["data"][0];
    assert_eq!(own["name"], world.url.strip_prefix("http://").unwrap());
    assert_eq!(
        (&own["frontend_api_url"], &own["proxy_url"]),
        (&json!(world.url), &json!(world.url))
    );
    assert_eq!(
        (&own["is_satellite"], &own["development_origin"]),
        (&json!(false), &json!(""))
    );
}

#[tokio::test]
async fn a_production_instance_says_which_domain_and_which_origins_are_its() {
    let world = World::production().await;
    let get = async |path: &str| world.backend.get(path).await.ok().json;
    let instance = get("/v1/instance").await;
    assert_eq!(instance["environment_type"], "production");
    assert_eq!(
        instance["allowed_origins"],
        json!(["https://app.example.com"])
    );
    let own = get("/v1/domains").await["data"][0].clone();
    assert_eq!(own["name"], "example.com");
    assert_eq!(own["frontend_api_url"], "https://clerk.example.com");
    assert!(own["proxy_url"].is_null(), "the key alone leads there");
    let query = world.backend.get("/v1/domains?limit=1").await;
    assert_eq!(query.refusal(), "422 form_param_unknown");
}

async fn session(world: &World) -> (crate::world::Browser, String, Value) {
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let session = browser.session().await;
    let path = format!("/v1/sessions/{}", session["id"].as_str().unwrap());
    (browser, path, session)
}

#[tokio::test]
async fn a_sessions_end_comes_sooner_or_later_within_the_cap() {
    let world = World::with(|config| config.session_cap_seconds = 3600).await;
    let (browser, path, session) = session(&world).await;
    let begun = session["created_at"].as_i64().unwrap();
    let move_to = async |at: i64| world.backend.patch(&path, json!({ "expire_at": at })).await;

    let longer = move_to(begun + 3_600_000).await.ok().json;
    assert_eq!(longer["expire_at"], begun + 3_600_000);
    world.advance(1801);
    assert_eq!(
        browser.session().await["id"],
        session["id"],
        "past its first end"
    );
    for wrong in [begun, begun + 1_801_000, begun + 3_600_001, -1] {
        assert_eq!(
            move_to(wrong).await.refusal(),
            "422 form_param_value_invalid",
            "{wrong}"
        );
    }
    let shorter = move_to(begun + 1_811_000).await.ok().json;
    assert_eq!(
        (&shorter["status"], &shorter["expire_at"]),
        (&json!("active"), &json!(begun + 1_811_000))
    );
    let jwt = browser
        .token(session["id"].as_str().unwrap())
        .await
        .ok()
        .json["jwt"]
        .clone();
    let claims = crate::world::claims(&world, jwt.as_str().unwrap()).await;
    assert_eq!(
        claims["exp"],
        (begun + 1_811_000) / 1000,
        "tokens end with it"
    );
    world.advance(10);
    assert!(browser.session().await.is_null());
    let over = move_to(begun + 3_000_000).await;
    assert_eq!(over.refusal(), "400 invalid_action_for_session");
    let records = world.backend.get("/v1/audit_logs").await.ok().json;
    let told = |one: &Value| format!("{} {}", one["action"], one["result"]).replace('"', "");
    let told: Vec<String> = records["data"].as_array().unwrap()[..7]
        .iter()
        .map(told)
        .collect();
    assert_eq!(
        told,
        [
            "session.update invalid_action_for_session",
            "session.update ok",
            "session.update form_param_value_invalid",
            "session.update form_param_value_invalid",
            "session.update form_param_value_invalid",
            "session.update form_param_value_invalid",
            "session.update ok",
        ]
    );
}

#[tokio::test]
async fn a_session_is_changed_in_nothing_else() {
    let world = World::new().await;
    let (_, path, _) = session(&world).await;
    let refusal = async |body: Value| world.backend.patch(&path, body).await.refusal();
    assert_eq!(refusal(json!({})).await, "422 form_param_missing");
    assert_eq!(
        refusal(json!({ "expire_at": "soon" })).await,
        "422 form_param_type_invalid"
    );
    assert_eq!(
        refusal(json!({ "expire_at": 1, "status": "active" })).await,
        "422 form_param_unknown"
    );
    let nobody = world
        .backend
        .patch("/v1/sessions/sess_x", json!({ "expire_at": 1 }))
        .await;
    assert_eq!(nobody.refusal(), "404 resource_not_found");
}

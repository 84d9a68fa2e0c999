//! Actor tokens: somebody signs in as a user, and the session says who it is.

use serde_json::{Value, json};

use crate::world::{Answer, Browser, World, claims};

async fn make(world: &World, with: Value) -> Answer {
    let ada = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    let mut body = json!({ "user_id": ada, "actor": { "sub": "user_support", "name": "Grace" } });
    for (name, value) in with.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.backend.post("/v1/actor_tokens", body).await
}

async fn open(browser: &Browser, made: &Value) -> Answer {
    let url = url::Url::parse(made["url"].as_str().unwrap()).unwrap();
    browser
        .get(&format!("{}?{}", url.path(), url.query().unwrap()))
        .await
}

#[tokio::test]
async fn its_session_carries_the_actor_as_given() {
    let world = World::new().await;
    let made = make(&world, json!({})).await.ok().json;
    assert_eq!(
        (&made["object"], &made["status"]),
        (&json!("actor_token"), &json!("pending"))
    );
    assert!(made["id"].as_str().unwrap().starts_with("act_"));
    let actor = json!({ "sub": "user_support", "name": "Grace" });
    assert_eq!(made["actor"], actor);
    let browser = world.browser();
    open(&browser, &made).await.location();
    let session = browser.session().await;
    assert_eq!(
        (&session["user"]["id"], &session["actor"]),
        (&made["user_id"], &actor)
    );
    let half_an_hour =
        session["expire_at"].as_i64().unwrap() - session["created_at"].as_i64().unwrap();
    assert_eq!(half_an_hour, 1_800_000);
    let id = session["id"].as_str().unwrap();
    let jwt = browser.token(id).await.ok().json["jwt"].clone();
    assert_eq!(claims(&world, jwt.as_str().unwrap()).await["act"], actor);
    let shown = world.backend.get(&format!("/v1/sessions/{id}")).await.ok();
    assert_eq!(shown.json["actor"], actor);
    assert_eq!(
        open(&world.browser(), &made).await.refusal(),
        "400 actor_token_already_used_code"
    );
    let records = world.backend.get("/v1/audit_logs").await.ok().json;
    let told: Vec<String> = records["data"].as_array().unwrap()[..4]
        .iter()
        .map(|one| format!("{} {} {}", one["action"], one["result"], one["actor"]).replace('"', ""))
        .collect();
    assert_eq!(
        told[0],
        "actor_token.refuse actor_token_already_used_code anyone"
    );
    assert_eq!(told[1], "actor_token.accept ok user_support");
    assert_eq!(told[2], "session.create ok user_support");
    assert!(
        told[3].starts_with("actor_token.create ok key_"),
        "{told:?}"
    );
}

#[tokio::test]
async fn it_signs_a_page_in_by_the_strategy_ticket_and_lasts_as_it_was_made() {
    let world = World::new().await;
    let with = json!({ "expires_in_seconds": 60, "session_max_duration_in_seconds": 120 });
    let made = make(&world, with.clone()).await.ok().json;
    let browser = world.browser();
    let call = browser
        .request(reqwest::Method::POST, "/v1/client/sign_ins")
        .header("origin", "http://localhost:3000")
        .form(&[
            ("strategy", "ticket"),
            ("ticket", made["token"].as_str().unwrap()),
        ]);
    browser.send(call).await.ok();
    assert_eq!(browser.session().await["actor"]["sub"], "user_support");
    world.advance(121);
    assert!(browser.session().await.is_null());
    let made = make(&world, with).await.ok().json;
    world.advance(60);
    assert_eq!(
        open(&world.browser(), &made).await.refusal(),
        "400 ticket_expired_code"
    );
}

#[tokio::test]
async fn a_pending_one_is_taken_back_by_its_own_call_only() {
    let world = World::new().await;
    let made = make(&world, json!({})).await.ok().json;
    let id = made["id"].as_str().unwrap();
    let as_sign_in_token = format!("/v1/sign_in_tokens/{id}/revoke");
    assert_eq!(
        world
            .backend
            .post(&as_sign_in_token, json!({}))
            .await
            .refusal(),
        "404 resource_not_found"
    );
    let path = format!("/v1/actor_tokens/{id}/revoke");
    let revoked = world.backend.post(&path, json!({})).await.ok().json;
    assert_eq!(revoked["status"], "revoked");
    assert!(revoked.get("token").is_none() && revoked["actor"].is_object());
    assert_eq!(
        world.backend.post(&path, json!({})).await.refusal(),
        "400 actor_token_cannot_be_revoked_code"
    );
    assert_eq!(
        open(&world.browser(), &made).await.refusal(),
        "400 actor_token_revoked_code"
    );
    assert_eq!(world.count("sessions").await, 0);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_is_made() {
    let world = World::new().await;
    for (with, code) in [
        (json!({ "user_id": null }), "422 form_param_missing"),
        (json!({ "user_id": "user_x" }), "404 resource_not_found"),
        (json!({ "actor": null }), "422 form_param_missing"),
        (json!({ "actor": {} }), "422 form_param_missing"),
        (json!({ "actor": { "sub": " " } }), "422 form_param_missing"),
        (
            json!({ "actor": { "sub": 7 } }),
            "422 form_param_type_invalid",
        ),
        (json!({ "actor": "user_1" }), "422 form_param_type_invalid"),
        (
            json!({ "actor": { "sub": "agent_1", "type": "agent" } }),
            "422 form_param_value_invalid",
        ),
        (
            json!({ "actor": { "sub": "x".repeat(1100) } }),
            "422 form_param_max_length_exceeded",
        ),
        (
            json!({ "actor": { "sub": "a\u{0}b" } }),
            "422 form_param_value_invalid",
        ),
        (
            json!({ "expires_in_seconds": 0 }),
            "422 form_param_value_invalid",
        ),
        (
            json!({ "session_max_duration_in_seconds": 99_999_999 }),
            "422 form_param_value_invalid",
        ),
        (
            json!({ "session_max_duration": 5 }),
            "422 form_param_unknown",
        ),
    ] {
        assert_eq!(make(&world, with.clone()).await.refusal(), code, "{with}");
    }
    assert_eq!(world.count("sign_in_tokens").await, 0);
    let ada = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    let ban = format!("/v1/users/{}/ban", ada.as_str().unwrap());
    world.backend.post(&ban, json!({})).await.ok();
    assert_eq!(make(&world, json!({})).await.refusal(), "403 user_banned");
}

//! Whether a session token counts at this moment (RFC 7662), and the end of its session (RFC 7009).

use serde_json::{Value, json};

use crate::world::{Answer, Browser, World};

async fn signed_in(world: &World) -> (Browser, String, String) {
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let token = browser.token(&session).await.ok().json["jwt"].clone();
    (browser, session, token.as_str().unwrap().to_owned())
}

async fn form(world: &World, call: &str, token: &str) -> Answer {
    let path = format!("/v1/tokens/{call}");
    let request = world.backend.request(reqwest::Method::POST, &path);
    let form = [("token", token), ("token_type_hint", "access_token")];
    world.backend.send(request.form(&form)).await
}

async fn is_active(world: &World, token: &str) -> bool {
    let answer = form(world, "introspect", token).await.ok().json;
    let active = answer["active"].as_bool().unwrap();
    assert!(active || answer == json!({ "active": false }), "{answer}");
    active
}

#[tokio::test]
async fn a_token_is_active_with_its_claims_and_its_agent_until_its_session_is_revoked() {
    let world = World::new().await;
    let (_, session, token) = signed_in(&world).await;
    let shown = form(&world, "introspect", &token).await.ok().json;
    let claims = crate::world::claims(&world, &token).await;
    for name in ["iss", "sub", "sid", "exp", "iat", "act", "azp"] {
        assert_eq!(shown[name], claims[name], "{name}");
    }
    assert_eq!(shown["act"]["type"], "agent");
    assert_eq!(shown["token_type"], "Bearer");
    let path = format!("/v1/sessions/{session}/revoke");
    world.backend.post(&path, json!({})).await.ok();
    assert!(!is_active(&world, &token).await, "at once");
}

#[tokio::test]
async fn a_token_that_expired_or_that_this_server_never_made_is_not_active() {
    let world = World::new().await;
    let (browser, session, token) = signed_in(&world).await;
    for other in ["", "x", "a.b.c", &token[..token.len() - 4]] {
        if other.is_empty() {
            let refused = form(&world, "introspect", other).await;
            assert_eq!(refused.status, 422, "{refused:?}");
        } else {
            assert!(!is_active(&world, other).await, "{other}");
        }
    }
    world.advance(59);
    assert!(is_active(&world, &token).await, "for a minute");
    world.advance(1);
    assert!(!is_active(&world, &token).await);
    let next = browser.token(&session).await.ok().json["jwt"].clone();
    assert!(is_active(&world, next.as_str().unwrap()).await);
    let misspelt = json!({ "tokn": "x" });
    let refused = world.backend.post("/v1/tokens/introspect", misspelt).await;
    assert_eq!(refused.status, 422);
}

#[tokio::test]
async fn whoever_holds_a_token_and_a_key_can_end_its_session() {
    let world = World::new().await;
    let (browser, session, token) = signed_in(&world).await;
    world.advance(61);
    assert_eq!(form(&world, "revoke", &token).await.ok().json, json!({}));
    assert_eq!(browser.token(&session).await.status, 401);
    let path = format!("/v1/sessions/{session}");
    assert_eq!(world.backend.get(&path).await.json["status"], "revoked");
    for again in [&*token, "nobody's"] {
        form(&world, "revoke", again).await.ok();
    }
    let records = world.backend.get("/v1/audit_logs?limit=100").await.json;
    let records = records["data"].as_array().unwrap().iter();
    let of = |record: &&Value| record["action"] == "session.revoke";
    assert_eq!(records.filter(of).count(), 1);
}

#[tokio::test]
async fn the_secret_key_is_taken_as_the_password_of_basic_too_and_nowhere_else() {
    let world = World::new().await;
    let (_, _, token) = signed_in(&world).await;
    let ask = async |path: &str, name: &str, password: Option<&str>| {
        let request = reqwest::Client::new().post(format!("{}{path}", world.backend.base));
        let request = request.basic_auth(name, password);
        world.backend.send(request.form(&[("token", &token)])).await
    };
    let (path, key) = ("/v1/tokens/introspect", &*world.backend.key);
    for (name, password) in [("my-api", Some(key)), ("", Some(key)), (key, None)] {
        assert_eq!(ask(path, name, password).await.ok().json["active"], true);
    }
    let wrong = ask(path, "my-api", Some("sk_test_wrong")).await;
    assert_eq!(wrong.refusal(), "401 clerk_key_invalid");
    let elsewhere = ask("/v1/sessions", "my-api", Some(key)).await;
    assert_eq!(
        elsewhere.refusal(),
        "401 authorization_header_format_invalid"
    );
}

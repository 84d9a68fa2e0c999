use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, Browser, World};

async fn sign_in(browser: &Browser, form: &[(&str, &str)]) -> Answer {
    let request = browser
        .request(Method::POST, "/v1/client/sign_ins")
        .header("origin", "http://localhost:3000");
    browser.send(request.form(form)).await
}

async fn token(world: &World) -> serde_json::Value {
    let user = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    world
        .backend
        .post("/v1/sign_in_tokens", json!({ "user_id": user }))
        .await
        .ok()
        .json
}

#[tokio::test]
async fn a_ticket_signs_a_page_in() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let agents_ticket = task.path.split('=').nth(1).unwrap().to_owned();
    let users_ticket = token(&world).await["token"].as_str().unwrap().to_owned();
    for (ticket, acts) in [(agents_ticket, true), (users_ticket, false)] {
        let browser = world.browser();
        let form = [("strategy", "ticket"), ("ticket", ticket.as_str())];
        let answer = sign_in(&browser, &form).await.ok();
        assert_eq!(answer.json["response"]["status"], "complete");
        assert!(
            answer.headers["clerk-db-jwt"]
                .to_str()
                .unwrap()
                .starts_with("dvb_")
        );
        let session = browser.session().await;
        assert_eq!(session["id"], answer.json["response"]["created_session_id"]);
        assert_eq!(session["actor"].is_object(), acts);
        assert!(
            sign_in(&world.browser(), &form)
                .await
                .code()
                .contains("already_used")
        );
    }
}

#[tokio::test]
async fn what_is_no_way_in_is_refused() {
    let world = World::new().await;
    let browser = world.browser();
    let refusal = async |form: &[(&str, &str)]| sign_in(&browser, form).await.refusal();
    assert_eq!(
        refusal(&[("strategy", "password"), ("identifier", "ada@example.com")]).await,
        "422 form_param_missing"
    );
    for strategy in ["oauth_google", "passkey", "email_link", "saml"] {
        assert_eq!(
            refusal(&[("strategy", strategy), ("identifier", "ada@example.com")]).await,
            "400 strategy_for_user_invalid"
        );
    }
    assert_eq!(
        refusal(&[("transfer", "true"), ("identifier", "ada@example.com")]).await,
        "422 form_param_value_invalid"
    );
    assert_eq!(
        refusal(&[("identifier", "ada@example.com"), ("token", "x")]).await,
        "422 form_param_value_invalid"
    );
    assert_eq!(
        refusal(&[("strategy", "ticket")]).await,
        "422 form_param_missing"
    );
    assert_eq!(refusal(&[]).await, "422 form_param_missing");
    assert_eq!(
        refusal(&[("strategy", "ticket"), ("ticket", "x")]).await,
        "400 ticket_invalid_code"
    );
    assert_eq!(world.count("sessions").await, 0);
    assert_eq!(world.count("clients").await, 0);
}

#[tokio::test]
async fn a_sign_in_token_has_a_life_of_its_own() {
    let world = World::new().await;
    let made = token(&world).await;
    assert_eq!(
        (&made["object"], &made["status"]),
        (&json!("sign_in_token"), &json!("pending"))
    );
    let path = format!("/v1/sign_in_tokens/{}/revoke", made["id"].as_str().unwrap());
    let revoked = world.backend.post(&path, json!({})).await.ok().json;
    assert_eq!(revoked["status"], "revoked");
    assert!(revoked.get("token").is_none());
    assert_eq!(
        world.backend.post(&path, json!({})).await.refusal(),
        "400 sign_in_token_cannot_be_revoked_code"
    );
    let form = [
        ("strategy", "ticket"),
        ("ticket", made["token"].as_str().unwrap()),
    ];
    assert_eq!(
        sign_in(&world.browser(), &form).await.refusal(),
        "400 sign_in_token_revoked_code"
    );

    let user = made["user_id"].clone();
    let short = world
        .backend
        .post(
            "/v1/sign_in_tokens",
            json!({ "user_id": user, "expires_in_seconds": 60 }),
        )
        .await
        .ok()
        .json;
    world.advance(60);
    let form = [
        ("strategy", "ticket"),
        ("ticket", short["token"].as_str().unwrap()),
    ];
    assert_eq!(
        sign_in(&world.browser(), &form).await.refusal(),
        "400 ticket_expired_code"
    );
    let refusal = async |body| {
        world
            .backend
            .post("/v1/sign_in_tokens", body)
            .await
            .refusal()
    };
    assert_eq!(refusal(json!({})).await, "422 form_param_missing");
    assert_eq!(
        refusal(json!({ "user_id": "user_x" })).await,
        "404 resource_not_found"
    );
    assert_eq!(
        refusal(json!({ "user_id": user, "expires_in_seconds": 0 })).await,
        "422 form_param_value_invalid"
    );
}

#[tokio::test]
async fn a_sign_in_tokens_url_opens_as_a_page() {
    let world = World::new().await;
    let made = token(&world).await;
    let url = url::Url::parse(made["url"].as_str().unwrap()).unwrap();
    let path = format!(
        "{}?{}&redirect_url=http%3A%2F%2Flocalhost%3A3000%2F",
        url.path(),
        url.query().unwrap()
    );
    let browser = world.browser();
    let foreign = browser
        .get(&path.replace("localhost", "evil.example"))
        .await;
    assert_eq!(foreign.refusal(), "422 redirect_url_domain_mismatch");
    assert_eq!(
        browser.get(&path).await.location().host_str(),
        Some("localhost")
    );
    assert!(browser.session().await["actor"].is_null());
}

#[tokio::test]
async fn a_testing_token_is_given_to_whoever_asks_with_a_key() {
    let world = World::new().await;
    let made = world
        .backend
        .post("/v1/testing_tokens", json!({}))
        .await
        .ok()
        .json;
    assert_eq!(made["object"], "testing_token");
    assert_eq!(
        made["expires_at"],
        world.now().seconds() + 3600,
        "in seconds, unlike other times"
    );
}

#[tokio::test]
async fn a_development_page_gets_a_name_that_opens_nothing_yet() {
    let world = World::new().await;
    let browser = world.browser();
    let named = browser
        .page(Method::POST, "/v1/dev_browser")
        .await
        .ok()
        .json["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(named.starts_with("dvb_"));
    let client = browser
        .page(Method::GET, &format!("/v1/client?__clerk_db_jwt={named}"))
        .await
        .ok();
    assert!(client.json["response"].is_null());
    let production = World::production().await;
    let refused = production
        .public_browser()
        .page(Method::POST, "/v1/dev_browser")
        .await;
    assert_eq!(refused.refusal(), "400 request_invalid_for_environment");
}

#[tokio::test]
async fn standins_own_page_shows_who_is_signed_in_and_only_in_development() {
    let world = World::new().await;
    let landing = format!("{}/", world.url);
    let with =
        json!({ "redirect_url": landing, "task_description": "<script>alert(1)</script>\u{200b}" });
    let task = crate::world::Task::of(&world.backend.create(with).await.ok());
    let browser = world.browser();
    assert!(browser.get("/").await.ok().text.contains("signed out"));
    browser.visit(&task).await.location();
    assert_eq!(
        browser
            .get("/?__clerk_handshake_nonce=x")
            .await
            .location()
            .query(),
        None
    );
    let page = browser.get("/").await.ok();
    assert!(
        page.text.contains("my-agent") && page.text.contains("Ada"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<script>") && !page.text.contains('\u{200b}'));
    assert!(
        page.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("frame-ancestors 'none'")
    );
    let production = World::production().await;
    assert_eq!(
        production.public_browser().get("/").await.refusal(),
        "404 resource_not_found"
    );
}

//! What a key can set about the instance while it runs, and whom that keeps from signing up.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Browser, World};

const PASSWORD: &str = "correct horse battery";

async fn begin(browser: &Browser, form: &[(&str, &str)]) -> Answer {
    browser.form("/v1/client/sign_ups", form).await
}

async fn restrict(world: &World, with: Value) -> Answer {
    world.backend.patch("/v1/instance/restrictions", with).await
}

async fn list(world: &World, which: &str, identifier: &str) -> Answer {
    let path = format!("/v1/{which}_identifiers");
    let body = json!({ "identifier": identifier });
    world.backend.post(&path, body).await
}

/// How far somebody comes who gives this address.
async fn outcome(world: &World, address: &str) -> String {
    let answer = begin(&world.browser(), &[("email_address", address)]).await;
    if answer.status == 200 {
        answer.json["response"]["status"].as_str().unwrap().into()
    } else {
        answer.refusal()
    }
}

#[tokio::test]
async fn with_an_allowlist_only_those_sign_up_who_are_on_it() {
    let world = World::new().await;
    let (ada, bob) = ("ada+clerk_test@example.com", "bob+clerk_test@example.org");
    assert_eq!(outcome(&world, ada).await, "missing_requirements");
    let set = restrict(&world, json!({ "allowlist": true }))
        .await
        .ok()
        .json;
    assert_eq!(
        (&set["object"], &set["allowlist"]),
        (&json!("instance_restrictions"), &json!(true))
    );
    let environment = world.browser().get("/v1/environment").await.ok().json;
    assert_eq!(
        environment["user_settings"]["sign_up"]["allowlist_only"],
        true
    );
    assert_eq!(outcome(&world, ada).await, "403 not_allowed_access");
    list(&world, "allowlist", " ADA+clerk_test@Example.com")
        .await
        .ok();
    assert_eq!(outcome(&world, ada).await, "missing_requirements");
    assert_eq!(outcome(&world, bob).await, "403 not_allowed_access");
    let domain = list(&world, "allowlist", "*@Example.org").await.ok().json;
    assert_eq!(domain["identifier"], "*@example.org");
    assert_eq!(domain["identifier_type"], "email_address");
    assert_eq!(outcome(&world, bob).await, "missing_requirements");
    assert_eq!(
        outcome(&world, "x+clerk_test@sub.example.org").await,
        "403 not_allowed_access"
    );
    list(&world, "allowlist", "+12015550100").await.ok();
    let phone = begin(&world.browser(), &[("phone_number", "+12015550100")]).await;
    assert_eq!(phone.status, 200);
    let phone = begin(&world.browser(), &[("phone_number", "+12015550101")]).await;
    assert_eq!(phone.refusal(), "403 not_allowed_access");

    let invited = json!({ "email_address": "carol@example.net" });
    let invited = world
        .backend
        .post("/v1/invitations", invited)
        .await
        .ok()
        .json;
    let ticket = invited["url"].as_str().unwrap().split('=').nth(1).unwrap();
    let form = [("ticket", ticket), ("password", PASSWORD)];
    let done = begin(&world.browser(), &form).await.ok();
    assert_eq!(done.json["response"]["status"], "complete");

    let listed = world
        .backend
        .get("/v1/allowlist_identifiers?paginated=true&limit=2")
        .await;
    let listed = listed.ok().json;
    assert_eq!(listed["total_count"], 3);
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let bare = world
        .backend
        .get("/v1/allowlist_identifiers")
        .await
        .ok()
        .json;
    assert_eq!(bare.as_array().unwrap().len(), 3);
    let path = format!(
        "/v1/allowlist_identifiers/{}",
        domain["id"].as_str().unwrap()
    );
    let other = path.replace("allowlist", "blocklist");
    assert_eq!(
        world.backend.delete(&other).await.refusal(),
        "404 resource_not_found"
    );
    let gone = world.backend.delete(&path).await.ok().json;
    assert_eq!(
        (&gone["object"], &gone["deleted"]),
        (&json!("allowlist_identifier"), &json!(true))
    );
    assert_eq!(
        world.backend.delete(&path).await.refusal(),
        "404 resource_not_found"
    );
    assert_eq!(outcome(&world, bob).await, "403 not_allowed_access");
    restrict(&world, json!({ "allowlist": false })).await.ok();
    assert_eq!(outcome(&world, bob).await, "missing_requirements");
}

#[tokio::test]
async fn who_gives_no_address_is_on_no_list() {
    let world = World::production_with(|config| config.sign_up = true).await;
    restrict(&world, json!({ "allowlist": true })).await.ok();
    let browser = world.public_browser();
    begin(&browser, &[("username", "grace_h")]).await.ok();
    let form = [("username", "grace_h"), ("password", PASSWORD)];
    let refused = begin(&browser, &form).await;
    assert_eq!(refused.refusal(), "403 not_allowed_access");
    assert_eq!(world.count("users").await, 1);
}

#[tokio::test]
async fn whoever_is_blocked_does_not_sign_up_invited_or_not() {
    let world = World::new().await;
    let (ada, bob) = ("ada+clerk_test@example.com", "bob+clerk_test@example.org");
    list(&world, "blocklist", "*@example.com").await.ok();
    let invited = json!({ "email_address": "carol@example.com" });
    let invited = world
        .backend
        .post("/v1/invitations", invited)
        .await
        .ok()
        .json;
    assert_eq!(
        outcome(&world, ada).await,
        "missing_requirements",
        "not switched on"
    );
    // Begun before, and not completed after.
    let browser = world.browser();
    let form = [
        ("email_address", ada),
        ("password", PASSWORD),
        ("strategy", "email_code"),
    ];
    let begun = begin(&browser, &form).await.ok();
    restrict(&world, json!({ "blocklist": true, "allowlist": true }))
        .await
        .ok();
    list(&world, "allowlist", ada).await.ok();
    list(&world, "allowlist", bob).await.ok();
    let id = begun.json["response"]["id"].as_str().unwrap();
    let path = format!("/v1/client/sign_ups/{id}/attempt_verification");
    let refused = browser
        .form(&path, &[("code", "424242"), ("strategy", "email_code")])
        .await;
    assert_eq!(refused.refusal(), "403 not_allowed_access");
    assert_eq!(outcome(&world, ada).await, "403 not_allowed_access");
    assert_eq!(outcome(&world, bob).await, "missing_requirements");
    let ticket = invited["url"].as_str().unwrap().split('=').nth(1).unwrap();
    let refused = begin(&world.browser(), &[("ticket", ticket)]).await;
    assert_eq!(refused.refusal(), "403 not_allowed_access");
    assert_eq!(world.count("users").await, 1);
    let listed = world
        .backend
        .get("/v1/blocklist_identifiers")
        .await
        .ok()
        .json;
    assert_eq!(listed["total_count"], 1);
    assert_eq!(listed["data"][0]["object"], "blocklist_identifier");
    // Whoever is a user is kept out by a ban, and their server makes users as before.
    world.backend.user("dave@example.com").await;
}

#[tokio::test]
async fn an_address_that_stands_for_another_one_can_be_refused() {
    let world = World::new().await;
    let subaddress = "ada+1+clerk_test@example.com";
    assert_eq!(outcome(&world, subaddress).await, "missing_requirements");
    let set = json!({ "block_email_subaddresses": true });
    let set = restrict(&world, set).await.ok().json;
    assert_eq!(set["block_email_subaddresses"], true);
    assert_eq!(outcome(&world, subaddress).await, "403 not_allowed_access");
    let plain = "ada+clerk_test@example.com";
    assert_eq!(outcome(&world, plain).await, "missing_requirements");
    // Whoever invites knows the address.
    let invited = json!({ "email_address": "ada+1@example.com" });
    let invited = world.backend.post("/v1/invitations", invited);
    let invited = invited.await.ok().json;
    let ticket = invited["url"].as_str().unwrap().split('=').nth(1).unwrap();
    let form = [("ticket", ticket), ("password", PASSWORD)];
    let done = begin(&world.browser(), &form).await.ok();
    assert_eq!(done.json["response"]["status"], "complete");
}

#[tokio::test]
async fn what_cannot_be_listed_or_set_is_refused_with_the_reason() {
    let world = World::new().await;
    list(&world, "blocklist", "x@example.com").await.ok();
    let before = (
        world.count("listed_identifiers").await,
        world.count("audit").await,
    );
    for (identifier, refusal) in [
        ("x@example.com", "400 duplicate_record"),
        ("X@Example.com ", "400 duplicate_record"),
        ("*@", "422 form_param_format_invalid"),
        ("*@example", "422 form_param_format_invalid"),
        ("*@exa mple.com", "422 form_param_format_invalid"),
        ("*@*.example.com", "422 form_param_format_invalid"),
        ("*example.com", "422 form_param_format_invalid"),
        (
            "0x71C7656EC7ab88b098defB751B7401B5f6d8976F",
            "422 form_param_format_invalid",
        ),
        ("", "422 form_param_missing"),
    ] {
        let answer = list(&world, "blocklist", identifier).await;
        assert_eq!(answer.refusal(), refusal, "{identifier}");
    }
    let body = json!({ "identifier": "y@example.com", "notify": true });
    let mail = world.backend.post("/v1/allowlist_identifiers", body).await;
    assert_eq!(mail.refusal(), "422 form_param_value_invalid");
    for (path, body) in [
        (
            "/v1/instance/restrictions",
            json!({ "allowlist_blocklist_disabled_on_sign_in": false }),
        ),
        (
            "/v1/instance/restrictions",
            json!({ "block_disposable_email_domains": true }),
        ),
        (
            "/v1/instance",
            json!({ "allowed_origins": ["https://evil.example"] }),
        ),
        ("/v1/instance", json!({ "test_mode": false })),
        ("/v1/instance", json!({ "hibp": true })),
        ("/v1/instance", json!({ "clerk_js_version": "5" })),
        (
            "/v1/instance",
            json!({ "development_origin": "http://localhost:3000" }),
        ),
        (
            "/v1/instance",
            json!({ "preferred_sign_in_strategy_when_password_required": "oauth" }),
        ),
        ("/v1/instance", json!({ "support_email": "help" })),
    ] {
        let answer = world.backend.patch(path, body.clone()).await;
        assert_eq!(answer.status, 422, "{path} {body}");
    }
    let unknown = restrict(&world, json!({ "allow_list": true })).await;
    assert_eq!(unknown.refusal(), "422 form_param_unknown");
    // Two were tried in the house, and their refusals are on record.
    let after = (
        world.count("listed_identifiers").await,
        world.count("audit").await,
    );
    assert_eq!(after, (before.0, before.1 + 2));
}

#[tokio::test]
async fn a_page_is_told_where_help_is_and_what_is_preferred() {
    let world = World::new().await;
    let set = async |body: Value| world.backend.patch("/v1/instance", body).await;
    let shown = async || {
        let page = world.browser().get("/v1/environment").await.ok();
        page.json["display_config"].clone()
    };
    let done = set(json!({
        "support_email": "Help@Example.com", "test_mode": true, "url_based_session_syncing": true,
        "preferred_sign_in_strategy_when_password_required": "otp",
    }));
    assert_eq!(done.await.status, 204);
    let display = shown().await;
    assert_eq!(display["support_email"], "help@example.com");
    assert_eq!(display["preferred_sign_in_strategy"], "otp");
    // Null changes nothing, and an empty text is none.
    set(json!({ "support_email": null })).await.ok();
    assert_eq!(shown().await["support_email"], "help@example.com");
    set(json!({ "support_email": "", "preferred_sign_in_strategy_when_password_required": "" }))
        .await
        .ok();
    let display = shown().await;
    assert!(display["support_email"].is_null());
    assert_eq!(display["preferred_sign_in_strategy"], "password");
    let records = world.backend.get("/v1/audit_logs").await.ok().json;
    assert_eq!(records["data"][0]["action"], "settings.update");

    let world = World::production().await;
    for body in [
        json!({ "test_mode": true }),
        json!({ "preferred_sign_in_strategy_when_password_required": "otp" }),
    ] {
        let refused = world.backend.patch("/v1/instance", body.clone()).await;
        assert_eq!(refused.refusal(), "422 form_param_value_invalid", "{body}");
    }
}

#[tokio::test]
async fn where_links_may_lead_is_changed_by_nobodys_key() {
    let world = World::new().await;
    for (method, path) in [
        (Method::POST, "/v1/redirect_urls"),
        (Method::GET, "/v1/redirect_urls"),
        (Method::POST, "/v1/domains"),
        (Method::PATCH, "/v1/domains/dmn_x"),
        (Method::DELETE, "/v1/domains/dmn_x"),
    ] {
        let request = world.backend.request(method.clone(), path).json(&json!({}));
        let answer = world.backend.send(request).await;
        assert!(
            matches!(answer.status.as_u16(), 404 | 405),
            "{method} {path}: {answer:?}"
        );
        assert!(answer.text.contains("docs/coverage.md"), "{method} {path}");
    }
}

//! What a user changes about themselves in their own session, and what nobody changes in an agent's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Browser, Task, World};

const PASSWORD: &str = "correct horse battery";

/// Grace, signed in by her password in a browser of her own.
async fn grace(world: &World) -> (Browser, String) {
    let id = world
        .backend
        .user_with_password("grace@example.com", PASSWORD)
        .await;
    (signed_in(world, PASSWORD).await, id)
}

async fn signed_in(world: &World, password: &str) -> Browser {
    let browser = world.browser();
    sign_in(&browser, password).await.ok();
    browser
}

async fn sign_in(browser: &Browser, password: &str) -> Answer {
    let form = [
        ("strategy", "password"),
        ("identifier", "grace@example.com"),
        ("password", password),
    ];
    browser.form("/v1/client/sign_ins", &form).await
}

/// Proves again who the browser's user is.
async fn prove(browser: &Browser, evidence: &[(&str, &str)]) {
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/client/sessions/{session}/verify");
    browser.form(&path, &[("level", "first_factor")]).await.ok();
    if evidence[0].1 == "email_code" {
        let prepare = format!("{path}/prepare_first_factor");
        browser.form(&prepare, &evidence[..1]).await.ok();
    }
    let attempt = format!("{path}/attempt_first_factor");
    browser.form(&attempt, evidence).await.ok();
}

async fn record(world: &World, action: &str) -> Value {
    let logs = world.backend.get("/v1/audit_logs?limit=500").await.ok();
    let all = logs.json["data"].as_array().unwrap();
    let found = all.iter().find(|record| record["action"] == action);
    found.unwrap_or_else(|| panic!("no {action}")).clone()
}

async fn user(world: &World, id: &str) -> Value {
    world
        .backend
        .get(&format!("/v1/users/{id}"))
        .await
        .ok()
        .json
}

const PATCH: &str = "/v1/me?_method=PATCH";

#[tokio::test]
async fn names_and_metadata_are_the_users_to_change() {
    let world = World::new().await;
    let (browser, id) = grace(&world).await;
    let form = [
        ("first_name", "Grace"),
        ("last_name", "Hopper"),
        ("username", "Grace_H"),
    ];
    let changed = browser.form(PATCH, &form).await.ok();
    assert_eq!(changed.json["response"]["username"], "grace_h");
    assert_eq!(
        changed.json["client"]["sessions"][0]["user"]["last_name"],
        "Hopper"
    );
    let form = [
        ("unsafe_metadata", r#"{"a":{"b":1,"c":2}}"#),
        ("last_name", ""),
    ];
    browser.form(PATCH, &form).await.ok();
    let form = [("unsafe_metadata", r#"{"a":{"c":null},"d":3}"#)];
    browser
        .form("/v1/me/metadata?_method=PATCH", &form)
        .await
        .ok();
    let shown = user(&world, &id).await;
    assert_eq!(shown["unsafe_metadata"], json!({ "a": { "b": 1 }, "d": 3 }));
    assert!(shown["last_name"].is_null());
    let record = record(&world, "user.update").await;
    assert_eq!(record["actor"], id.as_str());
}

#[tokio::test]
async fn bad_changes_are_refused_and_change_nothing() {
    let world = World::new().await;
    let (browser, id) = grace(&world).await;
    world
        .backend
        .patch(
            &format!("/v1/users/{id}"),
            json!({ "username": "taken_one" }),
        )
        .await
        .ok();
    let (other, other_id) = {
        let id = world
            .backend
            .user_with_password("h@example.com", PASSWORD)
            .await;
        let browser = world.browser();
        let form = [("identifier", "h@example.com"), ("password", PASSWORD)];
        browser.form("/v1/client/sign_ins", &form).await.ok();
        (browser, id)
    };
    let foreign = user(&world, &id).await["primary_email_address_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let before = user(&world, &other_id).await;
    let long = "x".repeat(257);
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(9000));
    for (path, form, refusal) in [
        (
            PATCH,
            vec![("username", "taken_one")],
            "422 form_identifier_exists",
        ),
        (
            PATCH,
            vec![("username", "x")],
            "422 form_username_invalid_length",
        ),
        (
            PATCH,
            vec![("first_name", long.as_str())],
            "422 form_param_max_length_exceeded",
        ),
        (
            PATCH,
            vec![("first_name", "a\u{202e}b")],
            "422 form_param_value_invalid",
        ),
        (
            PATCH,
            vec![("primary_email_address_id", foreign.as_str())],
            "422 form_param_value_invalid",
        ),
        (
            PATCH,
            vec![("public_metadata", "{}")],
            "422 form_param_unknown",
        ),
        (
            PATCH,
            vec![("password", "another password")],
            "422 form_param_unknown",
        ),
        (
            PATCH,
            vec![("unsafe_metadata", "null")],
            "422 form_param_type_invalid",
        ),
        (
            PATCH,
            vec![("unsafe_metadata", r#"{"a":1,"a":2}"#)],
            "422 form_param_type_invalid",
        ),
        (
            PATCH,
            vec![("unsafe_metadata", large.as_str())],
            "422 form_param_max_length_exceeded",
        ),
        (
            "/v1/me/metadata?_method=PATCH",
            vec![],
            "422 form_param_missing",
        ),
        (
            "/v1/me/change_password",
            vec![("current_password", PASSWORD)],
            "422 form_param_missing",
        ),
        (
            "/v1/me/change_password",
            vec![("new_password", "another password")],
            "422 form_param_missing",
        ),
        (
            "/v1/me/change_password",
            vec![("current_password", PASSWORD), ("new_password", PASSWORD)],
            "422 form_new_password_matches_current",
        ),
        (
            "/v1/me/change_password",
            vec![("current_password", PASSWORD), ("new_password", "short")],
            "422 form_password_length_too_short",
        ),
        (
            "/v1/me/email_addresses",
            vec![("email_address", "no")],
            "422 form_param_format_invalid",
        ),
        (
            "/v1/me/email_addresses",
            vec![("email_address", "grace@example.com")],
            "422 form_identifier_exists",
        ),
        ("/v1/me/phone_numbers", vec![], "422 form_param_missing"),
        ("/v1/me/totp", vec![], "404 resource_not_found"),
    ] {
        let answer = other.form(path, &form).await;
        assert_eq!(answer.refusal(), refusal, "{path} {form:?}");
    }
    for call in [
        "/prepare_verification",
        "/attempt_verification",
        "?_method=DELETE",
    ] {
        let form = [("strategy", "email_code")];
        let form = match call {
            "/prepare_verification" => &form[..],
            "/attempt_verification" => &[("code", "424242")],
            _ => &[],
        };
        let path = format!("/v1/me/email_addresses/{foreign}{call}");
        assert_eq!(
            other.form(&path, form).await.refusal(),
            "404 resource_not_found",
            "{call}"
        );
    }
    let mut after = user(&world, &other_id).await;
    after["updated_at"] = before["updated_at"].clone();
    assert_eq!(after, before);
    drop(browser);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_others_are_signed_out_if_wanted() {
    let world = World::new().await;
    let (browser, id) = grace(&world).await;
    let elsewhere = signed_in(&world, PASSWORD).await;
    let change = async |current: &str, new: &str, sign_out: &str| {
        let form = [
            ("current_password", current),
            ("new_password", new),
            ("sign_out_of_other_sessions", sign_out),
        ];
        browser.form("/v1/me/change_password", &form).await
    };
    let wrong = change("incorrect horse", "another password", "true").await;
    assert_eq!(wrong.refusal(), "422 form_password_validation_failed");
    assert_eq!(wrong.param(), "current_password");
    assert_eq!(
        user(&world, &id).await["verification_attempts_remaining"],
        99
    );
    let refused = record(&world, "user.password_change").await;
    assert_eq!(refused["result"], "form_password_validation_failed");
    change(PASSWORD, "another password", "false").await.ok();
    assert!(!elsewhere.session().await.is_null());
    let done = change("another password", "a third password", "true")
        .await
        .ok();
    assert_eq!(done.json["response"]["password_enabled"], true);
    assert!(elsewhere.session().await.is_null());
    assert!(!browser.session().await.is_null());
    assert_eq!(
        record(&world, "user.password_change").await["actor"],
        id.as_str()
    );
    let old = sign_in(&world.browser(), PASSWORD).await;
    assert_eq!(old.refusal(), "422 form_password_incorrect");
    signed_in(&world, "a third password").await;
}

#[tokio::test]
async fn a_first_password_needs_no_present_one() {
    let world = World::new().await;
    let id = world.backend.user("tester+clerk_test@example.com").await;
    let browser = world.browser();
    let form = [
        ("strategy", "email_code"),
        ("identifier", "tester+clerk_test@example.com"),
    ];
    let begun = browser.form("/v1/client/sign_ins", &form).await.ok();
    let path = format!(
        "/v1/client/sign_ins/{}/attempt_first_factor",
        begun.json["response"]["id"].as_str().unwrap()
    );
    let form = [("strategy", "email_code"), ("code", "424242")];
    browser.form(&path, &form).await.ok();
    world.advance(600);
    let form = [("new_password", PASSWORD)];
    let stale = browser.form("/v1/me/change_password", &form).await;
    assert_eq!(stale.refusal(), "403 session_reverification_required");
    prove(&browser, &[("strategy", "email_code"), ("code", "424242")]).await;
    let form = [("current_password", "x"), ("new_password", PASSWORD)];
    let refused = browser.form("/v1/me/change_password", &form).await;
    assert_eq!(refused.refusal(), "400 no_password_set");
    let form = [("new_password", PASSWORD)];
    browser.form("/v1/me/change_password", &form).await.ok();
    assert_eq!(user(&world, &id).await["password_enabled"], true);
}

#[tokio::test]
async fn an_address_is_added_proven_made_primary_and_removed() {
    let world = World::new().await;
    let (browser, id) = grace(&world).await;
    for (kind, all, value, strategy) in [
        (
            "email_address",
            "/v1/me/email_addresses",
            "g+clerk_test@example.com",
            "email_code",
        ),
        (
            "phone_number",
            "/v1/me/phone_numbers",
            "+12015550142",
            "phone_code",
        ),
    ] {
        let made = browser.form(all, &[(kind, value)]).await.ok();
        let made = &made.json["response"];
        assert_eq!(made[kind], value);
        assert!(made["verification"].is_null());
        let one = format!("{all}/{}", made["id"].as_str().unwrap());
        let code = [("code", "424242")];
        let early = browser
            .form(&format!("{one}/attempt_verification"), &code)
            .await;
        assert_eq!(early.refusal(), "400 verification_missing");
        let form = [("strategy", strategy)];
        let sent = browser
            .form(&format!("{one}/prepare_verification"), &form)
            .await
            .ok();
        let verification = &sent.json["response"]["verification"];
        assert_eq!(
            (&verification["status"], &verification["strategy"]),
            (&json!("unverified"), &json!(strategy))
        );
        let wrong = browser
            .form(&format!("{one}/attempt_verification"), &[("code", "1")])
            .await;
        assert_eq!(wrong.refusal(), "422 form_code_incorrect");
        let shown = browser.page(Method::GET, &one).await.ok();
        assert_eq!(shown.json["response"]["verification"]["attempts"], 1);
        let proven = browser
            .form(&format!("{one}/attempt_verification"), &code)
            .await
            .ok();
        assert_eq!(
            proven.json["response"]["verification"]["status"],
            "verified"
        );
        let again = browser
            .form(&format!("{one}/attempt_verification"), &code)
            .await;
        assert_eq!(again.refusal(), "400 verification_already_verified");
        let primary = format!("primary_{kind}_id");
        let form = [(primary.as_str(), made["id"].as_str().unwrap())];
        browser.form(PATCH, &form).await.ok();
        assert_eq!(user(&world, &id).await[&primary], made["id"]);
        let listed = browser.page(Method::GET, all).await.ok();
        let listed = listed.json.as_array().unwrap();
        assert!(listed.iter().any(|one| one["id"] == made["id"]));
        let gone = browser
            .form(&format!("{one}?_method=DELETE"), &[])
            .await
            .ok();
        assert_eq!(gone.json["response"]["deleted"], true);
        assert_ne!(user(&world, &id).await[&primary], made["id"]);
    }
    let shown = user(&world, &id).await;
    let last = shown["primary_email_address_id"].as_str().unwrap();
    let path = format!("/v1/me/email_addresses/{last}?_method=DELETE");
    let refused = browser.form(&path, &[]).await;
    assert_eq!(refused.refusal(), "400 identification_deletion_failed");
}

#[tokio::test]
async fn an_address_to_which_nothing_can_be_sent_stays_unproven_and_names_nobody() {
    let world = World::new().await;
    let (browser, _) = grace(&world).await;
    let form = [("email_address", "other@example.com")];
    let made = browser.form("/v1/me/email_addresses", &form).await.ok();
    let one = format!(
        "/v1/me/email_addresses/{}",
        made.json["response"]["id"].as_str().unwrap()
    );
    let refused = browser
        .form(
            &format!("{one}/prepare_verification"),
            &[("strategy", "email_code")],
        )
        .await;
    assert_eq!(refused.refusal(), "400 strategy_for_user_invalid");
    assert!(refused.text.contains("no sender"));
    let form = [("identifier", "other@example.com"), ("password", PASSWORD)];
    let refused = world.browser().form("/v1/client/sign_ins", &form).await;
    assert_eq!(refused.refusal(), "422 form_identifier_not_found");
    // Nor does it keep the address from who can prove it.
    world.backend.user("other@example.com").await;
    for n in 0..4 {
        let address = format!("more{n}@example.com");
        browser
            .form("/v1/me/email_addresses", &[("email_address", &address)])
            .await
            .ok();
    }
    let refused = browser
        .form(
            "/v1/me/email_addresses",
            &[("email_address", "one.more@example.com")],
        )
        .await;
    assert_eq!(refused.refusal(), "400 too_many_unverified_identifications");
}

#[tokio::test]
async fn a_code_for_an_address_can_be_guessed_at_five_times() {
    let world = World::new().await;
    let (browser, _) = grace(&world).await;
    let form = [("email_address", "g+clerk_test@example.com")];
    let made = browser.form("/v1/me/email_addresses", &form).await.ok();
    let one = format!(
        "/v1/me/email_addresses/{}",
        made.json["response"]["id"].as_str().unwrap()
    );
    let prepare = async || {
        let path = format!("{one}/prepare_verification");
        browser
            .form(&path, &[("strategy", "email_code")])
            .await
            .ok()
    };
    let attempt = async |code: &str| {
        let path = format!("{one}/attempt_verification");
        browser.form(&path, &[("code", code)]).await
    };
    prepare().await;
    for _ in 0..5 {
        assert_eq!(attempt("1").await.refusal(), "422 form_code_incorrect");
    }
    assert_eq!(attempt("424242").await.refusal(), "400 verification_failed");
    prepare().await;
    world.advance(600);
    assert_eq!(
        attempt("424242").await.refusal(),
        "400 verification_expired"
    );
    prepare().await;
    attempt("424242").await.ok();
}

#[tokio::test]
async fn users_leave_by_themselves_where_the_application_lets_them() {
    let world = World::new().await;
    let (browser, id) = grace(&world).await;
    let elsewhere = signed_in(&world, PASSWORD).await;
    let path = format!("/v1/users/{id}");
    world
        .backend
        .patch(&path, json!({ "delete_self_enabled": false }))
        .await
        .ok();
    let refused = browser.page(Method::DELETE, "/v1/me").await;
    assert_eq!(refused.refusal(), "403 user_delete_self_not_enabled");
    assert_eq!(
        record(&world, "user.delete").await["result"],
        "user_delete_self_not_enabled"
    );
    world
        .backend
        .patch(&path, json!({ "delete_self_enabled": true }))
        .await
        .ok();
    let me = browser.page(Method::GET, "/v1/me").await.ok().json;
    assert_eq!(me["response"]["delete_self_enabled"], true);
    // A session that was left open does not lose its user.
    world.advance(600);
    let stale = browser.page(Method::DELETE, "/v1/me").await;
    assert_eq!(stale.refusal(), "403 session_reverification_required");
    prove(
        &browser,
        &[("strategy", "password"), ("password", PASSWORD)],
    )
    .await;
    let gone = browser.page(Method::DELETE, "/v1/me").await.ok().json;
    assert_eq!(
        gone["response"],
        json!({ "object": "user", "id": id, "deleted": true })
    );
    assert_eq!(gone["client"]["sessions"], json!([]));
    assert_eq!(world.backend.get(&path).await.status, 404);
    assert!(elsewhere.session().await.is_null());
    assert_eq!(record(&world, "user.delete").await["actor"], id.as_str());
}

#[tokio::test]
async fn users_see_where_they_are_signed_in_and_end_it() {
    let world = World::new().await;
    let (browser, id) = grace(&world).await;
    let elsewhere = signed_in(&world, PASSWORD).await;
    let task = json!({ "on_behalf_of": { "user_id": id } });
    let agent = world.browser();
    agent
        .visit(&Task::of(&world.backend.create(task).await.ok()))
        .await
        .location();
    let list = async |browser: &Browser| {
        let path = "/v1/me/sessions/active";
        let list = browser.page(Method::GET, path).await.ok().json;
        let list = list.as_array().unwrap().iter();
        list.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(&browser).await.len(), 3);
    let acting = agent.session().await["id"].as_str().unwrap().to_owned();
    assert_eq!(list(&agent).await, std::slice::from_ref(&acting));
    let other = elsewhere.session().await["id"].as_str().unwrap().to_owned();
    let revoke = async |browser: &Browser, session: &str| {
        let path = format!("/v1/me/sessions/{session}/revoke");
        browser.form(&path, &[]).await
    };
    let refused = revoke(&agent, &other).await;
    assert_eq!(refused.refusal(), "403 authorization_invalid");
    for session in [&other, &acting] {
        let over = revoke(&browser, session).await.ok();
        assert_eq!(over.json["response"]["status"], "revoked");
    }
    assert!(elsewhere.session().await.is_null());
    assert_eq!(list(&browser).await.len(), 1);
    assert_eq!(record(&world, "session.revoke").await["actor"], id.as_str());

    let stranger = world.browser();
    stranger.visit(&world.backend.task().await).await.location();
    let foreign = stranger.session().await["id"].as_str().unwrap().to_owned();
    let refused = revoke(&browser, &foreign).await;
    assert_eq!(refused.refusal(), "404 resource_not_found");
    assert!(!stranger.session().await.is_null());
}

#[tokio::test]
async fn in_an_agents_session_none_of_it_is_there() {
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let users = world.backend.get("/v1/users").await.ok().json;
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    for (path, form) in [
        (PATCH, vec![("first_name", "Eve")]),
        (
            "/v1/me/metadata?_method=PATCH",
            vec![("unsafe_metadata", "{}")],
        ),
        ("/v1/me/change_password", vec![("new_password", PASSWORD)]),
        (
            "/v1/me/email_addresses",
            vec![("email_address", "eve+clerk_test@example.com")],
        ),
        (
            "/v1/me/phone_numbers",
            vec![("phone_number", "+12015550100")],
        ),
        ("/v1/me?_method=DELETE", vec![]),
    ] {
        let refused = browser.form(path, &form).await;
        assert_eq!(refused.refusal(), "403 authorization_invalid", "{path}");
    }
    let path = format!("/v1/client/sessions/{session}/verify");
    let refused = browser.form(&path, &[("level", "first_factor")]).await;
    assert_eq!(refused.refusal(), "403 authorization_invalid");
    assert_eq!(
        world.backend.get("/v1/users").await.ok().json[0]["first_name"],
        "Ada"
    );
    let own = browser
        .page(Method::GET, "/v1/me/email_addresses")
        .await
        .ok();
    assert_eq!(own.json[0]["email_address"], "ada@example.com");
    assert_eq!(world.backend.get("/v1/users").await.ok().json, users);
}

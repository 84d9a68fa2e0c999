//! Signing up: who may, what it takes, and what is refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Browser, World, join_all};

const EMAIL: &str = "new+clerk_test@example.com";
const PASSWORD: &str = "correct horse battery";

async fn begin(browser: &Browser, form: &[(&str, &str)]) -> Answer {
    browser.form("/v1/client/sign_ups", form).await
}

async fn usual(browser: &Browser) -> Answer {
    begin(browser, &[("email_address", EMAIL), ("password", PASSWORD)])
        .await
        .ok()
}

async fn go_on(browser: &Browser, attempt: &Answer, call: &str, form: &[(&str, &str)]) -> Answer {
    let id = attempt.json["response"]["id"].as_str().unwrap();
    browser
        .form(&format!("/v1/client/sign_ups/{id}{call}"), form)
        .await
}

const PREPARE: (&str, &[(&str, &str)]) = ("/prepare_verification", &[("strategy", "email_code")]);
const PROVE: (&str, &[(&str, &str)]) = (
    "/attempt_verification",
    &[("strategy", "email_code"), ("code", "424242")],
);

#[tokio::test]
async fn an_address_a_password_and_the_code_make_a_user_who_is_signed_in() {
    let world = World::new().await;
    let browser = world.browser();
    let form = [
        ("email_address", " New+clerk_test@Example.com"),
        ("password", PASSWORD),
        ("first_name", "Grace"),
        ("unsafe_metadata", r#"{"plan":"free"}"#),
        ("legal_accepted", "true"),
        ("locale", "en-US"),
        ("timezone", "Europe/Berlin"),
    ];
    let begun = begin(&browser, &form).await.ok();
    let sign_up = &begun.json["response"];
    assert_eq!(sign_up["status"], "missing_requirements");
    assert_eq!(sign_up["missing_fields"], json!([]));
    assert_eq!(sign_up["unverified_fields"], json!(["email_address"]));
    let verification = &sign_up["verifications"]["email_address"];
    assert_eq!(verification["next_action"], "needs_prepare");
    assert_eq!(verification["supported_strategies"], json!(["email_code"]));
    assert_eq!(sign_up["has_password"], true);
    assert_eq!(world.count("users").await, 1, "nobody is made yet");

    let sent = go_on(&browser, &begun, PREPARE.0, PREPARE.1).await.ok();
    let verification = &sent.json["response"]["verifications"]["email_address"];
    assert_eq!(verification["next_action"], "needs_attempt");
    let client = browser.page(Method::GET, "/v1/client").await.ok();
    assert_eq!(client.json["response"]["sign_up"], sent.json["response"]);
    let wrong = [("strategy", "email_code"), ("code", "111111")];
    let wrong = go_on(&browser, &begun, PROVE.0, &wrong).await;
    assert_eq!(wrong.refusal(), "422 form_code_incorrect");

    let done = go_on(&browser, &begun, PROVE.0, PROVE.1).await.ok();
    let sign_up = &done.json["response"];
    assert_eq!(sign_up["status"], "complete");
    let session = browser.session().await;
    assert_eq!(session["id"], sign_up["created_session_id"]);
    assert_eq!(session["user"]["id"], sign_up["created_user_id"]);
    let path = format!("/v1/users/{}", sign_up["created_user_id"].as_str().unwrap());
    let user = world.backend.get(&path).await.ok().json;
    assert_eq!(user["email_addresses"][0]["email_address"], EMAIL);
    assert_eq!(
        user["email_addresses"][0]["verification"]["status"],
        "verified"
    );
    assert_eq!(
        user["primary_email_address_id"],
        user["email_addresses"][0]["id"]
    );
    assert_eq!(user["first_name"], "Grace");
    assert_eq!(user["unsafe_metadata"], json!({ "plan": "free" }));
    assert_eq!(user["public_metadata"], json!({}));
    assert_eq!(user["locale"], "en-US");
    assert_eq!(user["timezone"], "Europe/Berlin");
    assert_eq!(user["password_enabled"], true);
    assert!(user["legal_accepted_at"].is_number());
    let logs = world.backend.get("/v1/audit_logs").await.ok();
    let actions: Vec<_> = logs.json["data"]
        .as_array()
        .unwrap()
        .iter()
        .take(3)
        .collect();
    let named: Vec<_> = actions
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["sign_up.accept", "session.create", "user.create"]);
    assert!(actions.iter().all(|one| one["actor"] == user["id"]));

    let form = [
        ("strategy", "password"),
        ("identifier", EMAIL),
        ("password", PASSWORD),
    ];
    world
        .browser()
        .form("/v1/client/sign_ins", &form)
        .await
        .ok();
}

#[tokio::test]
async fn what_is_missing_can_come_later() {
    let world = World::new().await;
    let browser = world.browser();
    let begun = begin(&browser, &[]).await.ok();
    assert_eq!(
        begun.json["response"]["missing_fields"],
        json!(["email_address", "password"])
    );
    let patch = "?_method=PATCH";
    let form = [("email_address", EMAIL), ("phone_number", "+12015550100")];
    go_on(&browser, &begun, patch, &form).await.ok();
    go_on(&browser, &begun, PREPARE.0, PREPARE.1).await.ok();
    let proven = go_on(&browser, &begun, PROVE.0, PROVE.1).await.ok();
    assert_eq!(
        proven.json["response"]["missing_fields"],
        json!(["password"])
    );
    assert_eq!(
        proven.json["response"]["unverified_fields"],
        json!(["phone_number"])
    );
    let again = go_on(&browser, &begun, PROVE.0, PROVE.1).await;
    assert_eq!(again.refusal(), "400 verification_already_verified");
    // Another number is as little proven; none needs no proof.
    let form = [
        ("phone_number", ""),
        ("username", "grace_h"),
        ("password", PASSWORD),
    ];
    let done = go_on(&browser, &begun, patch, &form).await.ok();
    assert_eq!(done.json["response"]["status"], "complete");
    assert_eq!(browser.session().await["user"]["username"], "grace_h");
}

#[tokio::test]
async fn another_address_has_to_be_proven_anew() {
    let world = World::new().await;
    let browser = world.browser();
    let begun = begin(&browser, &[("email_address", EMAIL)]).await.ok();
    go_on(&browser, &begun, PREPARE.0, PREPARE.1).await.ok();
    go_on(&browser, &begun, PROVE.0, PROVE.1).await.ok();
    let form = [
        ("email_address", "other+clerk_test@example.com"),
        ("password", PASSWORD),
    ];
    let changed = go_on(&browser, &begun, "?_method=PATCH", &form).await.ok();
    assert_eq!(
        changed.json["response"]["unverified_fields"],
        json!(["email_address"])
    );
    assert_eq!(world.count("users").await, 1);
}

#[tokio::test]
async fn of_two_who_sign_up_with_one_address_one_gets_it() {
    let world = World::new().await;
    let browsers = [world.browser(), world.browser(), world.browser()];
    let mut attempts = Vec::new();
    for browser in &browsers {
        let begun = usual(browser).await;
        go_on(browser, &begun, PREPARE.0, PREPARE.1).await.ok();
        attempts.push(begun);
    }
    let all = browsers
        .iter()
        .zip(&attempts)
        .map(|(browser, begun)| go_on(browser, begun, PROVE.0, PROVE.1));
    let answers = join_all(all).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused.refusal(), "422 form_identifier_exists");
        assert_eq!(refused.param(), "email_address");
    }
    assert_eq!(world.count("users").await, 2);
    let taken = begin(&world.browser(), &[("email_address", EMAIL)]).await;
    assert_eq!(taken.refusal(), "422 form_identifier_exists");
    // Those who came too late leave nothing, however often they try.
    let rows = world.count("audit").await;
    for (browser, begun) in browsers.iter().zip(&attempts) {
        assert_ne!(go_on(browser, begun, PROVE.0, PROVE.1).await.status, 200);
    }
    assert_eq!(world.count("audit").await, rows);
}

#[tokio::test]
async fn production_lets_nobody_sign_up_unless_told_to_and_then_by_username_and_password() {
    let world = World::production().await;
    let form = [("username", "grace_h"), ("password", PASSWORD)];
    let refused = begin(&world.public_browser(), &form).await;
    assert_eq!(refused.refusal(), "403 sign_up_mode_restricted");
    let mode = async |world: &World| {
        let answer = world
            .public_browser()
            .page(Method::GET, "/v1/environment")
            .await
            .ok();
        answer.json["user_settings"]["sign_up"]["mode"].clone()
    };
    assert_eq!(mode(&world).await, "restricted");

    let world = World::production_with(|config| config.sign_up = true).await;
    assert_eq!(mode(&world).await, "public");
    let browser = world.public_browser();
    let email = [("email_address", EMAIL), ("password", PASSWORD)];
    let refused = begin(&browser, &email).await;
    assert_eq!(refused.refusal(), "400 strategy_for_user_invalid");
    assert!(refused.text.contains("no sender"), "{}", refused.text);
    let done = begin(&browser, &form).await.ok();
    assert_eq!(done.json["response"]["status"], "complete");
    assert!(done.set_cookies().contains_key("__client_uat"));
    assert_eq!(browser.session().await["user"]["username"], "grace_h");
}

#[tokio::test]
async fn bad_input_is_refused_by_name_and_makes_nobody() {
    let world = World::new().await;
    let browser = world.browser();
    let rows = (world.count("users").await, world.count("audit").await);
    let long = "x".repeat(257);
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(3000));
    for (form, refusal) in [
        (
            vec![("email_address", "grace")],
            "422 form_param_format_invalid",
        ),
        (
            vec![("email_address", "grace@example.com")],
            "400 strategy_for_user_invalid",
        ),
        (
            vec![("phone_number", "12")],
            "422 form_param_format_invalid",
        ),
        (
            vec![("username", "x y")],
            "422 form_username_invalid_length",
        ),
        (
            vec![("username", "x y z")],
            "422 form_username_invalid_character",
        ),
        (
            vec![("password", "short")],
            "422 form_password_length_too_short",
        ),
        (
            vec![("first_name", long.as_str())],
            "422 form_param_max_length_exceeded",
        ),
        (vec![("first_name", "a\nb")], "422 form_param_value_invalid"),
        (
            vec![("timezone", "no zone")],
            "422 form_param_format_invalid",
        ),
        (
            vec![("unsafe_metadata", "[]")],
            "422 form_param_type_invalid",
        ),
        (
            vec![("unsafe_metadata", "{")],
            "422 form_param_type_invalid",
        ),
        (
            vec![("unsafe_metadata", large.as_str())],
            "413 request_body_too_large",
        ),
        (
            vec![("legal_accepted", "perhaps")],
            "422 form_param_type_invalid",
        ),
        (
            vec![("strategy", "oauth_google")],
            "400 strategy_for_user_invalid",
        ),
        (vec![("strategy", "email_code")], "422 form_param_missing"),
        (vec![("transfer", "true")], "422 form_param_value_invalid"),
        (vec![("public_metadata", "{}")], "422 form_param_unknown"),
        (vec![("web3_wallet", "0x")], "422 form_param_value_invalid"),
        (vec![("ticket", "x")], "400 ticket_invalid_code"),
        (
            vec![("email_address", "ada@example.com")],
            "400 strategy_for_user_invalid",
        ),
    ] {
        let answer = begin(&browser, &form).await;
        assert_eq!(answer.refusal(), refusal, "{form:?}");
    }
    let begun = usual(&browser).await;
    for (call, form, refusal) in [
        ("/prepare_verification", vec![], "422 form_param_missing"),
        (
            "/prepare_verification",
            vec![("strategy", "phone_code")],
            "422 form_param_missing",
        ),
        (
            "/prepare_verification",
            vec![("strategy", "email_link")],
            "400 strategy_for_user_invalid",
        ),
        (
            "/attempt_verification",
            PROVE.1.to_vec(),
            "400 verification_missing",
        ),
        (
            "/attempt_verification",
            vec![("strategy", "email_code")],
            "422 form_param_missing",
        ),
        (
            "?_method=PATCH",
            vec![("nonsense", "1")],
            "422 form_param_unknown",
        ),
    ] {
        let answer = go_on(&browser, &begun, call, &form).await;
        assert_eq!(answer.refusal(), refusal, "{call} {form:?}");
    }
    let elsewhere = go_on(&world.browser(), &begun, PREPARE.0, PREPARE.1).await;
    assert_eq!(elsewhere.refusal(), "404 resource_not_found");
    go_on(&browser, &begun, PREPARE.0, PREPARE.1).await.ok();
    world.advance(600);
    let late = go_on(&browser, &begun, PROVE.0, PROVE.1).await;
    assert_eq!(late.refusal(), "400 verification_expired");
    assert_eq!(
        (world.count("users").await, world.count("audit").await),
        rows
    );
}

#[tokio::test]
async fn tickets_that_sign_in_sign_nobody_up() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let ticket = task.path.split('=').nth(1).unwrap();
    let refused = begin(
        &world.browser(),
        &[("strategy", "ticket"), ("ticket", ticket)],
    )
    .await;
    assert_eq!(refused.refusal(), "400 agent_task_not_in_sign_in");
    let user = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    let token = json!({ "user_id": user });
    let token = world.backend.post("/v1/sign_in_tokens", token).await.ok();
    let ticket = token.json["token"].as_str().unwrap();
    let refused = begin(&world.browser(), &[("ticket", ticket)]).await;
    assert_eq!(refused.refusal(), "400 sign_in_token_not_in_sign_in_code");
    // Neither is spent by it.
    world.browser().visit(&task).await.location();
    let form = [("strategy", "ticket"), ("ticket", ticket)];
    world
        .browser()
        .form("/v1/client/sign_ins", &form)
        .await
        .ok();
}

#[tokio::test]
async fn sign_ups_of_one_network_are_counted() {
    let world = World::production_with(|config| config.sign_up = true).await;
    let mut refusals: Vec<Value> = Vec::new();
    for _ in 0..30 {
        let answer = begin(&world.public_browser(), &[]).await;
        if answer.status != 200 {
            refusals.push(answer.code().into());
        }
    }
    assert!(
        refusals.contains(&json!("too_many_requests")),
        "{refusals:?}"
    );
}

#[tokio::test]
async fn who_is_signed_in_does_not_sign_up() {
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let refused = begin(&browser, &[("email_address", EMAIL)]).await;
    assert_eq!(refused.refusal(), "400 session_exists");
}

#[tokio::test]
async fn whose_token_no_cookie_could_carry_is_not_signed_in() {
    let world = World::new().await;
    let claims = json!({ "claims": { "once": "{{user.unsafe_metadata}}", "twice": "{{user.unsafe_metadata}}" } });
    let set = world.backend.patch("/v1/instance/session_token", claims);
    set.await.ok();
    let browser = world.browser();
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(1800));
    let form = [
        ("email_address", EMAIL),
        ("password", PASSWORD),
        ("unsafe_metadata", large.as_str()),
    ];
    let begun = begin(&browser, &form).await.ok();
    go_on(&browser, &begun, PREPARE.0, PREPARE.1).await.ok();
    let rows = (world.count("users").await, world.count("audit").await);
    let refused = go_on(&browser, &begun, PROVE.0, PROVE.1).await;
    assert_eq!(refused.refusal(), "422 form_param_exceeds_allowed_size");
    assert_eq!(
        (world.count("users").await, world.count("audit").await),
        rows
    );
    let form = [("unsafe_metadata", "{}")];
    let smaller = go_on(&browser, &begun, "?_method=PATCH", &form).await.ok();
    assert_eq!(
        smaller.json["response"]["unverified_fields"][0],
        "email_address"
    );
    go_on(&browser, &begun, PROVE.0, PROVE.1).await.ok();
    let user = browser.session().await["user"]["id"].clone();
    let path = format!("/v1/users/{}", user.as_str().unwrap());
    let metadata = json!({ "unsafe_metadata": { "a": "x".repeat(1800) } });
    world.backend.patch(&path, metadata).await.ok();
    let form = [("identifier", EMAIL), ("password", PASSWORD)];
    let refused = world.browser().form("/v1/client/sign_ins", &form).await;
    assert_eq!(refused.refusal(), "422 form_param_exceeds_allowed_size");
}

//! Signing in by password and by code: what opens a session, what does not, and how often anybody may guess.

use serde_json::{Value, json};

use crate::world::{Answer, Browser, World, claims, hosts_client, join_all};

const PASSWORD: &str = "correct horse battery";
const TESTER: &str = "tester+clerk_test@example.com";

/// A world in which Grace has a password, and a tester an address for codes.
async fn world() -> (World, String, String) {
    let world = World::new().await;
    let grace = world
        .backend
        .user_with_password("grace@example.com", PASSWORD)
        .await;
    let tester = world.backend.user(TESTER).await;
    (world, grace, tester)
}

async fn begin(browser: &Browser, form: &[(&str, &str)]) -> Answer {
    browser.form("/v1/client/sign_ins", form).await
}

async fn by_password(browser: &Browser, identifier: &str, password: &str) -> Answer {
    let form = [
        ("strategy", "password"),
        ("identifier", identifier),
        ("password", password),
    ];
    begin(browser, &form).await
}

async fn go_on(browser: &Browser, attempt: &Answer, call: &str, form: &[(&str, &str)]) -> Answer {
    let id = attempt.json["response"]["id"].as_str().unwrap();
    browser
        .form(&format!("/v1/client/sign_ins/{id}/{call}"), form)
        .await
}

/// The records of one action, oldest first.
async fn records(world: &World, action: &str) -> Vec<Value> {
    let logs = world.backend.get("/v1/audit_logs?limit=500").await.ok();
    let all = logs.json["data"].as_array().unwrap().iter().rev();
    all.filter(|record| record["action"] == action)
        .cloned()
        .collect()
}

async fn user(world: &World, id: &str) -> Value {
    world
        .backend
        .get(&format!("/v1/users/{id}"))
        .await
        .ok()
        .json
}

#[tokio::test]
async fn a_password_signs_a_page_in_at_once() {
    let (world, grace, _) = world().await;
    let browser = world.browser();
    let answer = by_password(&browser, " Grace@example.com ", PASSWORD)
        .await
        .ok();
    let sign_in = &answer.json["response"];
    assert_eq!(sign_in["status"], "complete");
    assert_eq!(sign_in["first_factor_verification"]["strategy"], "password");
    let session = browser.session().await;
    assert_eq!(session["id"], sign_in["created_session_id"]);
    assert_eq!(session["user"]["id"], grace.as_str());
    assert!(session["actor"].is_null());
    assert_eq!(answer.json["client"]["sessions"][0]["id"], session["id"]);
    assert!(answer.json["client"]["sign_in"].is_null());
    let minted = browser.token(session["id"].as_str().unwrap()).await.ok();
    let minted = claims(&world, minted.json["jwt"].as_str().unwrap()).await;
    assert_eq!(minted["sub"], grace.as_str());
    assert_eq!(minted["fva"], json!([0, -1]));
    let record = &records(&world, "sign_in.accept").await[0];
    assert_eq!(record["user_id"], grace.as_str());
    assert_eq!(record["detail"], "password");
    assert_eq!(record["session_id"], session["id"]);
    // clerk-js' newer calls name no strategy.
    let newer = world.browser();
    let form = [("identifier", "grace@example.com"), ("password", PASSWORD)];
    let answer = begin(&newer, &form).await.ok();
    assert_eq!(answer.json["response"]["status"], "complete");
}

#[tokio::test]
async fn a_password_can_come_in_a_second_step() {
    let (world, grace, _) = world().await;
    let browser = world.browser();
    let form = [
        ("identifier", "grace@example.com"),
        ("locale", "en-US"),
        ("timezone", "Europe/Berlin"),
    ];
    let begun = begin(&browser, &form).await.ok();
    let sign_in = &begun.json["response"];
    assert_eq!(sign_in["status"], "needs_first_factor");
    assert_eq!(sign_in["timezone"], "Europe/Berlin");
    assert_eq!(
        sign_in["supported_first_factors"],
        json!([{ "strategy": "password" }]),
        "no code is to be had for an address that is no test address"
    );
    assert!(sign_in["user_data"].is_null(), "a stranger learns no name");
    // A page that is loaded anew goes on where it was.
    let client = browser.page(reqwest::Method::GET, "/v1/client").await.ok();
    assert_eq!(client.json["response"]["sign_in"], *sign_in);
    let id = sign_in["id"].as_str().unwrap();
    let path = format!("/v1/client/sign_ins/{id}");
    let shown = browser.page(reqwest::Method::GET, &path).await.ok();
    assert_eq!(shown.json["response"], *sign_in);
    let elsewhere = world.browser().page(reqwest::Method::GET, &path).await;
    assert_eq!(elsewhere.refusal(), "404 resource_not_found");
    let form = [("strategy", "password"), ("password", PASSWORD)];
    let done = go_on(&browser, &begun, "attempt_first_factor", &form)
        .await
        .ok();
    assert_eq!(done.json["response"]["status"], "complete");
    assert_eq!(browser.session().await["user"]["id"], grace.as_str());
}

#[tokio::test]
async fn the_code_of_a_test_address_or_number_signs_in() {
    let (world, _, tester) = world().await;
    let number = json!({ "user_id": tester, "phone_number": "+12015550123" });
    world.backend.post("/v1/phone_numbers", number).await.ok();
    for (strategy, identifier, id) in [
        ("email_code", TESTER, "email_address_id"),
        ("phone_code", "+12015550123", "phone_number_id"),
    ] {
        let browser = world.browser();
        let begun = begin(&browser, &[("identifier", identifier)]).await.ok();
        let factors = begun.json["response"]["supported_first_factors"]
            .as_array()
            .unwrap();
        let factor = factors
            .iter()
            .find(|one| one["strategy"] == strategy)
            .unwrap();
        assert_eq!(factor["safe_identifier"], identifier);
        let other = factors
            .iter()
            .find(|one| one["strategy"] != strategy)
            .unwrap();
        assert!(
            other["safe_identifier"].as_str().unwrap().contains("***"),
            "{other}"
        );
        let code = [("strategy", strategy), ("code", "424242")];
        let early = go_on(&browser, &begun, "attempt_first_factor", &code).await;
        assert_eq!(early.refusal(), "400 verification_missing");
        let form = [("strategy", strategy), (id, factor[id].as_str().unwrap())];
        let sent = go_on(&browser, &begun, "prepare_first_factor", &form)
            .await
            .ok();
        assert_eq!(sent.json["response"]["id"], begun.json["response"]["id"]);
        assert_eq!(
            sent.json["response"]["first_factor_verification"]["status"],
            "unverified"
        );
        assert_eq!(
            sent.json["client"]["sign_in"]["id"],
            begun.json["response"]["id"]
        );
        let wrong = [("strategy", strategy), ("code", "424241")];
        let wrong = go_on(&browser, &begun, "attempt_first_factor", &wrong).await;
        assert_eq!(wrong.refusal(), "422 form_code_incorrect");
        let done = go_on(&browser, &begun, "attempt_first_factor", &code)
            .await
            .ok();
        assert_eq!(done.json["response"]["status"], "complete");
        assert_eq!(browser.session().await["user"]["id"], tester.as_str());
    }
    // In one call, too.
    let browser = world.browser();
    let begun = begin(
        &browser,
        &[("strategy", "email_code"), ("identifier", TESTER)],
    )
    .await
    .ok();
    let form = [("strategy", "email_code"), ("code", "424242")];
    go_on(&browser, &begun, "attempt_first_factor", &form)
        .await
        .ok();
    assert_eq!(
        user(&world, &tester).await["verification_attempts_remaining"],
        100
    );
}

#[tokio::test]
async fn a_code_that_comes_late_and_an_attempt_that_is_old_open_nothing() {
    let (world, ..) = world().await;
    let browser = world.browser();
    let begun = begin(
        &browser,
        &[("strategy", "email_code"), ("identifier", TESTER)],
    )
    .await
    .ok();
    let code = [("strategy", "email_code"), ("code", "424242")];
    world.advance(600);
    let late = go_on(&browser, &begun, "attempt_first_factor", &code).await;
    assert_eq!(late.refusal(), "400 verification_expired");
    world.advance(3600);
    let old = go_on(&browser, &begun, "attempt_first_factor", &code).await;
    assert_eq!(old.refusal(), "404 resource_not_found");
    let client = browser.page(reqwest::Method::GET, "/v1/client").await.ok();
    assert!(client.json["response"].is_null());
    assert_eq!(world.count("sessions").await, 0);
}

#[tokio::test]
async fn no_code_is_to_be_had_in_production_and_the_refusal_says_what_is_missing() {
    let world = World::production().await;
    world.backend.user(TESTER).await;
    let browser = world.public_browser();
    let begun = begin(&browser, &[("identifier", TESTER)]).await.ok();
    assert_eq!(begun.json["response"]["supported_first_factors"], json!([]));
    for answer in [
        go_on(
            &browser,
            &begun,
            "prepare_first_factor",
            &[("strategy", "email_code")],
        )
        .await,
        begin(
            &browser,
            &[("strategy", "email_code"), ("identifier", TESTER)],
        )
        .await,
    ] {
        assert_eq!(answer.refusal(), "400 strategy_for_user_invalid");
        assert!(answer.text.contains("no sender"), "{}", answer.text);
    }
    let code = [("strategy", "email_code"), ("code", "424242")];
    let guessed = go_on(&browser, &begun, "attempt_first_factor", &code).await;
    assert_eq!(guessed.refusal(), "400 verification_missing");
    assert_eq!(world.count("sessions").await, 0);
}

#[tokio::test]
async fn a_password_signs_in_in_production_and_tells_the_applications() {
    let world = World::production().await;
    world
        .backend
        .user_with_password("grace@example.com", PASSWORD)
        .await;
    let browser = world.public_browser();
    let answer = by_password(&browser, "grace@example.com", PASSWORD)
        .await
        .ok();
    let cookies = answer.set_cookies();
    assert!(cookies["__client_uat"].contains("Domain=example.com"));
    assert!(cookies[hosts_client(&cookies)].contains("HttpOnly"));
    assert!(!browser.session().await.is_null());
}

#[tokio::test]
async fn who_is_signed_in_signs_out_first() {
    let (world, ..) = world().await;
    let browser = world.browser();
    by_password(&browser, "grace@example.com", PASSWORD)
        .await
        .ok();
    let again = by_password(&browser, "grace@example.com", PASSWORD).await;
    assert_eq!(again.refusal(), "400 session_exists");
    browser
        .page(reqwest::Method::DELETE, "/v1/client/sessions")
        .await
        .ok();
    by_password(&browser, "grace@example.com", PASSWORD)
        .await
        .ok();
}

#[tokio::test]
async fn secrets_planted_before_a_sign_in_by_password_open_nothing_after_it() {
    let (world, ..) = world().await;
    let browser = world.browser();
    by_password(&browser, "grace@example.com", PASSWORD)
        .await
        .ok();
    browser
        .page(reqwest::Method::DELETE, "/v1/client/sessions")
        .await
        .ok();
    let planted = world.browser_with(&browser);
    by_password(&browser, "grace@example.com", PASSWORD)
        .await
        .ok();
    assert!(!browser.session().await.is_null());
    assert!(planted.session().await.is_null());
}

#[tokio::test]
async fn wrong_ones_are_refused_counted_and_recorded() {
    let (world, grace, tester) = world().await;
    let browser = world.browser();
    let unknown = by_password(&browser, "nobody@example.com", PASSWORD).await;
    assert_eq!(unknown.refusal(), "422 form_identifier_not_found");
    assert_eq!(unknown.param(), "identifier");
    let without = by_password(&browser, TESTER, PASSWORD).await;
    assert_eq!(
        without.refusal(),
        "400 strategy_for_user_invalid",
        "{tester} has no password"
    );
    let wrong = by_password(&browser, "grace@example.com", "incorrect horse").await;
    assert_eq!(wrong.refusal(), "422 form_password_incorrect");
    assert_eq!(wrong.param(), "password");
    assert_eq!(
        user(&world, &grace).await["verification_attempts_remaining"],
        99
    );
    let refused = records(&world, "sign_in.refuse").await;
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert_eq!(refused[0]["result"], "form_password_incorrect");
    assert_eq!(refused[0]["user_id"], grace.as_str());
    assert_eq!(world.count("sessions").await, 0);
    by_password(&browser, "grace@example.com", PASSWORD)
        .await
        .ok();
    assert_eq!(
        user(&world, &grace).await["verification_attempts_remaining"],
        100
    );
}

#[tokio::test]
async fn an_unverified_address_and_a_banned_user_do_not_sign_in() {
    let (world, grace, _) = world().await;
    let other = json!({ "user_id": grace, "email_address": "g2@example.com", "verified": false });
    world.backend.post("/v1/email_addresses", other).await.ok();
    let refused = by_password(&world.browser(), "g2@example.com", PASSWORD).await;
    assert_eq!(refused.refusal(), "422 form_identifier_not_found");
    let browser = world.browser();
    let begun = begin(&browser, &[("identifier", "grace@example.com")])
        .await
        .ok();
    world
        .backend
        .post(&format!("/v1/users/{grace}/ban"), json!({}))
        .await
        .ok();
    let refused = by_password(&world.browser(), "grace@example.com", PASSWORD).await;
    assert_eq!(refused.refusal(), "403 user_banned");
    let form = [("strategy", "password"), ("password", PASSWORD)];
    let refused = go_on(&browser, &begun, "attempt_first_factor", &form).await;
    assert_eq!(refused.refusal(), "403 user_banned");
    world
        .backend
        .delete(&format!("/v1/users/{grace}"))
        .await
        .ok();
    let gone = go_on(&browser, &begun, "attempt_first_factor", &form).await;
    assert_eq!(gone.refusal(), "400 sign_in_identification_or_user_deleted");
}

#[tokio::test]
async fn the_hundredth_wrong_code_locks_the_user_for_an_hour_and_leaves_few_records() {
    let (world, _, tester) = world().await;
    let browser = world.browser();
    let begun = begin(
        &browser,
        &[("strategy", "email_code"), ("identifier", TESTER)],
    )
    .await
    .ok();
    let wrong = [("strategy", "email_code"), ("code", "000000")];
    for _ in 0..99 {
        let refused = go_on(&browser, &begun, "attempt_first_factor", &wrong).await;
        assert_eq!(refused.refusal(), "422 form_code_incorrect");
    }
    let shown = user(&world, &tester).await;
    assert_eq!(shown["verification_attempts_remaining"], 1);
    assert_eq!(shown["locked"], false);
    let last = go_on(&browser, &begun, "attempt_first_factor", &wrong).await;
    assert_eq!(last.refusal(), "403 user_locked");
    let shown = user(&world, &tester).await;
    assert_eq!(shown["locked"], true);
    assert_eq!(shown["lockout_expires_in_seconds"], 3600);
    assert_eq!(shown["verification_attempts_remaining"], 0);
    // The right one, too.
    let code = [("strategy", "email_code"), ("code", "424242")];
    let locked = go_on(&browser, &begun, "attempt_first_factor", &code).await;
    assert_eq!(locked.refusal(), "403 user_locked");
    // 1 to 8, 16, 32 and 64.
    assert_eq!(records(&world, "sign_in.refuse").await.len(), 11);
    let locks = records(&world, "user.lock").await;
    assert_eq!(locks.len(), 1);
    assert_eq!(locks[0]["actor"], "anyone");

    world
        .backend
        .post(&format!("/v1/users/{tester}/unlock"), json!({}))
        .await
        .ok();
    assert_eq!(
        user(&world, &tester).await["verification_attempts_remaining"],
        100
    );
    let browser = world.browser();
    let begun = begin(
        &browser,
        &[("strategy", "email_code"), ("identifier", TESTER)],
    )
    .await
    .ok();
    go_on(&browser, &begun, "attempt_first_factor", &code)
        .await
        .ok();
}

#[tokio::test]
async fn a_lock_ends_by_itself_and_the_count_begins_anew() {
    let (world, _, tester) = world().await;
    world
        .backend
        .post(&format!("/v1/users/{tester}/lock"), json!({}))
        .await
        .ok();
    let form = [("strategy", "email_code"), ("identifier", TESTER)];
    assert_eq!(
        begin(&world.browser(), &form).await.refusal(),
        "403 user_locked"
    );
    world.advance(3600);
    begin(&world.browser(), &form).await.ok();
    assert_eq!(
        user(&world, &tester).await["verification_attempts_remaining"],
        100
    );
}

#[tokio::test]
async fn an_attempt_opens_one_session_however_many_finish_it_at_once() {
    let (world, ..) = world().await;
    let browser = world.browser();
    let begun = begin(
        &browser,
        &[("strategy", "email_code"), ("identifier", TESTER)],
    )
    .await
    .ok();
    let browsers: Vec<_> = (0..16).map(|_| world.browser_with(&browser)).collect();
    let code = [("strategy", "email_code"), ("code", "424242")];
    let answers = browsers
        .iter()
        .map(|one| go_on(one, &begun, "attempt_first_factor", &code));
    let answers = join_all(answers).await;
    let opened = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(opened, 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused.refusal(), "400 verification_already_verified");
    }
    assert_eq!(world.count("sessions").await, 1);
    assert_eq!(records(&world, "sign_in.accept").await.len(), 1);
    // Nor does its cookie afterwards, wherever it was kept.
    let kept = go_on(&browser, &begun, "attempt_first_factor", &code).await;
    assert_eq!(kept.refusal(), "400 verification_already_verified");
    let client = browser.page(reqwest::Method::GET, "/v1/client").await.ok();
    assert!(client.json["response"].is_null());
}

#[tokio::test]
async fn a_password_that_is_changed_meanwhile_opens_nothing() {
    let (world, grace, _) = world().await;
    let path = format!("/v1/users/{grace}");
    for round in 0..6 {
        let (old, new) = (
            format!("password {round}"),
            format!("password {}", round + 1),
        );
        world
            .backend
            .patch(&path, json!({ "password": old }))
            .await
            .ok();
        let browser = world.browser();
        let change = json!({ "password": new, "sign_out_of_other_sessions": true });
        let (changed, answer) = tokio::join!(
            world.backend.patch(&path, change),
            by_password(&browser, "grace@example.com", &old)
        );
        changed.ok();
        // Whichever came first: nobody is signed in by the old password afterwards.
        if answer.status != 200 {
            assert_eq!(answer.refusal(), "422 form_password_incorrect");
        }
        assert!(browser.session().await.is_null(), "round {round}");
    }
}

#[tokio::test]
async fn who_forgot_a_password_chooses_another_by_a_code() {
    let (world, _, tester) = world().await;
    let browser = world.browser();
    let form = [
        ("strategy", "reset_password_email_code"),
        ("identifier", TESTER),
    ];
    let without = begin(&browser, &form).await;
    assert_eq!(
        without.refusal(),
        "400 strategy_for_user_invalid",
        "there is none to forget"
    );
    let path = format!("/v1/users/{tester}");
    world
        .backend
        .patch(&path, json!({ "password": "forgotten it" }))
        .await
        .ok();
    let elsewhere = world.browser();
    by_password(&elsewhere, TESTER, "forgotten it").await.ok();

    let begun = begin(&browser, &[("identifier", TESTER)]).await.ok();
    let factors = begun.json["response"]["supported_first_factors"]
        .as_array()
        .unwrap();
    let strategies: Vec<_> = factors
        .iter()
        .map(|one| one["strategy"].as_str().unwrap())
        .collect();
    assert_eq!(
        strategies,
        ["password", "email_code", "reset_password_email_code"]
    );
    let form = [("strategy", "reset_password_email_code")];
    go_on(&browser, &begun, "prepare_first_factor", &form)
        .await
        .ok();
    let early = go_on(
        &browser,
        &begun,
        "reset_password",
        &[("password", PASSWORD)],
    )
    .await;
    assert_eq!(early.refusal(), "400 verification_missing");
    let other = [("strategy", "email_code"), ("code", "424242")];
    let other = go_on(&browser, &begun, "attempt_first_factor", &other).await;
    assert_eq!(
        other.refusal(),
        "400 verification_missing",
        "it was asked for another purpose"
    );
    let wrong = [("strategy", "reset_password_email_code"), ("code", "1")];
    let wrong = go_on(&browser, &begun, "attempt_first_factor", &wrong).await;
    assert_eq!(wrong.refusal(), "422 form_code_incorrect");
    assert_eq!(
        user(&world, &tester).await["verification_attempts_remaining"],
        99
    );
    let code = [
        ("strategy", "reset_password_email_code"),
        ("code", "424242"),
    ];
    let proven = go_on(&browser, &begun, "attempt_first_factor", &code)
        .await
        .ok();
    assert_eq!(proven.json["response"]["status"], "needs_new_password");
    assert!(browser.session().await.is_null());
    for (form, refusal) in [
        (vec![], "422 form_param_missing"),
        (
            vec![("password", "short")],
            "422 form_password_length_too_short",
        ),
        (
            vec![("password", PASSWORD), ("x", "1")],
            "422 form_param_unknown",
        ),
    ] {
        let refused = go_on(&browser, &begun, "reset_password", &form).await;
        assert_eq!(refused.refusal(), refusal);
    }
    let copy = world.browser_with(&browser);
    let form = [
        ("password", PASSWORD),
        ("sign_out_of_other_sessions", "true"),
    ];
    let done = go_on(&browser, &begun, "reset_password", &form).await.ok();
    assert_eq!(done.json["response"]["status"], "complete");
    assert_eq!(browser.session().await["user"]["id"], tester.as_str());
    assert!(elsewhere.session().await.is_null());
    let again = go_on(&copy, &begun, "reset_password", &form).await;
    assert_eq!(again.refusal(), "400 verification_already_verified");
    by_password(&world.browser(), TESTER, PASSWORD).await.ok();
    assert_eq!(records(&world, "user.password_change").await.len(), 1);

    let late = world.browser();
    let form = [
        ("strategy", "reset_password_email_code"),
        ("identifier", TESTER),
    ];
    let begun = begin(&late, &form).await.ok();
    go_on(&late, &begun, "attempt_first_factor", &code)
        .await
        .ok();
    world.advance(600);
    let refused = go_on(
        &late,
        &begun,
        "reset_password",
        &[("password", "too late now")],
    )
    .await;
    assert_eq!(refused.refusal(), "400 verification_missing");
}

#[tokio::test]
async fn guesses_at_who_there_is_are_recorded_by_number() {
    let mut world = World::new().await;
    for _ in 0..3 {
        by_password(&world.browser(), "nobody@example.com", PASSWORD).await;
    }
    world.restart().await;
    let refused = records(&world, "credential.refuse").await;
    let refused: Vec<_> = refused
        .iter()
        .filter(|one| one["result"] == "form_identifier_not_found")
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["detail"], "3 since the last such record");
}

#[tokio::test]
async fn a_network_and_an_identifier_are_guessed_at_so_often_and_no_more() {
    let world = World::production_with(|config| {
        config.limits.guesses_per_ip = Some(1);
        config.limits.guesses_per_identifier = None;
    })
    .await;
    let browser = world.public_browser();
    let nobody = async || by_password(&browser, "nobody@example.com", PASSWORD).await;
    for _ in 0..10 {
        assert_eq!(nobody().await.refusal(), "422 form_identifier_not_found");
    }
    let mut more = Vec::new();
    for _ in 0..30 {
        more.push(nobody().await);
    }
    let refused = more
        .iter()
        .find(|answer| answer.refusal() == "429 too_many_requests");
    assert!(refused.unwrap().headers.contains_key("retry-after"));

    let world =
        World::production_with(|config| config.limits.guesses_per_identifier = Some(1)).await;
    world
        .backend
        .user_with_password("grace@example.com", PASSWORD)
        .await;
    let mut refusals = Vec::new();
    for _ in 0..30 {
        // Also where nothing is guessed yet: the bound is there before anything is looked up.
        let answer = begin(
            &world.public_browser(),
            &[("identifier", "GRACE@example.com")],
        )
        .await;
        if answer.status != 200 {
            refusals.push(answer.refusal());
        }
    }
    assert!(
        refusals.contains(&"429 too_many_requests".to_owned()),
        "{refusals:?}"
    );
    let other = by_password(&world.public_browser(), "ada@example.com", PASSWORD).await;
    assert_eq!(
        other.refusal(),
        "400 strategy_for_user_invalid",
        "others are not held up"
    );
}

/// Whoever has a session of their own learns of each address and each name whether somebody has it, so that is counted too.
#[tokio::test]
async fn a_network_asks_so_often_from_its_own_page_who_there_is() {
    for (path, name, taken) in [
        ("/v1/me/email_addresses", "email_address", "ada@example.com"),
        ("/v1/me?_method=PATCH", "username", "grace"),
    ] {
        let world = World::production_with(|config| {
            config.limits.guesses_per_ip = Some(1);
        })
        .await;
        let somebody = json!({ "username": "grace" });
        world.backend.post("/v1/users", somebody).await.ok();
        world
            .backend
            .user_with_password("linus@example.com", PASSWORD)
            .await;
        let browser = world.public_browser();
        by_password(&browser, "linus@example.com", PASSWORD)
            .await
            .ok();
        let mut refusals = Vec::new();
        for _ in 0..40 {
            refusals.push(browser.form(path, &[(name, taken)]).await.refusal());
        }
        assert_eq!(refusals[0], "422 form_identifier_exists", "{path}");
        let slowed = refusals.iter().any(|one| one == "429 too_many_requests");
        assert!(slowed, "{path}: {refusals:?}");
    }
}

#[tokio::test]
async fn what_is_no_step_of_a_sign_in_is_refused_and_changes_nothing() {
    let (world, ..) = world().await;
    let browser = world.browser();
    let begun = begin(&browser, &[("identifier", TESTER)]).await.ok();
    let before = (world.count("audit").await, world.count("sessions").await);
    for (call, form, refusal) in [
        ("prepare_first_factor", vec![], "422 form_param_missing"),
        (
            "prepare_first_factor",
            vec![("strategy", "password")],
            "400 strategy_for_user_invalid",
        ),
        (
            "prepare_first_factor",
            vec![("strategy", "phone_code")],
            "400 strategy_for_user_invalid",
        ),
        (
            "prepare_first_factor",
            vec![("strategy", "oauth_google")],
            "400 strategy_for_user_invalid",
        ),
        (
            "prepare_first_factor",
            vec![("strategy", "email_code"), ("email_address_id", "idn_x")],
            "404 resource_not_found",
        ),
        (
            "prepare_first_factor",
            vec![("strategy", "email_code"), ("phone_number_id", "idn_x")],
            "422 form_param_unknown",
        ),
        (
            "attempt_first_factor",
            vec![("code", "424242")],
            "422 form_param_missing",
        ),
        (
            "attempt_first_factor",
            vec![("strategy", "email_code")],
            "422 form_param_missing",
        ),
        (
            "attempt_first_factor",
            vec![("strategy", "password")],
            "422 form_param_missing",
        ),
        (
            "attempt_first_factor",
            vec![("strategy", "password"), ("password", "x"), ("code", "1")],
            "422 form_param_unknown",
        ),
        (
            "attempt_first_factor",
            vec![("strategy", "password"), ("password", "xxxxxxxxx")],
            "400 strategy_for_user_invalid",
        ),
        ("prepare_second_factor", vec![], "400 no_second_factors"),
        ("attempt_second_factor", vec![], "400 no_second_factors"),
    ] {
        let answer = go_on(&browser, &begun, call, &form).await;
        assert_eq!(answer.refusal(), refusal, "{call} {form:?}");
    }
    let other = browser
        .form(
            "/v1/client/sign_ins/sia_other/attempt_first_factor",
            &[("strategy", "email_code"), ("code", "424242")],
        )
        .await;
    assert_eq!(other.refusal(), "404 resource_not_found");
    assert_eq!(
        (world.count("audit").await, world.count("sessions").await),
        before
    );
}

#[tokio::test]
async fn a_cookie_that_was_made_up_or_changed_is_no_attempt() {
    let (world, ..) = world().await;
    let browser = world.browser();
    let begun = begin(
        &browser,
        &[("strategy", "email_code"), ("identifier", TESTER)],
    )
    .await
    .ok();
    let code = [("strategy", "email_code"), ("code", "424242")];
    let name = {
        let cookies = browser.cookies.lock().unwrap();
        cookies
            .keys()
            .find(|name| name.starts_with("__standin_sign_in"))
            .unwrap()
            .clone()
    };
    let sealed = browser.cookies.lock().unwrap()[&name].clone();
    let middle = sealed.len() / 2;
    let other = if &sealed[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    let changed = format!("{}{other}{}", &sealed[..middle], &sealed[middle + 1..]);
    for text in ["x", "", changed.as_str()] {
        browser
            .cookies
            .lock()
            .unwrap()
            .insert(name.clone(), text.to_owned());
        let refused = go_on(&browser, &begun, "attempt_first_factor", &code).await;
        assert_eq!(refused.refusal(), "404 resource_not_found");
    }
    browser.cookies.lock().unwrap().insert(name, sealed);
    go_on(&browser, &begun, "attempt_first_factor", &code)
        .await
        .ok();
}

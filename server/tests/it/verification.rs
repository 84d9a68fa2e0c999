//! A user proves again who they are, and what an application reads of it in tokens (`fva`).

use serde_json::{Value, json};

use crate::world::{Answer, Browser, World, claims, join_all};

const PASSWORD: &str = "correct horse battery";
const TESTER: &str = "tester+clerk_test@example.com";

/// The tester, signed in by password for a quarter of an hour.
async fn signed_in(world: &World) -> (Browser, String) {
    world.backend.user_with_password(TESTER, PASSWORD).await;
    let browser = world.browser();
    let form = [("identifier", TESTER), ("password", PASSWORD)];
    browser.form("/v1/client/sign_ins", &form).await.ok();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    world.advance(15 * 60);
    (browser, session)
}

async fn verify(browser: &Browser, session: &str, call: &str, form: &[(&str, &str)]) -> Answer {
    let path = format!("/v1/client/sessions/{session}/verify{call}");
    browser.form(&path, form).await
}

async fn begin(browser: &Browser, session: &str) -> Answer {
    verify(browser, session, "", &[("level", "first_factor")]).await
}

async fn age(world: &World, browser: &Browser, session: &str) -> Value {
    let token = browser.token(session).await.ok();
    claims(world, token.json["jwt"].as_str().unwrap()).await["fva"].clone()
}

const ATTEMPT: &str = "/attempt_first_factor";
const BY_PASSWORD: &[(&str, &str)] = &[("strategy", "password"), ("password", PASSWORD)];
const BY_CODE: &[(&str, &str)] = &[("strategy", "email_code"), ("code", "424242")];

#[tokio::test]
async fn a_password_or_a_code_makes_the_proof_new_and_tokens_say_so() {
    let world = World::new().await;
    let (browser, session) = signed_in(&world).await;
    for by_code in [false, true] {
        assert_eq!(age(&world, &browser, &session).await, json!([15, -1]));
        let begun = begin(&browser, &session).await.ok();
        let begun = &begun.json["response"];
        assert_eq!(begun["status"], "needs_first_factor");
        assert_eq!(begun["level"], "first_factor");
        assert_eq!(begun["session"]["factor_verification_age"], json!([15, -1]));
        let factors = begun["supported_first_factors"].as_array().unwrap();
        assert_eq!(factors.len(), 2, "{factors:#?}");
        let form = if by_code {
            let early = verify(&browser, &session, ATTEMPT, BY_CODE).await;
            assert_eq!(early.refusal(), "400 verification_missing");
            let form = [
                ("strategy", "email_code"),
                (
                    "email_address_id",
                    factors[1]["email_address_id"].as_str().unwrap(),
                ),
            ];
            let sent = verify(&browser, &session, "/prepare_first_factor", &form)
                .await
                .ok();
            let shown = &sent.json["response"]["first_factor_verification"];
            assert_eq!(shown["strategy"], "email_code");
            BY_CODE
        } else {
            BY_PASSWORD
        };
        let done = verify(&browser, &session, ATTEMPT, form).await.ok();
        assert_eq!(done.json["response"]["status"], "complete");
        assert_eq!(
            done.json["response"]["session"]["factor_verification_age"],
            json!([0, -1])
        );
        let with_it = done.json["response"]["session"]["last_active_token"]["jwt"]
            .as_str()
            .unwrap();
        assert_eq!(
            claims(&world, with_it).await["fva"],
            json!([0, -1]),
            "no older token is shown"
        );
        assert_eq!(age(&world, &browser, &session).await, json!([0, -1]));
        let again = verify(&browser, &session, ATTEMPT, form).await;
        assert_eq!(again.refusal(), "400 session_reverification_missing");
        world.advance(15 * 60);
    }
    let logs = world.backend.get("/v1/audit_logs?limit=500").await.ok();
    let proofs = logs.json["data"].as_array().unwrap().iter();
    let proofs: Vec<_> = proofs
        .filter(|one| one["action"] == "session.verify")
        .collect();
    assert_eq!(proofs.len(), 2);
    assert!(
        proofs
            .iter()
            .all(|one| one["session_id"] == session.as_str() && one["result"] == "ok")
    );
}

#[tokio::test]
async fn a_wrong_proof_is_refused_counted_and_recorded() {
    let world = World::new().await;
    let (browser, session) = signed_in(&world).await;
    begin(&browser, &session).await.ok();
    let wrong = [("strategy", "password"), ("password", "incorrect horse")];
    let refused = verify(&browser, &session, ATTEMPT, &wrong).await;
    assert_eq!(refused.refusal(), "422 form_password_incorrect");
    assert_eq!(age(&world, &browser, &session).await, json!([15, -1]));
    let user = world
        .backend
        .get(&format!(
            "/v1/users?email_address={}",
            TESTER.replace('+', "%2B")
        ))
        .await
        .ok();
    assert_eq!(user.json[0]["verification_attempts_remaining"], 99);
    let logs = world.backend.get("/v1/audit_logs").await.ok();
    assert_eq!(logs.json["data"][0]["action"], "session.verify");
    assert_eq!(logs.json["data"][0]["result"], "form_password_incorrect");
    // The proof is still under way.
    verify(&browser, &session, ATTEMPT, BY_PASSWORD).await.ok();
}

#[tokio::test]
async fn a_proof_is_given_once_and_in_time() {
    let world = World::new().await;
    let (browser, session) = signed_in(&world).await;
    let missing = verify(&browser, &session, ATTEMPT, BY_PASSWORD).await;
    assert_eq!(missing.refusal(), "400 session_reverification_missing");
    begin(&browser, &session).await.ok();
    let both = [0, 1].map(|_| verify(&browser, &session, ATTEMPT, BY_PASSWORD));
    let answers = join_all(both).await;
    let given = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(given, 1, "{answers:#?}");
    begin(&browser, &session).await.ok();
    world.advance(600);
    let late = verify(&browser, &session, ATTEMPT, BY_PASSWORD).await;
    assert_eq!(late.refusal(), "400 session_reverification_missing");
}

#[tokio::test]
async fn what_is_no_proof_is_refused() {
    let world = World::new().await;
    let (browser, session) = signed_in(&world).await;
    begin(&browser, &session).await.ok();
    let prepare = "/prepare_first_factor";
    for (call, form, refusal) in [
        ("", vec![], "422 form_param_missing"),
        (
            "",
            vec![("level", "third_factor")],
            "422 form_param_value_invalid",
        ),
        (
            "",
            vec![("level", "first_factor"), ("x", "1")],
            "422 form_param_unknown",
        ),
        (prepare, vec![], "422 form_param_missing"),
        (
            prepare,
            vec![("strategy", "passkey")],
            "400 strategy_for_user_invalid",
        ),
        (
            prepare,
            vec![("strategy", "email_code"), ("email_address_id", "idn_x")],
            "404 resource_not_found",
        ),
        (
            ATTEMPT,
            vec![("strategy", "password")],
            "422 form_param_missing",
        ),
        (
            ATTEMPT,
            vec![("strategy", "totp"), ("code", "1")],
            "400 strategy_for_user_invalid",
        ),
        (
            ATTEMPT,
            vec![("strategy", "email_code"), ("code", "424242")],
            "400 verification_missing",
        ),
        (
            "/prepare_second_factor",
            vec![("strategy", "phone_code")],
            "400 no_second_factors",
        ),
        ("/attempt_second_factor", vec![], "400 no_second_factors"),
    ] {
        let answer = verify(&browser, &session, call, &form).await;
        assert_eq!(answer.refusal(), refusal, "{call} {form:?}");
    }
    let stranger = begin(&world.browser(), &session).await;
    assert_eq!(stranger.refusal(), "401 signed_out");
    assert_eq!(age(&world, &browser, &session).await, json!([15, -1]));
    // Whoever asks for more than there is gets what there is.
    let more = verify(&browser, &session, "", &[("level", "multi_factor")])
        .await
        .ok();
    assert_eq!(more.json["response"]["level"], "first_factor");
}

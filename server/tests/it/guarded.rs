//! What holds of every answer, and what production does not have.

use reqwest::Method;
use serde_json::{Value, json};

use crate::sockets::Log;
use crate::world::{Answer, World, batch};

/// The headers under which nobody keeps, frames, sniffs or passes on what an answer holds, and nothing foreign is loaded.
fn is_guarded(answer: &Answer, of: &str) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.headers[name], value, "{of}");
    }
    let referrer = answer.headers["referrer-policy"].to_str().unwrap();
    // The page that asks must be told apart by the origin that its form is sent from.
    assert!(
        ["no-referrer", "strict-origin"].contains(&referrer),
        "{of}: {referrer}"
    );
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{of}: {policy}");
    }
    let foreign = [
        "http:",
        "https:",
        "*",
        "unsafe-inline",
        "unsafe-eval",
        "data:",
    ];
    // Its own pages carry their style; where a form leads, its own tests say.
    let sources = policy
        .split(';')
        .map(str::trim)
        .filter(|part| !part.starts_with("form-action") && *part != "style-src 'unsafe-inline'");
    for source in sources.flat_map(str::split_whitespace) {
        assert!(
            !foreign.iter().any(|word| source.contains(word)),
            "{of}: {policy}"
        );
    }
}

#[tokio::test]
async fn whatever_a_ticket_or_a_handshake_is_shown_to_answers_under_guard() {
    let world = World::new().await;
    let page = |path: String| {
        let browser = world.browser();
        let request = browser
            .request(Method::GET, &path)
            .header("accept", "text/html");
        async move { browser.send(request).await }
    };
    let asks = world
        .backend
        .create(json!({ "confirm": "visitor" }))
        .await
        .ok();
    let asks = crate::world::Task::of(&asks).path;
    let asked = page(asks).await;
    assert_eq!(asked.status, 200);
    is_guarded(&asked, "the page that asks");
    let task = world.backend.task().await;
    let visit = page(task.path.clone()).await;
    let target = visit.location();
    is_guarded(&visit, "a visit");
    let (_, nonce) = target
        .query_pairs()
        .find(|(name, _)| name.contains("nonce"))
        .unwrap();
    let exchanged = format!("/v1/clients/handshake_payload?nonce={nonce}");
    is_guarded(&world.backend.get(&exchanged).await.ok(), "an exchange");
    is_guarded(&page(task.path.clone()).await, "a used link");
    let json = world.browser().visit(&world.backend.task().await).await;
    is_guarded(&json, "a program's visit");
    is_guarded(
        &page("/v1/agents/tasks?ticket=x".into()).await,
        "an unknown ticket",
    );
    is_guarded(
        &page("/v1/tickets/accept?ticket=x".into()).await,
        "an unknown link",
    );
    let handshake = "/v1/client/handshake?redirect_url=http://localhost:3000/";
    is_guarded(&page(handshake.into()).await, "a handshake");
    let foreign = "/v1/client/handshake?redirect_url=https://evil.example/";
    is_guarded(&page(foreign.into()).await, "a refused handshake");
    is_guarded(&page("/v1/nothing".into()).await, "nothing");
}

#[tokio::test]
async fn a_failure_of_the_server_s_own_says_a_trace_id_and_the_log_the_rest() {
    let (log, _guard) = Log::begin();
    let world = World::new().await;
    batch(&world.config.database, "drop table waitlist_entries");
    let failed = world.backend.get("/v1/waitlist_entries").await;
    assert_eq!(failed.refusal(), "500 internal_clerk_error");
    let trace = failed.json["clerk_trace_id"].as_str().unwrap();
    for word in ["waitlist", "table", "SQL", "select", "no such", "relation"] {
        assert!(!failed.text.contains(word), "{failed:?}");
    }
    let lines = log.lines(trace);
    assert!(
        lines.iter().any(|line| line.contains("waitlist_entries")),
        "{lines:?}"
    );
    // What does not need it goes on.
    world.backend.get("/v1/users").await.ok();
}

#[tokio::test]
async fn keys_that_sign_have_2048_bits() {
    let world = World::new().await;
    for key in world.backend.get("/v1/jwks").await.ok().json["keys"]
        .as_array()
        .unwrap()
    {
        assert_eq!(
            (&key["kty"], &key["alg"], &key["e"]),
            (&json!("RSA"), &json!("RS256"), &json!("AQAB"))
        );
        // 256 bytes as base64url; the first one of a modulus is never below 128.
        let modulus = key["n"].as_str().unwrap();
        assert_eq!(modulus.len(), 342);
        assert!(!modulus.starts_with(|first: char| matches!(first, 'A'..='Z' | 'a'..='f')));
    }
}

#[tokio::test]
async fn what_development_makes_easy_production_does_not_have() {
    for (is_production, world) in [
        (false, World::new().await),
        (true, World::production().await),
    ] {
        let browser = if is_production {
            world.public_browser()
        } else {
            world.browser()
        };
        let user: Value = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
        let made = json!({ "email_address": ["c+clerk_test@example.com"] });
        world.backend.post("/v1/users", made).await.ok();
        let began = browser
            .form(
                "/v1/client/sign_ins",
                &[("identifier", "c+clerk_test@example.com")],
            )
            .await
            .ok();
        let attempt = began.json["response"]["id"].as_str().unwrap();
        let address = &began.json["response"]["supported_first_factors"][0]["email_address_id"];
        let path = format!("/v1/client/sign_ins/{attempt}/prepare_first_factor");
        let prepare = [
            ("strategy", "email_code"),
            ("email_address_id", address.as_str().unwrap_or_default()),
        ];
        browser.form(&path, &prepare).await;
        let code = [("strategy", "email_code"), ("code", "424242")];
        let loopback = json!({ "redirect_url": "http://localhost:3000/" });
        for (what, answer) in [
            (
                "a browser's name in addresses",
                browser.page(Method::POST, "/v1/dev_browser").await,
            ),
            ("a first page", browser.get("/").await),
            (
                "sessions for the asking",
                world
                    .backend
                    .post("/v1/sessions", json!({ "user_id": user }))
                    .await,
            ),
            (
                "links to this machine",
                world.backend.create(loopback).await,
            ),
            (
                "the code of test addresses",
                browser
                    .form(
                        &format!("/v1/client/sign_ins/{attempt}/attempt_first_factor"),
                        &code,
                    )
                    .await,
            ),
        ] {
            assert_eq!(
                answer.status.is_success(),
                !is_production,
                "{what}: {answer:?}"
            );
        }
    }
}

//! Whoever shows nothing that this instance gave out leaves no row behind, whatever is asked and how often.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::world::{Browser, World};

/// Every table that a request could write to.
const TABLES: [&str; 12] = [
    "instance",
    "signing_keys",
    "secret_keys",
    "users",
    "identifiers",
    "agents",
    "clients",
    "dev_browsers",
    "tasks",
    "sign_in_tokens",
    "sessions",
    "audit",
];

async fn rows(world: &World) -> BTreeMap<&'static str, i64> {
    let db = world.db().await;
    let mut rows = BTreeMap::new();
    for table in TABLES {
        let sql = format!("select count(*) from {table}");
        rows.insert(table, db.read(move |tx| tx.one(&sql, &[])).await.unwrap());
    }
    rows
}

/// Asks for everything that needs no credential, and for the rest with credentials that were made up.
async fn knock(world: &World, browser: &Browser, target: &str) {
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
        browser.page(method, "/v1/client").await.ok();
    }
    browser.page(Method::POST, "/v1/dev_browser").await;
    for format in ["nonce", "token"] {
        let path = format!("/v1/client/handshake?format={format}&redirect_url={target}");
        browser.get(&path).await.location();
        browser
            .get(&format!("{path}&__clerk_db_jwt=dvb_made_up"))
            .await
            .location();
    }
    let unknown = format!("ticket={:043}", 7);
    for path in ["/v1/agents/tasks", "/v1/tickets/accept"] {
        let path = format!("{path}?{unknown}&redirect_url={target}");
        assert_eq!(browser.get(&path).await.code(), "ticket_invalid_code");
        // A program has no cookies.
        let program = match browser.host {
            Some(_) => world.public_browser(),
            None => world.browser(),
        };
        let json = program
            .request(Method::GET, &path)
            .header("accept", "application/json");
        assert_eq!(program.send(json).await.code(), "ticket_invalid_code");
    }
    let origin = if browser.host.is_some() {
        "https://app.example.com"
    } else {
        "http://localhost:3000"
    };
    let form = [("strategy", "ticket"), ("ticket", "made-up")];
    let sign_in = browser
        .request(Method::POST, "/v1/client/sign_ins")
        .header("origin", origin);
    assert_eq!(
        browser.send(sign_in.form(&form)).await.code(),
        "ticket_invalid_code"
    );
    for (path, form) in [
        ("sign_ins", vec![("identifier", "nobody@example.com")]),
        ("sign_ins", vec![("identifier", "ada@example.com")]),
        (
            "sign_ins/sia_x/prepare_first_factor",
            vec![("strategy", "email_code")],
        ),
        (
            "sign_ins/sia_x/attempt_first_factor",
            vec![("strategy", "password"), ("password", "x")],
        ),
        (
            "sign_ups",
            vec![
                ("email_address", "new+clerk_test@example.com"),
                ("password", "correct horse"),
            ],
        ),
        (
            "sign_ups/sua_x/prepare_verification",
            vec![("strategy", "email_code")],
        ),
        (
            "sign_ups/sua_x/attempt_verification",
            vec![("strategy", "email_code"), ("code", "424242")],
        ),
        ("sessions/sess_x/verify", vec![("level", "first_factor")]),
    ] {
        browser.form(&format!("/v1/client/{path}"), &form).await;
    }
    for act in ["tokens", "touch", "end", "remove"] {
        let path = format!("/v1/client/sessions/sess_made_up/{act}");
        assert_eq!(browser.page(Method::POST, &path).await.status, 401);
    }
    browser
        .page(Method::DELETE, "/v1/client/sessions")
        .await
        .ok();
    let stranger = world.backend.with_key("sk_test_made_up");
    assert_eq!(stranger.create(json!({})).await.status, 401);
    assert_eq!(
        stranger
            .post("/v1/sessions/revoke", json!({ "all": true }))
            .await
            .status,
        401
    );
    let proxied = browser
        .request(Method::GET, "/v1/client")
        .header("clerk-secret-key", "sk_test_made_up")
        .header("clerk-proxy-url", format!("{target}__clerk"));
    browser.send(proxied).await;
}

/// A browser with a client secret that was never given out, beside one with none.
fn made_up(mut browser: Browser) -> Browser {
    let secret = ("__client".to_owned(), "0".repeat(43));
    browser.cookies.get_mut().unwrap().extend([secret]);
    browser
}

#[tokio::test]
async fn strangers_write_nothing_in_development() {
    let world = World::new().await;
    let before = rows(&world).await;
    let target = "http://localhost:3000/";
    knock(&world, &world.browser(), target).await;
    knock(&world, &made_up(world.browser()), target).await;
    assert_eq!(rows(&world).await, before);
}

#[tokio::test]
async fn strangers_write_nothing_in_production() {
    let world = World::production().await;
    let before = rows(&world).await;
    let target = "https://app.example.com/";
    knock(&world, &world.public_browser(), target).await;
    knock(&world, &made_up(world.public_browser()), target).await;
    assert_eq!(rows(&world).await, before);
}

#[tokio::test]
async fn a_browser_that_is_signed_out_writes_nothing_when_its_page_goes_on() {
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/client/sessions/{session}");
    browser
        .page(Method::POST, &format!("{path}/end"))
        .await
        .ok();
    let before = rows(&world).await;
    for act in ["tokens", "touch", "end", "remove"] {
        let refused = browser.page(Method::POST, &format!("{path}/{act}")).await;
        assert_eq!(refused.refusal(), "401 signed_out", "{act}");
    }
    browser
        .page(Method::DELETE, "/v1/client/sessions")
        .await
        .ok();
    assert_eq!(rows(&world).await, before);
}

#[tokio::test]
async fn a_page_that_has_no_server_is_given_the_name_that_its_components_ask_for() {
    const NAME: &str = "__clerk_db_jwt";
    let world = World::new().await;
    let browser = world.browser();
    let asked = async |origin: &str| {
        let request = browser.request(Method::GET, "/v1/client");
        let answer = browser.send(request.header("origin", origin)).await;
        answer.ok().set_cookies()
    };
    let elsewhere = asked("http://127.0.0.1:3000").await;
    assert!(
        elsewhere.is_empty(),
        "its cookies are not these: {elsewhere:?}"
    );
    let program = browser.get("/v1/client").await.set_cookies();
    assert!(program.is_empty(), "{program:?}");
    let named = asked("http://localhost:3000").await;
    assert_eq!(named.len(), 2, "{named:?}");
    for cookie in named.values() {
        assert!(cookie.contains("=dvb_") && cookie.contains("Path=/; Max-Age=31536000"));
        assert!(
            !cookie.contains("HttpOnly") && !cookie.contains("Domain"),
            "{cookie}"
        );
    }
    let again = asked("http://localhost:3000").await;
    assert!(again.is_empty(), "one is enough: {again:?}");
    // It opens nothing, and stays when somebody has signed in.
    let token = browser.cookies.lock().unwrap()[NAME].clone();
    let path = format!("/v1/client?{NAME}={token}");
    let anybody = world.browser().page(Method::GET, &path).await.ok();
    assert!(anybody.json["response"].is_null(), "{anybody:?}");
    let task = world.backend.task().await;
    browser.visit(&task).await.location();
    assert_eq!(browser.cookies.lock().unwrap()[NAME], token);
    let client = browser.page(Method::GET, "/v1/client").await.ok();
    assert_eq!(client.json["response"]["sessions"][0]["status"], "active");

    let production = World::production().await;
    let page = production.public_browser();
    let answer = page.page(Method::GET, "/v1/client").await.ok();
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

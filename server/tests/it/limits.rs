//! Who asks too often, and with what.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;

use crate::world::{Answer, Browser, Task, World};

/// A server that believes who the tests say they are, and lets ten wrong credentials through at once.
async fn world() -> World {
    World::with(|config| {
        config.trusted_proxies = vec![[127, 0, 0, 1].into(), "::1".parse().unwrap()];
        config.limits.refused_per_ip = Some(1);
    })
    .await
}

fn from(request: RequestBuilder, address: &str) -> RequestBuilder {
    request.header("x-forwarded-for", address)
}

fn get(browser: &Browser, path: &str, n: usize) -> RequestBuilder {
    browser.request(Method::GET, &format!("{path}?ticket={n:043}"))
}

fn users(browser: &Browser) -> RequestBuilder {
    browser.request(Method::GET, "/v1/users")
}

/// A request with the n-th guess.
type Ask = dyn Fn(&Browser, usize) -> RequestBuilder;

/// Asks until it is told to slow down; how often each refusal came before.
async fn flood(
    browser: &Browser,
    address: &str,
    ask: impl Fn(&Browser, usize) -> RequestBuilder,
) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for n in 0..100 {
        let answer = browser.send(from(ask(browser, n), address)).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
            return told;
        }
        *told.entry(answer.refusal()).or_default() += 1;
    }
    panic!("never told to slow down: {told:?}");
}

async fn visit(browser: &Browser, task: &Task, address: &str) -> Answer {
    let request = browser.request(Method::GET, &task.path);
    browser.send(from(request, address)).await
}

#[tokio::test]
async fn whoever_guesses_is_turned_away_wherever_the_guess_is_shown() {
    let world = world().await;
    let browser = world.browser();
    let before = world.count("audit").await;
    let cases: [(&str, &Ask); 5] = [
        ("401 clerk_key_invalid", &|browser, n| {
            users(browser).bearer_auth(n)
        }),
        ("401 proxy_request_invalid_secret_key", &|browser, n| {
            users(browser).header("clerk-secret-key", n.to_string())
        }),
        ("400 ticket_invalid_code", &|browser, n| {
            get(browser, "/v1/agents/tasks", n)
        }),
        ("400 ticket_invalid_code", &|browser, n| {
            get(browser, "/v1/tickets/accept", n)
        }),
        ("400 ticket_invalid_code", &|browser, n| {
            let form = [
                ("strategy", "ticket".to_owned()),
                ("ticket", format!("{n:043}")),
            ];
            browser
                .request(Method::POST, "/v1/client/sign_ins")
                .form(&form)
        }),
    ];
    for (case, (expected, ask)) in cases.into_iter().enumerate() {
        let told = flood(&browser, &format!("192.0.2.{case}"), ask).await;
        let refused = told.get(expected).copied().unwrap_or_default();
        assert!((10..14).contains(&refused), "{case}: {told:?}");
        assert_eq!(told.len(), 1, "{case}: {told:?}");
    }
    assert_eq!(
        world.count("audit").await,
        before,
        "guesses leave nothing behind"
    );
}

#[tokio::test]
async fn a_dead_link_is_not_looked_up_for_ever_and_does_not_fill_the_record() {
    let world = world().await;
    let browser = world.browser();
    let (used, fresh) = (world.backend.task().await, world.backend.task().await);
    visit(&world.browser(), &used, "192.0.2.1").await.location();
    let told = flood(&browser, "192.0.2.1", |browser, _| {
        browser.request(Method::GET, &used.path)
    })
    .await;
    assert!(told["400 agent_task_already_used"] >= 10, "{told:?}");
    let recorded = world.count("audit").await;
    // Not even a good one is looked up, or the bound would tell them apart and save no work.
    let answer = visit(&browser, &fresh, "192.0.2.1").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.count("audit").await, recorded);
    // Elsewhere nobody is held up, and keys are counted apart.
    let users = browser.request(Method::GET, "/v1/users");
    let users = users.bearer_auth(&world.backend.key);
    browser.send(from(users, "192.0.2.1")).await.ok();
    visit(&browser, &fresh, "192.0.2.2").await.location();

    let revoked = world.backend.task().await;
    let path = format!("/v1/agents/tasks/{}/revoke", revoked.id);
    world.backend.post(&path, json!({})).await.ok();
    let told = flood(&browser, "192.0.2.3", |browser, _| {
        browser.request(Method::GET, &revoked.path)
    })
    .await;
    assert!(told["400 agent_task_revoked"] >= 10, "{told:?}");
}

#[tokio::test]
async fn an_ipv6_subscriber_has_one_bound_for_all_its_addresses() {
    let world = world().await;
    let browser = world.browser();
    let mut last = StatusCode::OK;
    for n in 0..20 {
        let request = browser.request(Method::GET, "/v1/users").bearer_auth(n);
        let answer = browser.send(from(request, &format!("2001:db8::{n}"))).await;
        last = answer.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let other = browser.request(Method::GET, "/v1/users").bearer_auth("x");
    let other = browser.send(from(other, "2001:db8:0:1::1")).await;
    assert_eq!(other.refusal(), "401 clerk_key_invalid");
}

#[tokio::test]
async fn what_an_application_passes_on_is_not_held_against_its_address() {
    let world = world().await;
    let browser = world.browser();
    for n in 0..30 {
        let path = format!("/v1/agents/tasks?ticket={n:043}");
        let request = browser
            .request(Method::GET, &path)
            .header("clerk-secret-key", &world.backend.key);
        let answer = browser.send(from(request, "192.0.2.1")).await;
        assert_eq!(answer.refusal(), "400 ticket_invalid_code");
    }
}

#[tokio::test]
async fn a_user_is_counted_once_however_the_identifier_is_spelt() {
    let world = World::with(|config| config.limits.per_agent_or_user = Some(1)).await;
    let spellings = [
        "ada@example.com",
        " ada@example.com",
        "ADA@Example.com",
        "ada@EXAMPLE.COM ",
    ];
    let mut refused = 0;
    for n in 0..20 {
        let who = json!({ "identifier": spellings[n % spellings.len()] });
        let wish = json!({ "agent_name": format!("agent {n}"), "on_behalf_of": who });
        let answer = world.backend.create(wish).await;
        refused += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!((5..=10).contains(&refused), "{refused}");
}

#[tokio::test]
async fn credentials_that_nobody_gave_out_are_recorded_by_number_and_by_the_server_itself() {
    let mut world = World::new().await;
    let before = world.count("audit").await;
    for _ in 0..30 {
        world
            .backend
            .with_key("sk_test_guess")
            .get("/v1/users")
            .await;
        world.browser().get("/v1/agents/tasks?ticket=guess").await;
    }
    assert_eq!(world.count("audit").await, before);
    world.restart().await;
    let records = world.backend.get("/v1/audit_logs?limit=5").await.ok().json;
    let told: Vec<String> = records["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["action"] == "credential.refuse")
        .map(|record| format!("{} {}", record["result"], record["detail"]).replace('"', ""))
        .collect();
    assert_eq!(
        told,
        [
            "ticket_invalid_code 30 since the last such record",
            "clerk_key_invalid 30 since the last such record"
        ]
    );
}

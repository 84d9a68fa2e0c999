//! Attacks that were tried by hand and failed, so that they go on failing.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::world::{Answer, Task, World};

/// One of the three ways to redeem a ticket, at the same moment as everybody else.
async fn redeem(world: &World, task: &Task, way: usize, barrier: Arc<Barrier>) -> Answer {
    let browser = world.browser();
    let request = match way {
        0 => browser.request(Method::GET, &task.path),
        1 => browser
            .request(Method::GET, &task.path)
            .header("accept", "application/json"),
        _ => {
            let (_, ticket) = task.path.split_once("ticket=").unwrap();
            browser
                .request(Method::POST, "/v1/client/sign_ins")
                .header("origin", "http://localhost:3000")
                .form(&[("strategy", "ticket"), ("ticket", ticket)])
        }
    };
    barrier.wait().await;
    browser.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_redeemers_in_three_ways_one_gets_in() {
    let world = Arc::new(World::new().await);
    for round in 1..=5 {
        let task = world.backend.task().await;
        let barrier = Arc::new(Barrier::new(64));
        let mut redeemers = JoinSet::new();
        for n in 0..64 {
            let (world, task, barrier) = (world.clone(), task.clone(), barrier.clone());
            redeemers.spawn(async move { redeem(&world, &task, n % 3, barrier).await });
        }
        let mut told = BTreeMap::new();
        for answer in redeemers.join_all().await {
            let what = match answer.status.as_u16() {
                200 | 307 => "in",
                _ => answer.code(),
            };
            *told.entry(what.to_owned()).or_insert(0) += 1;
        }
        assert_eq!(told["in"], 1, "{told:?}");
        assert_eq!(told["agent_task_already_used"], 63, "{told:?}");
        assert_eq!(world.count("sessions").await, round);
    }
}

#[tokio::test]
async fn a_link_that_a_browser_opens_by_speculation_is_not_spent() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let browser = world.browser();
    for purpose in [
        "prefetch",
        "prerender",
        "prefetch;prerender",
        "prefetch;anonymous-client-ip",
    ] {
        let ahead = browser
            .request(Method::GET, &task.path)
            .header("sec-purpose", purpose)
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-site", "cross-site");
        assert_eq!(browser.send(ahead).await.status, 503, "{purpose}");
    }
    assert_eq!(world.count("sessions").await, 0);
    browser.visit(&task).await.location();
}

#[tokio::test]
async fn a_session_is_no_key_to_the_backend_api() {
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let token = browser.token(&session).await.ok().json;
    let as_a_key = world.backend.with_key(token["jwt"].as_str().unwrap());
    let (tasks, users) = (world.count("tasks").await, world.count("users").await);
    let refused = [
        as_a_key.create(json!({})).await,
        as_a_key.get("/v1/users").await,
        as_a_key
            .post("/v1/sessions/revoke", json!({ "all": true }))
            .await,
    ];
    for answer in refused {
        assert_eq!(answer.refusal(), "401 clerk_key_invalid");
    }
    // The cookie alone is none either.
    for path in ["/v1/agents/tasks", "/v1/users", "/v1/sign_in_tokens"] {
        let with_cookies = browser
            .request(Method::POST, path)
            .header("origin", "http://localhost:3000")
            .json(&crate::world::Backend::task_body());
        assert!(browser.send(with_cookies).await.status.is_client_error());
    }
    assert_eq!(world.count("tasks").await, tasks);
    assert_eq!(world.count("users").await, users);
    assert!(browser.session().await["id"].is_string());
}

fn raw(world: &World, request: &str) -> String {
    let address = world.server.as_ref().unwrap().local_addr();
    let mut stream = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(5));
    stream.set_read_timeout(patience).unwrap();
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_request_comes_out_of_a_body() {
    let world = World::new().await;
    // Whoever reads the length that the first line names finds a second request behind it.
    let inner = "GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let by_length = format!(
        "Content-Length: {}\r\nTransfer-Encoding: chunked",
        inner.len() + 5
    );
    for lines in [
        by_length.as_str(),
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Transfer-Encoding: \x0bchunked\r\nContent-Length: 5",
        "Transfer-Encoding:\tchunked\r\n\tidentity\r\nContent-Length: 5",
    ] {
        let request = format!(
            "PUT /v1/client HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n0\r\n\r\n{inner}"
        );
        let answer = raw(&world, &request);
        assert!(answer.starts_with("HTTP/1.1 "), "{lines}: {answer}");
        assert!(!answer.contains("healthy"), "{lines}: {answer}");
    }
}

use std::time::{Duration, Instant};

use standin::{Client, NewAgentTask, OnBehalfOf};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::failures::client;

/// A server that answers so `times` times and well from then on.
async fn flaky(answer: ResponseTemplate, times: u64) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let body =
        r#"{ "keys": [], "agent_task_id": "agtask_1", "agent_id": "agt_1", "url": "http://x" }"#;
    let well = ResponseTemplate::new(200).set_body_string(body);
    Mock::given(any())
        .respond_with(answer)
        .up_to_n_times(times)
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(well).mount(&server).await;
    let client = client(&server.uri()).retries(2).build().unwrap();
    (server, client)
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

pub async fn create(client: &Client) -> standin::Result<()> {
    let new = NewAgentTask {
        on_behalf_of: OnBehalfOf::identifier("ada@example.com"),
        agent_name: "a",
        task_description: "b",
        redirect_url: "http://localhost/",
    };
    client.agent_tasks().create(new).await.map(|_| ())
}

#[tokio::test]
async fn reading_is_tried_again_when_the_server_stumbles() {
    for status in [500, 502, 503, 504] {
        let (server, client) = flaky(ResponseTemplate::new(status), 2).await;
        client.jwks().await.unwrap();
        assert_eq!(asked(&server).await, 3, "{status}");
    }
}

#[tokio::test]
async fn reading_is_given_up_after_the_last_try() {
    let (server, client) = flaky(ResponseTemplate::new(503), 9).await;
    assert_eq!(client.jwks().await.unwrap_err().status().unwrap(), 503);
    assert_eq!(asked(&server).await, 3);
}

#[tokio::test]
async fn a_change_is_never_made_twice() {
    for status in [500, 502, 503, 504] {
        let (server, client) = flaky(ResponseTemplate::new(status), 1).await;
        assert!(create(&client).await.is_err());
        assert_eq!(asked(&server).await, 1, "{status}");
    }
}

#[tokio::test]
async fn a_tasks_url_is_opened_once_and_without_the_secret_key() {
    let (server, _) = flaky(ResponseTemplate::new(503), 1).await;
    let url = format!("{}/v1/agents/tasks?ticket=t", server.uri());
    // Browsers reach the server elsewhere than applications do.
    let client = client("https://backend.example.com").build().unwrap();
    assert!(client.agent_tasks().redeem(&url).await.is_err());
    let asked = server.received_requests().await.unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].url.query(), Some("ticket=t"));
    assert!(!asked[0].headers.contains_key("authorization"));
    assert_eq!(asked[0].headers["accept"], "application/json");
}

#[tokio::test]
async fn refusals_that_will_not_change_are_final() {
    for status in [400, 401, 403, 404, 422, 501] {
        let (server, client) = flaky(ResponseTemplate::new(status), 1).await;
        assert!(client.jwks().await.is_err());
        assert_eq!(asked(&server).await, 1, "{status}");
    }
}

#[tokio::test]
async fn too_many_requests_are_sent_again_when_the_server_says() {
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "1");
    let (server, client) = flaky(busy, 1).await;
    let started = Instant::now();
    create(&client).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(asked(&server).await, 2);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_left_to_the_caller() {
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "3600");
    let (server, client) = flaky(busy, 1).await;
    let error = create(&client).await.unwrap_err();
    assert!(error.is_rate_limited());
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
    assert_eq!(asked(&server).await, 1);
}

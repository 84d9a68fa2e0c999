use std::error::Error as _;
use std::time::Duration;

use standin::{Client, NewAgentTask};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::world::{World, task};

/// A client of a server made up for the test, that does not try again.
pub fn client(url: &str) -> standin::ClientBuilder {
    Client::builder()
        .secret_key("sk_test_made_up")
        .api_url(url)
        .retries(0)
}

#[tokio::test]
async fn a_refusal_says_what_of_and_why() {
    let world = World::new().await;
    let new = NewAgentTask {
        redirect_url: "javascript:alert(1)",
        ..task()
    };
    let error = world.client.agent_tasks().create(new).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 422);
    assert_eq!(error.refusals()[0].param(), Some("redirect_url"));
    let text = error.to_string();
    assert!(
        text.starts_with("POST /v1/agents/tasks was refused: "),
        "{text}"
    );
    assert!(
        text.contains(error.code().unwrap()) && text.contains("redirect_url"),
        "{text}"
    );
    assert!(!error.refusals()[0].message.is_empty());
    assert!(error.trace_id().is_some());
}

#[tokio::test]
async fn a_wrong_key_is_unauthorized_and_not_shown() {
    let world = World::new().await;
    let error = world
        .with_key("sk_test_wrong")
        .users()
        .count()
        .await
        .unwrap_err();
    assert!(error.is_unauthorized());
    assert_eq!(error.code(), Some("clerk_key_invalid"));
    assert!(!format!("{error:?} {error}").contains("sk_test_wrong"));
}

#[tokio::test]
async fn every_request_says_who_asks_and_in_which_version() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/prefix/v1/users/count"))
        .and(header("authorization", "Bearer sk_test_made_up"))
        .and(header("clerk-api-version", "2026-05-12"))
        .and(header(
            "user-agent",
            concat!("standin-rust/", env!("CARGO_PKG_VERSION")),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{ "total_count": 3 }"#))
        .mount(&server)
        .await;
    let client = client(&format!("{}/prefix/", server.uri()))
        .build()
        .unwrap();
    assert_eq!(client.users().count().await.unwrap(), 3);
}

#[tokio::test]
async fn an_answer_that_is_not_the_apis_is_named_as_such() {
    for body in [
        "<html>hello</html>",
        "",
        "[]",
        r#"{ "total_count": "many" }"#,
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_string(body);
        Mock::given(method("GET"))
            .respond_with(answer)
            .mount(&server)
            .await;
        let client = client(&server.uri()).build().unwrap();
        let error = client.users().count().await.unwrap_err();
        assert!(
            error.to_string().contains("is its address right?"),
            "{error}"
        );
        assert_eq!(
            (error.status().unwrap().as_u16(), error.code()),
            (200, None)
        );
        assert!(error.source().is_some());
    }
}

#[tokio::test]
async fn a_refusal_in_another_shape_keeps_its_status() {
    for body in [
        "<html>Bad Gateway</html>",
        "",
        "{}",
        r#"{ "errors": 3 }"#,
        r#"{ "errors": [{}] }"#,
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(404).set_body_string(body);
        Mock::given(method("GET"))
            .respond_with(answer)
            .mount(&server)
            .await;
        let error = client(&server.uri())
            .build()
            .unwrap()
            .jwks()
            .await
            .unwrap_err();
        assert!(
            error.is_not_found() && error.refusals().is_empty(),
            "{error:?}"
        );
        assert_eq!(error.to_string(), "GET /v1/jwks was refused: 404 Not Found");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let (server, other) = (MockServer::start().await, MockServer::start().await);
    let answer = ResponseTemplate::new(302).insert_header("location", other.uri());
    Mock::given(method("GET"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let error = client(&server.uri())
        .build()
        .unwrap()
        .jwks()
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 302);
    assert!(other.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_call_ends_when_its_time_is_up() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
    Mock::given(method("GET"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let quick = client(&server.uri())
        .retries(5)
        .timeout(Duration::from_millis(100));
    let error = quick.build().unwrap().jwks().await.unwrap_err();
    assert!(error.is_timeout() && !error.is_connect(), "{error:?}");
    let sentence = format!("GET /v1/jwks got no answer in time from {}", server.uri());
    assert_eq!(error.to_string(), sentence);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_server_is_told_from_a_server_that_refuses() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", taken.local_addr().unwrap());
    drop(taken);
    let error = client(&url).build().unwrap().jwks().await.unwrap_err();
    assert!(error.is_connect() && !error.is_timeout() && error.status().is_none());
    assert_eq!(
        error.to_string(),
        format!("GET /v1/jwks could not connect to {url}")
    );
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_parameter_that_cannot_be_written_is_told_before_anything_is_sent() {
    let world = World::new().await;
    let map = std::collections::HashMap::from([((1, 2), 3)]);
    let change = world
        .client
        .users()
        .merge_metadata(&world.ada.id)
        .public_metadata(map);
    let error = change.await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("public_metadata cannot be sent"),
        "{error}"
    );
    assert_eq!(error.status(), None);
}

#[test]
fn everything_can_be_sent_to_another_thread() {
    fn sent<T: Send + 'static>(_: impl FnOnce(Client) -> T) {}
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Client>();
    shared::<standin::Error>();
    sent(|client| client.users().create().into_future());
    sent(|client| client.users().list().stream());
    sent(|client| async move { client.jwks().await });
}

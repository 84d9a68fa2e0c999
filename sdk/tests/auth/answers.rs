//! What the application's caller is told of a call that failed.

use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use standin::{Client, Error};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn failed(answer: ResponseTemplate) -> Error {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = Client::builder()
        .secret_key("sk_live_x")
        .api_url(server.uri())
        .retries(0);
    client.build().unwrap().users().count().await.unwrap_err()
}

fn refused(status: u16, code: &str) -> ResponseTemplate {
    let reason = json!({ "code": code, "message": "no", "long_message": "No.", "meta": { "param_name": "id" } });
    ResponseTemplate::new(status).set_body_json(json!({ "errors": [reason] }))
}

async fn body(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000).await;
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

#[tokio::test]
async fn a_refusal_that_concerns_the_caller_is_passed_on_and_no_other() {
    for (status, code, told, told_code) in [
        (404, "resource_not_found", 404, "resource_not_found"),
        (403, "forbidden", 403, "forbidden"),
        (401, "session_token_expired", 401, "session_token_expired"),
        (401, "clerk_key_invalid", 502, "backend_api_failed"),
        (422, "form_param_missing", 502, "backend_api_failed"),
        (500, "internal_clerk_error", 502, "backend_api_failed"),
    ] {
        let response = failed(refused(status, code)).await.into_response();
        assert_eq!(response.status().as_u16(), told, "{status} {code}");
        assert_eq!(response.headers()["content-type"], "application/json");
        let body = body(response).await;
        assert_eq!(body["errors"][0]["code"], told_code);
        let named = &body["errors"][0]["meta"]["param_name"];
        assert_eq!(named.is_string(), told == status, "{body}");
    }
}

#[tokio::test]
async fn who_is_to_wait_is_told_how_long() {
    let answer = refused(429, "too_many_requests").insert_header("retry-after", "7");
    let response = failed(answer).await.into_response();
    assert_eq!(response.status().as_u16(), 429);
    assert_eq!(response.headers()["retry-after"], "7");
}

#[tokio::test]
async fn what_is_wrong_with_the_application_stays_inside() {
    let closed = Client::builder()
        .secret_key("sk_live_x")
        .api_url("http://127.0.0.1:1")
        .retries(0);
    let lost = closed.build().unwrap().users().count().await.unwrap_err();
    let unset = Client::builder().api_url("nonsense").build().unwrap_err();
    for (error, status) in [(lost, 502), (unset, 500)] {
        let said = error.to_string();
        let response = error.into_response();
        assert_eq!(response.status().as_u16(), status);
        let text = body(response).await.to_string();
        assert!(
            !text.contains("127.0.0.1") && !text.contains(&said),
            "{text}"
        );
    }
}

//! Whether a caller's session goes on, asked of the Backend API at that moment.

use std::time::Duration;

use serde_json::json;
use standin::Client;
use standin::auth::{Auth, Authenticator, NotLive, Verdict};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::mint::Mint;
use crate::{LIVE_KEY, authenticator, backend, bearer, claims, new_mint};

async fn caller(authenticator: &Authenticator, mint: &Mint) -> Auth {
    let token = mint.sign(&mint.header(), &claims());
    match bearer(authenticator, &token).await.verdict {
        Verdict::SignedIn(auth) => auth,
        other => panic!("{other:?}"),
    }
}

/// Has the next question answered so.
async fn answers(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(method("POST"))
        .and(path("/v1/tokens/introspect"))
        .respond_with(answer)
        .up_to_n_times(1)
        .mount(server)
        .await;
}

#[tokio::test]
async fn only_a_clear_yes_about_this_very_session_lets_a_caller_through() {
    let mint = new_mint();
    let server = backend(&mint).await;
    let authenticator = authenticator(&server);
    let auth = caller(&authenticator, &mint).await;
    let json = |body| ResponseTemplate::new(200).set_body_json(body);

    answers(
        &server,
        json(json!({ "active": true, "sub": "user_1", "sid": "sess_1" })),
    )
    .await;
    authenticator.require_live(&auth).await.unwrap();

    for over in [
        json!({ "active": false }),
        json!({ "active": true }),
        json!({ "active": true, "sid": "sess_2" }),
    ] {
        answers(&server, json(over)).await;
        let refused = authenticator.require_live(&auth).await.unwrap_err();
        assert!(matches!(refused, NotLive::Over), "{refused}");
    }
    for unknown in [
        json(json!({})),
        ResponseTemplate::new(500),
        ResponseTemplate::new(404),
        ResponseTemplate::new(401),
    ] {
        answers(&server, unknown).await;
        let refused = authenticator.require_live(&auth).await.unwrap_err();
        assert!(matches!(refused, NotLive::Unknown(_)), "{refused}");
        #[cfg(feature = "axum")]
        {
            use axum::response::IntoResponse as _;
            assert_eq!(refused.into_response().status(), 503);
        }
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_longer_than_the_deadline() {
    let mint = new_mint();
    let server = backend(&mint).await;
    let client = Client::builder()
        .secret_key("sk_live_x")
        .api_url(server.uri())
        .build()
        .unwrap();
    let authenticator = Authenticator::builder()
        .publishable_key(LIVE_KEY)
        .client(client)
        .backend_timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let auth = caller(&authenticator, &mint).await;
    let late = json!({ "active": true, "sid": "sess_1" });
    let late = ResponseTemplate::new(200).set_body_json(late);
    answers(&server, late.set_delay(Duration::from_secs(20))).await;
    let started = std::time::Instant::now();
    let refused = authenticator.require_live(&auth).await.unwrap_err();
    assert!(matches!(refused, NotLive::Unknown(_)), "{refused}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

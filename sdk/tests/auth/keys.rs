//! The published keys: read once, read again in time, and never as often as strangers like.

use std::time::Duration;

use serde_json::json;
use standin::auth::{Authenticator, Verdict};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{LIVE_KEY, asked, authenticator, backend, bearer, claims, jwk, new_mint, said};

/// Moves the clock that the cache reads, and nothing else.
async fn later(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_hundred_requests_at_once_read_the_keys_once() {
    let mint = new_mint();
    let server = backend(&mint).await;
    let authenticator = authenticator(&server);
    let token = mint.sign(&mint.header(), &claims());
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let (authenticator, token) = (authenticator.clone(), token.clone());
            tokio::spawn(async move { said(&bearer(&authenticator, &token).await) })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), "user_1");
    }
    assert_eq!(asked(&server).await, 1);
}

#[tokio::test]
async fn invented_key_names_make_one_reading_in_five_seconds() {
    let mint = new_mint();
    let server = backend(&mint).await;
    let authenticator = authenticator(&server);
    let good = mint.sign(&mint.header(), &claims());
    assert_eq!(said(&bearer(&authenticator, &good).await), "user_1");
    for round in 0..3 {
        later(6).await;
        for name in 0..50 {
            let mut header = mint.header();
            header["kid"] = format!("kid_invented_{name}").into();
            let token = mint.sign(&header, &claims());
            assert_eq!(
                said(&bearer(&authenticator, &token).await),
                "jwk-kid-mismatch"
            );
        }
        assert_eq!(asked(&server).await, 2 + round);
    }
    assert_eq!(said(&bearer(&authenticator, &good).await), "user_1");
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it() {
    let (old, mut new) = (new_mint(), new_mint());
    new.kid = "kid_2".into();
    let server = backend(&old).await;
    let authenticator = authenticator(&server);
    let token = old.sign(&old.header(), &claims());
    assert_eq!(said(&bearer(&authenticator, &token).await), "user_1");
    server.reset().await;
    let keys = ResponseTemplate::new(200).set_body_json(json!({ "keys": [jwk(&old), jwk(&new)] }));
    Mock::given(path("/v1/jwks"))
        .respond_with(keys)
        .mount(&server)
        .await;
    later(6).await;
    assert_eq!(
        said(&bearer(&authenticator, &new.sign(&new.header(), &claims())).await),
        "user_1"
    );
    assert_eq!(said(&bearer(&authenticator, &token).await), "user_1");
}

#[tokio::test]
async fn old_keys_serve_while_they_are_read_again_and_end_when_they_cannot_be() {
    let mint = new_mint();
    let server = backend(&mint).await;
    let authenticator = authenticator(&server);
    let token = mint.sign(&mint.header(), &claims());
    assert_eq!(said(&bearer(&authenticator, &token).await), "user_1");
    later(301).await;
    assert_eq!(said(&bearer(&authenticator, &token).await), "user_1");
    for _ in 0..200 {
        if asked(&server).await == 2 {
            break;
        }
        tokio::task::yield_now().await;
        #[expect(
            clippy::disallowed_methods,
            reason = "the condition itself is asked: the server tells nobody that it was"
        )]
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(asked(&server).await, 2, "read again in the background");
    // The server goes down: its keys are good for an hour more, and not for ever.
    server.reset().await;
    later(1800).await;
    assert_eq!(said(&bearer(&authenticator, &token).await), "user_1");
    later(1801).await;
    assert_eq!(
        said(&bearer(&authenticator, &token).await),
        "jwk-remote-failed-to-load"
    );
}

#[tokio::test]
async fn a_server_that_fails_signs_out_and_is_named_and_asked_again() {
    let mint = new_mint();
    let server = MockServer::start().await;
    Mock::given(path("/v1/jwks"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let keys = ResponseTemplate::new(200).set_body_json(json!({ "keys": [jwk(&mint)] }));
    Mock::given(path("/v1/jwks"))
        .respond_with(keys)
        .mount(&server)
        .await;
    let authenticator = authenticator(&server);
    let token = mint.sign(&mint.header(), &claims());
    let outcome = bearer(&authenticator, &token).await;
    let Verdict::SignedOut(out) = &outcome.verdict else {
        panic!("{outcome:?}");
    };
    assert_eq!(out.reason().as_str(), "jwk-remote-failed-to-load");
    assert_eq!(out.error().unwrap().status().unwrap().as_u16(), 503);
    assert_eq!(
        said(&bearer(&authenticator, &token).await),
        "jwk-remote-failed-to-load"
    );
    assert_eq!(asked(&server).await, 1, "not in the same second");
    later(2).await;
    assert_eq!(said(&bearer(&authenticator, &token).await), "user_1");
}

#[tokio::test]
async fn a_wrong_secret_key_and_a_set_without_keys_sign_everybody_out() {
    let mint = new_mint();
    let token = mint.sign(&mint.header(), &claims());
    let server = MockServer::start().await;
    Mock::given(path("/v1/jwks"))
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    assert_eq!(
        said(&bearer(&authenticator(&server), &token).await),
        "secret-key-invalid"
    );
    server.reset().await;
    let none = ResponseTemplate::new(200).set_body_json(json!({ "keys": [] }));
    Mock::given(path("/v1/jwks"))
        .respond_with(none)
        .mount(&server)
        .await;
    assert_eq!(
        said(&bearer(&authenticator(&server), &token).await),
        "jwk-remote-failed-to-load"
    );
}

#[tokio::test]
async fn with_a_key_of_its_own_it_asks_nobody() {
    let mint = new_mint();
    let authenticator = Authenticator::builder()
        .publishable_key(LIVE_KEY)
        .jwt_key(mint.pem())
        .build()
        .unwrap();
    let mut header = mint.header();
    header["kid"] = "whatever".into();
    assert_eq!(
        said(&bearer(&authenticator, &mint.sign(&header, &claims())).await),
        "user_1"
    );
    assert_eq!(
        said(&bearer(&authenticator, &mint.sign_foreign(&header, &claims())).await),
        "token-invalid-signature"
    );
}

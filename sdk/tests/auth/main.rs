//! Authentication beside what the comparison with Clerk's SDK shows: hostile requests, the keys' cache, the axum layer.
#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    missing_docs,
    reason = "a test tells one story to its end, and stops where it meets the unexpected"
)]

#[cfg(feature = "axum")]
mod answers;
mod bounds;
mod fuzzed;
mod gate;
mod hostile;
mod keys;
#[cfg(feature = "axum")]
mod layer;
mod live;
#[path = "../differential/mint.rs"]
mod mint;
#[cfg(feature = "axum")]
#[path = "../differential/world.rs"]
mod world;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use standin::Client;
use standin::auth::{Authenticator, Outcome, Verdict};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use mint::Mint;

/// `clerk.example.com`, development and production.
const TEST_KEY: &str = "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k";
const LIVE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

fn new_mint() -> Mint {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    Mint::new("kid_1".into(), der.as_ref())
}

fn claims() -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({
        "iss": "https://clerk.example.com", "sub": "user_1", "sid": "sess_1", "azp": "https://app.example.com",
        "iat": now - 10, "nbf": now - 20, "exp": now + 300,
    })
}

fn jwk(mint: &Mint) -> Value {
    let public = mint.ours.public_key();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": mint.kid,
        "n": number(public.modulus().big_endian_without_leading_zero()),
        "e": number(public.exponent().big_endian_without_leading_zero()),
    })
}

/// A Backend API that publishes this key and counts who asks.
async fn backend(mint: &Mint) -> MockServer {
    let server = MockServer::start().await;
    let keys = ResponseTemplate::new(200).set_body_json(json!({ "keys": [jwk(mint)] }));
    Mock::given(method("GET"))
        .and(path("/v1/jwks"))
        .respond_with(keys)
        .mount(&server)
        .await;
    server
}

fn authenticator(server: &MockServer) -> Authenticator {
    let client = Client::builder()
        .secret_key("sk_live_x")
        .api_url(server.uri())
        .retries(0)
        .build()
        .unwrap();
    Authenticator::builder()
        .publishable_key(LIVE_KEY)
        .client(client)
        .build()
        .unwrap()
}

async fn bearer(authenticator: &Authenticator, token: &str) -> Outcome {
    let request = http::Request::get("/").header("authorization", format!("Bearer {token}"));
    authenticator.authenticate(&request.body(()).unwrap()).await
}

/// The verdict in a word: the user's id, or why not.
fn said(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::SignedIn(auth) => auth.user_id().to_string(),
        Verdict::SignedOut(out) => out.reason().to_string(),
        Verdict::Redirect(to) => format!("to {}", to.location()),
    }
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

//! Hostile requests: whatever they show, they are signed out, nothing panics, and no address of theirs is ever asked.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use serde_json::{Value, json};
use standin::auth::{Authenticator, Verdict};

use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::mint::Mint;
use crate::{
    LIVE_KEY, TEST_KEY, asked, authenticator, backend, bearer, claims, jwk, new_mint, said,
};

fn with(mint: &Mint, change: impl Fn(&mut Value, &mut Value)) -> String {
    let (mut header, mut claims) = (mint.header(), claims());
    change(&mut header, &mut claims);
    mint.sign(&header, &claims)
}

/// Tokens that somebody made who has not the instance's key, or has it and writes what no reader should take.
fn forgeries(mint: &Mint, attacker: &str) -> Vec<(&'static str, String)> {
    let address = format!("{attacker}/jwks");
    let foreign = |change: &dyn Fn(&mut Value)| {
        let mut header = mint.header();
        change(&mut header);
        mint.sign_foreign(&header, &claims())
    };
    let good = mint.sign(&mint.header(), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let text = claims().to_string();
    let with_nul = mint.header().to_string().replace("kid_1", "kid_1\\u0000");
    vec![
        ("none", mint.unsigned(&claims())),
        ("HS256 with the public key", mint.sign_hmac(&claims())),
        (
            "ES256",
            with(mint, |header, _| header["alg"] = "ES256".into()),
        ),
        (
            "rs256",
            with(mint, |header, _| header["alg"] = "rs256".into()),
        ),
        (
            "PS256",
            with(mint, |header, _| header["alg"] = "PS256".into()),
        ),
        (
            "no algorithm",
            with(mint, |header, _| header["alg"] = Value::Null),
        ),
        ("a foreign key", foreign(&|_| {})),
        (
            "a key that comes along",
            foreign(&|header| header["jwk"] = jwk(mint)),
        ),
        (
            "an address for a key",
            foreign(&|header| header["jku"] = address.clone().into()),
        ),
        (
            "an address for a certificate",
            foreign(&|header| header["x5u"] = address.clone().into()),
        ),
        (
            "an address as the key's name",
            foreign(&|header| header["kid"] = address.clone().into()),
        ),
        (
            "crit",
            with(mint, |header, _| header["crit"] = json!(["b64"])),
        ),
        ("b64", with(mint, |header, _| header["b64"] = false.into())),
        ("a NUL in the key's name", mint.sign_text(&with_nul, &text)),
        (
            "a claim named twice",
            mint.sign_text(
                &mint.header().to_string(),
                &format!("{{\"sub\":\"user_0\",{}", &text[1..]),
            ),
        ),
        (
            "a header named twice",
            mint.sign_text(
                "{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"kid_1\"}",
                &text,
            ),
        ),
        (
            "no object",
            mint.sign_text(&mint.header().to_string(), "[]"),
        ),
        (
            "deep",
            mint.sign_text(&mint.header().to_string(), &"[".repeat(5000)),
        ),
        ("no signature", format!("{signed}.")),
        (
            "half a signature",
            format!("{signed}.{}", &signature[..100]),
        ),
        ("more behind it", format!("{good}.{signature}")),
        (
            "oversize",
            with(mint, |_, claims| claims["more"] = "x".repeat(20_000).into()),
        ),
        (
            "expired for ever",
            with(mint, |_, claims| claims["exp"] = json!(-1)),
        ),
        (
            "no expiry",
            with(mint, |_, claims| claims["exp"] = Value::Null),
        ),
        (
            "expiry in words",
            with(mint, |_, claims| claims["exp"] = "9999999999".into()),
        ),
        (
            "expiry beyond all clocks",
            with(mint, |_, claims| claims["exp"] = json!(1e300)),
        ),
        (
            "a path for a user",
            with(mint, |_, claims| claims["sub"] = "../users".into()),
        ),
        (
            "a machine",
            with(mint, |_, claims| claims["sub"] = "mch_1".into()),
        ),
        (
            "a template",
            with(mint, |header, _| header["cat"] = "cl_B7d4PD222AAA".into()),
        ),
        (
            "an actor in words",
            with(mint, |_, claims| claims["act"] = "agt_1".into()),
        ),
        (
            "an agent without a name",
            with(mint, |_, claims| claims["act"] = json!({ "type": "agent" })),
        ),
        ("dots", "..".into()),
        ("nothing", String::new()),
    ]
}

#[tokio::test]
async fn a_forged_token_signs_nobody_in_and_asks_nobody() {
    let mint = new_mint();
    let (server, attacker) = (backend(&mint).await, MockServer::start().await);
    let answer = ResponseTemplate::new(200).set_body_json(json!({ "keys": [jwk(&mint)] }));
    Mock::given(wiremock::matchers::any())
        .respond_with(answer)
        .mount(&attacker)
        .await;
    let authenticator = authenticator(&server);
    let good = mint.sign(&mint.header(), &claims());
    for (what, token) in forgeries(&mint, &attacker.uri()) {
        let outcome = bearer(&authenticator, &token).await;
        assert!(
            matches!(outcome.verdict, Verdict::SignedOut(_)),
            "{what}: {outcome:?}"
        );
        let cookies = format!("__session={token}; __client_uat=1");
        let request = Request::get("/")
            .header("cookie", cookies)
            .body(())
            .unwrap();
        let outcome = authenticator.authenticate(&request).await;
        assert!(
            matches!(outcome.verdict, Verdict::SignedOut(_)),
            "{what}: {outcome:?}"
        );
        assert_eq!(
            said(&bearer(&authenticator, &good).await),
            "user_1",
            "after {what}"
        );
    }
    assert_eq!(asked(&attacker).await, 0);
    assert!(
        asked(&server).await <= 2,
        "one reading of the keys in five seconds"
    );
}

#[tokio::test]
async fn a_forged_nonce_signs_nobody_in() {
    let mint = new_mint();
    let server = backend(&mint).await;
    let authenticator = authenticator(&server);
    let good = mint.sign(&mint.header(), &claims());
    let long = "n".repeat(5000);
    for nonce in ["x", "../../v1/jwks", "a&b=c", "%00", long.as_str()] {
        let cookies = format!("__clerk_handshake_nonce={nonce}; __session={good}; __client_uat=1");
        let request = Request::get("/")
            .header("cookie", cookies)
            .body(())
            .unwrap();
        assert_eq!(
            said(&authenticator.authenticate(&request).await),
            "session-token-missing"
        );
    }
    let paths = server.received_requests().await.unwrap();
    assert!(
        paths
            .iter()
            .all(|request| request.url.path() == "/v1/clients/handshake_payload")
    );
    assert_eq!(
        paths.len(),
        4,
        "what fits into no cookie is not asked about"
    );
}

/// Without a client: whatever is shown, there is nobody to ask, so an outcome is there at once.
fn outcome_of(authenticator: &Authenticator, request: &Request<()>) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let decided = async {
        tokio::time::timeout(Duration::from_secs(5), authenticator.authenticate(request)).await
    };
    runtime.block_on(decided).expect("no waiting").verdict
}

fn offline(key: &str, pem: &str) -> Authenticator {
    Authenticator::builder()
        .publishable_key(key)
        .jwt_key(pem)
        .build()
        .unwrap()
}

/// Values that are near to what is looked for, so that they get further than noise does.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let part = proptest::string::string_regex("[A-Za-z0-9_-]{0,40}=?").unwrap();
    let object = proptest::string::string_regex(r#"\{("(alg|kid|typ|cat|sub|sid|exp|iat|iss|act)":("RS256"|"JWT"|"user_1"|null|-?[0-9]{1,20}|1e400|\[\]),?){0,5}\}"#).unwrap();
    let encoded = object.prop_map(|text| {
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text)
    });
    let segment = prop_oneof![part, encoded];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80),
        proptest::collection::vec(segment, 1..5).prop_map(|parts| parts.join(".").into_bytes()),
        proptest::string::string_regex("-?[0-9]{0,25}")
            .unwrap()
            .prop_map(String::into_bytes),
    ]
}

fn cookie() -> impl Strategy<Value = Vec<u8>> {
    const NAMES: [&str; 11] = [
        "__session_naoXFJnI",
        "__session",
        "__session_l2OS3d9k",
        "__client_uat",
        "__refresh",
        "__clerk_db_jwt",
        "__clerk_handshake",
        "__clerk_handshake_nonce",
        "__clerk_redirect_count",
        "__",
        "other",
    ];
    (proptest::sample::select(&NAMES[..]), value())
        .prop_map(|(name, value)| [name.as_bytes(), b"=", &value].concat())
}

proptest! {
    #[test]
    fn whatever_is_shown_nobody_is_signed_in_and_nothing_panics(
        cookies in proptest::collection::vec(cookie(), 0..8),
        header in prop_oneof![Just("authorization"), Just("referer"), Just("host"), Just("x-forwarded-host"), Just("x-forwarded-proto")],
        header_value in value(),
        query in "[ -~]{0,60}",
        live in any::<bool>(),
    ) {
        static PEM: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| new_mint().pem());
        let authenticator = offline(if live { LIVE_KEY } else { TEST_KEY }, &PEM);
        let uri = format!("/?{query}").parse::<http::Uri>();
        prop_assume!(uri.is_ok());
        let mut request = Request::get(uri.unwrap()).header("sec-fetch-dest", "document").body(()).unwrap();
        let line = cookies.join(&b"; "[..]);
        for (name, value) in [("cookie", &line), (header, &header_value)] {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                request.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        let verdict = outcome_of(&authenticator, &request);
        prop_assert!(!matches!(verdict, Verdict::SignedIn(_)), "{verdict:?}");
    }

    #[test]
    fn no_byte_of_a_token_can_be_changed(position in 0usize..600, byte in any::<u8>()) {
        static SIGNED: std::sync::LazyLock<(String, String)> = std::sync::LazyLock::new(|| {
            let mint = new_mint();
            (mint.pem(), mint.sign(&mint.header(), &claims()))
        });
        let (pem, token) = &*SIGNED;
        let position = position % token.len();
        prop_assume!(token.as_bytes()[position] != byte);
        let mut changed = token.clone().into_bytes();
        changed[position] = byte;
        let line = [b"Bearer ", changed.as_slice()].concat();
        let value = HeaderValue::from_bytes(&line);
        prop_assume!(value.is_ok());
        let request = Request::get("/").header("authorization", value.unwrap()).body(()).unwrap();
        let verdict = outcome_of(&offline(LIVE_KEY, pem), &request);
        prop_assert!(!matches!(verdict, Verdict::SignedIn(_)), "{verdict:?}");
    }
}

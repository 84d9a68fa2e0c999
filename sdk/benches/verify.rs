//! `cargo bench -p standin`: how many requests a second one thread authenticates, next to how many RSA signatures of 2048
//! bits it can verify at all, measured in the same run. The ratio is what to look at: the rest is the machine.

use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Request;
use serde_json::json;
use standin::auth::{Authenticator, Verdict};

/// How often each piece of work can be done in a second: the best of ten short rounds, taken in turn, since other programs
/// take their share.
fn rates<const N: usize>(mut works: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut best = [0.0_f64; N];
    for _ in 0..10 {
        for (work, best) in works.iter_mut().zip(&mut best) {
            let (start, mut count) = (Instant::now(), 0_u32);
            while start.elapsed() < Duration::from_millis(200) {
                for _ in 0..100 {
                    work();
                }
                count += 100;
            }
            *best = best.max(f64::from(count) / start.elapsed().as_secs_f64());
        }
    }
    best
}

fn sign(pair: &KeyPair, text: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text,
        &mut signature,
    )
    .expect("a signature");
    signature
}

/// A token as Standin makes them.
fn token(pair: &KeyPair) -> String {
    let now = jiff::Timestamp::now().as_second();
    let header = json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": "kid_1", "typ": "JWT" });
    let claims = json!({
        "iss": "https://clerk.example.com", "sub": "user_2xKqYbN0f3pQ2xKqYbN0f3pQ", "azp": "https://app.example.com",
        "sid": "sess_2xKqYbN0f3pQ2xKqYbN0f3pQ", "iat": now, "nbf": now - 10, "exp": now + 3600, "v": 2, "sts": "active",
        "jti": "2xKqYbN0f3pQ2xKqYbN0f3pQxyz", "fva": [0, -1],
        "act": { "type": "agent", "sub": "agt_2xKqYbN0f3pQ2xKqYbN0f3pQ", "agent_name": "my-agent" },
    });
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(pair, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The worst that a stranger can do with cookies: each has a name of its own that could be one of ours.
fn names(length: usize) -> String {
    let mut text = String::new();
    for number in 0.. {
        let cookie = format!("__{number:x}=;");
        if text.len() + cookie.len() > length {
            break;
        }
        text += &cookie;
    }
    text
}

fn main() {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).expect("its public half");
    let (text, key) = (
        b"some seven hundred bytes ".repeat(28),
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_ref()).expect("a key"),
    );
    let signature = sign(&pair, &text);
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
        STANDARD.encode(der.as_ref())
    );
    let authenticator = Authenticator::builder()
        .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
        .jwt_key(pem)
        .build()
        .expect("settings");
    let token = token(&pair);
    let bearer = Request::get("/api").header("authorization", format!("Bearer {token}"));
    let cookies =
        format!("__session={token}; __client_uat=1; __session_naoXFJnI={token}; theme=dark");
    let page = Request::get("/dashboard")
        .header("host", "app.example.com")
        .header("cookie", cookies);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let [bearer, page] = [bearer, page].map(|request| request.body(()).expect("a request"));
    let authenticate = |request: &Request<()>| {
        let outcome = runtime.block_on(authenticator.authenticate(request));
        assert!(matches!(outcome.verdict, Verdict::SignedIn(_)));
    };
    let hostile = [60, 400].map(|kib| {
        let request = Request::get("/").header("cookie", names(kib * 1024));
        request.body(()).expect("a request")
    });
    let [raw, bearer, page] = rates([
        &mut || key.verify_sig(&text, &signature).expect("a good signature"),
        &mut || authenticate(&bearer),
        &mut || authenticate(&page),
    ]);
    println!("RSA verifications, 2048 bits, one thread   {raw:>8.0} /s");
    for (what, rate) in [("bearer token", bearer), ("session cookies", page)] {
        let share = 100.0 * rate / raw;
        println!("requests authenticated, {what:<18} {rate:>8.0} /s   {share:>4.0} % of raw RSA");
    }
    for (request, kib) in hostile.iter().zip([60, 400]) {
        let start = Instant::now();
        let rounds = 100_u32;
        for _ in 0..rounds {
            let outcome = runtime.block_on(authenticator.authenticate(request));
            assert!(matches!(outcome.verdict, Verdict::SignedOut(_)));
        }
        let time = start.elapsed() / rounds;
        println!("{kib} KiB of cookies `__0=;__1=;…`            {time:>10.1?}");
    }
}

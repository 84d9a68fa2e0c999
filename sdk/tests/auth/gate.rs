//! A Backend API that does not answer: one page waits for it, for seconds, and no other.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Request;
use serde_json::json;
use standin::Client;
use standin::auth::{Authenticator, Builder, Outcome, Verdict};
use tokio::time::Instant;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::mint::Mint;
use crate::{LIVE_KEY, asked, bearer, claims, new_mint, said};

/// What a call may take where nothing else is set.
const DEADLINE: Duration = Duration::from_secs(5);

/// A server that takes connections and says nothing, until it is told to answer each with the same body.
struct Silent {
    url: String,
    answers: Arc<AtomicBool>,
}

impl Silent {
    fn start(body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&answers);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                if told.load(Ordering::SeqCst) {
                    // Who gave up before does not hear it.
                    let _ = answer(&mut connection, &body);
                } else {
                    held.push(connection);
                }
            }
        });
        Self { url, answers }
    }
}

fn answer(connection: &mut TcpStream, body: &str) -> std::io::Result<()> {
    let _ = connection.read(&mut [0; 8192])?;
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length";
    write!(connection, "{head}: {}\r\n\r\n{body}", body.len())
}

fn settings(url: &str) -> Builder {
    let client = Client::builder().secret_key("sk_live_x").api_url(url);
    Authenticator::builder()
        .publishable_key(LIVE_KEY)
        .client(client.build().unwrap())
}

fn page(cookies: &str) -> Request<()> {
    let request = Request::get("/page")
        .header("host", "app.example.com")
        .header("sec-fetch-dest", "document");
    request.header("cookie", cookies).body(()).unwrap()
}

/// A page view with an expired token and what renews it.
fn expired(mint: &Mint) -> Request<()> {
    let mut claims = claims();
    claims["exp"] = json!(jiff::Timestamp::now().as_second() - 60);
    let token = mint.sign(&mint.header(), &claims);
    page(&format!(
        "__session={token}; __client_uat=1; __refresh_naoXFJnI=r"
    ))
}

fn reason(outcome: &Outcome) -> String {
    match &outcome.verdict {
        Verdict::Redirect(to) => format!("to {}", to.reason().unwrap()),
        _ => said(outcome),
    }
}

async fn timed(authenticator: &Authenticator, request: &Request<()>) -> (String, Duration) {
    let start = Instant::now();
    let outcome = authenticator.authenticate(request).await;
    (reason(&outcome), start.elapsed())
}

/// How many of twenty page views at once wait for the server.
async fn waiting(authenticator: &Authenticator, mint: &Mint) -> usize {
    let views: Vec<_> = (0..20)
        .map(|_| {
            let (authenticator, request) = (authenticator.clone(), expired(mint));
            tokio::spawn(async move { timed(&authenticator, &request).await })
        })
        .collect();
    let mut waited = 0;
    for view in views {
        let (reason, time) = view.await.unwrap();
        assert_eq!(reason, "to session-token-expired-refresh-fetch-error");
        assert!(time < DEADLINE + Duration::from_millis(100), "{time:?}");
        waited += usize::from(time >= Duration::from_millis(100));
    }
    waited
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_keeps_one_page_waiting_and_no_other() {
    let mint = new_mint();
    let server = Silent::start(String::new());
    let authenticator = settings(&server.url).jwt_key(mint.pem()).build().unwrap();
    let (reason, time) = timed(&authenticator, &expired(&mint)).await;
    assert_eq!(reason, "to session-token-expired-refresh-fetch-error");
    assert!(time >= Duration::from_secs(4), "{time:?}");
    assert!(time < DEADLINE + Duration::from_millis(100), "{time:?}");
    assert_eq!(
        waiting(&authenticator, &mint).await,
        0,
        "while it is left alone"
    );
    let returned = page("__clerk_handshake_nonce=n");
    let outcome = authenticator.authenticate(&returned).await;
    let Verdict::SignedOut(out) = &outcome.verdict else {
        panic!("{outcome:?}");
    };
    assert_eq!(out.reason().as_str(), "session-token-missing");
    assert!(out.error().unwrap().is_timeout(), "{:?}", out.error());
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(waiting(&authenticator, &mint).await, 1, "one tries for all");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_given_up_while_it_tries_for_all_keeps_nobody_out_for_ever() {
    let mint = new_mint();
    let server = Silent::start(String::new());
    let authenticator = settings(&server.url).jwt_key(mint.pem()).build().unwrap();
    let _ = timed(&authenticator, &expired(&mint)).await;
    tokio::time::advance(Duration::from_secs(3)).await;
    let request = expired(&mint);
    let given_up =
        tokio::time::timeout(Duration::from_secs(1), authenticator.authenticate(&request));
    assert!(given_up.await.is_err(), "it waited");
    assert_eq!(waiting(&authenticator, &mint).await, 0);
    tokio::time::advance(DEADLINE).await;
    assert_eq!(waiting(&authenticator, &mint).await, 1);
}

#[tokio::test]
async fn a_server_that_answers_again_is_asked_by_all_again() {
    let mint = new_mint();
    let token = mint.sign(&mint.header(), &claims());
    let directives = json!({ "directives": [format!("__session={token}; Path=/")] });
    let server = Silent::start(directives.to_string());
    let authenticator = settings(&server.url).jwt_key(mint.pem()).build().unwrap();
    let returned = page("__clerk_handshake_nonce=n");
    tokio::time::pause();
    assert_eq!(
        timed(&authenticator, &returned).await.0,
        "session-token-missing"
    );
    server.answers.store(true, Ordering::SeqCst);
    assert_eq!(
        timed(&authenticator, &returned).await.0,
        "session-token-missing"
    );
    tokio::time::advance(Duration::from_secs(3)).await;
    tokio::time::resume();
    for _ in 0..3 {
        assert_eq!(timed(&authenticator, &returned).await.0, "user_1");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_waited_for_as_long_as_the_settings_say() {
    let mint = new_mint();
    let server = Silent::start(String::new());
    let token = mint.sign(&mint.header(), &claims());
    for (settings, most) in [
        (settings(&server.url), DEADLINE),
        (
            settings(&server.url).backend_timeout(Duration::from_secs(2)),
            Duration::from_secs(2),
        ),
    ] {
        let authenticator = settings.build().unwrap();
        let start = Instant::now();
        let outcome = bearer(&authenticator, &token).await;
        assert_eq!(said(&outcome), "jwk-remote-failed-to-load");
        let time = start.elapsed();
        assert!(time < most + Duration::from_millis(100), "{time:?}");
        assert!(time >= most.mul_f64(0.8), "{time:?}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_or_fails_at_once_is_asked_every_time() {
    let mint = new_mint();
    for status in [404, 429, 500] {
        let server = MockServer::start().await;
        Mock::given(path("/v1/clients/handshake_payload"))
            .respond_with(ResponseTemplate::new(status))
            .mount(&server)
            .await;
        let client = Client::builder()
            .secret_key("sk_live_x")
            .api_url(server.uri())
            .retries(0);
        let authenticator = Authenticator::builder()
            .publishable_key(LIVE_KEY)
            .client(client.build().unwrap())
            .jwt_key(mint.pem())
            .build()
            .unwrap();
        for _ in 0..10 {
            let returned = page("__clerk_handshake_nonce=n");
            let outcome = authenticator.authenticate(&returned).await;
            assert_eq!(said(&outcome), "session-token-missing");
        }
        assert_eq!(asked(&server).await, 10, "{status}");
    }
}

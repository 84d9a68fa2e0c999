//! The testing helper against the real binary, which is built first.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test stops where it meets the unexpected"
)]

use std::path::PathBuf;
use std::process::Command;

use axum::Router;
use standin::OnBehalfOf;
use standin::auth::Authenticator;
use standin::axum::{AuthLayer, Session};
use standin::testing::Standin;
use tokio::net::TcpListener;

/// The binary of this workspace: the one `STANDIN_BIN` names, else Cargo builds it now.
fn binary() -> PathBuf {
    if let Some(built) = std::env::var_os("STANDIN_BIN") {
        return built.into();
    }
    let build = Command::new(env!("CARGO"))
        .args([
            "build",
            "--package",
            "standin-cli",
            "--message-format",
            "json",
        ])
        .output()
        .unwrap();
    assert!(
        build.status.success(),
        "{}",
        String::from_utf8_lossy(&build.stderr)
    );
    let text = String::from_utf8(build.stdout).unwrap();
    let messages = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let executable = |message: serde_json::Value| Some(message["executable"].as_str()?.into());
    messages.filter_map(executable).next_back().unwrap()
}

async fn start() -> Standin {
    Standin::setup().binary(binary()).start().await.unwrap()
}

/// An application that shows every visitor its own name, and others nothing.
async fn application(standin: &Standin) -> String {
    let authenticator = Authenticator::builder()
        .publishable_key(standin.publishable_key())
        .client(standin.client().clone())
        .proxy_url(standin.public_url())
        .build()
        .unwrap();
    let name = async |session: Session| session.user_id().to_string();
    let router = Router::new()
        .fallback(name)
        .layer(AuthLayer::new(authenticator));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn three_lines_sign_a_browser_in() {
    let standin = start().await;
    let app = application(&standin).await;
    let ada = standin.user("ada@example.com").await.unwrap();
    let visit = standin
        .sign_in(&ada.id, &format!("{app}/dashboard"))
        .await
        .unwrap();
    assert_eq!(visit.page.url().path(), "/dashboard");
    assert_eq!(visit.page.text().await.unwrap(), ada.id.as_str());
    let again = visit
        .browser
        .get(format!("{app}/orders"))
        .send()
        .await
        .unwrap();
    assert_eq!(again.text().await.unwrap(), ada.id.as_str());
    let stranger = standin::testing::browser()
        .unwrap()
        .get(&app)
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), 401);
}

#[tokio::test]
async fn a_user_is_made_once() {
    let standin = start().await;
    let first = standin.user("grace@example.com").await.unwrap();
    assert_eq!(
        standin.user("grace@example.com").await.unwrap().id,
        first.id
    );
    let token = standin.token(&first.id).await.unwrap();
    let client = standin.client().clients().verify(&token).await.unwrap();
    assert_eq!(client.sessions[0].user_id, first.id);
    assert!(client.sessions[0].actor.as_ref().unwrap().agent().is_some());
}

#[tokio::test]
async fn two_servers_know_nothing_of_each_other() {
    let (one, other) = (start().await, start().await);
    one.user("only-here@example.com").await.unwrap();
    let found = other
        .client()
        .users()
        .list()
        .email_address("only-here@example.com");
    assert!(found.await.unwrap().data.is_empty());
    assert_ne!(one.secret_key(), other.secret_key());
    assert!(
        one.settings()
            .contains(&("CLERK_SECRET_KEY", one.secret_key()))
    );
    assert!(!format!("{one:?}").contains(one.secret_key()));
}

#[tokio::test]
async fn a_server_is_gone_when_it_is_dropped() {
    let standin = start().await;
    let client = standin.client().clone();
    client.jwks().await.unwrap();
    drop(standin);
    assert!(client.jwks().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn what_goes_wrong_is_said() {
    let standin = start().await;
    let ada = OnBehalfOf::identifier("ada@example.com");
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = standin
        .sign_in(ada.clone(), &format!("http://{closed}/"))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is the application running there?"),
        "{error}"
    );
    let error = standin
        .sign_in(ada, "https://elsewhere.example/")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("elsewhere.example"), "{error}");

    let error = Standin::setup()
        .binary("/nowhere/standin")
        .start()
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/standin does not start"),
        "{error}"
    );
    let odd = Standin::setup()
        .binary(binary())
        .argument("--no-such-option");
    let error = odd.start().await.unwrap_err();
    assert!(error.to_string().contains("--no-such-option"), "{error}");
}

//! A dashboard that knows its visitor, and an endpoint that makes agent tasks for them: the whole of an application.
//!
//! With a development server (`standin dev`) in another terminal:
//!
//! ```sh
//! eval "$(standin env --format shell)"
//! PORT=3000 APP_ORIGIN=http://localhost:3000 cargo run -p standin --features axum --example axum
//! ```
//!
//! Then open <http://localhost:3000/dashboard>, or a task's URL.

use std::env;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use standin::auth::{self, Authenticator};
use standin::axum::{AuthLayer, Session};
use standin::{Client, NewAgentTask, OnBehalfOf};

#[derive(Clone)]
struct App {
    client: Client,
    authenticator: Authenticator,
    origin: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let setting = |name, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let (host, port) = (setting("HOST", "localhost"), setting("PORT", "3000"));
    let origin = setting("APP_ORIGIN", &format!("http://localhost:{port}"));
    let authenticator = auth::Builder::from_env()?
        .authorized_party(&origin)
        .build()?;
    let app = App {
        client: Client::from_env()?,
        authenticator: authenticator.clone(),
        origin,
    };
    let routes = Router::new()
        .route("/dashboard", get(dashboard))
        .route("/other", get(dashboard))
        .route("/api/example", post(example))
        .layer(AuthLayer::new(authenticator))
        .with_state(app);
    let listener = tokio::net::TcpListener::bind(format!("{host}:{port}")).await?;
    axum::serve(listener, routes).await?;
    Ok(())
}

/// Everybody may look; it shows who does.
async fn dashboard(session: Option<Session>, State(app): State<App>) -> Html<String> {
    let user = session
        .as_ref()
        .map_or("", |session| session.user_id().as_str());
    let agent = session
        .as_ref()
        .and_then(|session| session.agent())
        .map_or("", |agent| agent.as_str());
    let id = session
        .as_ref()
        .map_or("", |session| session.session_id().as_str());
    Html(format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Dashboard</title>
<div id="server" data-user="{user}" data-agent="{agent}" data-session="{id}"></div>
<div id="client" data-loaded="false" data-user="" data-agent=""></div>
<a id="to-other" href="/other">Another page</a>
{script}
</html>"#,
        script = clerk_js(&app.authenticator),
    ))
}

/// Only for callers who are signed in; anybody else is answered 401 before this runs.
async fn example(session: Session, State(app): State<App>) -> Result<Response, Failed> {
    let task = app
        .client
        .agent_tasks()
        .create(NewAgentTask {
            on_behalf_of: OnBehalfOf::from(session.user_id()),
            agent_name: "my-agent",
            task_description: "Automated test login",
            redirect_url: &format!("{}/dashboard", app.origin),
        })
        .await?;
    let task = json!({ "agentId": task.agent_id, "agentTaskId": task.id, "url": task.url });
    Ok(Json(json!({ "message": "Agent Task created", "agentTask": task })).into_response())
}

/// What the Backend API refused.
struct Failed(standin::Error);

impl From<standin::Error> for Failed {
    fn from(error: standin::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        eprintln!("{}", self.0);
        (
            StatusCode::BAD_GATEWAY,
            Json(json!({ "error": self.0.code() })),
        )
            .into_response()
    }
}

/// clerk-js, which keeps the session token fresh while the page is open.
fn clerk_js(authenticator: &Authenticator) -> String {
    let source = env::var("CLERK_JS_URL").unwrap_or_else(|_| {
        let frontend_api = authenticator.frontend_api_url();
        format!("{frontend_api}/npm/@clerk/clerk-js@6/dist/clerk.browser.js")
    });
    let proxy = authenticator.proxy_url().map_or(String::new(), |url| {
        format!(r#" data-clerk-proxy-url="{}""#, text(url))
    });
    format!(
        r#"<script>
  async function start() {{
    const {{ Clerk }} = window
    const show = () => Object.assign(document.getElementById('client').dataset, {{
      loaded: Clerk.loaded,
      user: Clerk.user?.id ?? '',
      agent: Clerk.session?.actor?.sub ?? '',
    }})
    await Clerk.load({{ telemetry: false }})
    Clerk.addListener(show)
    show()
  }}
</script>
<script async crossorigin="anonymous" data-clerk-publishable-key="{key}"{proxy} src="{source}" onload="start()"></script>"#,
        key = text(authenticator.publishable_key()),
        source = text(&source),
    )
}

/// Text as it can stand in HTML.
fn text(raw: &str) -> String {
    raw.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

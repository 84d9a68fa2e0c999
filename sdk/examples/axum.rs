//! A dashboard that knows its visitor, an endpoint that makes agent tasks for them, and pages for some members of an organization:
//! the whole of an application.
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
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use standin::auth::{self, Authenticator, Permission, Requirement, Role};
use standin::axum::{AuthLayer, Organization, Session, require_permission, require_role};
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
    let invoices = Router::new()
        .route("/invoices", get(invoices))
        .layer(require_permission("org:invoices:read"));
    let settings = Router::new()
        .route("/settings", get(async || "Settings"))
        .layer(require_role("org:admin"));
    let routes = Router::new()
        .route("/dashboard", get(dashboard))
        .route("/other", get(dashboard))
        .route("/organization", get(dashboard))
        .route("/api/example", post(example))
        .merge(invoices)
        .merge(settings)
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
<pre id="organization">{organization}</pre>
<div id="client" data-loaded="false" data-user="" data-agent=""></div>
<a id="to-other" href="/other">Another page</a>
{script}
</html>"#,
        organization = text(&organization(session.as_ref()).to_string()),
        script = clerk_js(&app.authenticator),
    ))
}

/// In which organization the visitor is, and as what.
fn organization(session: Option<&Session>) -> Value {
    let organization = session.and_then(|session| session.organization());
    let has = |requirement: &dyn Requirement| session.is_some_and(|one| one.has(requirement));
    json!({
        "id": organization.map(auth::Organization::id),
        "slug": organization.and_then(auth::Organization::slug),
        "role": organization.map(auth::Organization::role),
        "permissions": organization.map(auth::Organization::permissions),
        "administers": has(&Role("org:admin")),
        "reads": has(&Permission("org:invoices:read")),
    })
}

/// Only for members who may read invoices; the layer answers anybody else.
async fn invoices(organization: Organization, State(app): State<App>) -> standin::Result<String> {
    let organizations = app.client.organizations();
    let organization = organizations.get(organization.id()).await?;
    Ok(format!("Invoices of {}", organization.name))
}

/// Only for callers who are signed in; anybody else is answered 401 before this runs.
async fn example(session: Session, State(app): State<App>) -> standin::Result<Json<Value>> {
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
    Ok(Json(
        json!({ "message": "Agent Task created", "agentTask": task }),
    ))
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

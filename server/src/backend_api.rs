//! The door for applications' servers: Clerk's Backend API, opened by a secret key.
//!
//! Bodies are JSON, unknown parameters are refused, and answers are `application/json` to the letter: SDKs do not parse
//! anything else. Beside Clerk's calls stand Standin's own: lists of tasks and agents, one call that ends everybody's
//! sessions, and the audit trail.

mod agent_tasks;
mod agents;
mod audit_logs;
mod clients;
mod identifiers;
mod jwks;
mod sessions;
mod sign_in_tokens;
mod testing_tokens;
mod users;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::secret::{Digest, Secret};
use crate::secret_keys::{self, Scope, SecretKey};
use crate::wire::{Edge, header};

/// All routes, behind the key.
pub(crate) fn routes(app: &App) -> Router {
    Router::new()
        .merge(agent_tasks::routes())
        .merge(agents::routes())
        .merge(audit_logs::routes())
        .merge(clients::routes())
        .merge(identifiers::routes())
        .merge(jwks::routes())
        .merge(sessions::routes())
        .merge(sign_in_tokens::routes())
        .merge(testing_tokens::routes())
        .merge(users::routes())
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .route_layer(from_fn_with_state(app.clone(), key))
        .fallback(async || Error::RouteUnknown)
        .with_state(app.clone())
}

/// Lets a request pass that carries a live secret key whose scope reaches it.
async fn key(State(app): State<App>, mut request: Request, next: Next) -> Result<Response> {
    let digest = shown(request.headers())?;
    let Some(key) = app
        .db
        .read(move |tx| secret_keys::find(tx, &digest))
        .await?
    else {
        if let Some(edge) = request.extensions().get::<Edge>() {
            app.limiters.refused.check(&edge.ip.to_string())?;
        }
        return Err(Error::KeyInvalid);
    };
    if key.scope < needed(request.method(), request.uri().path()) {
        return Err(Error::ScopeMissing);
    }
    app.limiters.keys.check(&key.id.to_string())?;
    api_version(request.headers())?;
    note_use(&app, &key);
    request.extensions_mut().insert(key);
    Ok(next.run(request).await)
}

/// The digest of the key a request shows.
fn shown(headers: &HeaderMap) -> Result<Digest> {
    let value = header(headers, AUTHORIZATION).ok_or(Error::KeyInvalid)?;
    let (scheme, secret) = value.split_once(' ').ok_or(Error::AuthorizationFormat)?;
    if !scheme.eq_ignore_ascii_case("bearer") || secret.trim().is_empty() {
        return Err(Error::AuthorizationFormat);
    }
    Ok(Secret::from(secret.trim()).digest())
}

/// Reading is for every key, and so is renewing a token that a browser proves to hold: SDKs do both to check a request.
fn needed(method: &Method, path: &str) -> Scope {
    match *method {
        Method::GET | Method::HEAD => Scope::Read,
        _ if path.starts_with("/v1/sessions/") && path.ends_with("/refresh") => Scope::Read,
        _ if path.starts_with("/v1/agents/tasks") => Scope::Tasks,
        _ => Scope::Full,
    }
}

/// SDKs name the version of the API they were written for, a date. Every version is answered the same way.
fn api_version(headers: &HeaderMap) -> Result<()> {
    match header(headers, http::HeaderName::from_static("clerk-api-version")) {
        Some(version) if version.parse::<jiff::civil::Date>().is_err() || version.len() != 10 => {
            Err(Error::ApiVersion(version.chars().take(40).collect()))
        }
        _ => Ok(()),
    }
}

/// Keeps `last_used_at` true to the minute without a write for each request. Nobody waits for it.
fn note_use(app: &App, key: &SecretKey) {
    let now = app.now();
    if key
        .last_used_at
        .is_some_and(|last| now.seconds_since(last) < 60)
    {
        return;
    }
    let (db, id) = (app.db.clone(), key.id.clone());
    tokio::spawn(async move {
        let by = Caller::internal("standin", now);
        if let Err(error) = db.write(by, move |tx| secret_keys::used(tx, &id)).await {
            tracing::warn!(%error, "the use of a secret key could not be noted");
        }
    });
}

//! `/v1/me` (spec paths of the same name): the signed-in user as their own page sees them. Reading only: what an agent
//! must not change cannot be changed from here at all.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::client::Seen;
use crate::app::App;
use crate::error::{Error, Result};
use crate::views;
use crate::wire::{Answer, Browser};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/me", get(show).fallback(change))
        .route("/v1/me/sessions", get(sessions))
        .route("/v1/me/sessions/active", get(sessions))
        .route("/v1/me/organization_memberships", get(none))
        .route("/v1/me/organization_invitations", get(none))
        .route("/v1/me/organization_suggestions", get(none))
        .route("/v1/me/{*part}", get(absent).fallback(change))
}

async fn seen(app: &App, browser: Browser) -> Result<Seen> {
    let now = app.now();
    let seen = app.db.read(move |tx| Seen::find(tx, &browser, now)).await?;
    seen.filter(|seen| !seen.sessions.is_empty())
        .ok_or(Error::AuthenticationInvalid)
}

/// A page's own wish to change its user. The answer is shown to whoever looks at the page.
async fn change(State(app): State<App>, browser: Browser) -> Answer {
    seen(&app, browser).await?;
    Err(Error::UserReadOnly)
}

async fn absent() -> Answer {
    Err(Error::RouteUnknown)
}

async fn show(State(app): State<App>, browser: Browser) -> Answer {
    let seen = seen(&app, browser).await?;
    let user = seen
        .sessions
        .last()
        .map(|(_, profile)| views::own_user(profile, &app.instance, app.now()));
    Ok(Json(json!({ "response": user, "client": null })))
}

/// The sessions of this browser. Those of the user's other browsers are not an agent's to see.
async fn sessions(State(app): State<App>, browser: Browser) -> Answer {
    let now = app.now();
    let seen = seen(&app, browser).await?;
    let list: Vec<_> = seen
        .sessions
        .iter()
        .map(|(session, _)| views::session(session, now))
        .collect();
    Ok(Json(json!(list)))
}

/// Standin has no organizations, and says so in the shape that asks for none.
async fn none(State(app): State<App>, browser: Browser) -> Answer {
    seen(&app, browser).await?;
    Ok(Json(
        json!({ "response": { "data": [], "total_count": 0 }, "client": null }),
    ))
}

//! `/v1/client/sign_ins` (spec path of the same name) with the one strategy there is: a ticket, of an agent task or of a
//! sign-in token.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::agent_tasks::{accept_token, spend};
use super::arrival::Arrival;
use super::client::Seen;
use crate::app::App;
use crate::caller::Caller;
use crate::clients;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::id;
use crate::secret::Secret;
use crate::sessions::Session;
use crate::wire::{About, Browser, Params, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/client/sign_ins", post(create))
        .route("/v1/client/sign_ins/{id}", get(show))
}

/// A sign-in is complete in the call that creates it, so there is never one to come back to.
async fn show(Path(id): Path<String>) -> Reply {
    Err(Error::NotFound("sign-in", id))
}

async fn create(State(app): State<App>, browser: Browser, by: Caller, mut params: Params) -> Reply {
    let strategy = params.text("strategy")?;
    let ticket = params.text("ticket")?.filter(|ticket| !ticket.is_empty());
    let ticket = match (strategy.as_deref(), ticket) {
        (None | Some("ticket"), Some(ticket)) => Secret::from(ticket),
        (Some("ticket"), None) => return Err(Error::ParamMissing("ticket")),
        (None, None) => return Err(Error::ParamMissing("strategy")),
        (Some(_), _) => return Err(Error::StrategyUnknown),
    };
    let (now, origin) = (by.at, browser.origin.clone());
    let arrival = Arrival::new(&app, browser, now);
    let (session, seen) = open(&app, &ticket, &arrival, by).await?;
    let sign_in = json!({
        "object": "sign_in",
        "id": format!("sia_{}", id::ksuid(now)),
        "status": "complete",
        "supported_identifiers": [],
        "supported_first_factors": [],
        "supported_second_factors": null,
        "first_factor_verification": { "status": "verified", "strategy": "ticket" },
        "second_factor_verification": null,
        "identifier": null,
        "user_data": null,
        "created_session_id": session.id,
        "abandon_at": now,
    });
    let client = seen.view(&app, origin.as_deref(), now)?;
    let mut response = Json(json!({ "response": sign_in, "client": client })).into_response();
    response.extensions_mut().insert(About::session(&session));
    arrival.give(&app, response.headers_mut(), &session)?;
    Ok(response)
}

/// Spends the ticket, whichever kind it is.
async fn open(
    app: &App,
    ticket: &Secret,
    arrival: &Arrival,
    by: Caller,
) -> Result<(Session, Seen)> {
    let seen = |tx: &mut Write<'_>, session: &Session| {
        let client = clients::get(tx, &session.client_id)?;
        Seen::of(tx, client, session.created_at)
    };
    let with_seen = |tx: &mut Write<'_>, session: Session| {
        let client = clients::get(tx, &session.client_id)?;
        let seen = Seen::of(tx, client, session.created_at)?;
        Ok((session, seen))
    };
    match accept_token(app, ticket, arrival, by.clone(), with_seen).await {
        Err(Error::TicketInvalid) => {
            let opened = spend(app, ticket, arrival, by, seen).await?;
            Ok((opened.session, opened.also))
        }
        other => other,
    }
}

//! `/v1/client/sign_ins` (spec path of the same name) with the one strategy there is: a ticket, of an agent task or of a
//! sign-in token.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::HeaderMap;
use serde_json::json;

use super::agent_tasks::spend;
use super::arrival::Arrival;
use super::client::Seen;
use crate::app::App;
use crate::audit::Caller;
use crate::clients;
use crate::error::{Error, Result};
use crate::id;
use crate::secret::Secret;
use crate::sessions::Session;
use crate::sign_in_tokens;
use crate::tasks::Visit;
use crate::wire::{Browser, Params, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/client/sign_ins", post(create))
        .route("/v1/client/sign_ins/{id}", get(show))
}

/// A sign-in is complete in the call that creates it, so there is never one to come back to.
async fn show(Path(id): Path<String>) -> Reply {
    Err(Error::NotFound("sign-in", id))
}

async fn create(
    State(app): State<App>,
    _: HeaderMap,
    browser: Browser,
    by: Caller,
    mut params: Params,
) -> Reply {
    let strategy = params.text("strategy")?;
    let ticket = params.text("ticket")?.filter(|ticket| !ticket.is_empty());
    let ticket = match (strategy.as_deref(), ticket) {
        (None | Some("ticket"), Some(ticket)) => Secret::from(ticket),
        (Some("ticket"), None) => return Err(Error::ParamMissing("ticket")),
        (None, None) => return Err(Error::ParamMissing("strategy")),
        (Some(_), _) => return Err(Error::StrategyUnknown),
    };
    let (arrival, now, origin) = (
        Arrival::new(&app, &browser, by.at),
        by.at,
        browser.origin.clone(),
    );
    let session = open(&app, &ticket, &arrival, browser, by).await?;
    answer(&app, &arrival, session, (origin.as_deref(), now)).await
}

/// Spends the ticket, whichever kind it is.
async fn open(
    app: &App,
    ticket: &Secret,
    arrival: &Arrival,
    browser: Browser,
    by: Caller,
) -> Result<Session> {
    let (digest, fresh, id) = (ticket.digest(), arrival.fresh(), arrival.session.clone());
    let (shown, caller) = (browser.credentials.clone(), by.clone());
    let opened = app
        .db
        .write(move |tx| sign_in_tokens::accept(tx, &digest, &shown, (&fresh, &id), &caller))
        .await?;
    if let Some(session) = opened {
        return Ok(session);
    }
    match spend(app, ticket, arrival, browser, by).await? {
        Visit::Accepted(session, _) => Ok(*session),
        Visit::Refused(refusal) => Err(refusal),
    }
}

async fn answer(
    app: &App,
    arrival: &Arrival,
    session: Session,
    (origin, now): (Option<&str>, crate::clock::Time),
) -> Result<Response> {
    let client = session.client_id.clone();
    let seen = app
        .db
        .read(move |tx| {
            let client = clients::get(tx, &client)?;
            Seen::of(tx, client, now)
        })
        .await?;
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
    let client = seen.view(app, origin, now)?;
    let mut response = Json(json!({ "response": sign_in, "client": client })).into_response();
    arrival.give(app, response.headers_mut(), Some(&session))?;
    Ok(response)
}

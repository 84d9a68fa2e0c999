//! `GET /v1/agents/tasks?ticket=…` (spec path of the same name): the visit that opens a session. Also
//! `GET /v1/tickets/accept`, the same for sign-in tokens.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use http::HeaderMap;
use url::Url;

use super::arrival::Arrival;
use super::headless;
use crate::app::App;
use crate::audit::Caller;
use crate::error::{Error, Result};
use crate::origin::{self, Origin};
use crate::secret::Secret;
use crate::sign_in_tokens;
use crate::tasks::{self, Visit, Visitor};
use crate::wire::{Browser, Params, Reply};

pub(super) fn routes() -> Router<App> {
    // HEAD would otherwise run the GET handler, and link checkers would burn tickets.
    Router::new()
        .route(
            "/v1/agents/tasks",
            get(visit).head(async || Error::MethodNotAllowed),
        )
        .route(
            "/v1/tickets/accept",
            get(accept).head(async || Error::MethodNotAllowed),
        )
}

async fn visit(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    browser: Browser,
    by: Caller,
) -> Reply {
    let ticket = ticket(&mut Params::query(query.as_deref())?)?;
    let arrival = Arrival::new(&app, &browser, by.at);
    let now = by.at;
    match spend(&app, &ticket, &arrival, browser, by).await? {
        Visit::Accepted(session, target) if headless::is_wanted(&headers) => {
            headless::answer(&app, &arrival, &session, &target, now).await
        }
        Visit::Accepted(session, target) => arrival.redirect(&app, &session, target, now),
        Visit::Refused(refusal) => Err(refusal),
    }
}

fn ticket(params: &mut Params) -> Result<Secret> {
    let ticket = params
        .text("ticket")?
        .filter(|ticket| !ticket.is_empty())
        .ok_or(Error::QueryMissing("ticket"))?;
    Ok(Secret::from(ticket))
}

/// Spends a task's ticket for an arriving browser.
pub(super) async fn spend(
    app: &App,
    ticket: &Secret,
    arrival: &Arrival,
    browser: Browser,
    by: Caller,
) -> Result<Visit> {
    let visitor = Visitor {
        ticket: ticket.digest(),
        shown: browser.credentials,
        fresh: arrival.fresh(),
        session: arrival.session.clone(),
        on_replay: app.config.on_replay,
    };
    let (kind, allowed) = (app.instance.kind, app.config.allowed_origins.clone());
    let lands = move |url: &str| origin::redirect_target(url, kind, &allowed);
    app.db
        .write(move |tx| tasks::accept(tx, &visitor, &lands, &by))
        .await
}

/// A sign-in token opened as a page: signs in and goes to the application.
async fn accept(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    browser: Browser,
    by: Caller,
) -> Reply {
    let mut params = Params::query(query.as_deref())?;
    let ticket = ticket(&mut params)?;
    let target = match params.text("redirect_url")? {
        Some(url) => origin::redirect_target(&url, app.instance.kind, &app.config.allowed_origins)?,
        None => home(&app)?,
    };
    let (arrival, now) = (Arrival::new(&app, &browser, by.at), by.at);
    let (digest, fresh, id) = (ticket.digest(), arrival.fresh(), arrival.session.clone());
    let session = app
        .db
        .write(move |tx| {
            sign_in_tokens::accept(tx, &digest, &browser.credentials, (&fresh, &id), &by)
        })
        .await?
        .ok_or(Error::TicketInvalid)?;
    arrival.redirect(&app, &session, target, now)
}

/// The application, where one is configured; in development Standin's own page.
fn home(app: &App) -> Result<Url> {
    let own = Url::parse(&app.instance.public_url)
        .map_err(|_| Error::Bug("the public URL is no URL".into()))?;
    let configured = app
        .config
        .allowed_origins
        .iter()
        .find_map(|entry| match entry {
            Origin::Exact(origin) if *origin != own.origin().ascii_serialization() => {
                Url::parse(origin).ok()
            }
            _ => None,
        });
    match configured {
        Some(url) => Ok(url),
        None if app.instance.is_development() => Ok(own),
        None => Err(Error::QueryMissing("redirect_url")),
    }
}

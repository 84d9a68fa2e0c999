//! `GET /v1/agents/tasks?ticket=…` (spec path of the same name): the visit that opens a session. Also
//! `GET /v1/tickets/accept`, the same for sign-in tokens and for links of invitations; and beside both, `POST …/confirm`,
//! where the page that asks sends its visitor who agrees.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use url::Url;

use super::arrival::{self, Arrival, Landing};
use super::asked::Asked;
use super::{headless, invited, question};
use crate::app::App;
use crate::caller::Caller;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::organizations;
use crate::secret::{Digest, Secret};
use crate::sessions::{Session, SignIn};
use crate::sign_in_tokens;
use crate::tasks::{self, Visit, Way};
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

/// What the page that asks sends its answers to.
pub(super) fn answers() -> Router<App> {
    Router::new()
        .route("/v1/agents/tasks/confirm", post(confirm_visit))
        .route("/v1/tickets/confirm", post(confirm_accept))
}

async fn visit(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    browser: Browser,
    by: Caller,
) -> Reply {
    let ticket = ticket(&mut Params::query(query.as_deref())?)?;
    let now = by.at;
    let arrival = Arrival::new(&app, browser.clone(), now);
    if headless::is_wanted(&headers) {
        let person = |tx: &mut Write<'_>, session: &Session| {
            organizations::person(tx, session, session.created_at)
        };
        let opened = spend(&app, &ticket, &arrival, by, person).await?;
        return headless::answer(&app, &arrival, opened, now).await;
    }
    match land(&app, &ticket, &arrival, by).await {
        Err(Error::VisitorIsAsked) => question::of_task(&app, browser, &ticket, now).await,
        landed => {
            let (landing, target) = landed?;
            arrival.redirect(&app, &landing, target, now).await
        }
    }
}

/// The same for a visitor who was asked, and agreed.
async fn confirm_visit(State(app): State<App>, Asked(browser, by, mut params): Asked) -> Reply {
    let ticket = ticket(&mut params)?;
    params.finish()?;
    let now = by.at;
    let arrival = Arrival::new(&app, browser, now);
    let (landing, target) = land(&app, &ticket, &arrival, by).await?;
    let landed = arrival.redirect(&app, &landing, target, now).await;
    landed.map(to_get)
}

/// The redirect of an answer to a form: the next page is asked for, and sent nothing.
fn to_get(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}

/// Spends a task's ticket for a browser that opens it as a page, or lets it land again where it is already.
async fn land(app: &App, ticket: &Secret, arrival: &Arrival, by: Caller) -> Result<(Landing, Url)> {
    let digest = arrival::known(app, ticket, tasks::knows).await?;
    let (of, sign_in) = (app.clone(), arrival.sign_in());
    let visit = app.db.write(by, move |tx| {
        accept_task(&of, tx, &digest, &sign_in, Way::Page)
    });
    match visit.await? {
        Visit::Accepted(session, target) => Ok((Landing::First(session), target)),
        Visit::Again(session, client, target) => {
            Ok((Landing::Again(session, client.updated_at), target))
        }
        Visit::Refused(refusal) => Err(refusal),
    }
}

/// What comes of a ticket. One whose session's token no cookie could carry is refused, and not spent.
fn accept_task(
    app: &App,
    tx: &mut Write<'_>,
    ticket: &Digest,
    sign_in: &SignIn,
    way: Way,
) -> Result<Visit> {
    let now = tx.now();
    let visit = tasks::accept(tx, ticket, sign_in, &app.policy, way)?;
    if let Visit::Accepted(session, _) = &visit {
        app.check_token(tx, session, now)?;
    }
    Ok(visit)
}

fn ticket(params: &mut Params) -> Result<Secret> {
    let ticket = params
        .text("ticket")?
        .filter(|ticket| !ticket.is_empty())
        .ok_or(Error::QueryMissing("ticket"))?;
    Ok(Secret::from(ticket))
}

/// A session that a task's ticket has opened.
pub(super) struct Opened<T> {
    pub(super) session: Session,
    pub(super) target: Url,
    /// What else the answer needs, read in the same write: once the ticket is spent, nothing may keep the visitor out.
    pub(super) also: T,
}

/// Spends a task's ticket for an arriving browser.
pub(super) async fn spend<T: Send + 'static>(
    app: &App,
    ticket: &Secret,
    arrival: &Arrival,
    by: Caller,
    also: fn(&mut Write<'_>, &Session) -> Result<T>,
) -> Result<Opened<T>> {
    let digest = arrival::known(app, ticket, tasks::knows).await?;
    let (of, sign_in) = (app.clone(), arrival.sign_in());
    let opened = app.db.write(by, move |tx| {
        Ok(match accept_task(&of, tx, &digest, &sign_in, Way::Call)? {
            Visit::Accepted(session, target) | Visit::Again(session, _, target) => Ok(Opened {
                also: also(tx, &session)?,
                session: *session,
                target,
            }),
            Visit::Refused(refusal) => Err(refusal),
        })
    });
    opened.await?
}

/// The ticket of a sign-in token or an invitation opened as a page: signs in and goes to the application.
async fn accept(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    browser: Browser,
    by: Caller,
) -> Reply {
    let mut params = Params::query(query.as_deref())?;
    let ticket = ticket(&mut params)?;
    let redirect_url = params.text("redirect_url")?;
    let now = by.at;
    let arrival = Arrival::new(&app, browser.clone(), now);
    match open(&app, &ticket, redirect_url.as_deref(), &arrival, by).await {
        Err(Error::VisitorIsAsked) => {
            question::of_link(&app, browser, &ticket, redirect_url.as_deref(), now).await
        }
        opened => opened,
    }
}

/// The same for a visitor who was asked, and agreed.
async fn confirm_accept(State(app): State<App>, Asked(browser, by, mut params): Asked) -> Reply {
    let ticket = ticket(&mut params)?;
    let redirect_url = params.text("redirect_url")?;
    params.finish()?;
    let arrival = Arrival::new(&app, browser, by.at);
    open(&app, &ticket, redirect_url.as_deref(), &arrival, by)
        .await
        .map(to_get)
}

async fn open(
    app: &App,
    ticket: &Secret,
    redirect_url: Option<&str>,
    arrival: &Arrival,
    by: Caller,
) -> Reply {
    let target = match redirect_url {
        Some(url) => app.policy.lands(url)?,
        None => home(app)?,
    };
    let now = by.at;
    let opened = accept_token(app, ticket, arrival, by.clone(), |_, session| Ok(session));
    let session = match opened.await {
        Err(Error::TicketInvalid) => {
            return invited::open(app, ticket, arrival, target, by).await;
        }
        opened => opened?,
    };
    let landing = Landing::First(Box::new(session));
    arrival.redirect(app, &landing, target, now).await
}

/// Spends a sign-in token for an arriving browser.
pub(super) async fn accept_token<T: Send + 'static>(
    app: &App,
    token: &Secret,
    arrival: &Arrival,
    by: Caller,
    also: fn(&mut Write<'_>, Session) -> Result<T>,
) -> Result<T> {
    let digest = arrival::known(app, token, sign_in_tokens::knows).await?;
    let (of, now) = (app.clone(), by.at);
    let sign_in = arrival.sign_in();
    let opened = app.db.write(by, move |tx| {
        match sign_in_tokens::accept(tx, &digest, &sign_in)? {
            Ok(session) => {
                of.check_token(tx, &session, now)?;
                also(tx, session).map(Ok)
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    });
    opened.await?
}

/// The application, where one is configured; in development Standin's own page.
fn home(app: &App) -> Result<Url> {
    match app.policy.applications().first() {
        Some(url) => Ok(url.clone()),
        None if app.instance.is_development() => Ok(app.instance.public_url.clone()),
        None => Err(Error::QueryMissing("redirect_url")),
    }
}

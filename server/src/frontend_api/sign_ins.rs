//! `/v1/client/sign_ins` (spec paths of the same name): by password, by a code, or by a ticket, which is that of an agent task,
//! a sign-in token or an invitation.
//!
//! Until it is complete an attempt is in a cookie of its browser, sealed: the database knows nothing of it.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::agent_tasks::{accept_token, spend};
use super::arrival::{self, Arrival, admitted, with_seen};
use super::asked::{Asked, Plain};
use super::client::{Seen, Standing};
use super::{evidence, invited};
use crate::app::App;
use crate::caller::Caller;
use crate::clients;
use crate::clock::Time;
use crate::cookie;
use crate::db::Write;
use crate::error::{Error, Result, Unproven};
use crate::handshake::cookies;
use crate::id::{IdentifierId, SignInId};
use crate::passwords;
use crate::secret::Secret;
use crate::sessions::Session;
use crate::sign_ins::{self, Attempt, SECONDS, Strategy};
use crate::users::{Evidence, Profile};
use crate::views;
use crate::wire::{Answer, Browser, Params, Reply};
use crate::word::Word as _;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/client/sign_ins", post(create))
        .route("/v1/client/sign_ins/{id}", get(show))
        .route(
            "/v1/client/sign_ins/{id}/prepare_first_factor",
            post(prepare),
        )
        .route(
            "/v1/client/sign_ins/{id}/attempt_first_factor",
            post(attempt),
        )
        .route("/v1/client/sign_ins/{id}/reset_password", post(reset))
        .route(
            "/v1/client/sign_ins/{id}/prepare_second_factor",
            post(second_factor),
        )
        .route(
            "/v1/client/sign_ins/{id}/attempt_second_factor",
            post(second_factor),
        )
}

/// How a body asks to be signed in.
enum Way {
    Ticket(Secret),
    /// By name, and by a password or a code if one is named.
    Identifier(String, Option<Strategy>, Option<Secret>),
}

impl Way {
    fn read(params: &mut Params) -> Result<Self> {
        let strategy = params.text("strategy")?.filter(|text| !text.is_empty());
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let ticket = given(params.text("ticket")?).map(Secret::from);
        let password = given(params.text("password")?).map(Secret::from);
        let strategy = match (strategy.as_deref(), ticket) {
            (None | Some("ticket"), Some(ticket)) => return Ok(Self::Ticket(ticket)),
            (Some("ticket"), None) => return Err(Error::ParamMissing("ticket")),
            (Some(word), _) => Some(Strategy::from_word(word).ok_or(Error::StrategyUnknown)?),
            (None, None) => password.as_ref().map(|_| Strategy::Password),
        };
        let identifier = params.required_text("identifier", 254)?;
        if strategy == Some(Strategy::Password) && password.is_none() {
            return Err(Error::ParamMissing("password"));
        }
        Ok(Self::Identifier(
            identifier.trim().to_owned(),
            strategy,
            password,
        ))
    }
}

async fn create(State(app): State<App>, Asked(browser, by, mut params): Asked) -> Reply {
    let way = Way::read(&mut params)?;
    let timezone = params.text("timezone")?;
    // The language of mails, of which there are none here.
    params.ignore(&["locale"]);
    params.absent("code", evidence::CODE_LATER)?;
    evidence::finish(params)?;
    let (identifier, strategy, password) = match way {
        Way::Ticket(ticket) => return by_ticket(&app, browser, by, &ticket).await,
        Way::Identifier(identifier, strategy, password) => (identifier, strategy, password),
    };
    let now = by.at;
    app.limiters
        .identifiers
        .check(&identifier.to_ascii_lowercase())?;
    if Standing::of(&app, &browser, now).await?.is_signed_in() {
        return Err(Unproven::SessionExists.into());
    }
    let named = identifier.clone();
    let profile = app
        .db
        .read(move |tx| sign_ins::identify(tx, &named, now))
        .await?;
    let mut attempt = Attempt {
        id: SignInId::new(now),
        begun_at: now,
        identifier,
        user: profile.user.id.clone(),
        timezone: timezone.filter(|zone| zone.len() <= 64),
        prepared: None,
        proven_at: None,
    };
    if let Some(password) = password.filter(|_| strategy == Some(Strategy::Password)) {
        let evidence =
            evidence::of_password(&profile.user, password, Unproven::PasswordWrong).await?;
        return open(&app, browser, by, attempt, evidence).await;
    }
    if let Some((strategy, kind)) = strategy.and_then(|strategy| Some((strategy, strategy.kind()?)))
    {
        let own = profile.identifiers.iter();
        let mut own = own.filter(|one| one.kind == kind);
        let named = own.find(|one| one.value == attempt.identifier.to_ascii_lowercase());
        let named = named.map(|one| one.id.clone());
        attempt.prepared = Some(prepared(&app, &profile, strategy, named.as_ref(), now)?);
    }
    carry_on(&app, browser, attempt, &profile, now).await
}

/// A code that is asked for; the user has none of that kind where there is no such identifier.
fn prepared(
    app: &App,
    profile: &Profile,
    strategy: Strategy,
    named: Option<&IdentifierId>,
    now: Time,
) -> Result<sign_ins::Prepared> {
    let asked = sign_ins::prepare(profile, strategy, named, app.instance.stage, now);
    match (asked, named) {
        (Err(Error::NotFound(..)), None) => Err(Error::StrategyUnknown),
        (asked, _) => asked,
    }
}

/// Gives the browser its attempt to carry on with.
async fn carry_on(
    app: &App,
    mut browser: Browser,
    attempt: Attempt,
    profile: &Profile,
    now: Time,
) -> Reply {
    let sealed = attempt.seal(&app.master_key)?;
    let view = views::sign_in(&attempt, profile, app.instance.stage);
    browser.sign_in = Some(attempt);
    let standing = Standing::of(app, &browser, now).await?;
    let client = standing.view(app, browser.origin.as_deref(), now).await?;
    let mut response = Json(json!({ "response": view, "client": client })).into_response();
    let cookie = cookies::attempt(&app.instance, cookie::SIGN_IN, Some(&sealed), SECONDS);
    arrival::set(response.headers_mut(), &cookie)?;
    Ok(response)
}

/// The attempt with this id, and its user.
async fn under_way(
    app: &App,
    browser: &Browser,
    id: String,
    now: Time,
) -> Result<(Attempt, Profile)> {
    let attempt = browser
        .sign_in
        .clone()
        .filter(|attempt| attempt.id.as_str() == id)
        .ok_or(Error::NotFound("sign-in", id))?;
    let asked = attempt.clone();
    let profile = app
        .db
        .read(move |tx| sign_ins::of_attempt(tx, &asked, now))
        .await?;
    Ok((attempt, profile))
}

async fn show(State(app): State<App>, Path(id): Path<String>, Plain(browser, _): Plain) -> Answer {
    let (attempt, profile) = under_way(&app, &browser, id, app.now()).await?;
    let view = views::sign_in(&attempt, &profile, app.instance.stage);
    Ok(Json(json!({ "response": view, "client": null })))
}

async fn prepare(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Reply {
    let strategy = evidence::strategy(&mut params)?;
    // A password needs no preparation.
    let kind = strategy.kind().ok_or(Error::StrategyUnknown)?;
    let named = evidence::identifier(&mut params, kind)?;
    evidence::finish(params)?;
    let (mut attempt, profile) = under_way(&app, &browser, id, by.at).await?;
    attempt.prepared = Some(prepared(&app, &profile, strategy, named.as_ref(), by.at)?);
    attempt.proven_at = None;
    carry_on(&app, browser, attempt, &profile, by.at).await
}

async fn attempt(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Reply {
    let given = evidence::Given::read(&mut params)?;
    params.absent(
        "ticket",
        "a ticket begins a sign-in: POST /v1/client/sign_ins",
    )?;
    evidence::finish(params)?;
    let (mut attempt, profile) = under_way(&app, &browser, id, by.at).await?;
    app.limiters
        .identifiers
        .check(&attempt.identifier.to_ascii_lowercase())?;
    let evidence = match given {
        evidence::Given::Password(password) => {
            evidence::of_password(&profile.user, password, Unproven::PasswordWrong).await?
        }
        evidence::Given::Code(strategy, code) => {
            let identifier = attempt.expects_code(strategy, by.at)?;
            let evidence = evidence::of_code(&app, identifier, code);
            if strategy.resets() {
                let (now, asked) = (by.at, attempt.clone());
                let proven = app
                    .db
                    .write(by, move |tx| sign_ins::prove(tx, &asked, &evidence));
                proven.await??;
                attempt.proven_at = Some(now);
                return carry_on(&app, browser, attempt, &profile, now).await;
            }
            evidence
        }
    };
    open(&app, browser, by, attempt, evidence).await
}

/// Another password, after a code was given for it.
async fn reset(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Reply {
    let password = evidence::password(&mut params, "password")?;
    let sign_out = params
        .boolean("sign_out_of_other_sessions")?
        .unwrap_or(false);
    params.finish()?;
    let now = by.at;
    let (attempt, _) = under_way(&app, &browser, id, now).await?;
    if !attempt.expects_password(now) {
        return Err(Unproven::CodeNotSent.into());
    }
    let hash = passwords::hash(password, false).await?;
    let arrival = Arrival::new(&app, browser, now);
    let (sign_in, complete) = (arrival.sign_in(), attempt.clone());
    let of = app.clone();
    let opened = app.db.write(by, move |tx| {
        let session = sign_ins::reset(tx, &attempt, &hash, sign_out, &sign_in)?;
        admitted(&of, tx, session)
    });
    let opened = opened.await?;
    let strategy = complete
        .prepared
        .map_or(Strategy::Password, |one| one.strategy);
    let view = views::sign_in_complete(
        complete.id.as_str(),
        Some(&complete.identifier),
        strategy.as_str(),
        &opened.0.id,
        now,
    );
    arrival
        .complete(&app, cookie::SIGN_IN, &opened, &view)
        .await
}

/// Second factors are out of scope: nobody here has one.
async fn second_factor(
    State(app): State<App>,
    Path(id): Path<String>,
    browser: Browser,
) -> Result<()> {
    under_way(&app, &browser, id, app.now()).await?;
    Err(Unproven::NoSecondFactor.into())
}

/// Opens the session of an attempt.
async fn open(
    app: &App,
    browser: Browser,
    by: Caller,
    attempt: Attempt,
    evidence: Evidence,
) -> Reply {
    let now = by.at;
    let (id, named) = (attempt.id.clone(), attempt.identifier.clone());
    let strategy = match (&evidence, &attempt.prepared) {
        (Evidence::Code { .. }, Some(prepared)) => prepared.strategy,
        _ => Strategy::Password,
    };
    let arrival = Arrival::new(app, browser, now);
    let sign_in = arrival.sign_in();
    let of = app.clone();
    let opened = app.db.write(by, move |tx| {
        match sign_ins::accept(tx, &attempt, &evidence, &sign_in)? {
            Ok(session) => admitted(&of, tx, session).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    });
    let opened = opened.await??;
    let view = views::sign_in_complete(
        id.as_str(),
        Some(&named),
        strategy.as_str(),
        &opened.0.id,
        now,
    );
    arrival.complete(app, cookie::SIGN_IN, &opened, &view).await
}

async fn by_ticket(app: &App, browser: Browser, by: Caller, ticket: &Secret) -> Reply {
    let now = by.at;
    let arrival = Arrival::new(app, browser, now);
    let opened = spend_any(app, ticket, &arrival, by).await?;
    let id = SignInId::new(now);
    let view = views::sign_in_complete(id.as_str(), None, "ticket", &opened.0.id, now);
    arrival.complete(app, cookie::SIGN_IN, &opened, &view).await
}

/// Spends the ticket, whichever kind it is.
async fn spend_any(
    app: &App,
    ticket: &Secret,
    arrival: &Arrival,
    by: Caller,
) -> Result<(Session, Seen)> {
    let seen = |tx: &mut Write<'_>, session: &Session| {
        let client = clients::get(tx, &session.client_id)?;
        Seen::of(tx, client, session.created_at)
    };
    match accept_token(app, ticket, arrival, by.clone(), with_seen).await {
        Err(Error::TicketInvalid) => {}
        other => return other,
    }
    match spend(app, ticket, arrival, by.clone(), seen).await {
        Err(Error::TicketInvalid) => {}
        other => return other.map(|opened| (opened.session, opened.also)),
    }
    let opened = invited::spend(app, ticket, arrival, by, with_seen).await;
    opened.map(|(opened, _)| opened)
}

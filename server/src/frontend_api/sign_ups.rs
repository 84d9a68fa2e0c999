//! `/v1/client/sign_ups` (spec paths of the same name), where the instance lets strangers make themselves a user, and for those
//! who show the ticket of an invitation.
//!
//! As with a sign-in, the attempt is in a cookie of its browser until it is complete.

use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::json;

use super::arrival::{self, Arrival, admitted};
use super::asked::{Asked, Plain};
use super::client::Standing;
use super::{evidence, invited};
use crate::app::App;
use crate::caller::Caller;
use crate::cookie;
use crate::error::{Error, Result, Unproven};
use crate::handshake::cookies;
use crate::id::{IdentifierId, MembershipId, SignUpId, UserId};
use crate::passwords;
use crate::secret::Secret;
use crate::sign_in_tokens;
use crate::sign_ups::{self, Attempt, NewIds, SECONDS};
use crate::tasks;
use crate::users::IdentifierKind;
use crate::views;
use crate::wire::{Answer, Browser, Edge, Params, Proxied, Reply, user_text};

pub(super) fn routes(app: &App) -> Router<App> {
    let counted = from_fn_with_state(app.clone(), counted);
    Router::new()
        .route(
            "/v1/client/sign_ups",
            post(create).route_layer(counted.clone()),
        )
        .route(
            "/v1/client/sign_ups/{id}",
            get(show).merge(patch(update).route_layer(counted)),
        )
        .route(
            "/v1/client/sign_ups/{id}/prepare_verification",
            post(prepare),
        )
        .route(
            "/v1/client/sign_ups/{id}/attempt_verification",
            post(attempt),
        )
}

fn allowed(app: &App, attempt: &Attempt) -> Result<()> {
    if app.config.sign_up || attempt.is_invited() {
        Ok(())
    } else {
        Err(Unproven::SignUpOff.into())
    }
}

/// What a body says of the user to be, and how it wants the address to be proven. What it does not say is not touched.
#[derive(Default)]
struct Form {
    contacts: Vec<(IdentifierKind, Option<String>)>,
    texts: Vec<(Field, Option<String>)>,
    unsafe_metadata: Option<serde_json::Map<String, serde_json::Value>>,
    legal_accepted: Option<bool>,
    password: Option<Secret>,
    /// That of an invitation.
    ticket: Option<Secret>,
    prepare: Option<IdentifierKind>,
}

/// Where an attempt keeps a text.
type Field = fn(&mut Attempt) -> &mut Option<String>;

const TEXTS: [(&str, Field); 5] = [
    ("username", |attempt| &mut attempt.username),
    ("first_name", |attempt| &mut attempt.first_name),
    ("last_name", |attempt| &mut attempt.last_name),
    ("locale", |attempt| &mut attempt.locale),
    ("timezone", |attempt| &mut attempt.timezone),
];

impl Form {
    fn read(mut params: Params) -> Result<Self> {
        let mut form = Self::default();
        for kind in [IdentifierKind::EmailAddress, IdentifierKind::PhoneNumber] {
            if let Some(text) = params.nullable_text(kind.as_str())? {
                let text = text.filter(|text| !text.trim().is_empty());
                let value = text.map(|text| kind.normal(&text)).transpose()?;
                form.contacts.push((kind, value));
            }
        }
        if let Some(text) = params.text("email_address_or_phone_number")? {
            let kind = if text.contains('@') {
                IdentifierKind::EmailAddress
            } else {
                IdentifierKind::PhoneNumber
            };
            form.contacts.push((kind, Some(kind.normal(&text)?)));
        }
        for (name, field) in TEXTS {
            if let Some(text) = params.nullable_line(name)? {
                form.texts.push((field, user_text(name, text)?));
            }
        }
        form.unsafe_metadata = params.object("unsafe_metadata")?;
        form.legal_accepted = params.boolean("legal_accepted")?;
        form.password = params
            .text("password")?
            .filter(|password| !password.is_empty())
            .map(Secret::from);
        form.ticket = params
            .text("ticket")?
            .filter(|ticket| !ticket.is_empty())
            .map(Secret::from);
        form.prepare = match params.text("strategy")?.filter(|text| !text.is_empty()) {
            None => None,
            Some(word) if word == "ticket" => {
                form.ticket.as_ref().ok_or(Error::ParamMissing("ticket"))?;
                None
            }
            Some(word) => Some(strategy(&word)?),
        };
        params.absent("code", evidence::CODE_LATER)?;
        evidence::finish(params)?;
        Ok(form)
    }

    /// Lays it over an attempt, if there may be one. Hashing a password takes its time.
    async fn apply(self, app: &App, attempt: &mut Attempt, by: &Caller) -> Result<()> {
        if let Some(ticket) = &self.ticket {
            let invited = match invited::present(app, ticket, by.clone()).await {
                Err(Error::TicketInvalid) => return Err(not_for_sign_up(app, ticket).await),
                invited => invited?,
            };
            attempt.invite(&invited);
        }
        allowed(app, attempt)?;
        for (kind, value) in self.contacts {
            attempt.set_contact(kind, value, app.instance.stage)?;
        }
        for (field, text) in self.texts {
            *field(attempt) = text;
        }
        if let Some(metadata) = self.unsafe_metadata {
            attempt.unsafe_metadata = metadata;
        }
        if let Some(accepted) = self.legal_accepted {
            attempt.legal_accepted_at = accepted.then_some(by.at);
        }
        if let Some(password) = self.password {
            attempt.set_password(&passwords::hash(password, false).await?);
        }
        if let Some(kind) = self.prepare {
            attempt.prepare(kind, app.instance.stage, by.at)?;
        }
        Ok(())
    }
}

/// For what kind of identifier a strategy is; only codes prove anything at a sign-up.
fn strategy(word: &str) -> Result<IdentifierKind> {
    match word {
        "email_code" => Ok(IdentifierKind::EmailAddress),
        "phone_code" => Ok(IdentifierKind::PhoneNumber),
        _ => Err(Error::StrategyUnknown),
    }
}

/// Counts the sign-ups of a network, whose passwords are hashed here. Those that an application's server passes on are its
/// visitors'.
async fn counted(State(app): State<App>, request: Request, next: Next) -> Result<Response> {
    if request.extensions().get::<Proxied>().is_none() {
        let network = Edge::of(request.extensions())?.network();
        app.limiters.sign_ups.check(&network)?;
    }
    Ok(next.run(request).await)
}

async fn create(State(app): State<App>, Asked(browser, by, params): Asked) -> Reply {
    let form = Form::read(params)?;
    if Standing::of(&app, &browser, by.at).await?.is_signed_in() {
        return Err(Unproven::SessionExists.into());
    }
    let mut attempt = Attempt::new(SignUpId::new(by.at), by.at);
    form.apply(&app, &mut attempt, &by).await?;
    carry_on(&app, browser, by, attempt).await
}

/// Why a ticket makes no user.
async fn not_for_sign_up(app: &App, ticket: &Secret) -> Error {
    let digest = ticket.digest();
    let known = app.db.read(move |tx| {
        Ok(if sign_in_tokens::knows(tx, &digest)? {
            Unproven::TokenNotInSignIn.into()
        } else if tasks::knows(tx, &digest)? {
            Unproven::TaskNotInSignIn.into()
        } else {
            Error::TicketInvalid
        })
    });
    known.await.unwrap_or_else(|error| error)
}

fn under_way(app: &App, browser: &Browser, id: String) -> Result<Attempt> {
    let attempt = browser
        .sign_up
        .clone()
        .filter(|attempt| attempt.id.as_str() == id)
        .ok_or(Error::NotFound("sign-up", id))?;
    allowed(app, &attempt)?;
    Ok(attempt)
}

async fn show(State(app): State<App>, Path(id): Path<String>, Plain(browser, _): Plain) -> Answer {
    let attempt = under_way(&app, &browser, id)?;
    let view = views::sign_up(&attempt, None, app.instance.stage);
    Ok(Json(json!({ "response": view, "client": null })))
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, params): Asked,
) -> Reply {
    let form = Form::read(params)?;
    let mut attempt = under_way(&app, &browser, id)?;
    form.apply(&app, &mut attempt, &by).await?;
    carry_on(&app, browser, by, attempt).await
}

async fn prepare(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Reply {
    let kind = strategy(&params.required_text("strategy", 64)?)?;
    evidence::finish(params)?;
    let mut attempt = under_way(&app, &browser, id)?;
    attempt.prepare(kind, app.instance.stage, by.at)?;
    carry_on(&app, browser, by, attempt).await
}

async fn attempt(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Reply {
    let kind = strategy(&params.required_text("strategy", 64)?)?;
    let code = evidence::code(&mut params)?;
    evidence::finish(params)?;
    let mut attempt = under_way(&app, &browser, id)?;
    attempt.prove(kind, &code, app.instance.stage, by.at)?;
    carry_on(&app, browser, by, attempt).await
}

/// Gives the browser its attempt to carry on with, or makes the user when nothing is missing any more.
async fn carry_on(app: &App, mut browser: Browser, by: Caller, attempt: Attempt) -> Reply {
    let (now, stage) = (by.at, app.instance.stage);
    let ids = NewIds {
        user: UserId::new(now),
        identifiers: [IdentifierId::new(now), IdentifierId::new(now)],
        membership: MembershipId::new(now),
        stage,
    };
    let sealed = attempt.seal(&app.master_key)?;
    if attempt.is_complete(stage) {
        return complete(app, browser, by, attempt, ids).await;
    }
    let checked = attempt.clone();
    app.db
        .read(move |tx| sign_ups::check(tx, &checked, &ids, now))
        .await?;
    let view = views::sign_up(&attempt, None, stage);
    browser.sign_up = Some(attempt);
    let standing = Standing::of(app, &browser, now).await?;
    let client = standing.view(app, browser.origin.as_deref(), now).await?;
    let mut response = Json(json!({ "response": view, "client": client })).into_response();
    let cookie = cookies::attempt(&app.instance, cookie::SIGN_UP, Some(&sealed), SECONDS);
    arrival::set(response.headers_mut(), &cookie)?;
    Ok(response)
}

async fn complete(app: &App, browser: Browser, by: Caller, attempt: Attempt, ids: NewIds) -> Reply {
    let now = by.at;
    let arrival = Arrival::new(app, browser, now);
    let (sign_in, complete) = (arrival.sign_in(), attempt.clone());
    let of = app.clone();
    let opened = app.db.write(by, move |tx| {
        let session = sign_ups::complete(tx, &attempt, &ids, &sign_in)?;
        admitted(&of, tx, session)
    });
    let opened = opened.await?;
    let made = Some((opened.0.user_id.as_str(), &opened.0.id));
    let view = views::sign_up(&complete, made, app.instance.stage);
    arrival.complete(app, cookie::SIGN_UP, &opened, &view).await
}

//! `/v1/email_addresses` and `/v1/phone_numbers` (spec paths of these names), and the calls under `/v1/users/{id}` that
//! put one in the place of all. Both kinds take the same calls under their own names.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::MethodFilter;

use super::calls::Calls;
use crate::app::App;
use crate::audit::Caller;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::id::{IdentifierId, UserId};
use crate::secret_keys::Scope;
use crate::users::{self, Kind, NewIdentifier, Status};
use crate::views;
use crate::wire::{Answer, Params};

pub(super) fn routes() -> Calls {
    of(Kind::EmailAddress, "/v1/email_addresses").merge(of(Kind::PhoneNumber, "/v1/phone_numbers"))
}

fn of(kind: Kind, all: &str) -> Calls {
    let one = format!("{all}/{{id}}");
    Calls::new()
        .call(
            Scope::Full,
            MethodFilter::POST,
            all,
            async move |app, by, params| create(kind, app, by, params).await,
        )
        .call(
            Scope::Read,
            MethodFilter::GET,
            &one,
            async move |app, id| show(kind, app, id).await,
        )
        .call(
            Scope::Full,
            MethodFilter::PATCH,
            &one,
            async move |app, id, by, params| update(kind, app, id, by, params).await,
        )
        .call(
            Scope::Full,
            MethodFilter::DELETE,
            &one,
            async move |app, id, by, params| delete(kind, app, id, by, params).await,
        )
        .call(
            Scope::Full,
            MethodFilter::PUT,
            &format!("/v1/users/{{id}}/{}", kind.as_str()),
            async move |app, id, by, params| replace(kind, app, id, by, params).await,
        )
}

/// Standin sends no mail and knows no second factor, so these have nothing to act on.
const WITHOUT_EFFECT: [&str; 2] = [
    "notify_primary_email_address_changed",
    "reserved_for_second_factor",
];

async fn create(kind: Kind, State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let user = UserId::from(params.required_text("user_id", 64)?);
    let status = match params.boolean("verified")? {
        Some(false) => Status::Unverified,
        _ => Status::Verified,
    };
    let primary = params.boolean("primary")?.unwrap_or(false);
    let new = new_identifier(kind, &mut params, status, by.at)?;
    params.ignore(&WITHOUT_EFFECT);
    params.finish()?;
    let made = app
        .db
        .write(move |tx| users::add(tx, &user, &new, primary, &by))
        .await?;
    Ok(Json(views::identifier(&made)))
}

async fn show(kind: Kind, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let id = IdentifierId::from(id);
    let found = app
        .db
        .read(move |tx| users::get_identifier(tx, kind, &id))
        .await?;
    Ok(Json(views::identifier(&found)))
}

async fn update(
    kind: Kind,
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let verified = params.boolean("verified")?;
    let primary = params.boolean("primary")?.unwrap_or(false);
    params.ignore(&WITHOUT_EFFECT);
    params.finish()?;
    let id = IdentifierId::from(id);
    let changed = app
        .db
        .write(move |tx| users::set(tx, (kind, &id), verified, primary, &by))
        .await?;
    Ok(Json(views::identifier(&changed)))
}

async fn delete(
    kind: Kind,
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let gone = views::deleted(kind.as_str(), &id);
    let id = IdentifierId::from(id);
    app.db
        .write(move |tx| users::remove(tx, kind, &id, &by))
        .await?;
    Ok(Json(gone))
}

async fn replace(
    kind: Kind,
    State(app): State<App>,
    Path(user): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let status = match params.text("identification_status")? {
        Some(text) => status("identification_status", &text, &Status::ALL)?,
        None => Status::Verified,
    };
    let new = new_identifier(kind, &mut params, status, by.at)?;
    params.ignore(&WITHOUT_EFFECT);
    params.finish()?;
    let user = UserId::from(user);
    let made = app
        .db
        .write(move |tx| users::replace(tx, &user, &new, &by))
        .await?;
    Ok(Json(views::identifier(&made)))
}

fn new_identifier(
    kind: Kind,
    params: &mut Params,
    status: Status,
    at: Time,
) -> Result<NewIdentifier> {
    let text = params.required_text(kind.as_str(), 254)?;
    Ok(NewIdentifier {
        id: IdentifierId::new(at),
        kind,
        value: kind.normal(&text)?,
        status,
    })
}

/// Reads a status that must be one of those `allowed`.
pub(super) fn status(param: &'static str, text: &str, allowed: &[Status]) -> Result<Status> {
    let found = allowed.iter().find(|status| status.as_str() == text);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = allowed.iter().map(|status| status.as_str()).collect();
        Error::ParamValue(param, format!("one of {}", names.join(", ")))
    })
}

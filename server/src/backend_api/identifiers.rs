//! `/v1/email_addresses` and `/v1/phone_numbers` (spec paths of these names), and the calls under `/v1/users/{id}` that
//! put one in the place of all. Both kinds take the same calls under their own names.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::db::Write;
use crate::error::Result;
use crate::id::{IdentifierId, UserId};
use crate::users::{self, IdentifierKind, NewIdentifier, Setting, Verification};
use crate::views;
use crate::wire::{Answer, Bare, Calls, FULL, Params, READ};

pub(super) fn routes() -> Calls {
    of(IdentifierKind::EmailAddress, "/v1/email_addresses")
        .merge(of(IdentifierKind::PhoneNumber, "/v1/phone_numbers"))
}

fn of(kind: IdentifierKind, all: &str) -> Calls {
    let one = format!("{all}/{{id}}");
    Calls::new()
        .post(FULL, all, async move |app, by, params| {
            create(kind, app, by, params).await
        })
        .get(READ, &one, async move |_: Bare, app, id| {
            show(kind, app, id).await
        })
        .patch(FULL, &one, async move |app, id, by, params| {
            update(kind, app, id, by, params).await
        })
        .delete(FULL, &one, async move |app, id, by, params| {
            delete(kind, app, id, by, params).await
        })
        .put(
            FULL,
            &format!("/v1/users/{{id}}/{}", kind.as_str()),
            async move |app, id, by, params| replace(kind, app, id, by, params).await,
        )
}

/// What has nothing to act on.
fn absent(params: &mut Params) -> Result<()> {
    params.absent(
        "notify_primary_email_address_changed",
        "Standin sends no mail",
    )?;
    params.absent(
        "reserved_for_second_factor",
        "Standin checks no second factor",
    )
}

async fn create(
    kind: IdentifierKind,
    State(app): State<App>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let user = UserId::from(params.required_text("user_id", 64)?);
    let status = match params.boolean("verified")? {
        Some(false) => Verification::Unverified,
        _ => Verification::Verified,
    };
    let primary = params.boolean("primary")?.unwrap_or(false);
    let new = new_identifier(kind, &mut params, status, by.at)?;
    absent(&mut params)?;
    params.finish()?;
    let add = move |tx: &mut Write<'_>| users::add(tx, &user, &new, primary);
    app.answer(by, add, |_, made| views::identifier(made)).await
}

async fn show(kind: IdentifierKind, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let id = IdentifierId::from(id);
    let found = app
        .db
        .read(move |tx| users::get_identifier(tx, kind, &id))
        .await?;
    Ok(Json(views::identifier(&found)))
}

async fn update(
    kind: IdentifierKind,
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let setting = Setting {
        verified: params.boolean("verified")?,
        primary: params.boolean("primary")?.unwrap_or(false),
    };
    absent(&mut params)?;
    params.finish()?;
    let id = IdentifierId::from(id);
    let changed = app
        .db
        .write(by, move |tx| users::set(tx, kind, &id, setting))
        .await?;
    Ok(Json(views::identifier(&changed)))
}

async fn delete(
    kind: IdentifierKind,
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let gone = views::deleted(kind.as_str(), &id);
    let id = IdentifierId::from(id);
    app.db
        .write(by, move |tx| users::remove(tx, kind, &id))
        .await?;
    Ok(Json(gone))
}

async fn replace(
    kind: IdentifierKind,
    State(app): State<App>,
    Path(user): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let status = params
        .word("identification_status")?
        .unwrap_or(Verification::Verified);
    let new = new_identifier(kind, &mut params, status, by.at)?;
    absent(&mut params)?;
    params.finish()?;
    let user = UserId::from(user);
    let made = app
        .db
        .write(by, move |tx| users::replace(tx, &user, &new))
        .await?;
    Ok(Json(views::identifier(&made)))
}

fn new_identifier(
    kind: IdentifierKind,
    params: &mut Params,
    status: Verification,
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

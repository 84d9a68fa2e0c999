//! `/v1/me/email_addresses` and `/v1/me/phone_numbers` (spec paths of these names). Both kinds take the same calls.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::{change, seen};
use crate::app::App;
use crate::error::{Error, Result};
use crate::frontend_api::asked::{Asked, Plain};
use crate::frontend_api::evidence;
use crate::id::{IdentifierId, UserId};
use crate::sign_ins::Strategy;
use crate::users::{self, Identifier, IdentifierKind, NewIdentifier, Verification};
use crate::views;
use crate::wire::{Answer, Browser};

const KINDS: [(IdentifierKind, &str); 2] = [
    (IdentifierKind::EmailAddress, "/v1/me/email_addresses"),
    (IdentifierKind::PhoneNumber, "/v1/me/phone_numbers"),
];

pub(super) fn routes() -> Router<App> {
    let mut router = Router::new();
    for (kind, all) in KINDS {
        router = router
            .route(
                all,
                get(async move |app, plain| list(kind, app, plain).await),
            )
            .route(
                &format!("{all}/{{id}}"),
                get(async move |app, id, browser| show(kind, app, id, browser).await)
                    .delete(async move |app, id, asked| remove(kind, app, id, asked).await),
            )
            .route(
                &format!("{all}/{{id}}/prepare_verification"),
                post(async move |app, id, asked| prepare(kind, app, id, asked).await),
            );
    }
    router
}

/// Those whose answers tell who guesses a code, or who has an address.
pub(super) fn told() -> Router<App> {
    let mut router = Router::new();
    for (kind, all) in KINDS {
        router = router
            .route(
                all,
                post(async move |app, asked| create(kind, app, asked).await),
            )
            .route(
                &format!("{all}/{{id}}/attempt_verification"),
                post(async move |app, id, asked| attempt(kind, app, id, asked).await),
            );
    }
    router
}

/// The identifiers of a browser's user, also for an agent to see.
async fn all(app: &App, kind: IdentifierKind, browser: Browser) -> Result<Vec<Identifier>> {
    let last = seen(app, browser).await?.sessions.pop();
    let (_, person) = last.ok_or(Error::AuthenticationInvalid)?;
    let mut all = person.profile.identifiers;
    all.retain(|one| one.kind == kind);
    Ok(all)
}

async fn list(kind: IdentifierKind, State(app): State<App>, Plain(browser, _): Plain) -> Answer {
    let all = all(&app, kind, browser).await?;
    let list: Vec<_> = all.iter().map(views::identifier).collect();
    Ok(Json(json!(list)))
}

async fn show(
    kind: IdentifierKind,
    State(app): State<App>,
    Path(id): Path<String>,
    Plain(browser, _): Plain,
) -> Answer {
    let all = all(&app, kind, browser).await?;
    let found = all.iter().find(|one| one.id.as_str() == id);
    let found = found.ok_or_else(|| Error::NotFound(kind.as_str(), id))?;
    Ok(Json(
        json!({ "response": views::identifier(found), "client": null }),
    ))
}

async fn create(
    kind: IdentifierKind,
    State(app): State<App>,
    Asked(browser, by, mut params): Asked,
) -> Answer {
    let text = params.required_text(kind.as_str(), 254)?;
    evidence::finish(params)?;
    let new = NewIdentifier {
        id: IdentifierId::new(by.at),
        kind,
        value: kind.normal(&text)?,
        status: Verification::Unverified,
    };
    change(
        &app,
        browser,
        by,
        move |tx, session| users::add_own(tx, &session.user_id, &new).map(Ok),
        views::identifier,
    )
    .await
}

async fn remove(
    kind: IdentifierKind,
    State(app): State<App>,
    Path(id): Path<String>,
    Plain(browser, by): Plain,
) -> Answer {
    let gone = views::deleted(kind.as_str(), &id);
    let id = IdentifierId::from(id);
    change(
        &app,
        browser,
        by,
        move |tx, session| users::remove_own(tx, &session.user_id, kind, &id).map(Ok),
        move |()| gone,
    )
    .await
}

async fn prepare(
    kind: IdentifierKind,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Answer {
    let strategy = evidence::strategy(&mut params)?;
    evidence::finish(params)?;
    if strategy != Strategy::by_code(kind) {
        return Err(Error::StrategyUnknown);
    }
    let (id, stage) = (IdentifierId::from(id), app.instance.stage);
    change(
        &app,
        browser,
        by,
        move |tx, session| users::prepare_code(tx, &session.user_id, kind, &id, stage).map(Ok),
        views::identifier,
    )
    .await
}

async fn attempt(
    kind: IdentifierKind,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Answer {
    let code = evidence::code(&mut params)?;
    evidence::finish(params)?;
    let (id, stage) = (IdentifierId::from(id), app.instance.stage);
    change(
        &app,
        browser,
        by,
        move |tx, session| {
            let user: &UserId = &session.user_id;
            users::attempt_code(tx, user, kind, &id, (&code, stage))
        },
        views::identifier,
    )
    .await
}

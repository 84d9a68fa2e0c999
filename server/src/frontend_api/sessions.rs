//! `/v1/client/sessions` (spec paths of the same name): a page renews its token, says it is in use, or signs out.
//!
//! A page reaches the sessions of its own client only; anything else is answered as a session that is over, with 401,
//! upon which clerk-js asks for its client again and signs out.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use serde_json::json;

use super::arrival;
use super::client::{Seen, own_session, sign_out};
use crate::app::App;
use crate::caller::Caller;
use crate::clients;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::sessions::{self, End, Session};
use crate::tokens::Audience;
use crate::users::{self, Profile};
use crate::views;
use crate::wire::{About, Browser, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/client/sessions", delete(remove_all))
        .route("/v1/client/sessions/{id}", get(show))
        .route("/v1/client/sessions/{id}/tokens", post(create_token))
        .route(
            "/v1/client/sessions/{id}/tokens/{template}",
            post(create_token_from_template),
        )
        .route("/v1/client/sessions/{id}/touch", post(touch))
        .route("/v1/client/sessions/{id}/end", post(end))
        .route("/v1/client/sessions/{id}/remove", post(remove))
}

async fn create_token(
    State(app): State<App>,
    Path(id): Path<String>,
    browser: Browser,
) -> Response {
    match mint(&app, SessionId::from(id), browser).await {
        Ok((jwt, about)) => (Extension(about), Json(views::token(&jwt))).into_response(),
        Err(error) => signed_out(&app, error),
    }
}

async fn mint(app: &App, id: SessionId, browser: Browser) -> Result<(String, About)> {
    let (now, origin) = (app.now(), browser.origin.clone());
    let session = app
        .db
        .read(move |tx| sessions::own(tx, &browser.credentials, &id, now))
        .await?;
    let audience = Audience::pages(origin.as_deref());
    let jwt = app.issuer().mint(&session, audience, now)?;
    Ok((jwt, About::session(&session)))
}

/// A refusal that also tells a production application's pages that nobody is signed in.
fn signed_out(app: &App, error: Error) -> Response {
    let tell = matches!(error, Error::SignedOut);
    let mut response = error.into_response();
    if tell && let Err(error) = arrival::changed(app, response.headers_mut(), None) {
        return error.into_response();
    }
    response
}

async fn create_token_from_template(Path((_, template)): Path<(String, String)>) -> Reply {
    Err(Error::NotFound("JWT template", template))
}

async fn show(State(app): State<App>, Path(id): Path<String>, browser: Browser) -> Reply {
    let (id, now, origin) = (SessionId::from(id), app.now(), browser.origin.clone());
    let (session, profile) = app
        .db
        .read(move |tx| {
            let session = sessions::own(tx, &browser.credentials, &id, now)?;
            let profile = users::profile(tx, &session.user_id)?;
            Ok((session, profile))
        })
        .await?;
    let view = own_session(&app, &session, &profile, origin.as_deref(), now)?;
    Ok(Json(json!({ "response": view, "client": null })).into_response())
}

async fn touch(
    State(app): State<App>,
    Path(id): Path<String>,
    browser: Browser,
    by: Caller,
) -> Response {
    let id = SessionId::from(id);
    let touched = change(&app, id, browser, by, sessions::touch).await;
    touched.unwrap_or_else(|error| signed_out(&app, error))
}

async fn end(
    State(app): State<App>,
    Path(id): Path<String>,
    browser: Browser,
    by: Caller,
) -> Response {
    over(&app, id, browser, by, End::Ended).await
}

async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    browser: Browser,
    by: Caller,
) -> Response {
    over(&app, id, browser, by, End::Removed).await
}

async fn over(app: &App, id: String, browser: Browser, by: Caller, how: End) -> Response {
    let ended = change(app, SessionId::from(id), browser, by, move |tx, session| {
        sessions::end(tx, session, how).map(|_| ())
    })
    .await;
    let told = ended.and_then(|mut response| {
        arrival::changed(app, response.headers_mut(), None)?;
        Ok(response)
    });
    told.unwrap_or_else(|error| signed_out(app, error))
}

/// Changes one of the browser's own sessions and answers with it and the client as they are afterwards.
async fn change(
    app: &App,
    id: SessionId,
    browser: Browser,
    by: Caller,
    with: impl Fn(&mut Write<'_>, &Session) -> Result<()> + Send + 'static,
) -> Reply {
    let (now, origin) = (by.at, browser.origin.clone());
    let (session, profile, seen): (Session, Profile, Seen) = app
        .db
        .write(by, move |tx| {
            let (client, session) = sessions::of_browser(tx, &browser.credentials, &id, now)?;
            tx.acts_as(session.acting());
            with(tx, &session)?;
            let session = sessions::get(tx, &session.id)?;
            let profile = users::profile(tx, &session.user_id)?;
            let client = clients::get(tx, &client.id)?;
            Ok((session, profile, Seen::of(tx, client, now)?))
        })
        .await?;
    let view = own_session(app, &session, &profile, origin.as_deref(), now)?;
    Ok(
        Json(json!({ "response": view, "client": seen.view(app, origin.as_deref(), now)? }))
            .into_response(),
    )
}

async fn remove_all(State(app): State<App>, browser: Browser, by: Caller) -> Reply {
    sign_out(&app, browser, by).await
}

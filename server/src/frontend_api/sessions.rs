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
use super::asked::{Asked, Plain};
use super::client::{Seen, own_session, sign_out};
use crate::app::App;
use crate::caller::Caller;
use crate::clients;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::jwt_templates;
use crate::organizations::{self, Person};
use crate::sessions::{self, Choice, End, Session};
use crate::tokens::Audience;
use crate::views;
use crate::wire::{About, Browser, Params, Reply};
use crate::word::words;

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
    Asked(browser, _, params): Asked,
) -> Result<Response> {
    let choice = wanted(params)?;
    Ok(
        match mint(&app, SessionId::from(id), browser, choice).await {
            Ok((jwt, about)) => (Extension(about), Json(views::token(&jwt))).into_response(),
            Err(error) => signed_out(&app, error),
        },
    )
}

/// For which organization a token is asked: `organization_id`. What clerk-js says of its tab and of the token before is of
/// no use here.
fn wanted(mut params: Params) -> Result<Choice> {
    let choice = Choice::of(params.nullable_text("organization_id")?);
    params.ignore(&["tab_state", "token", "force_origin"]);
    params.finish()?;
    Ok(choice)
}

async fn mint(
    app: &App,
    id: SessionId,
    browser: Browser,
    choice: Choice,
) -> Result<(String, About)> {
    let (now, origin) = (app.now(), browser.origin.clone());
    let session = app
        .db
        .read(move |tx| {
            let session = sessions::own(tx, &browser.credentials, &id, now)?;
            sessions::in_organization(tx, session, &choice)
        })
        .await?;
    let audience = Audience::pages(origin.as_deref());
    let jwt = app.token(&session, audience, now).await?;
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

/// A token by a JWT template: what clerk-js asks for with `getToken({ template })`.
async fn create_token_from_template(
    State(app): State<App>,
    Path((id, name)): Path<(String, String)>,
    Plain(browser, _): Plain,
) -> Response {
    match mint_by(&app, SessionId::from(id), name, browser).await {
        Ok(jwt) => Json(views::token(&jwt)).into_response(),
        Err(error) => signed_out(&app, error),
    }
}

async fn mint_by(app: &App, id: SessionId, name: String, browser: Browser) -> Result<String> {
    let (now, origin) = (app.now(), browser.origin.clone());
    let found = app.db.read(move |tx| {
        let session = sessions::own(tx, &browser.credentials, &id, now)?;
        Ok((session, jwt_templates::named(tx, &name)?))
    });
    let (session, template) = found.await?;
    let audience = Audience {
        origin: origin.as_deref(),
        life: template.lifetime,
    };
    app.token_by(&template, &session, audience, now).await
}

async fn show(State(app): State<App>, Path(id): Path<String>, Plain(browser, _): Plain) -> Reply {
    let (id, now, origin) = (SessionId::from(id), app.now(), browser.origin.clone());
    let (session, person) = app
        .db
        .read(move |tx| {
            let session = sessions::own(tx, &browser.credentials, &id, now)?;
            let person = organizations::person(tx, &session, now)?;
            Ok((session, person))
        })
        .await?;
    let view = own_session(&app, &session, &person, origin.as_deref(), now).await?;
    Ok(Json(json!({ "response": view, "client": null })).into_response())
}

async fn touch(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, params): Asked,
) -> Reply {
    let choice = chosen(params)?;
    let touch = move |tx: &mut Write<'_>, session: &Session| {
        sessions::choose(tx, session, &choice)?;
        sessions::touch(tx, session)
    };
    let touched = change(&app, SessionId::from(id), browser, by, touch).await;
    Ok(touched.unwrap_or_else(|error| signed_out(&app, error)))
}

words! {
    /// Why a page touches its session (spec).
    enum Intent {
        /// Somebody looks at it.
        Focus = "focus",
        /// It is the one to use from now on.
        SelectSession = "select_session",
        /// It goes into another organization.
        SelectOrganization = "select_org",
    }
}

/// Where the session shall be: `active_organization_id`. Whatever the reason is, it is done in the same way.
fn chosen(mut params: Params) -> Result<Choice> {
    let choice = Choice::of(params.nullable_text("active_organization_id")?);
    params.word::<Intent>("intent")?;
    params.finish()?;
    Ok(choice)
}

async fn end(
    State(app): State<App>,
    Path(id): Path<String>,
    Plain(browser, by): Plain,
) -> Response {
    over(&app, id, browser, by, End::Ended).await
}

async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    Plain(browser, by): Plain,
) -> Response {
    over(&app, id, browser, by, End::Removed).await
}

async fn over(app: &App, id: String, browser: Browser, by: Caller, how: End) -> Response {
    let ended = change(app, SessionId::from(id), browser, by, move |tx, session| {
        sessions::leave(tx, session, how)
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
    let (session, person, seen): (Session, Person, Seen) = app
        .db
        .write(by, move |tx| {
            let (client, session) = sessions::of_browser(tx, &browser.credentials, &id, now)?;
            tx.acts_as(session.acting());
            with(tx, &session)?;
            let session = sessions::get(tx, &session.id)?;
            let person = organizations::person(tx, &session, now)?;
            let client = clients::get(tx, &client.id)?;
            Ok((session, person, Seen::of(tx, client, now)?))
        })
        .await?;
    let view = own_session(app, &session, &person, origin.as_deref(), now).await?;
    let client = seen.view(app, origin.as_deref(), now).await?;
    Ok(Json(json!({ "response": view, "client": client })).into_response())
}

async fn remove_all(State(app): State<App>, Plain(browser, by): Plain) -> Reply {
    sign_out(&app, browser, by).await
}

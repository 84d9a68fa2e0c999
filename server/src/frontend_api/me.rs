//! `/v1/me` (spec paths of the same name): the signed-in user as their own page sees and changes them. In a session in which an
//! agent acts it is reading only: what an agent must not change cannot be changed from here at all.

mod devices;
mod identifiers;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use http::Method;
use serde_json::{Value, json};

use super::arrival;
use super::asked::{Asked, Plain};
use super::client::Seen;
use super::evidence;
use crate::app::App;
use crate::caller::Caller;
use crate::clients::Client;
use crate::db::{Read, Write};
use crate::error::{Error, Result, Unproven};
use crate::events::Action;
use crate::organizations::{self, Person};
use crate::passwords;
use crate::sessions::{self, Session};
use crate::users::{self, Change, Edit, IdentifierKind, Metadata};
use crate::views;
use crate::wire::{Answer, Browser, Reply, user_text};

pub(super) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/v1/me", get(show).delete(delete))
        .route("/v1/me/metadata", patch(merge_metadata))
        .merge(devices::routes())
        .merge(identifiers::routes())
        .route("/v1/me/{*part}", get(absent).fallback(absent))
        .route_layer(from_fn_with_state(app.clone(), own_only))
}

/// Those whose answers tell who guesses something: a password, a code, or who there is.
pub(super) fn told(app: &App) -> Router<App> {
    Router::new()
        .route("/v1/me", patch(update))
        .route("/v1/me/change_password", post(change_password))
        .merge(identifiers::told())
        .route_layer(from_fn_with_state(app.clone(), own_only))
}

/// Refuses every change to a page whose session is not its user's own, whatever it is.
async fn own_only(
    State(app): State<App>,
    browser: Browser,
    request: Request,
    next: Next,
) -> Result<Response> {
    if request.method() != Method::GET {
        let now = app.now();
        app.db
            .read(move |tx| sessions::of_user(tx, browser.meant(), now))
            .await?;
    }
    Ok(next.run(request).await)
}

async fn seen(app: &App, browser: Browser) -> Result<Seen> {
    let now = app.now();
    let found = app.db.read(move |tx| {
        let mut seen = Seen::find(tx, &browser, now)?;
        if let Some(seen) = &mut seen {
            seen.sessions
                .retain(|(session, _)| browser.meant().means(&session.id));
        }
        Ok(seen)
    });
    let seen = found.await?;
    seen.filter(|seen| !seen.sessions.is_empty())
        .ok_or(Error::AuthenticationInvalid)
}

async fn absent() -> Answer {
    Err(Error::RouteUnknown)
}

async fn show(State(app): State<App>, Plain(browser, _): Plain) -> Answer {
    let seen = seen(&app, browser).await?;
    let user = seen
        .sessions
        .last()
        .map(|(_, person)| views::own_user(person, &app.instance, app.now()));
    Ok(Json(json!({ "response": user, "client": null })))
}

/// Lets the user of a browser change something, and answers with what `with` shows of it and the client as it is then. A
/// refusal that `with` returns as an outcome is committed with its records.
async fn change<T: Send + 'static>(
    app: &App,
    browser: Browser,
    by: Caller,
    with: impl Fn(&mut Write<'_>, &Session) -> Result<std::result::Result<T, Error>> + Send + 'static,
    show: impl FnOnce(&T) -> Value,
) -> Answer {
    let (now, origin) = (by.at, browser.origin.clone());
    let changed = app.db.write(by, move |tx| {
        let (client, session) = sessions::of_user(tx, browser.meant(), now)?;
        tx.acts_as(session.acting());
        Ok(match with(tx, &session)? {
            Ok(made) => Ok((made, after(tx, &client, now)?)),
            Err(refusal) => Err(refusal),
        })
    });
    let (made, seen) = changed.await??;
    let client = seen.view(app, origin.as_deref(), now).await?;
    Ok(Json(json!({ "response": show(&made), "client": client })))
}

fn after(tx: &mut Read<'_>, client: &Client, now: crate::clock::Time) -> Result<Seen> {
    let client = crate::clients::get(tx, &client.id)?;
    Seen::of(tx, client, now)
}

/// Changes the user by these edits.
async fn edit(app: &App, browser: Browser, by: Caller, edits: Vec<Edit>) -> Answer {
    let now = by.at;
    let edited = Change::new(Action::UserUpdate, edits);
    change(
        app,
        browser,
        by,
        move |tx, session| {
            users::edit(tx, &session.user_id, &edited)?;
            organizations::person(tx, session, now).map(Ok)
        },
        |person: &Person| views::own_user(person, &app.instance, now),
    )
    .await
}

async fn update(State(app): State<App>, Asked(browser, by, mut params): Asked) -> Answer {
    let mut edits = Vec::new();
    for (name, edit) in [
        ("username", Edit::Username as fn(Option<String>) -> Edit),
        ("first_name", Edit::FirstName),
        ("last_name", Edit::LastName),
        ("locale", Edit::Locale),
        ("timezone", Edit::Timezone),
    ] {
        if let Some(text) = params.nullable_line(name)? {
            edits.push(edit(user_text(name, text)?));
        }
    }
    for (name, kind) in [
        ("primary_email_address_id", IdentifierKind::EmailAddress),
        ("primary_phone_number_id", IdentifierKind::PhoneNumber),
    ] {
        let id = params.text(name)?;
        edits.extend(id.map(|id| Edit::Primary(kind, id.into())));
    }
    if let Some(metadata) = params.object("unsafe_metadata")? {
        edits.push(Edit::ReplaceMetadata(Metadata::Unsafe, metadata));
    }
    evidence::finish(params)?;
    edit(&app, browser, by, edits).await
}

async fn merge_metadata(State(app): State<App>, Asked(browser, by, mut params): Asked) -> Answer {
    let metadata = params
        .object("unsafe_metadata")?
        .ok_or(Error::ParamMissing("unsafe_metadata"))?;
    params.finish()?;
    let edits = vec![Edit::MergeMetadata(Metadata::Unsafe, metadata)];
    edit(&app, browser, by, edits).await
}

async fn change_password(State(app): State<App>, Asked(browser, by, mut params): Asked) -> Answer {
    let current = params
        .text("current_password")?
        .filter(|password| !password.is_empty());
    let new = evidence::password(&mut params, "new_password")?;
    let sign_out = params
        .boolean("sign_out_of_other_sessions")?
        .unwrap_or(false);
    params.finish()?;
    let now = by.at;
    let asking = browser.clone();
    let user = app
        .db
        .read(move |tx| {
            let (_, session) = sessions::of_user(tx, asking.meant(), now)?;
            let user = users::get(tx, &session.user_id)?;
            user.standing().may_sign_in(now)?;
            Ok(user)
        })
        .await?;
    app.limiters.identifiers.check(&user.id.to_string())?;
    let evidence = match (&user.password, current) {
        (None, None) => None,
        (None, Some(_)) => return Err(Error::PasswordNotSet),
        (Some(_), None) => return Err(Error::ParamMissing("current_password")),
        (Some(_), Some(current)) => {
            if current == new.expose() {
                return Err(Unproven::PasswordUnchanged.into());
            }
            let refusal = Unproven::CurrentPasswordWrong;
            Some(evidence::of_password(&user, current.into(), refusal).await?)
        }
    };
    let hash = passwords::hash(new, false).await?;
    change(
        &app,
        browser,
        by,
        move |tx, session| {
            let evidence = evidence.as_ref();
            match users::change_password(tx, session, evidence, &hash, sign_out)? {
                Ok(_) => organizations::person(tx, session, now).map(Ok),
                Err(refusal) => Ok(Err(refusal)),
            }
        },
        |person: &Person| views::own_user(person, &app.instance, now),
    )
    .await
}

/// The user leaves for good; every session of theirs ends.
async fn delete(State(app): State<App>, Plain(browser, by): Plain) -> Reply {
    let gone = change(
        &app,
        browser,
        by,
        move |tx, session| {
            users::delete_self(tx, session)?;
            Ok(Ok(session.user_id.to_string()))
        },
        |id: &String| views::deleted("user", id),
    );
    let mut response = gone.await?.into_response();
    arrival::changed(&app, response.headers_mut(), None)?;
    Ok(response)
}

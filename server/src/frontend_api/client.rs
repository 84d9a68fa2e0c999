//! `/v1/client` (spec path of the same name): what clerk-js knows about its browser. A stranger is answered with null, not
//! with an error: after an error clerk-js would wait for ever.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use super::arrival;
use crate::app::App;
use crate::caller::Caller;
use crate::clients::{self, Client};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::handshake::cookies;
use crate::id::ClientId;
use crate::sessions::{self, Session};
use crate::users::{self, Profile};
use crate::views;
use crate::wire::{About, Answer, Browser, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new().route(
        "/v1/client",
        get(show).post(create).put(create).delete(remove),
    )
}

/// A client with its active sessions and their users, as read in one go.
pub(super) struct Seen {
    pub(super) client: Client,
    pub(super) sessions: Vec<(Session, Profile)>,
}

impl Seen {
    /// What the browser's credentials open, if anything.
    pub(super) fn find(tx: &mut Read<'_>, browser: &Browser, now: Time) -> Result<Option<Self>> {
        clients::find(tx, &browser.credentials, now)?
            .map(|client| Self::of(tx, client, now))
            .transpose()
    }

    pub(super) fn of(tx: &mut Read<'_>, client: Client, now: Time) -> Result<Self> {
        let active = sessions::active_at(tx, &client.id, now)?;
        let with_user = |session: Session| Ok((users::profile(tx, &session.user_id)?, session));
        let pairs: Result<Vec<_>> = active.into_iter().map(with_user).collect();
        Ok(Self {
            client,
            sessions: pairs?
                .into_iter()
                .map(|(profile, session)| (session, profile))
                .collect(),
        })
    }

    /// The client's JSON, each session with a token to start with.
    pub(super) fn view(&self, app: &App, origin: Option<&str>, now: Time) -> Result<Value> {
        let view = |(session, profile): &(Session, Profile)| {
            own_session(app, session, profile, origin, now)
        };
        let sessions: Result<Vec<_>> = self.sessions.iter().map(view).collect();
        Ok(views::own_client(&self.client, &sessions?))
    }
}

/// A session's JSON with a token, as long as there is one to be had.
pub(super) fn own_session(
    app: &App,
    session: &Session,
    profile: &Profile,
    origin: Option<&str>,
    now: Time,
) -> Result<Value> {
    let token = || app.recent.token(app.issuer(), session, origin, now);
    let jwt = session.is_active(now).then(token).transpose()?;
    Ok(views::own_session(
        session,
        profile,
        &app.instance,
        jwt.as_deref(),
        now,
    ))
}

async fn show(State(app): State<App>, browser: Browser) -> Reply {
    let now = app.now();
    let origin = browser.origin.clone();
    let seen = app.db.read(move |tx| Seen::find(tx, &browser, now)).await?;
    let session = seen.as_ref().and_then(|seen| seen.sessions.last());
    let about = session.map(|(session, _)| About::session(session));
    let response = seen
        .map(|seen| seen.view(&app, origin.as_deref(), now))
        .transpose()?;
    let body = Json(json!({ "response": response, "client": null }));
    Ok((Extension(about.unwrap_or_default()), body).into_response())
}

/// A client before any sign-in: a name to go by, which nobody keeps. A browser that is a client already stays it; in either
/// case nothing is changed, neither here nor in the browser.
async fn create(State(app): State<App>, browser: Browser) -> Answer {
    let now = app.now();
    let origin = browser.origin.clone();
    let seen = app.db.read(move |tx| Seen::find(tx, &browser, now)).await?;
    let stranger = || Seen {
        client: Client {
            id: ClientId::new(now),
            last_active_session_id: None,
            created_at: now,
            updated_at: now,
        },
        sessions: Vec::new(),
    };
    let view = seen
        .unwrap_or_else(stranger)
        .view(&app, origin.as_deref(), now)?;
    Ok(Json(json!({ "response": view, "client": null })))
}

/// Ends every session of the client and forgets the browser.
async fn remove(State(app): State<App>, browser: Browser, by: Caller) -> Reply {
    let mut response = sign_out(&app, browser, by).await?;
    for cookie in cookies::no_client(&app.instance) {
        arrival::set(response.headers_mut(), &cookie)?;
    }
    Ok(response)
}

/// Ends every session of the client. A browser without one is signed out already.
pub(super) async fn sign_out(app: &App, browser: Browser, by: Caller) -> Reply {
    let now = by.at;
    let seen = app
        .db
        .write(by, move |tx| {
            sessions::sign_out(tx, &browser.credentials)?
                .map(|client| Seen::of(tx, client, now))
                .transpose()
        })
        .await?;
    let view = seen.map(|seen| seen.view(app, None, now)).transpose()?;
    let mut response = Json(json!({ "response": view, "client": view })).into_response();
    arrival::changed(app, response.headers_mut(), None)?;
    Ok(response)
}

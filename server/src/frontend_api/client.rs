//! `/v1/client` (spec path of the same name): what clerk-js knows about its browser. A stranger is answered with null, not
//! with an error: after an error clerk-js would wait for ever.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::arrival::{self, Arrival};
use crate::app::App;
use crate::audit::Caller;
use crate::clients::{self, Client};
use crate::clock::Time;
use crate::cookie::{self, Setting};
use crate::db::Tx;
use crate::error::Result;
use crate::sessions::{self, End, Session};
use crate::tokens;
use crate::users::{self, Profile};
use crate::views;
use crate::wire::{Answer, Browser, Reply};

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
    pub(super) fn find(tx: &mut Tx<'_>, browser: &Browser, now: Time) -> Result<Option<Self>> {
        clients::find(tx, &browser.credentials)?
            .map(|client| Self::of(tx, client, now))
            .transpose()
    }

    pub(super) fn of(tx: &mut Tx<'_>, client: Client, now: Time) -> Result<Self> {
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
    let mint = || {
        tokens::mint(
            &app.signing_key,
            &app.instance,
            session,
            (origin, tokens::LIFE),
            now,
        )
    };
    let jwt = session.is_active(now).then(mint).transpose()?;
    Ok(views::own_session(session, profile, jwt.as_deref(), now))
}

async fn show(State(app): State<App>, browser: Browser) -> Answer {
    let now = app.now();
    let origin = browser.origin.clone();
    let seen = app.db.read(move |tx| Seen::find(tx, &browser, now)).await?;
    let response = seen
        .map(|seen| seen.view(&app, origin.as_deref(), now))
        .transpose()?;
    Ok(Json(json!({ "response": response, "client": null })))
}

/// A client before any sign-in. One that exists is kept.
async fn create(State(app): State<App>, browser: Browser, by: Caller) -> Reply {
    let (arrival, now, origin) = (
        Arrival::new(&app, &browser, by.at),
        by.at,
        browser.origin.clone(),
    );
    let fresh = arrival.fresh();
    let seen = app
        .db
        .write(move |tx| {
            let id = clients::admit(tx, &browser.credentials, &fresh, now)?;
            let client = clients::get(tx, &id)?;
            Seen::of(tx, client, now)
        })
        .await?;
    let view = seen.view(&app, origin.as_deref(), now)?;
    let mut response = Json(json!({ "response": view, "client": null })).into_response();
    arrival.give(&app, response.headers_mut(), None)?;
    Ok(response)
}

/// Ends every session of the client and forgets the browser.
async fn remove(State(app): State<App>, browser: Browser, by: Caller) -> Reply {
    let mut response = sign_out(&app, browser, by).await?;
    let gone = Setting {
        max_age: 0,
        secure: app.instance.secure,
        http_only: true,
        domain: None,
    };
    for cookie in gone.both(cookie::CLIENT, "", &app.instance) {
        arrival::set(response.headers_mut(), &cookie)?;
    }
    Ok(response)
}

/// Ends every session of the client. A browser without one is signed out already.
pub(super) async fn sign_out(app: &App, browser: Browser, by: Caller) -> Reply {
    let now = by.at;
    let seen = app
        .db
        .write(move |tx| {
            let Some(client) = clients::find(tx, &browser.credentials)? else {
                return Ok(None);
            };
            for session in sessions::active_at(tx, &client.id, by.at)? {
                sessions::end(tx, &session, End::Removed, &by)?;
            }
            let client = clients::get(tx, &client.id)?;
            Seen::of(tx, client, by.at).map(Some)
        })
        .await?;
    let view = seen.map(|seen| seen.view(app, None, now)).transpose()?;
    let mut response = Json(json!({ "response": view, "client": view })).into_response();
    arrival::changed(app, response.headers_mut(), None)?;
    Ok(response)
}

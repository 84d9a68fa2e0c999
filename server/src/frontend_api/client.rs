//! `/v1/client` (spec path of the same name): what clerk-js knows about its browser. A stranger is answered with null, not
//! with an error: after an error clerk-js would wait for ever.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use super::arrival;
use super::asked::Plain;
use crate::app::App;
use crate::caller::Caller;
use crate::clients::{self, Client};
use crate::clock::Time;
use crate::db::Read;
use crate::error::{ClaimsError, Error, Result};
use crate::handshake::cookies;
use crate::id::ClientId;
use crate::organizations::{self, Person};
use crate::sessions::{self, Session};
use crate::tokens::Subject;
use crate::users::Profile;
use crate::views;
use crate::wire::{About, Answer, Browser, Reply};
use crate::{sign_ins, sign_ups};

pub(super) fn routes() -> Router<App> {
    Router::new().route(
        "/v1/client",
        get(show).post(create).put(create).delete(remove),
    )
}

/// A client with its active sessions and their users, as read in one go.
pub(super) struct Seen {
    pub(super) client: Client,
    pub(super) sessions: Vec<(Session, Person)>,
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
        let with_user = |session: Session| Ok((organizations::person(tx, &session, now)?, session));
        let pairs: Result<Vec<_>> = active.into_iter().map(with_user).collect();
        Ok(Self {
            client,
            sessions: pairs?
                .into_iter()
                .map(|(person, session)| (session, person))
                .collect(),
        })
    }

    /// The client's JSON, each session with a token to start with.
    pub(super) async fn view(&self, app: &App, origin: Option<&str>, now: Time) -> Result<Value> {
        let mut sessions = Vec::with_capacity(self.sessions.len());
        for (session, person) in &self.sessions {
            sessions.push(own_session(app, session, person, origin, now).await?);
        }
        Ok(views::own_client(&self.client, &sessions))
    }
}

/// The view of a browser's client, if it is one.
async fn view(app: &App, seen: Option<Seen>, origin: Option<&str>, now: Time) -> Result<Value> {
    match seen {
        Some(seen) => seen.view(app, origin, now).await,
        None => Ok(Value::Null),
    }
}

/// A session's JSON with a token, as long as there is one to be had. One that no cookie could carry is left out: the page
/// then asks for it, and is told why there is none.
pub(super) async fn own_session(
    app: &App,
    session: &Session,
    person: &Person,
    origin: Option<&str>,
    now: Time,
) -> Result<Value> {
    let jwt = if session.is_active(now) {
        let custom = app.custom(session).await?;
        let of = Subject {
            session,
            custom: &custom,
        };
        match app.recent.token(app.issuer(), of, origin, now) {
            Err(Error::Claims(ClaimsError::TokenTooLarge { .. })) => None,
            other => Some(other?),
        }
    } else {
        None
    };
    Ok(views::own_session(
        session,
        person,
        &app.instance,
        jwt.as_deref(),
        now,
    ))
}

/// What a browser is: a client, if it is one; and what it is in the middle of, as long as nobody is signed in.
pub(super) struct Standing {
    seen: Option<Seen>,
    sign_in: Option<(sign_ins::Attempt, Profile)>,
    sign_up: Option<sign_ups::Attempt>,
}

impl Standing {
    pub(super) async fn of(app: &App, browser: &Browser, now: Time) -> Result<Self> {
        let browser = browser.clone();
        app.db
            .read(move |tx| {
                let seen = Seen::find(tx, &browser, now)?;
                if seen.as_ref().is_some_and(|seen| !seen.sessions.is_empty()) {
                    return Ok(Self {
                        seen,
                        sign_in: None,
                        sign_up: None,
                    });
                }
                let mut sign_in = None;
                if let Some(attempt) = &browser.sign_in {
                    match sign_ins::of_attempt(tx, attempt, now) {
                        Ok(profile) => sign_in = Some((attempt.clone(), profile)),
                        Err(error) if error.is_fault() => return Err(error),
                        // One that leads nowhere any more is none.
                        Err(_) => {}
                    }
                }
                let mut sign_up = browser.sign_up.clone();
                if let Some(attempt) = &sign_up
                    && sessions::is_opened(tx, attempt.id.as_str())?
                {
                    sign_up = None;
                }
                Ok(Self {
                    seen,
                    sign_in,
                    sign_up,
                })
            })
            .await
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.seen
            .as_ref()
            .is_some_and(|seen| !seen.sessions.is_empty())
    }

    /// What the line of the log should say of it.
    fn about(&self) -> About {
        let session = self.seen.as_ref().and_then(|seen| seen.sessions.last());
        session.map_or_else(About::default, |(session, _)| About::session(session))
    }

    fn is_nobody(&self) -> bool {
        self.seen.is_none() && self.sign_in.is_none() && self.sign_up.is_none()
    }

    /// The client's JSON. A browser that is none yet gets a name to go by, which nobody keeps.
    pub(super) async fn view(&self, app: &App, origin: Option<&str>, now: Time) -> Result<Value> {
        let mut view = match &self.seen {
            Some(seen) => seen.view(app, origin, now).await?,
            None => stranger(now).view(app, origin, now).await?,
        };
        let stage = app.instance.stage;
        if let Some((attempt, profile)) = &self.sign_in {
            view["sign_in"] = views::sign_in(attempt, profile, stage);
        }
        if let Some(attempt) = &self.sign_up {
            view["sign_up"] = views::sign_up(attempt, None, stage);
        }
        Ok(view)
    }
}

fn stranger(now: Time) -> Seen {
    Seen {
        client: Client {
            id: ClientId::new(now),
            last_active_session_id: None,
            created_at: now,
            updated_at: now,
        },
        sessions: Vec::new(),
    }
}

async fn show(State(app): State<App>, Plain(browser, _): Plain) -> Reply {
    let now = app.now();
    let standing = Standing::of(&app, &browser, now).await?;
    let about = standing.about();
    let response = if standing.is_nobody() {
        Value::Null
    } else {
        standing.view(&app, browser.origin.as_deref(), now).await?
    };
    let body = Json(json!({ "response": response, "client": null }));
    let mut answer = (Extension(about), body).into_response();
    if browser.wants_name(&app.instance) {
        for cookie in cookies::dev_browser(&app.instance) {
            arrival::set(answer.headers_mut(), &cookie)?;
        }
    }
    Ok(answer)
}

/// A client before any sign-in: a name to go by, which nobody keeps. A browser that is a client already stays it; in either
/// case nothing is changed, neither here nor in the browser.
async fn create(State(app): State<App>, Plain(browser, _): Plain) -> Answer {
    let now = app.now();
    let standing = Standing::of(&app, &browser, now).await?;
    let view = standing.view(&app, browser.origin.as_deref(), now).await?;
    Ok(Json(json!({ "response": view, "client": null })))
}

/// Ends every session of the client and forgets the browser.
async fn remove(State(app): State<App>, Plain(browser, by): Plain) -> Reply {
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
    let view = view(app, seen, None, now).await?;
    let mut response = Json(json!({ "response": view, "client": view })).into_response();
    arrival::changed(app, response.headers_mut(), None)?;
    Ok(response)
}

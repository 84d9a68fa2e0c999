//! The moment a browser is let in: the secrets it will leave with, made before the write, and the answer that gives them
//! to it. A task's ticket leads here, a sign-in token's, and what `client/sign_ins` and `client/sign_ups` complete.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::client::Seen;
use crate::app::App;
use crate::clients::{self, Credential, NewSecrets};
use crate::clock::Time;
use crate::cookie::Cookie;
use crate::db::{Read, Write};
use crate::error::{Error, Result};
use crate::handshake::{Form, Payload, carry, cookies};
use crate::id::{ClientId, SessionId};
use crate::secret::{Digest, Secret};
use crate::sessions::{Consent, Session, SignIn};
use crate::wire::{About, Browser};

/// How a browser comes to its session.
pub(super) enum Landing {
    /// It was opened a moment ago, and the browser is known by new secrets.
    First(Box<Session>),
    /// The browser holds it and keeps what it has; its client's set of sessions last changed then.
    Again(Box<Session>, Time),
}

/// What an arriving browser is given, in the clear.
pub(super) struct Arrival {
    /// The secret of its client.
    cookie: Secret,
    /// Its dev browser token; development only.
    dev_browser: Option<Secret>,
    session: SessionId,
    client: ClientId,
    /// What it showed of who it was.
    credentials: Vec<Credential>,
    /// Names of cookies that instances left which are gone, see [`crate::cookie::Cookies::strays`].
    strays: Vec<String>,
    /// Whether the application's own server passes the answer on.
    proxied: bool,
    /// The origin of its page.
    origin: Option<String>,
    /// How it came here.
    consent: Consent,
}

impl Arrival {
    pub(super) fn new(app: &App, browser: Browser, now: Time) -> Self {
        Self {
            cookie: Secret::random(),
            dev_browser: app
                .instance
                .is_development()
                .then(|| Secret::with_prefix("dvb_")),
            session: SessionId::new(now),
            client: ClientId::new(now),
            proxied: browser.proxied,
            origin: browser.origin,
            strays: browser.strays,
            credentials: browser.credentials,
            consent: browser.consent,
        }
    }

    /// What the house needs of this: digests.
    pub(super) fn sign_in(&self) -> SignIn {
        SignIn {
            credentials: self.credentials.clone(),
            secrets: NewSecrets {
                id: self.client.clone(),
                cookie: self.cookie.digest(),
                dev_browser: self.dev_browser.as_ref().map(Secret::digest),
            },
            session: self.session.clone(),
            consent: self.consent,
        }
    }

    /// What the application's server will be told.
    pub(super) fn payload(&self, session: &Session, target: &Url, now: Time) -> Payload {
        let payload = self.names(session, target, now);
        if self.proxied {
            // Express keeps one cookie of a proxied answer, and that is the nonce's.
            payload.with_client(&self.cookie)
        } else {
            payload
        }
    }

    /// The same without the client's secret.
    fn names(&self, session: &Session, target: &Url, now: Time) -> Payload {
        let known = Some((&session.client_id, Some(&session.id)));
        Payload::new(target, known, self.dev_browser.as_ref(), now)
    }

    /// Sends the browser on to `target`, with a nonce for the application's server, or all that the nonce stands for.
    pub(super) async fn redirect(
        &self,
        app: &App,
        landing: &Landing,
        target: Url,
        now: Time,
    ) -> Result<Response> {
        let payload = match landing {
            Landing::First(session) => self.payload(session, &target, now),
            Landing::Again(session, _) => self.names(session, &target, now),
        };
        let form = Form::Nonce.suits(&app.policy);
        let text = app.payload_text(&payload, (form, true), now).await?;
        let (target, carried) = carry(&app.instance, target, form, &text);
        let mut response = to(&target)?;
        let (Landing::First(session) | Landing::Again(session, _)) = landing;
        response.extensions_mut().insert(About::session(session));
        sweep(response.headers_mut(), &self.strays)?;
        match landing {
            _ if self.proxied => {}
            Landing::First(session) => self.give(app, response.headers_mut(), session)?,
            Landing::Again(_, changed_at) => {
                self.name(response.headers_mut())?;
                changed(app, response.headers_mut(), Some(*changed_at))?;
            }
        }
        if let Some(cookie) = carried {
            set(response.headers_mut(), &cookie)?;
        }
        Ok(response)
    }

    /// The answer to a page that signs its browser in: `view`, and the client as it is now. `attempt` is the cookie of what has
    /// led here.
    pub(super) async fn complete(
        &self,
        app: &App,
        attempt: &str,
        (session, seen): &(Session, Seen),
        view: &Value,
    ) -> Result<Response> {
        let client = seen
            .view(app, self.origin.as_deref(), session.created_at)
            .await?;
        let mut response = Json(json!({ "response": view, "client": client })).into_response();
        response.extensions_mut().insert(About::session(session));
        self.end(app, response.headers_mut(), attempt)?;
        self.give(app, response.headers_mut(), session)?;
        Ok(response)
    }

    /// Takes the attempt from the browser that has led here. An answer that may keep one cookie only leaves it: it opens
    /// nothing a second time.
    fn end(&self, app: &App, headers: &mut HeaderMap, attempt: &str) -> Result<()> {
        if self.proxied {
            return Ok(());
        }
        set(headers, &cookies::attempt(&app.instance, attempt, None, 0))
    }

    /// Tells clerk-js the dev browser token.
    fn name(&self, headers: &mut HeaderMap) -> Result<()> {
        if let Some(token) = &self.dev_browser {
            let value = HeaderValue::from_str(token.expose())
                .map_err(|_| Error::Bug("a token is no header".into()))?;
            headers.insert(HeaderName::from_static("clerk-db-jwt"), value);
        }
        Ok(())
    }

    /// The cookies a browser keeps for the Frontend API.
    pub(super) fn cookies(&self, app: &App) -> Vec<Cookie> {
        cookies::client(&app.instance, &self.cookie)
    }

    /// Sets the browser's cookies at the Frontend API and, in production, the one it shares with the applications.
    pub(super) fn give(&self, app: &App, headers: &mut HeaderMap, session: &Session) -> Result<()> {
        self.name(headers)?;
        let cookies = self.cookies(app);
        if self.proxied {
            // Such an answer may keep one cookie only. A page that misses the others asks its server, which asks us.
            return cookies.last().map_or(Ok(()), |own| set(headers, own));
        }
        for cookie in &cookies {
            set(headers, cookie)?;
        }
        changed(app, headers, Some(session.created_at))
    }
}

/// The digest of a ticket that was given out, as `knows` tells. Guesses are no matter for the writer.
pub(super) async fn known(
    app: &App,
    ticket: &Secret,
    knows: fn(&mut Read<'_>, &Digest) -> Result<bool>,
) -> Result<Digest> {
    let digest = ticket.digest();
    let asked = digest.clone();
    if app.db.read(move |tx| knows(tx, &asked)).await? {
        Ok(digest)
    } else {
        Err(Error::TicketInvalid)
    }
}

/// A session that was opened, as long as a cookie can carry its tokens, and what its browser sees.
pub(super) fn admitted(app: &App, tx: &mut Write<'_>, session: Session) -> Result<(Session, Seen)> {
    app.check_token(tx, &session, session.created_at)?;
    with_seen(tx, session)
}

/// A session that was opened, and what its browser sees.
pub(super) fn with_seen(tx: &mut Write<'_>, session: Session) -> Result<(Session, Seen)> {
    let client = clients::get(tx, &session.client_id)?;
    let seen = Seen::of(tx, client, session.created_at)?;
    Ok((session, seen))
}

/// Tells the applications, in production, that the client's set of sessions changed: at this moment, or to none at all.
pub(super) fn changed(app: &App, headers: &mut HeaderMap, at: Option<Time>) -> Result<()> {
    cookies::changed(&app.instance, at)
        .iter()
        .try_for_each(|cookie| set(headers, cookie))
}

/// Takes from the browser what instances left that are gone.
pub(super) fn sweep(headers: &mut HeaderMap, strays: &[String]) -> Result<()> {
    strays
        .iter()
        .try_for_each(|stray| set(headers, &cookies::gone(stray)))
}

/// Adds a cookie to an answer.
pub(super) fn set(headers: &mut HeaderMap, cookie: &Cookie) -> Result<()> {
    headers.append(SET_COOKIE, cookie.header()?);
    Ok(())
}

/// A redirect that keeps the method, to a page, without a body.
pub(super) fn to(target: &Url) -> Result<Response> {
    let location = HeaderValue::from_str(target.as_str())
        .map_err(|_| Error::RedirectInvalid("cannot be sent"))?;
    Ok((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response())
}

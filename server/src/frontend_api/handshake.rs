//! `GET /v1/client/handshake` (spec path of the same name): an application's server does not know who its visitor is and
//! sends the browser here; it leaves with a payload that says so.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;

use super::arrival::{set, to};
use crate::app::App;
use crate::carrier;
use crate::clients::{self, Credential};
use crate::cookie;
use crate::error::{Error, Result};
use crate::handshake::{self, Form, Payload};
use crate::origin;
use crate::secret::Secret;
use crate::sessions;
use crate::wire::{Browser, Params, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new().route(
        "/v1/client/handshake",
        get(handshake).head(async || Error::MethodNotAllowed),
    )
}

async fn handshake(State(app): State<App>, RawQuery(query): RawQuery, browser: Browser) -> Reply {
    let mut params = Params::query(query.as_deref())?;
    let target = params
        .text("redirect_url")?
        .ok_or(Error::QueryMissing("redirect_url"))?;
    // The payload is a bearer credential, so where it may go is settled before anything else is looked at.
    let target = origin::redirect_target(&target, app.instance.kind, &app.config.allowed_origins)?;
    let form = form(&mut params)?;
    let shown_dev_browser = params
        .text(cookie::DEV_BROWSER)?
        .filter(|token| !token.is_empty());
    let now = app.now();
    let shown = browser.credentials.clone();
    let found = app
        .db
        .read(move |tx| {
            let Some(client) = clients::find(tx, &shown)? else {
                return Ok(None);
            };
            let session = sessions::active_at(tx, &client.id, now)?.pop();
            Ok(Some((client.id, session.map(|session| session.id))))
        })
        .await?;
    let known = found
        .as_ref()
        .map(|(client, session)| (client, session.as_ref()));
    let dev_browser = dev_browser(
        &app,
        &browser,
        shown_dev_browser,
        known.map(|(client, _)| client.clone()),
    )
    .await?;
    let payload = Payload::new(&target, known, dev_browser.as_ref(), now);
    let text = match form {
        Form::Nonce => payload.seal(&app.master_key)?,
        Form::Token => handshake::token(
            &app.signing_key,
            &carrier::directives(&app, &payload).await?,
        )?,
    };
    let (target, carried) = handshake::carry(&app.instance, target, form, &text);
    let mut response = to(&target)?;
    if let Some(cookie) = carried {
        set(response.headers_mut(), &cookie)?;
    }
    Ok(response)
}

/// Older SDKs name no form and know the token only (spec: default `token`).
fn form(params: &mut Params) -> Result<Form> {
    match params.text("format")?.as_deref() {
        None | Some("token") => Ok(Form::Token),
        Some("nonce") => Ok(Form::Nonce),
        Some(_) => Err(Error::HandshakeInvalid("format must be nonce or token")),
    }
}

/// The dev browser token the application shall keep. One that opens the client stays; a browser known by its cookie gets a
/// new one that opens it too; a stranger gets one that opens nothing, so that strangers leave nothing in the database.
async fn dev_browser(
    app: &App,
    browser: &Browser,
    shown: Option<String>,
    client: Option<crate::id::ClientId>,
) -> Result<Option<Secret>> {
    if !app.instance.is_development() {
        return Ok(None);
    }
    let fresh = Secret::with_prefix("dvb_");
    let Some(client) = client else {
        return Ok(Some(fresh));
    };
    if let (Some(Credential::DevBrowser(digest)), Some(shown)) =
        (browser.credentials.first().cloned(), shown)
    {
        let credential = Credential::DevBrowser(digest);
        if app
            .db
            .read(move |tx| clients::opened_by(tx, &credential))
            .await?
            .is_some()
        {
            return Ok(Some(Secret::from(shown)));
        }
    }
    let (digest, now) = (fresh.digest(), app.now());
    app.db
        .write(move |tx| clients::link(tx, &digest, &client, now))
        .await?;
    Ok(Some(fresh))
}

//! `GET /v1/client/handshake` (spec path of the same name): an application's server does not know who its visitor is and
//! sends the browser here; it leaves with a payload that says so.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;

use super::arrival::{set, sweep, to};
use crate::app::App;
use crate::caller::Caller;
use crate::clients::{self, Credential};
use crate::cookie;
use crate::error::{Error, Result};
use crate::handshake::{self, Form, Payload};
use crate::id::ClientId;
use crate::secret::Secret;
use crate::sessions::{self, Choice, Session};
use crate::wire::{Browser, Params, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new().route(
        "/v1/client/handshake",
        get(handshake).head(async || Error::MethodNotAllowed),
    )
}

async fn handshake(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    browser: Browser,
    by: Caller,
) -> Reply {
    let mut params = Params::query(query.as_deref())?;
    params.absent("satellite_fapi", "there are no satellite domains")?;
    let target = params
        .text("redirect_url")?
        .ok_or(Error::QueryMissing("redirect_url"))?;
    // The payload is a bearer credential, so where it may go is settled before anything else is looked at.
    let target = app.policy.lands(&target)?;
    // What else SDKs add to this address says why they ask, and the newest add more.
    let form = form(&mut params)?.suits(&app.policy);
    let suffixed = params.text("suffixed_cookies")?.as_deref() == Some("true");
    let in_address = params
        .text(cookie::DEV_BROWSER)?
        .filter(|token| !token.is_empty());
    let choice = Choice::of(params.nullable_text("organization_id")?);
    let now = by.at;
    let credentials = browser.credentials.clone();
    let found = app
        .db
        .read(move |tx| {
            let Some(client) = clients::find(tx, &credentials, now)? else {
                return Ok(None);
            };
            let session = sessions::active_at(tx, &client.id, now)?.pop();
            Ok(Some((client.id, session)))
        })
        .await?;
    let (client, session) = found.unzip();
    let session = session.flatten();
    if let Some(session) = &session
        && choice != Choice::Same
    {
        choose(&app, session, choice, by.clone()).await?;
    }
    let session = session.map(|session| session.id);
    let known = client.as_ref().map(|client| (client, session.as_ref()));
    let dev_browser = match (app.instance.is_development(), client.clone()) {
        (false, _) => None,
        // One that opens nothing, so that strangers leave nothing in the database.
        (true, None) => Some(Secret::with_prefix("dvb_")),
        (true, Some(client)) => Some(dev_browser(&app, &browser, in_address, client, by).await?),
    };
    let payload = Payload::new(&target, known, dev_browser.as_ref(), now);
    let text = app.payload_text(&payload, (form, suffixed), now).await?;
    let (target, carried) = handshake::carry(&app.instance, target, form, &text);
    let mut response = to(&target)?;
    sweep(response.headers_mut(), &browser.strays)?;
    if let Some(cookie) = carried {
        set(response.headers_mut(), &cookie)?;
    }
    Ok(response)
}

/// Puts the session where the application's address says that it should be. One that cannot be there stays where it is
/// (spec).
async fn choose(app: &App, session: &Session, choice: Choice, by: Caller) -> Result<()> {
    let looked_at = (session.clone(), choice.clone());
    let there = app
        .db
        .read(move |tx| sessions::in_organization(tx, looked_at.0.clone(), &looked_at.1))
        .await;
    match there {
        Ok(there) if there.organization == session.organization => return Ok(()),
        Err(Error::Organization(_) | Error::SessionRestricted) => return Ok(()),
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    let session = session.clone();
    app.db
        .write(by, move |tx| {
            tx.acts_as(session.acting());
            sessions::choose(tx, &session, &choice)
        })
        .await
}

/// Older SDKs name no form and know the token only (spec: default `token`).
fn form(params: &mut Params) -> Result<Form> {
    match params.text("format")?.as_deref() {
        None | Some("token") => Ok(Form::Token),
        Some("nonce") => Ok(Form::Nonce),
        Some(_) => Err(Error::HandshakeInvalid("format must be nonce or token")),
    }
}

/// The dev browser token that the application of a known client shall keep: the one it showed, if that opens the client,
/// or else a new one that does.
async fn dev_browser(
    app: &App,
    browser: &Browser,
    token: Option<String>,
    client: ClientId,
    by: Caller,
) -> Result<Secret> {
    if let (Some(Credential::DevBrowser(digest)), Some(token)) =
        (browser.credentials.first().cloned(), token)
    {
        let credential = Credential::DevBrowser(digest);
        let opened = app
            .db
            .read(move |tx| clients::opened_by(tx, &credential))
            .await?;
        if opened.is_some() {
            return Ok(Secret::from(token));
        }
    }
    let fresh = Secret::with_prefix("dvb_");
    let digest = fresh.digest();
    app.db
        .write(by, move |tx| clients::link(tx, &digest, &client))
        .await?;
    Ok(fresh)
}

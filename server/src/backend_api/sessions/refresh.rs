//! `POST /v1/sessions/{id}/refresh`: an application's server renews a page's expired token without a redirect.
//!
//! The caller shows the expired token and the refresh cookie; both must be ours and speak of this session.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};
use url::Url;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::error::{Error, NotRenewed, Result};
use crate::handshake::{self, Payload, SignedIn};
use crate::id::SessionId;
use crate::sessions;
use crate::tokens::Audience;
use crate::views;
use crate::wire::{Answer, Params};

/// An expired token older than this many seconds is not worth a shortcut; the handshake decides.
const OLDEST: i64 = 86_400;

/// What the body asks for.
struct Renewal {
    expired_token: String,
    refresh_token: String,
    origin: Url,
    as_cookies: bool,
}

pub(super) async fn refresh(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    by: Caller,
    params: Params,
) -> Answer {
    let mut query = Params::query(query.as_deref())?;
    query.ignore(&["suffixed_cookies"]);
    query.finish()?;
    let asked = read(params)?;
    let (id, now) = (SessionId::from(id), by.at);
    let issued_at = check(&app, &asked, &id, now)?;
    let wanted = id.clone();
    let (client, session) = app
        .db
        .write(by, move |tx| sessions::renew(tx, &wanted, issued_at))
        .await?;
    let found = SignedIn {
        session,
        changed_at: client.updated_at,
    };
    let payload = Payload::new(&asked.origin, Some((&client.id, Some(&id))), None, now);
    if asked.as_cookies {
        let cookies = app.directives(&payload, Some(&found), now).await?;
        return Ok(Json(json!({ "object": "cookies", "cookies": cookies })));
    }
    let audience = Audience::pages(Some(&payload.origin));
    let jwt = app.token(&found.session, audience, now).await?;
    Ok(Json(views::token(&jwt)))
}

fn read(mut params: Params) -> Result<Renewal> {
    let expired_token = params.required_text("expired_token", 8192)?;
    let refresh_token = params.required_text("refresh_token", 2048)?;
    let origin = params.required_text("request_origin", 2048)?;
    let format = params.text("format")?;
    params.ignore(&["request_headers", "request_originating_ip"]);
    params.finish()?;
    let as_cookies = match format.as_deref() {
        None | Some("token") => false,
        Some("cookie") => true,
        Some(_) => return Err(Error::ParamValue("format", "token or cookie".into())),
    };
    let origin = Url::parse(&origin).map_err(|_| Error::NotRenewed(NotRenewed::OriginInvalid))?;
    Ok(Renewal {
        expired_token,
        refresh_token,
        origin,
        as_cookies,
    })
}

/// Holds the shown credentials against each other; answers when the expired token was issued, in seconds.
fn check(app: &App, asked: &Renewal, id: &SessionId, now: Time) -> Result<i64> {
    let claims = app.keys.verify(&asked.expired_token, now);
    let holds = |yes: bool, why| yes.then_some(()).ok_or(why);
    let issued_at = || {
        let claims = claims.ok_or(NotRenewed::TokenInvalid)?;
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
        let sid = text("sid").ok_or(NotRenewed::SessionMissing)?;
        holds(sid == id.as_str(), NotRenewed::SessionMismatch)?;
        let azp = text("azp").ok_or(NotRenewed::OriginMissing)?;
        let origin = asked.origin.origin().ascii_serialization();
        holds(azp == origin, NotRenewed::OriginMismatch)?;
        let of = handshake::refresh_session(&app.master_key, &asked.refresh_token);
        holds(of.as_ref() == Some(id), NotRenewed::RefreshTokenUnknown)?;
        let issued_at = claims.get("iat").and_then(Value::as_i64);
        let issued_at = issued_at.ok_or(NotRenewed::IssuedAtMissing)?;
        holds(now.seconds() - issued_at <= OLDEST, NotRenewed::TooOld)?;
        Ok(issued_at)
    };
    issued_at().map_err(Error::NotRenewed)
}

//! `POST /v1/sessions/{id}/refresh`: an application's server renews a page's expired token without a redirect.
//!
//! The caller shows the expired token and the refresh cookie; both must be ours and speak of this session. Every refusal
//! is a 401 with a code of its own: SDKs put it into the handshake they fall back to.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};
use url::Url;

use crate::app::App;
use crate::clients;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::handshake::{self, Payload};
use crate::id::SessionId;
use crate::sessions;
use crate::tokens;
use crate::users;
use crate::views;
use crate::wire::{Answer, Params};

/// An expired token older than this many seconds is not worth a shortcut; the handshake decides.
const OLDEST: i64 = 86_400;

fn refused<T>(code: &'static str, why: &'static str) -> Result<T> {
    Err(Error::RefreshRefused(code, why))
}

/// What the body asks for.
struct Asked {
    expired_token: String,
    refresh_token: String,
    origin: Url,
    as_cookies: bool,
}

pub(super) async fn refresh(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    params: Params,
) -> Answer {
    let mut query = Params::query(query.as_deref())?;
    query.ignore(&["suffixed_cookies"]);
    query.finish()?;
    let asked = read(params)?;
    let (id, now) = (SessionId::from(id), app.now());
    let issued_at = check(&app, &asked, &id, now)?;
    let wanted = id.clone();
    let (session, client) = app
        .db
        .write(move |tx| {
            let Some(session) = sessions::find(tx, &wanted)? else {
                return refused(
                    "session_refresh_session_not_found",
                    "There is no such session.",
                );
            };
            if users::find(tx, &session.user_id)?.is_none() {
                return refused(
                    "session_refresh_user_not_found",
                    "The session's user is gone.",
                );
            }
            if !session.is_active(now) {
                return refused("session_refresh_inactive_session", "The session is over.");
            }
            if !sessions::exchange(tx, &wanted, issued_at, now)? {
                return refused(
                    "session_refresh_expired_session_token_consumed",
                    "This token, or a newer one, was exchanged before.",
                );
            }
            let client = clients::get(tx, &session.client_id)?;
            Ok((session, client))
        })
        .await?;
    let origin = asked.origin.origin().ascii_serialization();
    let azp = (Some(origin.as_str()), tokens::LIFE);
    let jwt = tokens::mint(&app.signing_key, &app.instance, &session, azp, now)?;
    if !asked.as_cookies {
        return Ok(Json(views::token(&jwt)));
    }
    let renewed = handshake::refresh_token(&app.master_key, &id)?;
    let payload = Payload::new(&asked.origin, Some((&client.id, Some(&id))), None, now);
    let cookies = payload.directives(&app.instance, Some(&jwt), client.updated_at, &renewed);
    Ok(Json(json!({ "object": "cookies", "cookies": cookies })))
}

fn read(mut params: Params) -> Result<Asked> {
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
    let Ok(origin) = Url::parse(&origin) else {
        return refused(
            "refresh_request_origin_invalid",
            "The request_origin is not an origin.",
        );
    };
    Ok(Asked {
        expired_token,
        refresh_token,
        origin,
        as_cookies,
    })
}

/// Holds the shown credentials against each other; answers when the expired token was issued, in seconds.
fn check(app: &App, asked: &Asked, id: &SessionId, now: Time) -> Result<i64> {
    let Some(claims) = app.signing_key.verify(&asked.expired_token) else {
        return refused(
            "expired_session_token_invalid",
            "The expired token is not one of this instance.",
        );
    };
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
    let Some(sid) = text("sid") else {
        return refused(
            "expired_session_token_missing_sid",
            "The expired token names no session.",
        );
    };
    if sid != id.as_str() {
        return refused(
            "refresh_sid_mismatch",
            "The expired token belongs to another session.",
        );
    }
    let Some(azp) = text("azp") else {
        return refused(
            "expired_session_token_missing_azp",
            "The expired token names no origin.",
        );
    };
    if azp != asked.origin.origin().ascii_serialization() {
        return refused(
            "refresh_request_origin_azp_mismatch",
            "The expired token belongs to another origin.",
        );
    }
    if handshake::refresh_session(&app.master_key, &asked.refresh_token).as_ref() != Some(id) {
        return refused(
            "refresh_token_not_found",
            "The refresh token does not belong to this session.",
        );
    }
    match claims.get("iat").and_then(Value::as_i64) {
        None => refused(
            "session_refresh_expired_session_token_missing_iat",
            "The expired token does not say when it was issued.",
        ),
        Some(issued) if now.seconds() - issued > OLDEST => refused(
            "session_refresh_expired_session_token_too_old",
            "The expired token is too old.",
        ),
        Some(issued) => Ok(issued),
    }
}

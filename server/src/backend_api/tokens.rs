//! `/v1/tokens/introspect` (RFC 7662) and `/v1/tokens/revoke` (RFC 7009) for session tokens, Standin's own: a token verifies for
//! the rest of its minute wherever nobody asks; who asks here learns at once that its session is over, and can end it.
//!
//! As those RFCs have it, parameters come as a form, and the secret key as `Bearer` or as the password of `Basic`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::sessions::{self, Actor};
use crate::wire::{Answer, Calls, FULL, Params, READ};

/// What its calls begin with.
pub(super) const PREFIX: &str = "/v1/tokens/";

pub(super) fn routes() -> Calls {
    Calls::new()
        .post(READ, "/v1/tokens/introspect", introspect)
        .post(FULL, "/v1/tokens/revoke", revoke)
}

/// The token that is asked about. There is one type of them, whatever the hint says.
fn shown(mut params: Params) -> Result<String> {
    let token = params.required_text("token", 8192)?;
    params.text("token_type_hint")?;
    params.finish()?;
    Ok(token)
}

/// The session that a token is of.
pub(super) fn session_of(claims: &Value) -> Option<SessionId> {
    claims.get("sid")?.as_str().map(SessionId::from)
}

async fn introspect(State(app): State<App>, params: Params) -> Answer {
    let (token, now) = (shown(params)?, app.now());
    let claims = app.keys.verify_live(&token, now);
    let inactive = || Ok(Json(json!({ "active": false })));
    let Some((mut claims, id)) = claims.and_then(|claims| {
        let id = session_of(&claims)?;
        Some((claims, id))
    }) else {
        return inactive();
    };
    let session = app.db.read(move |tx| sessions::find(tx, &id)).await?;
    let Some(session) = session.filter(|session| session.is_active(now)) else {
        return inactive();
    };
    claims["active"] = true.into();
    claims["token_type"] = "Bearer".into();
    if let Some(actor) = &session.actor {
        claims["act"] = Actor::claim(actor);
    }
    Ok(Json(claims))
}

/// Ends the token's session, also where the token itself has expired. One that is none of ours is over already, which is what
/// the caller wants.
async fn revoke(State(app): State<App>, by: Caller, params: Params) -> Answer {
    let token = shown(params)?;
    let claims = app.keys.verify(&token, by.at);
    if let Some(id) = claims.as_ref().and_then(session_of) {
        let ended = app.db.write(by, move |tx| sessions::revoke(tx, &id)).await;
        match ended {
            Ok(_) | Err(Error::NotFound(..)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Json(json!({})))
}

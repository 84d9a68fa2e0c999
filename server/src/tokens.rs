//! Session tokens: what an application's server believes for a minute without asking.
//!
//! Claims are version 2 as Clerk's SDKs read them. A token never outlives its session, and is never made for one that
//! is over: revoking a session stops the very next token.

use serde_json::{Value, json};

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::id;
use crate::instance::Instance;
use crate::keys::SigningKey;
use crate::sessions::Session;

/// Life of a session token, in seconds.
pub const LIFE: i64 = 60;
/// How far before its making a token is valid, in seconds: clocks of other machines may be a little behind.
const HEAD_START: i64 = 10;

/// Makes a session token for the pages of `azp`, an origin, living `life` seconds at most.
///
/// # Errors
/// [`Error::SignedOut`] when the session is not active at the moment `now`.
pub fn mint(
    key: &SigningKey,
    instance: &Instance,
    session: &Session,
    (azp, life): (Option<&str>, i64),
    now: Time,
) -> Result<String> {
    if !session.is_active(now) {
        return Err(Error::SignedOut);
    }
    let issued = now.seconds();
    let mut claims = json!({
        "iss": instance.issuer,
        "sub": session.user_id,
        "sid": session.id,
        "iat": issued,
        "nbf": issued - HEAD_START,
        "exp": (issued + life).min(session.expire_at.seconds()),
        "jti": id::ksuid(now),
        "v": 2,
        "sts": "active",
        "fva": factor_age(session, now),
    });
    if let Some(origin) = azp {
        claims["azp"] = origin.into();
    }
    if let Some(actor) = &session.actor {
        claims["act"] = actor.claim();
    }
    key.sign(&claims)
}

/// Minutes since the first factor was checked, which for a ticket is when it was spent, and since the second: never.
pub fn factor_age(session: &Session, now: Time) -> Value {
    json!([(now.seconds_since(session.created_at) / 60).max(0), -1])
}

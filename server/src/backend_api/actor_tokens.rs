//! `/v1/actor_tokens` (spec paths `/actor_tokens`, `/actor_tokens/{actor_token_id}/revoke`): a link that signs somebody in
//! as a user, and the session says who it is.

use axum::extract::{Path, State};
use serde_json::{Map, Value};

use crate::app::App;
use crate::caller::Caller;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::id::{ActorTokenId, SignInTokenId, UserId};
use crate::secret::Secret;
use crate::sessions::Actor;
use crate::sign_in_tokens::{self, Kind, NewSignInToken};
use crate::views;
use crate::wire::{Answer, Calls, FULL, Params};

pub(super) fn routes() -> Calls {
    Calls::new().post(FULL, "/v1/actor_tokens", create).post(
        FULL,
        "/v1/actor_tokens/{id}/revoke",
        revoke,
    )
}

/// Life of a token, and of its session, where the request names none, in seconds (spec: an hour, and half an hour).
const LIFE: i64 = 3600;
const SESSION_LIFE: i64 = 1800;
/// The longest life of a token: ten years, as of a sign-in token.
const LONGEST: i64 = 315_360_000;
/// The most bytes of an actor. It goes into every token of its session, and a cookie holds four kilobytes.
const ACTOR_MAX: usize = 1024;

async fn create(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let user = UserId::from(params.required_text("user_id", 64)?);
    let actor = actor(params.object("actor")?)?;
    let seconds = within(&mut params, "expires_in_seconds", LIFE, LONGEST)?;
    let cap = app.policy.session_cap_seconds;
    let session = within(
        &mut params,
        "session_max_duration_in_seconds",
        SESSION_LIFE.min(cap),
        cap,
    )?;
    params.finish()?;
    let token = Secret::random();
    let new = NewSignInToken {
        id: SignInTokenId::from(ActorTokenId::new(by.at).as_str()),
        user,
        token: token.digest(),
        seconds,
        organization: None,
        actor: Some((actor, session)),
    };
    let url = app.instance.link(&token);
    let create = move |tx: &mut Write<'_>| sign_in_tokens::create(tx, &new);
    app.answer(by, create, move |_, made| {
        views::actor_token(made, Some((token.expose(), &url)))
    })
    .await
}

/// Whoever acts, as the session's tokens will say. An agent is known by its tasks alone: otherwise one that was disabled
/// would come back in somebody's words.
fn actor(given: Option<Map<String, Value>>) -> Result<Actor> {
    let given = given.ok_or(Error::ParamMissing("actor"))?;
    match given.get("sub") {
        None | Some(Value::Null) => return Err(Error::ParamMissing("sub")),
        Some(Value::String(sub)) if sub.trim().is_empty() => {
            return Err(Error::ParamMissing("sub"));
        }
        Some(Value::String(_)) => {}
        Some(_) => return Err(Error::ParamType("sub".into(), "a string")),
    }
    if given.get("type").is_some_and(|kind| kind == "agent") {
        return Err(Error::ParamValue(
            "actor",
            "somebody else than an agent (type): an agent's sessions are opened by its tasks"
                .into(),
        ));
    }
    let actor = Actor::Given(given);
    let text = actor.given().unwrap_or_default();
    if text.len() > ACTOR_MAX {
        return Err(Error::ParamTooLong("actor", ACTOR_MAX));
    }
    if text.contains("\\u0000") {
        return Err(Error::ParamValue(
            "actor",
            "text without NUL characters".into(),
        ));
    }
    Ok(actor)
}

/// A length of time from one second to `max`, or `usual`.
fn within(params: &mut Params, name: &'static str, usual: i64, max: i64) -> Result<i64> {
    match params.integer(name)? {
        None => Ok(usual),
        Some(seconds) if (1..=max).contains(&seconds) => Ok(seconds),
        Some(_) => Err(Error::ParamValue(
            name,
            format!("between 1 and {max} seconds"),
        )),
    }
}

async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let id = SignInTokenId::from(id);
    let revoke = move |tx: &mut Write<'_>| sign_in_tokens::revoke(tx, &id, Kind::Actor);
    app.answer(by, revoke, |_, token| views::actor_token(token, None))
        .await
}

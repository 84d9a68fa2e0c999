//! `/v1/sessions` (spec paths `/sessions…`), and Standin's one call that ends many.

mod refresh;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::routing::MethodFilter;
use serde_json::json;

use super::calls::Calls;
use crate::app::App;
use crate::audit::Caller;
use crate::clients::{self, Fresh};
use crate::error::{Error, Result};
use crate::id::{AgentId, ClientId, SessionId, TaskId, UserId};
use crate::secret::Secret;
use crate::secret_keys::Scope;
use crate::sessions::{self, End, Filter, NewSession, Whose};
use crate::sign_in_tokens::SESSION_SECONDS;
use crate::tokens;
use crate::users;
use crate::views;
use crate::wire::{Answer, Params};

pub(super) fn routes() -> Calls {
    Calls::new()
        .call(Scope::Read, MethodFilter::GET, "/v1/sessions", list)
        .call(Scope::Full, MethodFilter::POST, "/v1/sessions", create)
        .call(
            Scope::Full,
            MethodFilter::POST,
            "/v1/sessions/revoke",
            revoke_all,
        )
        .call(Scope::Read, MethodFilter::GET, "/v1/sessions/{id}", show)
        .call(
            Scope::Full,
            MethodFilter::POST,
            "/v1/sessions/{id}/revoke",
            revoke,
        )
        .call(
            Scope::Full,
            MethodFilter::POST,
            "/v1/sessions/{id}/tokens",
            create_token,
        )
        .call(
            Scope::Full,
            MethodFilter::POST,
            "/v1/sessions/{id}/tokens/{template}",
            create_token_from_template,
        )
        // SDKs renew a token that a browser proves to hold in order to check a request: reading, as it were.
        .call(
            Scope::Read,
            MethodFilter::POST,
            "/v1/sessions/{id}/refresh",
            refresh::refresh,
        )
}

const STATUSES: [&str; 8] = [
    "abandoned",
    "active",
    "ended",
    "expired",
    "removed",
    "replaced",
    "revoked",
    "pending",
];

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let paginated = params.boolean("paginated")?.unwrap_or(false);
    let page = params.page()?;
    let filter = Filter {
        client: params.text("client_id")?.map(Into::into),
        user: params.text("user_id")?.map(Into::into),
        status: params.text("status")?,
    };
    params.finish()?;
    if filter
        .status
        .as_deref()
        .is_some_and(|status| !STATUSES.contains(&status))
    {
        return Err(Error::ParamValue(
            "status",
            format!("one of {}", STATUSES.join(", ")),
        ));
    }
    let now = app.now();
    let (sessions, total) = app
        .db
        .read(move |tx| {
            Ok((
                sessions::list(tx, &filter, page, now)?,
                sessions::count(tx, &filter, now)?,
            ))
        })
        .await?;
    let data: Vec<_> = sessions
        .iter()
        .map(|session| views::session(session, now))
        .collect();
    Ok(Json(if paginated {
        json!({ "data": data, "total_count": total })
    } else {
        json!(data)
    }))
}

/// Development only (spec: "intended only for use in testing"): a session without a visit, in a client of its own.
async fn create(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    if !app.instance.is_development() {
        return Err(Error::DevelopmentOnly);
    }
    let user = UserId::from(params.required_text("user_id", 64)?);
    params.ignore(&["active_organization_id"]);
    params.finish()?;
    let id = SessionId::new(by.at);
    let fresh = Fresh {
        id: ClientId::new(by.at),
        cookie: Secret::random().digest(),
        dev_browser: None,
    };
    let now = by.at;
    let session = app
        .db
        .write(move |tx| {
            users::get(tx, &user)?.may_sign_in(by.at)?;
            users::signed_in(tx, &user, by.at)?;
            let client = clients::admit(tx, &[], &fresh, by.at)?;
            let new = NewSession {
                id: &id,
                client: &client,
                user: &user,
                agent: None,
                seconds: SESSION_SECONDS,
            };
            sessions::open(tx, &new, &by)
        })
        .await?;
    Ok(Json(views::session(&session, now)))
}

async fn show(State(app): State<App>, Path(id): Path<String>) -> Answer {
    let (id, now) = (SessionId::from(id), app.now());
    let session = app.db.read(move |tx| sessions::get(tx, &id)).await?;
    Ok(Json(views::session(&session, now)))
}

/// Revoking a session that is over already changes nothing and is no error: what was wanted is so.
async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let (id, now) = (SessionId::from(id), by.at);
    let session = app
        .db
        .write(move |tx| {
            let session = sessions::get(tx, &id)?;
            sessions::end(tx, &session, End::Revoked, &by)?;
            sessions::get(tx, &id)
        })
        .await?;
    Ok(Json(views::session(&session, now)))
}

/// Ours: revokes all sessions of a user, an agent or a task, or of everyone, in one transaction.
async fn revoke_all(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let user = params.text("user_id")?.map(UserId::from);
    let agent = params.text("agent_id")?.map(AgentId::from);
    let task = params.text("agent_task_id")?.map(TaskId::from);
    let all = params.boolean("all")?.unwrap_or(false);
    params.finish()?;
    if [user.is_some(), agent.is_some(), task.is_some(), all]
        .iter()
        .filter(|given| **given)
        .count()
        != 1
    {
        return Err(Error::ParamValue(
            "user_id",
            "the only one given of user_id, agent_id, agent_task_id and all".into(),
        ));
    }
    let revoked = app
        .db
        .write(move |tx| {
            let whose = match (&user, &agent, &task) {
                (Some(id), _, _) => Whose::User(id),
                (_, Some(id), _) => Whose::Agent(id),
                (_, _, Some(id)) => Whose::Task(id),
                _ => Whose::All,
            };
            sessions::revoke_all(tx, &whose, &by)
        })
        .await?;
    Ok(Json(
        json!({ "total_count": revoked.len(), "data": revoked }),
    ))
}

async fn create_token(
    State(app): State<App>,
    Path(id): Path<String>,
    mut params: Params,
) -> Answer {
    let life = life(&mut params)?;
    params.finish()?;
    let (id, now) = (SessionId::from(id), app.now());
    let session = app.db.read(move |tx| sessions::get(tx, &id)).await?;
    let jwt = tokens::mint(&app.signing_key, &app.instance, &session, (None, life), now)?;
    Ok(Json(views::token(&jwt)))
}

/// Spec: 30 seconds to ten years; a token still ends with its session.
fn life(params: &mut Params) -> Result<i64> {
    match params.integer("expires_in_seconds")? {
        None => Ok(tokens::LIFE),
        Some(seconds) if (30..=315_360_000).contains(&seconds) => Ok(seconds),
        Some(_) => Err(Error::ParamValue(
            "expires_in_seconds",
            "between 30 and 315360000".into(),
        )),
    }
}

async fn create_token_from_template(Path((_, template)): Path<(String, String)>) -> Answer {
    Err(Error::NotFound("JWT template", template))
}

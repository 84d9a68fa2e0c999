//! `/v1/sessions` (spec paths `/sessions…`), and Standin's one call that ends many.

mod refresh;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::clients::NewSecrets;
use crate::clock::Time;
use crate::db::{Page, Read, Write};
use crate::error::{Error, Result};
use crate::id::{AgentId, ClientId, OrganizationId, SessionId, TaskId, UserId};
use crate::jwt_templates;
use crate::secret::Secret;
use crate::sessions::{self, Consent, Filter, Revoked, SignIn, Whose};
use crate::tokens::{self, Audience};
use crate::users;
use crate::views;
use crate::wire::{Answer, Bare, Calls, FULL, Params, READ};

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, "/v1/sessions", list)
        .post(FULL, "/v1/sessions", create)
        .post(FULL, "/v1/sessions/revoke", revoke_all)
        .get(READ, "/v1/sessions/{id}", show)
        .patch(FULL, "/v1/sessions/{id}", update)
        .post(FULL, "/v1/sessions/{id}/revoke", revoke)
        .post(FULL, "/v1/sessions/{id}/tokens", create_token)
        .post(
            FULL,
            "/v1/sessions/{id}/tokens/{template}",
            create_token_from_template,
        )
        // SDKs renew a token that a browser proves to hold in order to check a request: reading, as it were.
        .post(READ, "/v1/sessions/{id}/refresh", refresh::refresh)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let paginated = params.boolean("paginated")?.unwrap_or(false);
    let page = params.page()?;
    let filter = Filter {
        client: params.text("client_id")?.map(Into::into),
        user: params.text("user_id")?.map(Into::into),
        status: params.word("status")?,
        ..Filter::default()
    };
    params.finish()?;
    // Of a user or a client there are few; else a count, or a status alone, may go through all of them.
    let is_search =
        filter.user.is_none() && filter.client.is_none() && (paginated || filter.status.is_some());
    let now = app.now();
    let find = move |tx: &mut Read<'_>| {
        let total = if paginated {
            sessions::count(tx, &filter, now)?
        } else {
            0
        };
        Ok((sessions::list(tx, &filter, page, now)?, total))
    };
    let (sessions, total) = app.db.find(is_search, find).await?;
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
    let organization = params.text("active_organization_id")?;
    let organization = organization
        .filter(|id| !id.is_empty())
        .map(OrganizationId::from);
    params.finish()?;
    let now = by.at;
    let sign_in = SignIn {
        credentials: Vec::new(),
        secrets: NewSecrets {
            id: ClientId::new(now),
            cookie: Secret::random().digest(),
            dev_browser: None,
        },
        session: SessionId::new(now),
        consent: Consent::Own,
    };
    let sign_in =
        move |tx: &mut Write<'_>| users::sign_in_at(tx, &user, &sign_in, organization.as_ref());
    app.answer(by, sign_in, move |_, session| views::session(session, now))
        .await
}

async fn show(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let (id, now) = (SessionId::from(id), app.now());
    let session = app.db.read(move |tx| sessions::get(tx, &id)).await?;
    Ok(Json(views::session(&session, now)))
}

/// Moves a session's end, within what a task may ask for.
async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let expire_at = params.integer("expire_at")?;
    let expire_at = expire_at
        .map(Time)
        .ok_or(Error::ParamMissing("expire_at"))?;
    params.finish()?;
    let (id, now, cap) = (SessionId::from(id), by.at, app.policy.session_cap_seconds);
    let session = app
        .db
        .write(by, move |tx| sessions::set_end(tx, &id, expire_at, cap))
        .await?;
    Ok(Json(views::session(&session, now)))
}

async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let (id, now) = (SessionId::from(id), by.at);
    let revoke = move |tx: &mut Write<'_>| sessions::revoke(tx, &id);
    app.answer(by, revoke, move |_, session| views::session(session, now))
        .await
}

/// How many of the sessions that it ended the answer names.
const NAMED: u16 = 500;

/// Ours: revokes all sessions of a user, an agent or a task, or of everyone, at one moment.
async fn revoke_all(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let user = params.text("user_id")?.map(UserId::from);
    let agent = params.text("agent_id")?.map(AgentId::from);
    let task = params.text("agent_task_id")?.map(TaskId::from);
    let all = params.boolean("all")?.unwrap_or(false);
    params.finish()?;
    let whose = match (user, agent, task, all) {
        (Some(id), None, None, false) => Whose::User(id),
        (None, Some(id), None, false) => Whose::Agent(id),
        (None, None, Some(id), false) => Whose::Task(id),
        (None, None, None, true) => Whose::All,
        _ => {
            return Err(Error::ParamValue(
                "user_id",
                "the only one given of user_id, agent_id, agent_task_id and all".into(),
            ));
        }
    };
    let revoked = whose.clone();
    let (answer, _) = app
        .once(
            by,
            move |tx| sessions::revoke_all(tx, &revoked),
            move |_, revoked| match revoked {
                Revoked::Ended(ended) => {
                    json!({ "total_count": ended.len(), "data": ended[..ended.len().min(NAMED.into())] })
                }
                // Which they are, their moment tells.
                Revoked::Barred(at) => json!(at),
            },
        )
        .await?;
    let Some(at) = answer.as_i64().map(Time) else {
        return Ok(Json(answer));
    };
    let first = Page {
        limit: NAMED.into(),
        offset: 0,
    };
    let (total, named) = app
        .db
        .search(move |tx| {
            Ok((
                sessions::count_taken_back(tx, &whose, at)?,
                sessions::list_taken_back(tx, &whose, at, first)?,
            ))
        })
        .await?;
    Ok(Json(json!({ "total_count": total, "data": named })))
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
    let life = life.unwrap_or(tokens::LIFE);
    let audience = Audience { origin: None, life };
    let jwt = app.token(&session, audience, now).await?;
    Ok(Json(views::token(&jwt)))
}

/// Spec: 30 seconds to ten years; a token still ends with its session.
fn life(params: &mut Params) -> Result<Option<i64>> {
    match params.integer("expires_in_seconds")? {
        None => Ok(None),
        Some(seconds) if (30..=315_360_000).contains(&seconds) => Ok(Some(seconds)),
        Some(_) => Err(Error::ParamValue(
            "expires_in_seconds",
            "between 30 and 315360000".into(),
        )),
    }
}

async fn create_token_from_template(
    State(app): State<App>,
    Path((id, name)): Path<(String, String)>,
    mut params: Params,
) -> Answer {
    let life = life(&mut params)?;
    params.finish()?;
    let (id, now) = (SessionId::from(id), app.now());
    let found = app
        .db
        .read(move |tx| Ok((sessions::get(tx, &id)?, jwt_templates::named(tx, &name)?)));
    let (session, template) = found.await?;
    let life = life.unwrap_or(template.lifetime);
    let audience = Audience { origin: None, life };
    let jwt = app.token_by(&template, &session, audience, now).await?;
    Ok(Json(views::token(&jwt)))
}

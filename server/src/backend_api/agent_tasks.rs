//! `/v1/agents/tasks` (spec paths `/agents/tasks`, `/agents/tasks/{agent_task_id}/revoke`), and Standin's list of tasks.

use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde_json::json;
use url::Url;

use crate::app::App;
use crate::caller::Caller;
use crate::db::{Read, Write};
use crate::error::{Error, Result};
use crate::id::{AgentId, TaskId};
use crate::limits::Subject;
use crate::policy::TICKET_SECONDS_MAX;
use crate::secret::Secret;
use crate::secret_keys::SecretKey;
use crate::tasks::{self, Filter, NewTask, OnBehalfOf};
use crate::text;
use crate::views;
use crate::wire::{About, Answer, Bare, COUNTED, Calls, Params, READ, Reply, TASKS};

pub(super) fn routes() -> Calls {
    Calls::new()
        .post(TASKS, "/v1/agents/tasks", create)
        .get(READ, "/v1/agents/tasks", list)
        .get(READ, "/v1/agents/tasks/{id}", show)
        .post(TASKS, "/v1/agents/tasks/{id}/revoke", revoke)
}

/// Session length where the request names none, in seconds (spec: default 1800).
const SESSION_SECONDS: i64 = 1800;

async fn create(
    State(app): State<App>,
    Extension(key): Extension<SecretKey>,
    by: Caller,
    params: Params,
) -> Reply {
    let ticket = Secret::random();
    let new = read(&app, params, &ticket, &key, &by)?;
    let agent = Subject::Agent(text::folded(&new.agent_name));
    app.limiters.tasks.check(&agent)?;
    app.limiters.tasks.check(&subject(&new.on_behalf_of))?;
    let url = app
        .instance
        .address(&format!("/v1/agents/tasks?ticket={}", ticket.expose()));
    let target = Url::parse(&new.redirect_url).ok();
    let (view, task) = app
        .once(
            by,
            move |tx| tasks::create(tx, &new),
            move |_, task| views::agent_task(task, Some(&url)),
        )
        .await?;
    let about = About {
        user: task.as_ref().map(|task| task.user_id.to_string()),
        agent: task.as_ref().map(|task| task.agent_id.to_string()),
        session: None,
        warning: target.and_then(|target| app.instance.misgiving(&target)),
    };
    Ok((Extension(about), Json(view)).into_response())
}

fn read(
    app: &App,
    mut params: Params,
    ticket: &Secret,
    key: &SecretKey,
    by: &Caller,
) -> Result<NewTask> {
    let on_behalf_of = on_behalf_of(&mut params)?;
    if params.required_text("permissions", 64)? != "*" {
        return Err(Error::ParamValue("permissions", "\"*\"".into()));
    }
    let agent_name = params.required_name("agent_name", 256)?;
    let description = params.required_line("task_description", 2048)?;
    let redirect_url = params.required_text("redirect_url", 2048)?;
    let session_seconds = seconds(
        &mut params,
        "session_max_duration_in_seconds",
        app.policy.session_cap_seconds,
    )?
    .unwrap_or(SESSION_SECONDS);
    // Ours: Clerk's tickets have one life, and a suite or a slow reviewer may need another.
    let ticket_seconds = seconds(&mut params, "expires_in_seconds", TICKET_SECONDS_MAX)?
        .unwrap_or(app.policy.ticket_seconds);
    // Ours: in which of the user's organizations the session begins.
    let organization = params.text("organization_id")?.filter(|id| !id.is_empty());
    // Ours: whether its visitor is asked first, and whether its session is good for less.
    let confirm = params.word("confirm")?.unwrap_or(app.policy.confirm);
    let restricted = params
        .boolean("restricted")?
        .unwrap_or(app.policy.restricted);
    params.finish()?;
    app.policy.lands(&redirect_url)?;
    Ok(NewTask {
        id: TaskId::new(by.at),
        fresh_agent: AgentId::new(by.at),
        on_behalf_of,
        agent_name,
        description,
        redirect_url,
        session_seconds,
        ticket: ticket.digest(),
        ticket_seconds,
        created_by: key.id.clone(),
        organization: organization.map(Into::into),
        confirm,
        restricted,
    })
}

fn on_behalf_of(params: &mut Params) -> Result<OnBehalfOf> {
    let mut who = params
        .nested("on_behalf_of")?
        .ok_or(Error::ParamMissing("on_behalf_of"))?;
    let (user, identifier) = (who.text("user_id")?, who.text("identifier")?);
    who.finish()?;
    match (user, identifier) {
        (Some(_), Some(_)) => Err(Error::ParamConflict("user_id", "identifier")),
        (Some(id), None) if !id.is_empty() => Ok(OnBehalfOf::User(id.into())),
        (None, Some(identifier)) if !identifier.trim().is_empty() => {
            Ok(OnBehalfOf::Identifier(identifier))
        }
        _ => Err(Error::ParamMissing("on_behalf_of")),
    }
}

/// Whose tasks are counted, however the identifier is spelt.
fn subject(on_behalf_of: &OnBehalfOf) -> Subject {
    Subject::User(match on_behalf_of {
        OnBehalfOf::User(id) => id.to_string(),
        OnBehalfOf::Identifier(identifier) => identifier.trim().to_ascii_lowercase(),
    })
}

/// A length of time from one second to `max`.
fn seconds(params: &mut Params, name: &'static str, max: i64) -> Result<Option<i64>> {
    match params.integer(name)? {
        Some(seconds) if !(1..=max).contains(&seconds) => Err(Error::ParamValue(
            name,
            format!("between 1 and {max} seconds"),
        )),
        seconds => Ok(seconds),
    }
}

async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let id = TaskId::from(id);
    let revoke = move |tx: &mut Write<'_>| tasks::revoke(tx, &id);
    app.answer(by, revoke, |_, task| views::agent_task(task, None))
        .await
}

async fn show(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let (id, now) = (TaskId::from(id), app.now());
    let task = app.db.read(move |tx| tasks::get(tx, &id)).await?;
    Ok(Json(views::agent_task_record(&task, now)))
}

/// Tasks, with their number as far as it is counted.
async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let page = params.page()?;
    let filter = Filter {
        status: params.word("status")?,
        user: params.text("user_id")?.map(Into::into),
        agent: params.text("agent_id")?.map(Into::into),
    };
    params.ignore(&["paginated"]);
    params.finish()?;
    let now = app.now();
    // Of a user or an agent there are few; of a status alone, the next one may lie far back.
    let is_search = filter.status.is_some() && filter.user.is_none() && filter.agent.is_none();
    let find = move |tx: &mut Read<'_>| {
        Ok((
            tasks::list(tx, &filter, page, now)?,
            tasks::count(tx, &filter, now, COUNTED)?,
        ))
    };
    let (tasks, total) = app.db.find(is_search, find).await?;
    let data: Vec<_> = tasks
        .iter()
        .map(|task| views::agent_task_record(task, now))
        .collect();
    Ok(Json(json!({ "data": data, "total_count": total })))
}

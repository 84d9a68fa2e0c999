//! `/v1/agents`: Standin's own. Who acted, and the switch that stops an agent with everything it has open.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::json;

use crate::agents;
use crate::app::App;
use crate::caller::Caller;
use crate::db::{Page, Read, Write};
use crate::id::AgentId;
use crate::sessions;
use crate::tasks;
use crate::views;
use crate::wire::{Answer, Bare, COUNTED, Calls, FULL, Params, READ};

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, "/v1/agents", list)
        .get(READ, "/v1/agents/{id}", show)
        .post(FULL, "/v1/agents/{id}/disable", disable)
        .post(FULL, "/v1/agents/{id}/enable", enable)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let (page, name) = (params.page()?, params.text("name")?);
    params.ignore(&["paginated"]);
    params.finish()?;
    let (agents, total) = app
        .db
        .read(move |tx| {
            let name = name.as_deref();
            Ok((
                agents::list(tx, name, page)?,
                agents::count(tx, name, COUNTED)?,
            ))
        })
        .await?;
    let data: Vec<_> = agents.iter().map(views::agent).collect();
    Ok(Json(json!({ "data": data, "total_count": total })))
}

async fn show(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let (id, now) = (AgentId::from(id), app.now());
    let page = Page {
        limit: LATEST,
        offset: 0,
    };
    let look = move |tx: &mut Read<'_>| {
        let agent = agents::get(tx, &id)?;
        let its = tasks::Filter {
            agent: Some(id.clone()),
            ..tasks::Filter::default()
        };
        let tasks = tasks::list(tx, &its, page, now)?;
        let its = sessions::Filter {
            agent: Some(id.clone()),
            ..sessions::Filter::default()
        };
        Ok((agent, tasks, sessions::list(tx, &its, page, now)?))
    };
    let (agent, tasks, sessions) = app.db.search(look).await?;
    let mut view = views::agent(&agent);
    view["activity"] = views::activity(&tasks, &sessions, now);
    Ok(Json(view))
}

/// What an agent did is told of so many of its tasks and sessions, the newest.
const LATEST: i64 = 1_000;

/// Refuses the agent's tasks from now on and ends its sessions, in one transaction.
async fn disable(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let id = AgentId::from(id);
    let disable = move |tx: &mut Write<'_>| agents::disable(tx, &id);
    app.answer(by, disable, |_, agent| views::agent(agent))
        .await
}

async fn enable(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let id = AgentId::from(id);
    let enable = move |tx: &mut Write<'_>| agents::enable(tx, &id);
    app.answer(by, enable, |_, agent| views::agent(agent)).await
}

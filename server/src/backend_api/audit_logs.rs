//! `/v1/audit_logs`: what happened, newest first.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::id::TaskId;
use crate::views;
use crate::wire::{Answer, Calls, Params, READ};

pub(super) fn routes() -> Calls {
    Calls::new().get(READ, "/v1/audit_logs", list)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let page = params.page()?;
    let task = params.text("agent_task_id")?.map(TaskId::from);
    params.finish()?;
    let records = app
        .db
        .read(move |tx| audit::list(tx, task.as_ref(), page))
        .await?;
    let data: Vec<_> = records.iter().map(views::audit_log).collect();
    Ok(Json(json!({ "data": data })))
}

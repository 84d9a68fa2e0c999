//! `/v1/audit_logs`: what happened, newest first.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Filter};
use crate::db::Read;
use crate::views;
use crate::wire::{Answer, Calls, Params, READ};

pub(super) fn routes() -> Calls {
    Calls::new().get(READ, "/v1/audit_logs", list)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let page = params.page()?;
    let filter = Filter {
        task: params.text("agent_task_id")?.map(Into::into),
        user: params.text("user_id")?.map(Into::into),
        agent: params.text("agent_id")?.map(Into::into),
        session: params.text("session_id")?.map(Into::into),
        actor: params.text("actor")?,
        action: params.word("action")?,
    };
    params.finish()?;
    let is_search = filter.is_search();
    let find = move |tx: &mut Read<'_>| audit::list(tx, &filter, page);
    let records = app.db.find(is_search, find).await?;
    let data: Vec<_> = records.iter().map(views::audit_log).collect();
    Ok(Json(json!({ "data": data })))
}

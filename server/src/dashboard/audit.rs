//! The audit trail, and what comes in while somebody looks.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;

use super::look::{Its, Look, with};
use super::page::{Cell, rows};
use super::show::{self, ROWS};
use crate::app::App;
use crate::audit::{self, Filter};
use crate::db::Read;
use crate::error::Result;
use crate::id::{AgentId, TaskId, UserId};

pub(super) const ROOM: &str = "/dashboard/audit";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/audit/newer", get(newer))
}

async fn list(State(app): State<App>, mut look: Look) -> Result<Response> {
    let task = look.params.text("task")?.map(TaskId::from);
    let its = Its::read(&mut look.params)?;
    let (mut page, part) = (look.begin(ROOM)?, look.part);
    page.title("Audit");
    let mut here = its.within(ROOM);
    if let Some(id) = task.as_ref().map(TaskId::as_str) {
        page.facts.push(("Task", Cell::link(show::task(id), id)));
        here = with(&here, "task", id);
    }
    if let Some(id) = its.user.as_ref().map(UserId::as_str) {
        page.facts.push(("User", Cell::link(show::user(id), id)));
    }
    if let Some(id) = its.agent.as_ref().map(AgentId::as_str) {
        page.facts.push(("Agent", Cell::link(show::agent(id), id)));
    }
    let is_whole = page.facts.is_empty();
    let filter = Filter {
        task,
        user: its.user,
        agent: its.agent,
        ..Filter::default()
    };
    let is_search = filter.is_search();
    let read = move |tx: &mut Read<'_>| audit::list(tx, &filter, part);
    let found = app.db.find(is_search, read).await?;
    let mut table = look.rows(show::records(&found, app.now()), &here);
    // What is further back does not grow.
    if is_whole && part.offset == 0 {
        table.live = Some(found.first().map_or(0, |record| record.seq));
    }
    page.tables.push(table);
    page.answer()
}

/// The records after one, newest first, as rows.
async fn newer(State(app): State<App>, mut look: Look) -> Result<Response> {
    let after = look.params.integer("after")?.unwrap_or(0);
    look.begin(ROOM)?;
    let mut found = app.db.read(move |tx| audit::after(tx, after, ROWS)).await?;
    let Some(last) = found.last().map(|record| record.seq) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    found.reverse();
    let mut table = show::records(&found, app.now());
    table.live = Some(last);
    rows(&table)
}

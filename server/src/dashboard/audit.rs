//! The audit trail, and what comes in while somebody looks.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;

use super::gate::Visitor;
use super::page::{Page, rows};
use super::show::{self, ROWS};
use crate::app::App;
use crate::audit;
use crate::error::Result;
use crate::wire::Params;

const ROOM: &str = "/dashboard/audit";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/audit/newer", get(newer))
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let mut params = Params::query(query.as_deref())?;
    let part = show::part(params.integer("offset")?, ROWS);
    params.finish()?;
    let found = app.db.read(move |tx| audit::list(tx, None, part)).await?;
    let older = || format!("{ROOM}?offset={}", part.offset + ROWS);
    let mut table = show::records(&found, app.now()).part(ROWS, older);
    // What is further back does not grow.
    if part.offset == 0 {
        table.live = Some(found.first().map_or(0, |record| record.seq));
    }
    let mut page = Page::new(ROOM, "Audit");
    page.tables.push(table);
    page.answer(&visitor)
}

/// The records after one, newest first, as rows.
async fn newer(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response> {
    let mut params = Params::query(query.as_deref())?;
    let after = params.integer("after")?.unwrap_or(0);
    params.finish()?;
    let mut found = app.db.read(move |tx| audit::after(tx, after, ROWS)).await?;
    let Some(last) = found.last().map(|record| record.seq) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    found.reverse();
    let mut table = show::records(&found, app.now());
    table.live = Some(last);
    rows(&table)
}

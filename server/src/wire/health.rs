//! What orchestrators and load balancers ask, of both doors, without a key and under any host name, because they ask each
//! address they know: `/v1/health` (spec path of the same name), `/readyz`, whether requests can be answered, and `/livez`,
//! whether starting the process anew would change nothing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;

use super::route;
use crate::app::App;
use crate::error::{Error, Result};

const HEALTH: &str = "/v1/health";
const LIVE: &str = "/livez";
const READY: &str = "/readyz";

/// Whether a path is answered under any host name, and whatever the clock says.
pub(crate) fn is_probe(path: &str) -> bool {
    [HEALTH, LIVE, READY, super::metrics::PATH].contains(&path)
}

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(HEALTH, get(health))
        .route(READY, get(ready))
        .route(LIVE, get(live))
        .route_layer(from_fn(route::named))
}

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(1);

async fn health(State(app): State<App>) -> Response {
    answer(check(&app).await, ["healthy", "unhealthy"])
}

/// Also says no from the moment on at which the server is asked to stop.
async fn ready(State(app): State<App>) -> Response {
    let checked = if app.is_stopping.load(Ordering::Relaxed) {
        Err(Error::Unavailable("the server stops".into()))
    } else {
        check(&app).await
    };
    answer(checked, ["ready", "not ready"])
}

/// A database that is away does not make this process a bad one. A disk that failed does: nothing is written any more until
/// the server is started again.
async fn live(State(app): State<App>) -> Response {
    let checked = if app.db.is_stopped() {
        Err(Error::Unavailable("the disk failed".into()))
    } else {
        Ok(())
    };
    answer(checked, ["alive", "start the server again"])
}

async fn check(app: &App) -> Result<()> {
    let late = |_| Err(Error::Unavailable("the database does not answer".into()));
    let checked = tokio::time::timeout(PATIENCE, app.check()).await;
    checked.unwrap_or_else(late)
}

fn answer(checked: Result<()>, [good, bad]: [&str; 2]) -> Response {
    let Err(error) = checked else {
        return Json(json!({ "status": good })).into_response();
    };
    let body = json!({ "status": bad, "message": error.shown().long_message });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

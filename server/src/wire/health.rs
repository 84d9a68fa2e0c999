//! `/v1/health` (spec path of the same name): both doors answer it, without a key and under any host name, because
//! orchestrators ask each address they know.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::error::Error;

/// Where it is.
pub(super) const PATH: &str = "/v1/health";

pub(crate) fn routes() -> Router<App> {
    Router::new().route(PATH, get(show))
}

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(1);

async fn show(State(app): State<App>) -> Response {
    let late = |_| Err(Error::Unavailable("the database does not answer".into()));
    let checked = tokio::time::timeout(PATIENCE, app.check()).await;
    let Err(error) = checked.unwrap_or_else(late) else {
        return Json(json!({ "status": "healthy" })).into_response();
    };
    let body = json!({ "status": "unhealthy", "message": error.shown().long_message });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

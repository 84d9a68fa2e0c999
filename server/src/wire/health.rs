//! `/v1/health` (spec path of the same name): both doors answer it, without a key and under any host name, because
//! orchestrators ask each address they know.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;

use crate::app::App;

/// Where it is.
pub(super) const PATH: &str = "/v1/health";

pub(crate) fn routes() -> Router<App> {
    Router::new().route(PATH, get(show))
}

async fn show(State(app): State<App>) -> Response {
    match app.is_healthy().await {
        Ok(()) => Json(json!({ "status": "healthy" })).into_response(),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            let body = json!({ "status": "unhealthy", "message": "the database does not answer" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

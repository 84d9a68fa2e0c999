//! `/v1/health` (spec path of the same name) and the public keys at their well-known address (RFC 8414 §2 `jwks_uri`).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::wire::Answer;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/health", get(show))
        .route("/.well-known/jwks.json", get(jwks))
}

async fn show(State(app): State<App>) -> Response {
    match app.check().await {
        Ok(()) => Json(json!({ "status": "healthy" })).into_response(),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            let body = json!({ "status": "unhealthy", "message": "the database does not answer" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn jwks(State(app): State<App>) -> Answer {
    Ok(Json(json!({ "keys": [app.signing_key.jwk()] })))
}

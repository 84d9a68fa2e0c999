//! `/v1/jwks` (spec path `/jwks`): the public keys that session tokens verify with.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::app::App;
use crate::wire::Answer;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/v1/jwks", get(list))
}

async fn list(State(app): State<App>) -> Answer {
    Ok(Json(json!({ "keys": [app.signing_key.jwk()] })))
}

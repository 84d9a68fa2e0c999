//! `/.well-known/jwks.json`: the public keys where OAuth servers are expected to have them (RFC 8414 §2 `jwks_uri`).

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::app::App;
use crate::wire::Answer;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/.well-known/jwks.json", get(jwks))
}

async fn jwks(State(app): State<App>) -> Answer {
    Ok(Json(json!({ "keys": app.keys.jwks(app.now()) })))
}

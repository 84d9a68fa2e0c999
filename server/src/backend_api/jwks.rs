//! `/v1/jwks` (spec path `/jwks`): the public keys that session tokens verify with.

use axum::Json;
use axum::extract::State;
use serde_json::json;

use crate::app::App;
use crate::wire::{Answer, Bare, Calls, READ};

pub(super) fn routes() -> Calls {
    Calls::new().get(READ, "/v1/jwks", list)
}

async fn list(_: Bare, State(app): State<App>) -> Answer {
    Ok(Json(json!({ "keys": app.keys.jwks(app.now()) })))
}

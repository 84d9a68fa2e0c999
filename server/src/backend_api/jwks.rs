//! `/v1/jwks` (spec path `/jwks`): the public keys that session tokens verify with.

use axum::Json;
use axum::extract::State;
use axum::routing::MethodFilter;
use serde_json::json;

use crate::app::App;
use crate::secret_keys::Scope;
use crate::wire::{Answer, Bare, Calls};

pub(super) fn routes() -> Calls {
    Calls::new().call(Scope::Read, MethodFilter::GET, "/v1/jwks", list)
}

async fn list(_: Bare, State(app): State<App>) -> Answer {
    Ok(Json(json!({ "keys": app.keys.jwks(app.now()) })))
}

//! `/v1/testing_tokens`: what Clerk's test libraries send along to pass bot detection. Standin has none to pass, so the
//! token opens nothing; it is made all the same, because those libraries ask for one.

use axum::Json;
use axum::extract::State;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::secret::Secret;
use crate::wire::{Answer, Calls, FULL, Params};

pub(super) fn routes() -> Calls {
    Calls::new().post(FULL, "/v1/testing_tokens", create)
}

/// How long a testing token says it is good for, in seconds.
const LIFE: i64 = 3600;

async fn create(State(_): State<App>, by: Caller, params: Params) -> Answer {
    params.finish()?;
    Ok(Json(json!({
        "object": "testing_token",
        "token": Secret::random().expose(),
        "expires_at": by.at.plus_seconds(LIFE).seconds(),
    })))
}

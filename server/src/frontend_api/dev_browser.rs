//! `POST /v1/dev_browser` (spec path of the same name): a development browser asks for a name to go by across sites. The
//! name opens nothing until a sign-in gives the browser a new one.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

use super::asked::Plain;
use crate::app::App;
use crate::error::Error;
use crate::secret::Secret;
use crate::wire::Answer;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/v1/dev_browser", post(create))
}

async fn create(State(app): State<App>, _: Plain) -> Answer {
    if !app.instance.is_development() {
        return Err(Error::DevelopmentOnly);
    }
    let token = Secret::with_prefix("dvb_");
    Ok(Json(
        json!({ "id": token.expose(), "token": token.expose() }),
    ))
}

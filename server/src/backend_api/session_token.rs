//! `/v1/instance/session_token`: Standin's own. The custom claims of session tokens, which Clerk keeps in its dashboard.

use axum::Json;
use axum::extract::State;
use serde_json::json;

use crate::app::{App, Sizes};
use crate::caller::Caller;
use crate::claims;
use crate::error::Error;
use crate::id::UserId;
use crate::tokens::TOKEN_MAX;
use crate::views;
use crate::wire::{Answer, Bare, Calls, FULL, Params, READ};

const PATH: &str = "/v1/instance/session_token";

pub(super) fn routes() -> Calls {
    Calls::new().get(READ, PATH, show).patch(FULL, PATH, change)
}

async fn show(_: Bare, State(app): State<App>) -> Answer {
    let setting = app.db.read(claims::get).await?;
    Ok(Json(views::session_token(&setting)))
}

/// Sets all of the claims, or takes them away with null, and says how large tokens will be.
async fn change(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let given = params.text("user_id")?.map(UserId::from);
    let claims = params
        .nullable_object("claims")?
        .ok_or(Error::ParamMissing("claims"))?;
    params.finish()?;
    let (setting, sizes) = app
        .set_session_claims(by, claims.unwrap_or_default(), given)
        .await?;
    let mut view = views::session_token(&setting);
    view["token_bytes"] = in_words(&sizes);
    Ok(Json(view))
}

fn in_words(sizes: &Sizes) -> serde_json::Value {
    json!({
        "max": TOKEN_MAX,
        "typical": sizes.typical,
        "largest": sizes.largest,
        "largest_user_id": sizes.largest_user,
        "given": sizes.given,
    })
}

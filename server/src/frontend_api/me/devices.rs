//! `/v1/me/sessions` (spec paths of the same name): where the user is signed in. Those of the user's other browsers are not an
//! agent's to see.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::{change, seen};
use crate::app::App;
use crate::db::Page;
use crate::error::Error;
use crate::frontend_api::asked::Plain;
use crate::id::SessionId;
use crate::organizations;
use crate::sessions::{self, Filter, Status};
use crate::views;
use crate::wire::Answer;

/// How many are listed, the newest first.
const LISTED: i64 = 100;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/me/sessions", get(list))
        .route("/v1/me/sessions/active", get(list))
        .route("/v1/me/sessions/{id}/revoke", post(revoke))
}

async fn list(State(app): State<App>, Plain(browser, _): Plain) -> Answer {
    let now = app.now();
    let mut seen = seen(&app, browser).await?;
    let (own, person) = seen.sessions.pop().ok_or(Error::AuthenticationInvalid)?;
    let all = if own.actor.is_some() {
        vec![own]
    } else {
        let filter = Filter {
            user: Some(own.user_id),
            status: Some(Status::Active),
            ..Filter::default()
        };
        let page = Page {
            limit: LISTED,
            offset: 0,
        };
        // In the searches' lane: a user may have had many that are over.
        app.db
            .search(move |tx| sessions::list(tx, &filter, page, now))
            .await?
    };
    let device = |one| views::device(one, &person.profile, &app.instance, now);
    let list: Vec<_> = all.iter().map(device).collect();
    Ok(Json(json!(list)))
}

/// Ends one of the user's sessions, in whichever browser it is.
async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    Plain(browser, by): Plain,
) -> Answer {
    let (id, now) = (SessionId::from(id), by.at);
    change(
        &app,
        browser,
        by,
        move |tx, own| {
            let session = sessions::get(tx, &id)?;
            if session.user_id != own.user_id {
                return Err(Error::NotFound("session", id.to_string()));
            }
            let person = organizations::person(tx, own, now)?;
            Ok(Ok((sessions::revoke(tx, &id)?, person)))
        },
        |(session, person)| views::device(session, &person.profile, &app.instance, now),
    )
    .await
}

//! The door for people: pages that show what there is, and end it with one click.
//!
//! In development they stand at `/dashboard` of the server, for whoever sits at this machine; in production on an address of
//! their own, behind a secret key. They are written by the server whole: without a script everything works but the tail of the
//! audit trail, which then stands still.

mod agents;
mod assets;
mod audit;
mod entry;
mod gate;
mod keys;
mod look;
mod organizations;
mod overview;
mod page;
mod sessions;
mod show;
mod tasks;
mod users;
mod webhooks;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::error::Error;
use crate::wire;

/// All pages, behind the gate.
pub(crate) fn routes(app: &App) -> Router {
    Router::new()
        .merge(agents::routes())
        .merge(audit::routes())
        .merge(entry::routes())
        .merge(keys::routes())
        .merge(organizations::routes())
        .merge(overview::routes())
        .merge(sessions::routes())
        .merge(tasks::routes())
        .merge(users::routes())
        .merge(webhooks::routes())
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .merge(assets::routes())
        .fallback(async || Error::RouteUnknown)
        .layer(from_fn_with_state(app.clone(), gate::admit))
        .merge(wire::health::routes())
        .with_state(app.clone())
}

/// Back to the page on which something was done, which then says so.
fn back(page: &str, done: &str) -> Response {
    let mark = if page.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{page}{mark}done={done}")).into_response()
}

/// What a page says of what was done on it.
fn done(word: &str) -> Option<String> {
    let text = match word {
        "revoked" => {
            "Taken back. No token is made for it any more; the last one is good for a minute at most."
        }
        "disabled" => "Disabled. Its links open nothing, and its sessions are over.",
        "enabled" => "Enabled. New links work again.",
        "replayed" => "It is sent again.",
        "signed-out" => "Signed out everywhere.",
        _ => return None,
    };
    Some(text.into())
}

//! `/v1/development/clock`: what time it is for this server, moved by hand. Tokens, sessions, links and all else that begins and
//! ends here goes by it; what waits for a second or a minute of work to be done does not.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::travel;
use crate::wire::{Answer, Calls, FULL, Params};

const PATH: &str = "/v1/development/clock";

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(FULL, PATH, show)
        .patch(FULL, PATH, change)
        .delete(FULL, PATH, put_right)
}

async fn show(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    Ok(view(&app))
}

/// Moves it by so many seconds from where it is, or to a moment. It goes on from there.
async fn change(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let (at, by_seconds) = (params.integer("at")?, params.integer("by_seconds")?);
    params.finish()?;
    let now = app.now();
    let to = match (at, by_seconds) {
        (Some(_), Some(_)) => return Err(Error::ParamConflict("at", "by_seconds")),
        (Some(at), None) => possible("at", Time(at))?,
        (None, Some(seconds)) => possible("by_seconds", now.plus_seconds(seconds))?,
        (None, None) => return Err(Error::ParamMissing("at")),
    };
    go(&app, by, to).await?;
    app.watch.move_by(to.0 - now.0);
    Ok(view(&app))
}

/// Has it say again what the machine's clock says.
async fn put_right(State(app): State<App>, by: Caller, params: Params) -> Answer {
    params.finish()?;
    if app.watch.ahead() != 0 {
        go(&app, by, app.watch.real()).await?;
        app.watch.put_right();
    }
    Ok(view(&app))
}

/// On record before it is so: a server that starts again must know that records may bear any time.
async fn go(app: &App, by: Caller, to: Time) -> Result<()> {
    let go = move |tx: &mut Write<'_>| travel::go(tx, to);
    app.db.write(by, go).await
}

/// A moment that ids can hold.
fn possible(name: &'static str, to: Time) -> Result<Time> {
    let (first, last) = (travel::EARLIEST, travel::LATEST);
    if (first..last).contains(&to) {
        return Ok(to);
    }
    let wanted = format!("such that the clock is between {first:?} and {last:?}");
    Err(Error::ParamValue(name, wanted))
}

fn view(app: &App) -> Json<serde_json::Value> {
    let (now, real) = (app.now(), app.watch.real());
    Json(json!({
        "object": "clock",
        "now": now,
        "real": real,
        "ahead_ms": app.watch.ahead(),
    }))
}

//! `POST /v1/development/reset`: as if the server had just been started on an empty folder: with the claims it was started with,
//! the clock right, and nothing that fails by request. A seed, as `PUT /v1/seed` takes it, is brought about in the same write,
//! so nobody ever finds an instance that is empty.

use axum::Json;
use axum::extract::{Request, State};

use super::snapshots::{apart, go_back, places};
use super::{Bring, ReadSeed};
use crate::app::App;
use crate::caller::Caller;
use crate::claims;
use crate::db::Write;
use crate::db::snapshot::Contents;
use crate::travel;
use crate::wire::{Answer, Calls, FULL};

const PATH: &str = "/v1/development/reset";

pub(super) fn routes(seed: ReadSeed) -> Calls {
    let reset = async move |State(app): State<App>, by: Caller, request: Request| -> Answer {
        places(&app)?;
        // Of the right time is what is made.
        let by = Caller {
            at: app.watch.real(),
            ..by
        };
        let bring = seed(app.clone(), request, by.at).await?;
        reset(&app, by, bring).await
    };
    Calls::new().post(FULL, PATH, reset)
}

async fn reset(app: &App, by: Caller, bring: Bring) -> Answer {
    let contents = apart(Contents::fresh).await?;
    let (claims, is_moved) = (app.config.session_claims.clone(), app.watch.ahead() != 0);
    let begin = move |tx: &mut Write<'_>| {
        if is_moved {
            let now = tx.now();
            travel::go(tx, now)?;
        }
        if let Some(claims) = &claims {
            claims::set(tx, claims)?;
        }
        let mut told = bring(tx)?;
        told["object"] = "reset".into();
        Ok(told)
    };
    let (answer, done) = go_back(app, by, contents, "reset".into(), begin).await?;
    if done.is_some() {
        app.watch.put_right();
        app.faults.remove(|_| true);
    }
    Ok(Json(answer))
}

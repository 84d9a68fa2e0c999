//! `/v1/development/faults`: answers that are to be refused or late, for an application's tests of what it does then.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::Method;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{self, Error, Result};
use crate::wire::faults::{FAULTS_MAX, Fault, SPARED};
use crate::wire::{Answer, Calls, FULL, Params, health};

const ALL: &str = "/v1/development/faults";
const ONE: &str = "/v1/development/faults/{id}";

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(FULL, ALL, list)
        .post(FULL, ALL, add)
        .delete(FULL, ALL, remove_all)
        .delete(FULL, ONE, remove)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    Ok(shown(&app.faults.list()))
}

async fn add(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let fault = Fault {
        id: String::new(),
        method: method(params.text("method")?.as_deref())?,
        path: pattern(params.required_text("path", 200)?)?,
        refusal: refusal(params.integer("status")?)?,
        delay: delay(params.integer("delay_ms")?)?,
        times_left: times(params.integer("times")?)?,
        hits: 0,
        created_at: by.at,
    };
    params.finish()?;
    if fault.refusal.is_none() && fault.delay.is_zero() {
        return Err(Error::ParamMissing("status"));
    }
    let added = app.faults.add(fault);
    let added = added.ok_or_else(|| Error::ParamTooMany("faults".into(), FAULTS_MAX))?;
    Ok(Json(view(&added)))
}

async fn remove_all(State(app): State<App>, params: Params) -> Answer {
    params.finish()?;
    Ok(shown(&app.faults.remove(|_| true)))
}

async fn remove(State(app): State<App>, Path(id): Path<String>, params: Params) -> Answer {
    params.finish()?;
    let removed = app.faults.remove(|fault| fault.id == id);
    let removed = removed.first().ok_or(Error::NotFound("fault", id))?;
    Ok(Json(view(removed)))
}

/// One, or `*` for all of them.
fn method(text: Option<&str>) -> Result<Option<Method>> {
    const KNOWN: [Method; 5] = [
        Method::GET,
        Method::POST,
        Method::PATCH,
        Method::PUT,
        Method::DELETE,
    ];
    match text {
        None | Some("*") => Ok(None),
        Some(name) => {
            let known = KNOWN.into_iter().find(|known| known.as_str() == name);
            let wanted =
                || Error::ParamValue("method", "GET, POST, PATCH, PUT, DELETE or *".into());
            known.map(Some).ok_or_else(wanted)
        }
    }
}

fn pattern(path: String) -> Result<String> {
    if !path.starts_with(['/', '*']) || path.contains(['?', '#', ' ']) {
        let wanted = "a path, in which * stands for anything, as /v1/client/*";
        return Err(Error::ParamFormat("path", wanted));
    }
    if path.starts_with(SPARED) || health::is_probe(&path) {
        let wanted = "another address: this one answers whatever happens";
        return Err(Error::ParamValue("path", wanted.into()));
    }
    Ok(path)
}

fn refusal(status: Option<i64>) -> Result<Option<error::Fault>> {
    let Some(status) = status else {
        return Ok(None);
    };
    let unknown = || {
        let all: Vec<String> = error::Fault::all()
            .map(|one| one.status().to_string())
            .collect();
        Error::ParamValue("status", format!("one of {}", all.join(", ")))
    };
    error::Fault::of(status).map(Some).ok_or_else(unknown)
}

/// Shorter than what a request may take as a whole.
const DELAY_MAX: u64 = 25_000;

fn delay(milliseconds: Option<i64>) -> Result<Duration> {
    let given = u64::try_from(milliseconds.unwrap_or_default());
    match given {
        Ok(milliseconds @ ..=DELAY_MAX) => Ok(Duration::from_millis(milliseconds)),
        _ => Err(Error::ParamValue(
            "delay_ms",
            format!("between 0 and {DELAY_MAX}"),
        )),
    }
}

fn times(times: Option<i64>) -> Result<Option<u64>> {
    let wrong = || Error::ParamValue("times", "1 or more".into());
    let times = times.map(|times| u64::try_from(times).ok().filter(|times| *times > 0));
    times.map(|times| times.ok_or_else(wrong)).transpose()
}

fn shown(faults: &[Fault]) -> Json<Value> {
    let data: Vec<Value> = faults.iter().map(view).collect();
    Json(json!({ "total_count": data.len(), "data": data }))
}

fn view(fault: &Fault) -> Value {
    json!({
        "object": "fault",
        "id": fault.id,
        "method": fault.method.as_ref().map_or("*", Method::as_str),
        "path": fault.path,
        "status": fault.refusal.map(error::Fault::status),
        "delay_ms": u64::try_from(fault.delay.as_millis()).unwrap_or(u64::MAX),
        "times_left": fault.times_left,
        "hits": fault.hits,
        "created_at": fault.created_at,
    })
}

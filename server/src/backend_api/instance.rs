//! `GET /v1/instance` and `GET /v1/domains` (spec paths of the same names): what scripts ask about the instance before they
//! use it. Both are set where the server is started, and are not changed from here.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::routing::MethodFilter;
use serde_json::json;
use url::Url;

use super::calls::Calls;
use crate::app::App;
use crate::secret_keys::Scope;
use crate::views;
use crate::wire::{Answer, Params};

pub(super) fn routes() -> Calls {
    Calls::new()
        .call(Scope::Read, MethodFilter::GET, "/v1/instance", show)
        .call(Scope::Read, MethodFilter::GET, "/v1/domains", domains)
}

/// Origins that are configured one by one. That a development instance takes every loopback origin beside them is no origin
/// and not shown.
fn origins(app: &App) -> Vec<String> {
    let origin = |url: &Url| url.origin().ascii_serialization();
    app.policy.applications().iter().map(origin).collect()
}

async fn show(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    let origins = origins(&app);
    let origins = Some(&origins[..]).filter(|origins| !origins.is_empty());
    Ok(Json(views::instance(&app.instance, origins)))
}

/// One: an instance has no satellites.
async fn domains(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    let own = views::domain(&app.instance, origins(&app).first());
    Ok(Json(json!({ "data": [own], "total_count": 1 })))
}

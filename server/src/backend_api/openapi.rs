//! `/openapi.json`: the calls of this door and of the development door, in OpenAPI 3.1. A test makes the document of what each
//! call is seen to read and to answer (`tests/it/openapi.rs`), and fails while the one that is kept says something else.

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use http::header::CONTENT_TYPE;

use crate::app::App;
use crate::wire::route;

/// The document.
pub const OPENAPI: &str = include_str!("../../assets/openapi.json");

/// The route, which needs no key.
pub(super) fn routes() -> Router<App> {
    let answer = async || ([(CONTENT_TYPE, "application/json")], OPENAPI);
    Router::new()
        .route("/openapi.json", get(answer))
        .route_layer(from_fn(route::named))
}

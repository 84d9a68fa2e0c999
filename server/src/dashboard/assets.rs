//! What pages of the dashboard load: one style sheet, one script, both in the binary.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::App;

const STYLE: &str = include_str!("../../assets/dashboard.css");
const LIVE: &str = include_str!("../../assets/live.js");

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(
            "/dashboard/style.css",
            get(async || asset("text/css; charset=utf-8", STYLE)),
        )
        .route(
            "/dashboard/live.js",
            get(async || asset("text/javascript; charset=utf-8", LIVE)),
        )
}

/// Whether this is the address of one.
pub(super) fn is_asset(path: &str) -> bool {
    matches!(path, "/dashboard/style.css" | "/dashboard/live.js")
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    // Another version of the server may have another one.
    (
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, "private, max-age=60")],
        text,
    )
}

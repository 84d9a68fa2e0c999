//! `GET /images/initials/{color}/{letters}.svg`: the picture of a user who has none. All that is drawn stands in the address;
//! nothing is looked up, so it tells nobody who exists.

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use http::HeaderName;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};

use crate::app::App;
use crate::error::Error;
use crate::wire::Reply;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/images/initials/{color}/{file}", get(show))
}

/// First and last name.
const LETTERS_MAX: usize = 4;

async fn show(Path((color, file)): Path<(u32, String)>) -> Reply {
    let letters = file.strip_suffix(".svg").ok_or(Error::RouteUnknown)?;
    // One letter in capitals may be several.
    let is_drawn =
        letters.chars().count() <= LETTERS_MAX && letters.chars().all(char::is_alphanumeric);
    if color >= 360 || !is_drawn {
        return Err(Error::RouteUnknown);
    }
    Ok((
        [
            (CONTENT_TYPE, "image/svg+xml"),
            (CACHE_CONTROL, "public, max-age=31536000, immutable"),
            // Pages of any origin show it, also those that isolate themselves (COEP).
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                "cross-origin",
            ),
        ],
        draw(color, letters),
    )
        .into_response())
}

/// Letters on a colour, or somebody's outline where nobody knows a name.
fn draw(color: u32, letters: &str) -> String {
    let sign = if letters.is_empty() {
        "<circle cx=\"32\" cy=\"25\" r=\"11\"/><path d=\"M10 60a22 20 0 0 1 44 0z\"/>".to_owned()
    } else {
        format!(
            "<text x=\"32\" y=\"33\" text-anchor=\"middle\" dominant-baseline=\"middle\" font-family=\"system-ui,sans-serif\" \
             font-size=\"26\" font-weight=\"600\">{letters}</text>"
        )
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\" width=\"128\" height=\"128\">\
         <rect width=\"64\" height=\"64\" fill=\"hsl({color},45%,42%)\"/><g fill=\"#fff\">{sign}</g></svg>"
    )
}

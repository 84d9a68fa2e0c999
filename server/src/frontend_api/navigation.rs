//! How a request came about, as far as it says: which of them may spend a ticket or carry a handshake.
//!
//! Browsers say of every request to a trustworthy origin how it came about (`Sec-Fetch-…`); only a page of its own may
//! open a ticket. Programs that are no browsers say nothing, apart from Node, which says the mode alone. An application's
//! server that passes a browser's request on by Node's `fetch` has that same mode put over the browser's; no browser
//! itself says `cors` of a document.
//!
//! The rules stand before the routes they hold for, so that no handler can forget them.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{COOKIE, ORIGIN, RANGE, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderName, Method};

use super::headless;
use crate::app::App;
use crate::error::{Error, Result};
use crate::sessions::Consent;
use crate::wire::{self, Edge, Proxied, header};

/// What opens an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opener {
    /// A browser, as a page of its own.
    Page,
    /// A browser, as a page in a frame of another one.
    Frame,
    /// A program that is no browser.
    Program,
}

/// Lets through who may spend a ticket, and says how they came.
pub(super) async fn spending(mut request: Request, next: Next) -> Result<Response> {
    if request.method() == Method::GET {
        let consent = opened(&request)?;
        request.extensions_mut().insert(consent);
    }
    Ok(next.run(request).await)
}

/// Lets through the answer of Standin's own page that asks.
pub(super) async fn agreeing(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    if request.method() == Method::POST {
        let own = app.instance.public_url.origin().ascii_serialization();
        if !wire::is_own_form(request.headers(), |origin| origin == own) {
            return Err(Error::VisitorIsAsked);
        }
        request.extensions_mut().insert(Consent::Given);
    }
    Ok(next.run(request).await)
}

/// A link that is opened.
fn opened(request: &Request) -> Result<Consent> {
    let headers = request.headers();
    if is_preview(headers) {
        return Err(Error::Preview);
    }
    if opener(headers, is_trustworthy(request))? == Opener::Frame {
        return Err(Error::NotANavigation);
    }
    if headless::is_wanted(headers) && has_page_headers(headers) {
        return Err(Error::ProgramsOnly);
    }
    Ok(match says(headers, "sec-fetch-site").as_deref() {
        Some("cross-site") => Consent::Sent,
        _ => Consent::Own,
    })
}

/// Lets through who may carry a handshake. Applications may stand in a frame, and their servers send that frame here;
/// the payload goes to an allowed origin only, and a frame on a foreign site brings no cookie (`SameSite=Lax`).
pub(super) async fn carrying(request: Request, next: Next) -> Result<Response> {
    if request.method() == Method::GET {
        opener(request.headers(), is_trustworthy(&request)).map_err(|_| {
            Error::HandshakeInvalid("only a page may carry one: no script, no image, no prefetch")
        })?;
    }
    Ok(next.run(request).await)
}

/// Whether a browser would have said how this request came about.
fn is_trustworthy(request: &Request) -> bool {
    let extensions = request.extensions();
    extensions.get::<Proxied>().is_some()
        || extensions
            .get::<Edge>()
            .is_some_and(|edge| edge.is_trustworthy)
}

/// What a header says, in lower case.
fn says(headers: &HeaderMap, name: &'static str) -> Option<String> {
    header(headers, HeaderName::from_static(name)).map(str::to_ascii_lowercase)
}

fn opener(headers: &HeaderMap, is_trustworthy: bool) -> Result<Opener> {
    let ahead = |name| {
        says(headers, name)
            .is_some_and(|text| text.contains("prefetch") || text.contains("prerender"))
    };
    if ahead("sec-purpose") || ahead("purpose") || ahead("x-moz") || ahead("x-purpose") {
        return Err(Error::Prefetch);
    }
    let (mode, dest, site) = (
        says(headers, "sec-fetch-mode"),
        says(headers, "sec-fetch-dest"),
        says(headers, "sec-fetch-site"),
    );
    match (mode.as_deref(), dest.as_deref(), site) {
        (None | Some("cors"), None, None) => {
            // A page of its own is never asked for with an Origin.
            let is_script = headers.contains_key(ORIGIN);
            if is_script || !is_trustworthy && is_browser(headers) {
                return Err(Error::NotANavigation);
            }
            Ok(Opener::Program)
        }
        (Some("navigate" | "cors"), Some("document"), _) => Ok(Opener::Page),
        (Some("navigate" | "cors"), Some("iframe" | "frame"), _) => Ok(Opener::Frame),
        _ => Err(Error::NotANavigation),
    }
}

/// Whether a request is a browser's although it does not say how it came about. All browsers call themselves `Mozilla/…`.
/// Programs may do so too, so this is asked only where browsers do not say more.
fn is_browser(headers: &HeaderMap) -> bool {
    has_page_headers(headers)
        || header(headers, USER_AGENT).is_some_and(|name| name.starts_with("Mozilla/"))
}

/// Whether a request has what only browsers, or programs that pose as one, send along.
fn has_page_headers(headers: &HeaderMap) -> bool {
    [ORIGIN, REFERER, COOKIE]
        .iter()
        .any(|name| headers.contains_key(name))
}

/// Parts of the names under which chats, mail programs and search engines look at links they come across, in lower case.
const LOOKERS_ON: [&str; 18] = [
    "slackbot",
    "slack-imgproxy",
    "twitterbot",
    "facebookexternalhit",
    "facebot",
    "whatsapp/",
    "telegrambot",
    "discordbot",
    "linkedinbot",
    "skypeuripreview",
    "bingpreview",
    "bingbot",
    "googlebot",
    "google-pagerenderer",
    "applebot",
    "redditbot",
    "pinterestbot",
    "mattermost-bot",
];

/// Whether a link is looked at and not opened: by name, or because only a part of the page is wanted.
fn is_preview(headers: &HeaderMap) -> bool {
    let name = header(headers, USER_AGENT)
        .unwrap_or_default()
        .to_ascii_lowercase();
    headers.contains_key(RANGE) || LOOKERS_ON.iter().any(|part| name.contains(part))
}

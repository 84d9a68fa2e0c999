//! A visit without a browser: the same ticket, asked for as JSON, answers with the session instead of leading anywhere.
//! Standin's own.
//!
//! The answer holds what a browser would have been left with, in the form that Playwright keeps (`storageState`): the
//! Frontend API's cookies, and those the application's server would have set. A test suite signs in once and starts every
//! page from there.

use axum::response::IntoResponse;
use axum::{Extension, Json};
use http::HeaderMap;
use http::header::ACCEPT;
use serde_json::{Value, json};
use url::Url;

use super::agent_tasks::Opened;
use super::arrival::Arrival;
use crate::app::App;
use crate::clock::Time;
use crate::cookie::{self, Cookie};
use crate::handshake::SignedIn;
use crate::organizations::Person;
use crate::views;
use crate::wire::{About, Reply};

/// Whether JSON is asked for by name, and not by a browser that opens a page, whatever it says it takes.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    if headers.contains_key("sec-fetch-dest") {
        return false;
    }
    let texts = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let kinds = texts.flat_map(|text| text.split(','));
    let mut kinds = kinds.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.any(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// The session, a token for it, and the state of a browser that is signed in with it.
pub(super) async fn answer(
    app: &App,
    arrival: &Arrival,
    opened: Opened<Person>,
    now: Time,
) -> Reply {
    let Opened {
        session,
        target,
        also: person,
    } = opened;
    let payload = arrival.payload(&session, &target, now);
    let found = SignedIn {
        changed_at: session.created_at,
        session,
    };
    let directives = app.directives(&payload, Some(&found), now).await?;
    let (session, own) = (&found.session, &app.instance.public_url);
    let mut cookies = Vec::new();
    for (cookies_of, url) in [(&arrival.cookies(app)[..], own), (&directives[..], &target)] {
        let kept = cookies_of.iter().filter(|cookie| cookie.max_age > 0);
        cookies.extend(kept.map(|cookie| stored(cookie, url, now)));
    }
    let jwt = directives
        .iter()
        .find(|cookie| cookie.name == cookie::SESSION);
    let jwt = jwt.map(|cookie| cookie.value.as_str()).unwrap_or_default();
    let body = json!({
        "object": "agent_task_session",
        "redirect_url": target.as_str(),
        "session": views::own_session(session, &person, &app.instance, Some(jwt), now),
        "jwt": jwt,
        "storage_state": { "cookies": cookies, "origins": [] },
    });
    Ok((Extension(About::session(session)), Json(body)).into_response())
}

/// A cookie as Playwright keeps it: times in seconds, a dot before a domain that hosts share.
fn stored(cookie: &Cookie, url: &Url, now: Time) -> Value {
    let domain = match &cookie.domain {
        Some(domain) => format!(".{domain}"),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    json!({
        "name": cookie.name,
        "value": cookie.value,
        "domain": domain,
        "path": "/",
        "expires": now.seconds() + cookie.max_age,
        "httpOnly": cookie.http_only,
        "secure": cookie.secure,
        "sameSite": "Lax",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_names_json_gets_it() {
        let asks = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            is_wanted(&headers)
        };
        assert!(asks("application/json"));
        assert!(asks("text/html;q=0.1, Application/JSON; q=0.9"));
        assert!(!asks("*/*"));
        assert!(!asks(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        ));
        assert!(!is_wanted(&HeaderMap::new()));
    }
}

//! What people see whose link opens nothing: a page that says what happened and what to do. Programs get the refusal as JSON.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::header::ACCEPT;
use std::sync::Arc;

use super::headless;
use super::page::{POLICY, escape, html};
use crate::app::App;
use crate::error::{Error, InvitationError, OrganizationError};
use crate::wire::Page;

/// Gives a refusal the form of a page where a person asked.
pub(super) async fn explain(State(app): State<App>, request: Request, next: Next) -> Response {
    let by_person = wants_page(request.headers());
    let mut response = next.run(request).await;
    if by_person && let Some(error) = response.extensions().get::<Arc<Error>>() {
        let page = Page {
            html: write(error, app.instance.is_development()),
            policy: POLICY,
        };
        response.extensions_mut().insert(page);
    }
    response
}

/// Whether whoever asks shows pages: browsers name HTML, and a program that wants JSON names that.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html")) && !headless::is_wanted(headers)
}

/// The page: a title, what happened, what to do.
fn write(error: &Error, for_developers: bool) -> String {
    let shown = error.shown();
    let (title, happened, remedy) = words(error);
    let happened = happened.map_or(shown.long_message.as_str(), |text| text);
    let mut body = format!("<p>{}</p><p>{}</p>", escape(happened), escape(remedy));
    if for_developers {
        body.push_str("<p>Make another one:</p><pre>standin task create --for ada@example.com --redirect URL</pre>");
    }
    body.extend(["<p><small>", shown.code, "</small></p>"]);
    html(title, &body)
}

/// Whoever made the link knows more, in most cases.
const ASK: &str = "Ask whoever sent it to you for a new one.";

/// Whether a link of any kind was ended by whoever made it.
fn was_taken_back(error: &Error) -> bool {
    matches!(
        error,
        Error::TaskRevoked
            | Error::SignInTokenRevoked
            | Error::ActorTokenRevoked
            | Error::Invitation(InvitationError::Revoked)
            | Error::Organization(OrganizationError::InvitationRevoked)
    )
}

/// Title, what happened (the refusal's own sentence where there is none), and what to do.
fn words(error: &Error) -> (&'static str, Option<&'static str>, &'static str) {
    match error {
        Error::TaskAlreadyUsed | Error::SignInTokenAlreadyUsed | Error::ActorTokenAlreadyUsed => (
            "This link was used already",
            Some("It works once, and it has. Nothing was opened now."),
            "Ask whoever sent it to you for a new one. If you did not use it yourself, tell them: somebody else did.",
        ),
        error if was_taken_back(error) => (
            "This link was taken back",
            Some("Whoever made it ended it before it was used."),
            ASK,
        ),
        Error::TicketExpired => (
            "This link is too old",
            Some("It was not used in time, and opens nothing any more."),
            ASK,
        ),
        Error::TicketInvalid => (
            "This is no link of ours",
            Some(
                "Nobody here has given it out. Perhaps a letter is missing, or it belongs to another server.",
            ),
            "Copy the whole link once more. If that does not help, ask whoever sent it to you.",
        ),
        Error::QueryMissing(_) => (
            "A part of this link is missing",
            Some("What opens it stands behind the question mark, and is not there."),
            "Copy the whole link once more: programs for mail and chat sometimes break it in two.",
        ),
        Error::UserBanned | Error::UserLocked | Error::TaskSubjectNotFound(_) => (
            "This user cannot be signed in",
            None,
            "Ask whoever looks after the users of the application.",
        ),
        Error::VisitorIsAsked => (
            "This link asks first",
            Some("Another page tried to answer in your place. Nothing was opened."),
            "Open the link once more, in a window of its own, and answer there.",
        ),
        Error::TaskCannotBeUsed(_) => ("This link cannot be used", None, ASK),
        Error::NotANavigation | Error::Preview | Error::Prefetch => (
            "This link was not opened",
            None,
            "Open it in a browser, in a window of its own.",
        ),
        Error::TooManyRequests(_) => (
            "Too many links were tried",
            None,
            "Wait a moment, then open the link again: it has not been used.",
        ),
        error if error.is_fault() => (
            "This did not work",
            None,
            "Try again in a moment. If it persists, tell whoever runs this server.",
        ),
        _ => (
            "This link cannot be opened",
            None,
            "Tell whoever sent it to you what you see here.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shows_pages_gets_one_and_programs_do_not() {
        let wants = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            wants_page(&headers)
        };
        assert!(wants("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(!wants("*/*"));
        assert!(!wants("application/json"));
        assert!(!wants("application/json, text/html"));
        assert!(!wants_page(&HeaderMap::new()));
    }

    #[test]
    fn what_stands_in_a_refusal_is_text() {
        let page = write(&Error::TaskSubjectNotFound("<b>".into()), false);
        assert!(
            page.contains("&lt;b&gt;") && !page.contains("<b>"),
            "{page}"
        );
    }
}

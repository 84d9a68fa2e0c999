//! `GET /`: in development, a page of Standin's own to land on, so that the whole loop can be seen without an
//! application: who am I, as which agent's task, until when. Production has no such page.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use super::arrival::to;
use super::client::Seen;
use crate::app::App;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::organizations::Person;
use crate::sessions::Session;
use crate::tasks::{self, Task};
use crate::text;
use crate::wire::{Browser, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(show))
}

async fn show(State(app): State<App>, RawQuery(query): RawQuery, browser: Browser) -> Reply {
    if !app.instance.is_development() {
        return Err(Error::RouteUnknown);
    }
    if query.is_some() {
        // A visit arrives with a nonce meant for an application's server. This page knows its visitor by the cookie.
        return to(&app.instance.public_url);
    }
    let now = app.now();
    let found = app.db.read(move |tx| signed_in(tx, &browser, now)).await?;
    let (title, rows) = match &found {
        Some((session, profile, task)) => (
            "You are signed in",
            rows(session, profile, task.as_ref(), now),
        ),
        None => ("You are signed out", SIGNED_OUT.to_owned()),
    };
    Ok(page(title, &rows))
}

type Found = (Session, Person, Option<Task>);

fn signed_in(tx: &mut crate::db::Read<'_>, browser: &Browser, now: Time) -> Result<Option<Found>> {
    let seen = Seen::find(tx, browser, now)?.and_then(|mut seen| seen.sessions.pop());
    let Some((session, person)) = seen else {
        return Ok(None);
    };
    let task = session
        .actor
        .as_ref()
        .map(|actor| tasks::get(tx, &actor.task))
        .transpose()?;
    Ok(Some((session, person, task)))
}

const SIGNED_OUT: &str = "<p>Nobody is signed in at this browser. Make a link that changes that:</p>\
    <pre>standin task create --for ada@example.com</pre>";

fn rows(session: &Session, person: &Person, task: Option<&Task>, now: Time) -> String {
    let user = &person.profile.user;
    let name = [user.first_name.as_deref(), user.last_name.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let mut rows = vec![
        ("User", format!("{name} ({})", user.id)),
        ("Session", session.id.to_string()),
    ];
    if let Some(task) = task {
        rows.push(("Agent", format!("{} ({})", task.agent_name, task.agent_id)));
        rows.push(("Task", format!("{} ({})", task.description, task.id)));
    }
    let left = (session.expire_at.0 - now.0) / 1000;
    rows.push((
        "Until",
        format!(
            "{:?}, {} min {} s from now",
            session.expire_at,
            left / 60,
            left % 60
        ),
    ));
    let cells: Vec<String> = rows
        .iter()
        .map(|(head, text)| format!("<tr><th>{head}</th><td>{}</td></tr>", escape(text)))
        .collect();
    let cells = cells.concat();
    format!(
        "<table>{cells}</table><p>Take it back:</p><pre>standin session revoke {}</pre>\
         <p>Now with your own application:</p><pre>standin env --file .env.local</pre>",
        session.id
    )
}

/// Text as HTML shows it to the letter. Controls and marks that turn writing around become visible.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if text::is_invisible(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} · Standin</title><style>{STYLE}</style><main><h1>{title}</h1>{body}</main></html>"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    (
        [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, policy),
        ],
        html,
    )
        .into_response()
}

const STYLE: &str = "\
    :root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
    main{max-width:46rem;margin:12vh auto;padding:0 1.5rem}h1{font-weight:600}\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.5rem .75rem;border-bottom:1px solid #8884}\
    th{width:6rem;font-weight:500;opacity:.7}td{overflow-wrap:anywhere}\
    pre{padding:.75rem 1rem;border-radius:.5rem;background:#8882;overflow-x:auto}";

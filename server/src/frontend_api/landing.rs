//! `GET /`: in development, a page of Standin's own to land on, so that the whole loop can be seen without an
//! application: who am I, as which agent's task, until when. Production has no such page.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;

use super::arrival::to;
use super::client::Seen;
use super::page::{page, table};
use crate::app::App;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::organizations::Person;
use crate::sessions::{Actor, Session};
use crate::tasks::{self, Task};
use crate::users;
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
        .and_then(Actor::agent)
        .map(|(_, task)| tasks::get(tx, task))
        .transpose()?;
    Ok(Some((session, person, task)))
}

const SIGNED_OUT: &str = "<p>Nobody is signed in at this browser. Make a link that changes that:</p>\
    <pre>standin task create --for ada@example.com</pre>";

fn rows(session: &Session, person: &Person, task: Option<&Task>, now: Time) -> String {
    let user = &person.profile.user;
    let name = users::full_name(user).unwrap_or_default();
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
    format!(
        "{}<p>Take it back:</p><pre>standin session revoke {}</pre>\
         <p>Now with your own application:</p><pre>standin env --file .env.local</pre>",
        table(&rows),
        session.id
    )
}

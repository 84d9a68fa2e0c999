//! What there is to know at a glance: how it goes, what waits, who is signed in, what happened last.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::look::Look;
use super::page::{Cell, Tone};
use super::show::{self, Names};
use super::users;
use crate::app::App;
use crate::audit::{self, Record};
use crate::db::Read;
use crate::error::Result;
use crate::sessions::{self, Session};
use crate::tasks::{self, Task};
use crate::users::{Filter, OrderBy, Profile, Selection};

const ROOM: &str = "/dashboard";
/// How many rows there are of each.
const ROWS: i64 = 5;

pub(super) fn routes() -> Router<App> {
    Router::new().route(ROOM, get(show))
}

struct Latest {
    tasks: Vec<Task>,
    sessions: Vec<Session>,
    records: Vec<Record>,
    people: Vec<Profile>,
    names: Names,
}

fn latest(tx: &mut Read<'_>, now: crate::clock::Time) -> Result<Latest> {
    let part = show::newest(ROWS);
    let tasks = tasks::list(tx, &tasks::Filter::default(), part, now)?;
    let sessions = sessions::list(tx, &sessions::Filter::default(), part, now)?;
    let newest = Selection {
        page: part,
        order_by: OrderBy::NEWEST,
        starting_after: None,
    };
    let ids = tasks.iter().map(|task| &task.user_id);
    let ids = ids.chain(sessions.iter().map(|session| &session.user_id));
    Ok(Latest {
        names: Names::of(tx, ids)?,
        people: crate::users::list(tx, &Filter::default(), &newest)?,
        records: audit::list(tx, &audit::Filter::default(), part)?,
        tasks,
        sessions,
    })
}

async fn show(State(app): State<App>, mut look: Look) -> Result<Response> {
    let mut page = look.begin(ROOM)?;
    page.title("Overview");
    let now = app.now();
    let found = app.db.read(move |tx| latest(tx, now)).await?;
    let health = match app.check().await {
        Ok(()) => Cell::state("reads and writes", Tone::Good),
        Err(error) => Cell::state(error.shown().message, Tone::Bad),
    };
    page.facts = vec![
        ("Health", health),
        ("Frontend API", Cell::code(app.instance.address(""))),
        ("Publishable key", Cell::code(&app.instance.publishable_key)),
        ("Version", Cell::text(env!("CARGO_PKG_VERSION"))),
    ];
    let Latest {
        tasks,
        sessions,
        records,
        people,
        names,
    } = found;
    let mut newest = users::table(&people, now);
    newest.heading = "Newest users";
    for (table, room) in [
        (newest, "/dashboard/users"),
        (show::tasks(&tasks, &names, now), "/dashboard/tasks"),
        (
            show::sessions(&sessions, &names, now),
            "/dashboard/sessions",
        ),
        (show::records(&records, now), "/dashboard/audit"),
    ] {
        page.tables
            .push(table.first(ROWS, || (room.to_owned(), "All")));
    }
    page.answer()
}

//! Tasks by their states, and the whole story of one.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::back;
use super::gate::By;
use super::look::{ByState, Its, Look, after, by_state, with};
use super::page::{Cell, Form};
use super::show::{self, Names, ROWS};
use crate::app::App;
use crate::audit;
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::id::TaskId;
use crate::sessions;
use crate::tasks::{self, Filter, Status, Task};

pub(super) const ROOM: &str = "/dashboard/tasks";
/// The states that there are tabs for. Of tasks that nobody opened there is no index, which would cost those that are opened.
const TABS: [Status; 3] = [Status::Pending, Status::Used, Status::Revoked];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/tasks/{id}", get(story))
        .route("/dashboard/tasks/{id}/revoke", post(revoke))
}

async fn list(State(app): State<App>, look: Look) -> Result<Response> {
    let of = ByState {
        room: ROOM,
        title: "Tasks",
        states: &TABS,
        list: |tx, Its { user, agent }, status, part, now| {
            let filter = Filter {
                status,
                user,
                agent,
            };
            tasks::list(tx, &filter, part, now)
        },
        user: |task| &task.user_id,
        table: show::tasks,
    };
    by_state(app, look, of).await
}

async fn story(State(app): State<App>, Path(id): Path<String>, mut look: Look) -> Result<Response> {
    let mut page = look.begin(ROOM)?;
    let (id, now) = (TaskId::from(id), app.now());
    let read = move |tx: &mut Read<'_>| {
        let task = tasks::get(tx, &id)?;
        let names = Names::of(tx, std::iter::once(&task.user_id))?;
        let session = match &task.session_id {
            Some(id) => sessions::find(tx, id)?,
            None => None,
        };
        let its = audit::Filter {
            task: Some(id.clone()),
            ..audit::Filter::default()
        };
        let records = audit::list(tx, &its, show::newest(ROWS))?;
        Ok((records, session, names, task))
    };
    let (records, session, names, task) = app.db.read(read).await?;
    let here = show::task(task.id.as_str());
    page.title(&task.description);
    page.facts = facts(&task, &names, now);
    if let Some(session) = &session {
        page.facts.push((
            "Session",
            Cell::link(show::session(session.id.as_str()), session.id.as_str()),
        ));
        page.facts
            .push(("Session is", show::session_state(session, now)));
        page.facts
            .push(("Session until", Cell::moment(session.expire_at, now)));
        if session.is_active(now) {
            let revoke = format!("{}/revoke", show::session(session.id.as_str()));
            page.forms.push(Form::grave(revoke, "Revoke its session"));
        }
    }
    if task.status(now) == Status::Pending {
        page.forms
            .push(Form::grave(format!("{here}/revoke"), "Revoke"));
    }
    page.tables
        .push(show::records(&records, now).part(ROWS, || {
            after(&with(super::audit::ROOM, "task", task.id.as_str()), ROWS)
        }));
    page.answer()
}

fn facts(task: &Task, names: &Names, now: Time) -> Vec<(&'static str, Cell)> {
    vec![
        ("State", show::task_state(task, now)),
        ("Id", Cell::code(&task.id)),
        (
            "Agent",
            Cell::link(show::agent(task.agent_id.as_str()), &task.agent_name),
        ),
        ("For", names.cell(&task.user_id)),
        ("Goes to", Cell::code(&task.redirect_url)),
        ("Created", Cell::moment(task.created_at, now)),
        ("Link until", Cell::moment(task.expires_at, now)),
        (
            "Session lasts",
            Cell::text(format!("{} s", task.session_seconds)),
        ),
        ("Asks", Cell::text(task.confirm.as_str())),
        (
            "Restricted",
            Cell::text(if task.restricted { "yes" } else { "no" }),
        ),
        ("Opened", Cell::moment_if(task.used_at, now)),
        ("Opened from", Cell::text_if(task.used_ip.as_deref())),
        ("Opened with", Cell::text_if(task.used_agent.as_deref())),
        ("Taken back", Cell::moment_if(task.revoked_at, now)),
    ]
}

async fn revoke(State(app): State<App>, Path(id): Path<String>, By(by): By) -> Result<Response> {
    let id = TaskId::from(id);
    let page = show::task(id.as_str());
    let _: Task = app.db.write(by, move |tx| tasks::revoke(tx, &id)).await?;
    Ok(back(&page, "revoked"))
}

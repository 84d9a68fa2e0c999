//! Agents: who acts, what for, and the switch that stops one.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::back;
use super::gate::By;
use super::look::{Its, Look, after};
use super::page::{Cell, Form, Table};
use super::show::{self, Names, ROWS};
use crate::agents::{self, Agent};
use crate::app::App;
use crate::db::Read;
use crate::error::Result;
use crate::id::AgentId;
use crate::sessions;
use crate::tasks;

const ROOM: &str = "/dashboard/agents";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/agents/{id}", get(one))
        .route("/dashboard/agents/{id}/disable", post(disable))
        .route("/dashboard/agents/{id}/enable", post(enable))
}

async fn list(State(app): State<App>, mut look: Look) -> Result<Response> {
    let name = look.params.text("query")?;
    let name = name.filter(|name| !name.is_empty());
    let (mut page, part) = (look.begin(ROOM)?, look.part);
    let wanted = name.clone();
    let found = app
        .db
        .read(move |tx| agents::list(tx, wanted.as_deref(), part))
        .await?;
    let now = app.now();
    let row = |one: &Agent| {
        vec![
            show::agent_state(one),
            Cell::link(show::agent(one.id.as_str()), &one.name),
            Cell::code(&one.id),
            Cell::moment(one.created_at, now),
            Cell::Form(switch(one)),
        ]
    };
    page.title("Agents");
    page.search = Some(("Name, as it was given", name.unwrap_or_default()));
    let columns = ["State", "Name", "Id", "First used", "Action"];
    let table = Table::new("Agents", &columns, "None.").rows(found.iter().map(row));
    page.tables.push(look.rows(table, ROOM));
    page.answer()
}

async fn one(State(app): State<App>, Path(id): Path<String>, mut look: Look) -> Result<Response> {
    let mut page = look.begin(ROOM)?;
    let (id, now) = (AgentId::from(id), app.now());
    let read = move |tx: &mut Read<'_>| {
        let agent = agents::get(tx, &id)?;
        let part = show::newest(ROWS);
        let its = tasks::Filter {
            agent: Some(id.clone()),
            ..tasks::Filter::default()
        };
        let tasks = tasks::list(tx, &its, part, now)?;
        let its = sessions::Filter {
            agent: Some(id.clone()),
            ..sessions::Filter::default()
        };
        let sessions = sessions::list(tx, &its, part, now)?;
        let users = tasks.iter().map(|task| &task.user_id);
        let names = Names::of(
            tx,
            users.chain(sessions.iter().map(|session| &session.user_id)),
        )?;
        Ok((agent, tasks, sessions, names))
    };
    let (agent, tasks, sessions, names) = app.db.search(read).await?;
    page.title(&agent.name);
    let its = Its {
        agent: Some(agent.id.clone()),
        ..Its::default()
    };
    page.facts = vec![
        ("State", show::agent_state(&agent)),
        ("Id", Cell::code(&agent.id)),
        ("First used", Cell::moment(agent.created_at, now)),
        ("Disabled", Cell::moment_if(agent.disabled_at, now)),
        ("Audit", show::its_records(&its)),
    ];
    page.forms.push(switch(&agent));
    let older = |room| after(&its.within(room), ROWS);
    page.tables
        .push(show::tasks(&tasks, &names, now).part(ROWS, || older(super::tasks::ROOM)));
    page.tables
        .push(show::sessions(&sessions, &names, now).part(ROWS, || older(super::sessions::ROOM)));
    page.answer()
}

fn switch(agent: &Agent) -> Form {
    let here = show::agent(agent.id.as_str());
    match agent.disabled_at {
        None => Form::grave(format!("{here}/disable"), "Disable"),
        Some(_) => Form::button(format!("{here}/enable"), "Enable"),
    }
}

async fn disable(State(app): State<App>, Path(id): Path<String>, By(by): By) -> Result<Response> {
    let id = AgentId::from(id);
    let page = show::agent(id.as_str());
    let _: Agent = app.db.write(by, move |tx| agents::disable(tx, &id)).await?;
    Ok(back(&page, "disabled"))
}

async fn enable(State(app): State<App>, Path(id): Path<String>, By(by): By) -> Result<Response> {
    let id = AgentId::from(id);
    let page = show::agent(id.as_str());
    let _: Agent = app.db.write(by, move |tx| agents::enable(tx, &id)).await?;
    Ok(back(&page, "enabled"))
}

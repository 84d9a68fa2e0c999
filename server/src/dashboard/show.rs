//! Rows and states of what there is, the same in every room.

use std::collections::{BTreeSet, HashMap};

use super::look::Its;
use super::page::{Cell, Form, Table, Tone};
use crate::agents::Agent;
use crate::audit::Record;
use crate::clock::Time;
use crate::db::{Page as Part, Read};
use crate::error::Result;
use crate::id::UserId;
use crate::sessions::{self, Actor, Session};
use crate::tasks::{self, Task};
use crate::users::{self, Profile};

/// How many rows a page shows.
pub(super) const ROWS: i64 = 50;
/// The newest rows, and one more, by which a page knows that there are others.
pub(super) fn newest(rows: i64) -> Part {
    Part {
        limit: rows + 1,
        offset: 0,
    }
}

/// The names that users go by.
pub(super) struct Names(HashMap<UserId, String>);

impl Names {
    pub(super) fn of<'a>(tx: &mut Read<'_>, ids: impl Iterator<Item = &'a UserId>) -> Result<Self> {
        let ids: BTreeSet<&UserId> = ids.collect();
        let profiles = users::profiles(tx, &ids.into_iter().collect::<Vec<_>>())?;
        let named = profiles.iter().map(|one| (one.user.id.clone(), name(one)));
        Ok(Self(named.collect()))
    }

    pub(super) fn cell(&self, id: &UserId) -> Cell {
        let name = self.0.get(id).map_or(id.as_str(), String::as_str);
        Cell::link(user(id.as_str()), name)
    }
}

/// What a user is called where there is room for one word.
pub(super) fn name(profile: &Profile) -> String {
    users::goes_by(profile)
        .map(ToOwned::to_owned)
        .or_else(|| users::full_name(&profile.user))
        .unwrap_or_else(|| profile.user.id.to_string())
}

pub(super) fn task(id: &str) -> String {
    format!("/dashboard/tasks/{id}")
}

pub(super) fn session(id: &str) -> String {
    format!("/dashboard/sessions/{id}")
}

pub(super) fn agent(id: &str) -> String {
    format!("/dashboard/agents/{id}")
}

pub(super) fn user(id: &str) -> String {
    format!("/dashboard/users/{id}")
}

pub(super) fn organization(id: &str) -> String {
    format!("/dashboard/organizations/{id}")
}

pub(super) fn task_state(task: &Task, now: Time) -> Cell {
    let status = task.status(now);
    let tone = match status {
        tasks::Status::Pending => Tone::Waiting,
        tasks::Status::Used => Tone::Good,
        tasks::Status::Expired => Tone::Over,
        tasks::Status::Revoked => Tone::Bad,
    };
    Cell::state(status.as_str(), tone)
}

pub(super) fn session_state(session: &Session, now: Time) -> Cell {
    let status = session.status(now);
    let tone = match status {
        sessions::Status::Active => Tone::Good,
        sessions::Status::Pending => Tone::Waiting,
        sessions::Status::Revoked => Tone::Bad,
        _ => Tone::Over,
    };
    Cell::state(status.as_str(), tone)
}

pub(super) fn agent_state(agent: &Agent) -> Cell {
    match agent.disabled_at {
        None => Cell::state("enabled", Tone::Good),
        Some(_) => Cell::state("disabled", Tone::Bad),
    }
}

pub(super) fn tasks(found: &[Task], names: &Names, now: Time) -> Table {
    let columns = ["State", "Agent", "For", "Task", "Created", "Action"];
    let row = |one: &Task| {
        vec![
            task_state(one, now),
            Cell::link(agent(one.agent_id.as_str()), &one.agent_name),
            names.cell(&one.user_id),
            Cell::link(task(one.id.as_str()), short(&one.description)),
            Cell::moment(one.created_at, now),
            match one.status(now) {
                tasks::Status::Pending => revoke(&task(one.id.as_str())),
                _ => Cell::text(""),
            },
        ]
    };
    Table::new("Tasks", &columns, "None.").rows(found.iter().map(row))
}

pub(super) fn sessions(found: &[Session], names: &Names, now: Time) -> Table {
    let columns = [
        "State",
        "Session",
        "Of",
        "Acts",
        "Last active",
        "Ends",
        "Action",
    ];
    let row = |one: &Session| {
        vec![
            session_state(one, now),
            Cell::link(session(one.id.as_str()), one.id.as_str()),
            names.cell(&one.user_id),
            acts(one),
            Cell::moment(one.last_active_at, now),
            Cell::moment(one.expire_at, now),
            if one.is_active(now) {
                revoke(&session(one.id.as_str()))
            } else {
                Cell::text("")
            },
        ]
    };
    Table::new("Sessions", &columns, "None.").rows(found.iter().map(row))
}

/// Who acts in a session, where it is not its user.
pub(super) fn acts(one: &Session) -> Cell {
    match &one.actor {
        None => Cell::Empty,
        Some(Actor::Agent { name, task: id, .. }) => Cell::link(task(id.as_str()), name),
        Some(Actor::Given(given)) => {
            let sub = given.get("sub").and_then(serde_json::Value::as_str);
            Cell::text(sub.unwrap_or("somebody"))
        }
    }
}

/// The way to the records of what somebody did or had done to them.
pub(super) fn its_records(its: &Its) -> Cell {
    Cell::link(its.within(super::audit::ROOM), "what happened")
}

pub(super) fn records(found: &[Record], now: Time) -> Table {
    let columns = ["When", "What", "Result", "By", "About", "From", "Remark"];
    let row = |one: &Record| {
        let tone = if one.result == "ok" {
            Tone::Over
        } else {
            Tone::Bad
        };
        vec![
            Cell::moment(one.at, now),
            Cell::text(&one.action),
            Cell::state(&one.result, tone),
            Cell::text(&one.actor),
            about(one),
            Cell::text_if(one.ip.as_deref()),
            Cell::text_if(one.detail.as_deref()),
        ]
    };
    Table::new("Audit", &columns, "Nothing yet.").rows(found.iter().map(row))
}

/// What a record is about: the narrowest thing that it names.
fn about(one: &Record) -> Cell {
    if let Some(id) = &one.task_id {
        Cell::link(task(id), id)
    } else if let Some(id) = &one.session_id {
        Cell::link(session(id), id)
    } else if let Some(id) = &one.agent_id {
        Cell::link(agent(id), id)
    } else if let Some(id) = &one.user_id {
        Cell::link(user(id), id)
    } else {
        Cell::Empty
    }
}

fn revoke(of: &str) -> Cell {
    Cell::Form(Form::grave(format!("{of}/revoke"), "Revoke"))
}

/// The beginning of a text, for a row.
fn short(text: &str) -> String {
    const LENGTH: usize = 60;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

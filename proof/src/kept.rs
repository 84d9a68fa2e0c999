//! What a server keeps, as it is read when a run is over.

use serde_json::Value;
use standin_server::audit;
use standin_server::clock::Time;
use standin_server::db::{Page, Read};
use standin_server::error::Result;
use standin_server::sessions::{self, Actor, Session};
use standin_server::tasks::{self, Task};

/// Everything the laws look at.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Every task.
    pub tasks: Vec<KeptTask>,
    /// Every session.
    pub sessions: Vec<KeptSession>,
    /// The audit trail, oldest first.
    pub records: Vec<Record>,
}

/// A task.
#[derive(Clone, Debug)]
pub struct KeptTask {
    /// Its id.
    pub id: String,
    /// `pending`, `used`, `revoked` or `expired`.
    pub status: String,
    /// The session it opened.
    pub session: Option<String>,
}

/// A session.
#[derive(Clone, Debug)]
pub struct KeptSession {
    /// Its id.
    pub id: String,
    /// The task that opened it.
    pub task: Option<String>,
    /// Who is signed in.
    pub user: String,
    /// Who acts.
    pub agent: Option<String>,
    /// One of Clerk's words.
    pub status: String,
    /// When it ends at the latest, in milliseconds.
    pub expire_at: i64,
}

/// A record of the audit trail.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its place.
    pub seq: i64,
    /// What was done.
    pub action: String,
    /// Whether it was.
    pub ok: bool,
    /// The task concerned.
    pub task: Option<String>,
    /// The session concerned.
    pub session: Option<String>,
}

fn text(object: &Value, name: &str) -> Option<String> {
    object[name].as_str().map(ToOwned::to_owned)
}

fn word(object: &Value, name: &str) -> String {
    text(object, name).unwrap_or_default()
}

impl Kept {
    /// Reads what the Backend API lists: `/v1/agents/tasks`, `/v1/sessions` and `/v1/audit_logs`, each to its end.
    pub fn of(tasks: &[Value], sessions: &[Value], records: &[Value]) -> Self {
        let mut records: Vec<Record> = records.iter().map(Record::of).collect();
        records.sort_by_key(|record| record.seq);
        Self {
            tasks: tasks.iter().map(KeptTask::of).collect(),
            sessions: sessions.iter().map(KeptSession::of).collect(),
            records,
        }
    }
}

/// As much as anybody keeps.
const EVERYTHING: Page = Page {
    limit: 1_000_000,
    offset: 0,
};

impl Kept {
    /// Reads a database that no server need have open.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    pub fn read(tx: &mut Read<'_>, now: Time) -> Result<Self> {
        let tasks = tasks::list(tx, &tasks::Filter::default(), EVERYTHING, now)?;
        let sessions = sessions::list(tx, &sessions::Filter::default(), EVERYTHING, now)?;
        let ours = sessions.iter().filter(|session| session.actor.is_some());
        let records = audit::list(tx, &audit::Filter::default(), EVERYTHING)?
            .into_iter()
            .rev();
        Ok(Self {
            tasks: tasks.iter().map(|task| KeptTask::read(task, now)).collect(),
            sessions: ours
                .map(|session| KeptSession::read(session, now))
                .collect(),
            records: records.map(Record::read).collect(),
        })
    }
}

impl KeptTask {
    fn read(task: &Task, now: Time) -> Self {
        Self {
            id: task.id.to_string(),
            status: task.status(now).as_str().into(),
            session: task.session_id.as_ref().map(ToString::to_string),
        }
    }

    fn of(task: &Value) -> Self {
        Self {
            id: word(task, "agent_task_id"),
            status: word(task, "status"),
            session: text(task, "session_id"),
        }
    }
}

impl KeptSession {
    fn read(session: &Session, now: Time) -> Self {
        let (agent, task) = session.actor.as_ref().and_then(Actor::agent).unzip();
        Self {
            id: session.id.to_string(),
            task: task.map(ToString::to_string),
            user: session.user_id.to_string(),
            agent: agent.map(ToString::to_string),
            status: session.status(now).as_str().into(),
            expire_at: session.expire_at.0,
        }
    }

    fn of(session: &Value) -> Self {
        let actor = &session["actor"];
        Self {
            id: word(session, "id"),
            task: text(actor, "agent_task_id"),
            user: word(session, "user_id"),
            agent: text(actor, "sub"),
            status: word(session, "status"),
            expire_at: session["expire_at"].as_i64().unwrap_or_default(),
        }
    }
}

impl Record {
    fn read(record: audit::Record) -> Self {
        Self {
            seq: record.seq,
            ok: record.result == "ok",
            action: record.action,
            task: record.task_id,
            session: record.session_id,
        }
    }

    fn of(record: &Value) -> Self {
        Self {
            seq: record["seq"].as_i64().unwrap_or_default(),
            action: word(record, "action"),
            ok: record["result"] == "ok",
            task: text(record, "agent_task_id"),
            session: text(record, "session_id"),
        }
    }
}

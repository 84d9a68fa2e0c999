//! What a server keeps, as it is read when a run is over.

use serde_json::Value;

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

impl KeptTask {
    fn of(task: &Value) -> Self {
        Self {
            id: word(task, "agent_task_id"),
            status: word(task, "status"),
            session: text(task, "session_id"),
        }
    }
}

impl KeptSession {
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

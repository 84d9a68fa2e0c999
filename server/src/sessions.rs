//! Sessions: a user signed in at one client until a fixed moment, perhaps with an agent acting for the user.
//!
//! A session's end is written when it begins and never moves. It can only come sooner: revoked, ended, removed, replaced
//! by a newer session of the same client, or barred because its user was banned or deleted or its agent disabled. Who
//! acts (`actor`) comes from the session's own row and from nowhere else.

use serde_json::json;

use crate::audit::{self, Caller, Entry};
use crate::clients;
use crate::clock::Time;
use crate::db::{FromRow, Row, Tx, Value, values};
use crate::error::{Error, Result};
use crate::id::{AgentId, ClientId, SessionId, TaskId, UserId};

/// Who acts for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The agent.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// The task that opened the session.
    pub task: TaskId,
}

impl Actor {
    /// The `act` claim and the `actor` of a session (RFC 8693 §4.1, with Clerk's `type`).
    pub fn claim(&self) -> serde_json::Value {
        json!({ "type": "agent", "sub": self.agent, "agent_name": self.name, "agent_task_id": self.task })
    }
}

/// How a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Taken back from outside.
    Revoked,
    /// Signed out.
    Ended,
    /// Signed out and dropped from the client.
    Removed,
    /// The same client signed in again.
    Replaced,
}

impl End {
    /// As Clerk spells the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Ended => "ended",
            Self::Removed => "removed",
            Self::Replaced => "replaced",
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Revoked => "session.revoke",
            Self::Ended => "session.end",
            Self::Removed => "session.remove",
            Self::Replaced => "session.replace",
        }
    }
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The client it lives in.
    pub client_id: ClientId,
    /// Who is signed in.
    pub user_id: UserId,
    /// Who acts, if not the user.
    pub actor: Option<Actor>,
    /// When it began.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it ends at the latest.
    pub expire_at: Time,
    /// When its browser last said so.
    pub last_active_at: Time,
    /// From where it was then.
    pub ip: Option<String>,
    /// With what program.
    pub user_agent: Option<String>,
    ended_at: Option<Time>,
    end_status: Option<String>,
    barred: bool,
}

impl Session {
    /// Clerk's status at the moment `now`.
    pub fn status(&self, now: Time) -> &str {
        match &self.end_status {
            Some(status) => status,
            None if now >= self.expire_at => "expired",
            None if self.barred => End::Revoked.as_str(),
            None => "active",
        }
    }

    /// Whether tokens may be made for it at the moment `now`.
    pub fn is_active(&self, now: Time) -> bool {
        self.ended_at.is_none() && now < self.expire_at && !self.barred
    }
}

impl FromRow for Session {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            client_id: row.take()?,
            user_id: row.take()?,
            actor: match (row.take()?, row.take()?, row.take()?) {
                (Some(agent), Some(name), Some(task)) => Some(Actor { agent, name, task }),
                _ => None,
            },
            created_at: row.take()?,
            updated_at: row.take()?,
            expire_at: row.take()?,
            last_active_at: row.take()?,
            ip: row.take()?,
            user_agent: row.take()?,
            ended_at: row.take()?,
            end_status: row.take()?,
            barred: row.take()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select s.id, s.client_id, s.user_id, s.agent_id, a.name, s.task_id, s.created_at, s.updated_at, s.expire_at,
                    s.last_active_at, s.ip, s.user_agent, s.ended_at, s.end_status,
                    cast(case when u.id is null or u.banned_at is not null or a.disabled_at is not null
                         then 1 else 0 end as bigint)
             from sessions s left join users u on u.id = s.user_id left join agents a on a.id = s.agent_id ",
            $rest
        )
    };
}

// Behind the macro that it uses.
mod list;

pub use list::{Filter, count, list};

/// A session to be opened.
pub struct NewSession<'a> {
    /// Its id, made before the write.
    pub id: &'a SessionId,
    /// The client it will live in.
    pub client: &'a ClientId,
    /// Who is signed in.
    pub user: &'a UserId,
    /// The agent that acts and its task.
    pub agent: Option<(&'a AgentId, &'a TaskId)>,
    /// How long it lasts, in seconds.
    pub seconds: i64,
}

/// Opens a session; whatever else was active at the client is replaced.
pub fn open(tx: &mut Tx<'_>, new: &NewSession<'_>, by: &Caller) -> Result<Session> {
    for other in active_at(tx, new.client, by.at)? {
        end(tx, &other, End::Replaced, by)?;
    }
    let (agent, task) = new.agent.unzip();
    tx.execute(
        "insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at,
                               ip, user_agent)
         values ($1, $2, $3, $4, $5, $6, $6, $7, $6, $8, $9)",
        values![
            new.id,
            new.client,
            new.user,
            agent,
            task,
            by.at,
            by.at.plus_seconds(new.seconds),
            by.ip.as_ref(),
            by.user_agent.as_ref(),
        ],
    )?;
    clients::changed(tx, new.client, Some(new.id), by.at)?;
    audit::record(
        tx,
        by,
        &Entry {
            action: "session.create",
            user: Some(new.user),
            agent,
            task,
            session: Some(new.id),
            ..Entry::default()
        },
    )?;
    get(tx, new.id)
}

/// The session with this id, if there is one.
pub fn find(tx: &mut Tx<'_>, id: &SessionId) -> Result<Option<Session>> {
    tx.first(select!("where s.id = $1"), values![id])
}

/// The session with this id.
pub fn get(tx: &mut Tx<'_>, id: &SessionId) -> Result<Session> {
    find(tx, id)?.ok_or_else(|| Error::NotFound("session", id.to_string()))
}

/// The active sessions of a client: one, or none, as long as a new one replaces the old.
pub fn active_at(tx: &mut Tx<'_>, client: &ClientId, now: Time) -> Result<Vec<Session>> {
    let sessions: Vec<Session> = tx.all(
        select!("where s.client_id = $1 and s.ended_at is null and s.expire_at > $2 order by s.created_at, s.id"),
        values![client, now],
    )?;
    Ok(sessions
        .into_iter()
        .filter(|session| session.is_active(now))
        .collect())
}

/// Every session a client ever had, oldest first.
pub fn of_client(tx: &mut Tx<'_>, client: &ClientId) -> Result<Vec<Session>> {
    tx.all(
        select!("where s.client_id = $1 order by s.created_at, s.id"),
        values![client],
    )
}

/// Ends a session. False when it was over already; then nothing is changed or recorded.
pub fn end(tx: &mut Tx<'_>, session: &Session, how: End, by: &Caller) -> Result<bool> {
    let ended = tx.execute(
        "update sessions set ended_at = $2, end_status = $3, updated_at = $2
         where id = $1 and ended_at is null and expire_at > $2",
        values![&session.id, by.at, how.as_str()],
    )?;
    if ended == 0 {
        return Ok(false);
    }
    clients::changed(tx, &session.client_id, None, by.at)?;
    let (agent, task) = session
        .actor
        .as_ref()
        .map(|actor| (&actor.agent, &actor.task))
        .unzip();
    audit::record(
        tx,
        by,
        &Entry {
            action: how.action(),
            user: Some(&session.user_id),
            agent,
            task,
            session: Some(&session.id),
            ..Entry::default()
        },
    )?;
    Ok(true)
}

/// Whose sessions are meant.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// This user's.
    User(&'a UserId),
    /// Those in which this agent acts.
    Agent(&'a AgentId),
    /// The one this task opened.
    Task(&'a TaskId),
    /// Everyone's.
    All,
}

/// Revokes every active session of someone and says which they were.
pub fn revoke_all(tx: &mut Tx<'_>, whose: &Whose<'_>, by: &Caller) -> Result<Vec<SessionId>> {
    let by_column =
        |tx: &mut Tx<'_>, sql: &str, id: Value| tx.all::<Session>(sql, &[Value::from(by.at), id]);
    let sessions = match whose {
        Whose::User(id) => by_column(
            tx,
            select!("where s.ended_at is null and s.expire_at > $1 and s.user_id = $2"),
            (*id).into(),
        )?,
        Whose::Agent(id) => by_column(
            tx,
            select!("where s.ended_at is null and s.expire_at > $1 and s.agent_id = $2"),
            (*id).into(),
        )?,
        Whose::Task(id) => by_column(
            tx,
            select!("where s.ended_at is null and s.expire_at > $1 and s.task_id = $2"),
            (*id).into(),
        )?,
        Whose::All => tx.all(
            select!("where s.ended_at is null and s.expire_at > $1"),
            values![by.at],
        )?,
    };
    let mut revoked = Vec::new();
    for session in sessions {
        if end(tx, &session, End::Revoked, by)? {
            revoked.push(session.id);
        }
    }
    Ok(revoked)
}

/// Notes that a session's browser is in use, and from where.
pub fn touch(tx: &mut Tx<'_>, session: &Session, by: &Caller) -> Result<()> {
    tx.execute(
        "update sessions set last_active_at = $2, ip = $3, user_agent = $4 where id = $1",
        values![&session.id, by.at, by.ip.as_ref(), by.user_agent.as_ref()],
    )?;
    tx.execute(
        "update users set last_active_at = $2 where id = $1",
        values![&session.user_id, by.at],
    )?;
    Ok(())
}

/// How long after its first exchange an expired token may be shown again, in seconds: a page's parallel requests all
/// carry the same one.
const EXCHANGE_GRACE: i64 = 10;

/// Takes an expired token in exchange for a new one: each once, apart from a short grace, and none older than the newest
/// that was taken.
pub fn exchange(tx: &mut Tx<'_>, id: &SessionId, issued_at: i64, now: Time) -> Result<bool> {
    let taken = tx.execute(
        "update sessions set refreshed_iat = $2, refreshed_at = $3
         where id = $1 and (refreshed_iat is null or refreshed_iat < $2)",
        values![id, issued_at, now],
    )?;
    if taken == 1 {
        return Ok(true);
    }
    let repeated: Option<String> = tx.first(
        "select id from sessions where id = $1 and refreshed_iat = $2 and refreshed_at > $3",
        values![id, issued_at, now.plus_seconds(-EXCHANGE_GRACE)],
    )?;
    Ok(repeated.is_some())
}

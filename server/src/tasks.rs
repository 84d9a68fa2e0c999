//! Agent tasks: one ticket, one session.
//!
//! A task is pending until its ticket is spent, it is revoked, or its time is over. [`accept`] spends the ticket with one
//! conditional update: of any number of visitors on any number of nodes one gets past it, in one transaction with the
//! client, the session and the record, so that whatever fails afterwards gives the ticket back.

use url::Url;

use crate::agents::{self, Agent};
use crate::audit::{self, Caller, Entry};
use crate::clients::{self, Credential, Fresh};
use crate::clock::Time;
use crate::config::OnReplay;
use crate::db::{FromRow, Row, Tx, values};
use crate::error::{Error, Result};
use crate::id::{AgentId, SecretKeyId, SessionId, TaskId, UserId};
use crate::secret::Digest;
use crate::sessions::{self, NewSession, Session};
use crate::users;

/// An agent task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Who will act.
    pub agent_id: AgentId,
    /// The agent's name.
    pub agent_name: String,
    /// For whom.
    pub user_id: UserId,
    /// What for, in the creator's words.
    pub description: String,
    /// Always `*`.
    pub permissions: String,
    /// Where the visit lands.
    pub redirect_url: String,
    /// How long the session will last, in seconds.
    pub session_seconds: i64,
    /// When it was created.
    pub created_at: Time,
    /// When its ticket stops opening anything.
    pub expires_at: Time,
    /// When its ticket was spent.
    pub used_at: Option<Time>,
    /// When it was taken back.
    pub revoked_at: Option<Time>,
    /// The session it opened.
    pub session_id: Option<SessionId>,
    /// Where its ticket was spent from.
    pub used_ip: Option<String>,
    /// With what program.
    pub used_agent: Option<String>,
}

impl Task {
    /// `pending`, `used`, `revoked` or `expired`.
    pub fn status(&self, now: Time) -> &'static str {
        if self.used_at.is_some() {
            "used"
        } else if self.revoked_at.is_some() {
            "revoked"
        } else if now >= self.expires_at {
            "expired"
        } else {
            "pending"
        }
    }

    /// Why the ticket opens nothing at the moment `now`, if it does not.
    fn refusal(&self, now: Time) -> Option<Error> {
        match self.status(now) {
            "used" => Some(Error::TaskAlreadyUsed),
            "revoked" => Some(Error::TaskRevoked),
            "expired" => Some(Error::TicketExpired),
            _ => None,
        }
    }

    fn entry<'a>(&'a self, action: &'a str) -> Entry<'a> {
        Entry {
            action,
            user: Some(&self.user_id),
            agent: Some(&self.agent_id),
            task: Some(&self.id),
            ..Entry::default()
        }
    }
}

impl FromRow for Task {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            agent_id: row.take()?,
            agent_name: row.take()?,
            user_id: row.take()?,
            description: row.take()?,
            permissions: row.take()?,
            redirect_url: row.take()?,
            session_seconds: row.take()?,
            created_at: row.take()?,
            expires_at: row.take()?,
            used_at: row.take()?,
            revoked_at: row.take()?,
            session_id: row.take()?,
            used_ip: row.take()?,
            used_agent: row.take()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select t.id, t.agent_id, a.name, t.user_id, t.description, t.permissions, t.redirect_url, t.session_seconds,
                    t.created_at, t.expires_at, t.used_at, t.revoked_at, t.session_id, t.used_ip, t.used_agent
             from tasks t join agents a on a.id = t.agent_id ",
            $rest
        )
    };
}

// Behind the macro that it uses.
mod list;

pub use list::{Filter, count, list};

/// On whose behalf a task is created.
#[derive(Clone, Debug)]
pub enum OnBehalfOf {
    /// A user's id.
    User(UserId),
    /// A verified e-mail address or phone number, or a username.
    Identifier(String),
}

/// A task to be created.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Its id.
    pub id: TaskId,
    /// The id of the agent, should its name be new.
    pub fresh_agent: AgentId,
    /// For whom.
    pub on_behalf_of: OnBehalfOf,
    /// Who will act.
    pub agent_name: String,
    /// What for.
    pub description: String,
    /// Where the visit lands; already held against the allow-list.
    pub redirect_url: String,
    /// How long the session will last, in seconds.
    pub session_seconds: i64,
    /// The digest of the ticket.
    pub ticket: Digest,
    /// How long the ticket opens something, in seconds.
    pub ticket_seconds: i64,
    /// The secret key it is created with.
    pub created_by: SecretKeyId,
}

/// Creates a task.
///
/// # Errors
/// [`Error::TaskSubjectNotFound`], [`Error::UserBanned`], [`Error::UserLocked`]; [`Error::TaskCannotBeUsed`] when the
/// agent is disabled.
pub fn create(tx: &mut Tx<'_>, new: &NewTask, by: &Caller) -> Result<Task> {
    let (user, asked) = match &new.on_behalf_of {
        OnBehalfOf::User(id) => (users::find(tx, id)?, id.as_str()),
        OnBehalfOf::Identifier(identifier) => {
            (users::by_identifier(tx, identifier)?, identifier.as_str())
        }
    };
    let user = user.ok_or_else(|| Error::TaskSubjectNotFound(asked.to_owned()))?;
    user.may_sign_in(by.at)?;
    let agent = agents::named(tx, &new.agent_name, &new.fresh_agent, by)?;
    enabled(&agent)?;
    tx.execute(
        "insert into tasks (id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds,
                            ticket_digest, created_at, expires_at)
         values ($1, $2, $3, $4, $5, '*', $6, $7, $8, $9, $10)",
        values![
            &new.id,
            &agent.id,
            &user.id,
            &new.created_by,
            &new.description,
            &new.redirect_url,
            new.session_seconds,
            &new.ticket,
            by.at,
            by.at.plus_seconds(new.ticket_seconds),
        ],
    )?;
    let task = get(tx, &new.id)?;
    audit::record(tx, by, &task.entry("task.create"))?;
    Ok(task)
}

fn enabled(agent: &Agent) -> Result<()> {
    match agent.disabled_at {
        None => Ok(()),
        Some(_) => Err(Error::TaskCannotBeUsed("its agent is disabled")),
    }
}

/// The task with this id.
pub fn get(tx: &mut Tx<'_>, id: &TaskId) -> Result<Task> {
    tx.first(select!("where t.id = $1"), values![id])?
        .ok_or(Error::TaskNotFound)
}

/// Takes a pending task back. From the moment this is acknowledged its ticket opens nothing.
pub fn revoke(tx: &mut Tx<'_>, id: &TaskId, by: &Caller) -> Result<Task> {
    let revoked = tx.execute(
        "update tasks set revoked_at = $2 where id = $1 and used_at is null and revoked_at is null and expires_at > $2",
        values![id, by.at],
    )?;
    let task = get(tx, id)?;
    if revoked == 0 {
        return Err(Error::TaskCannotBeRevoked(task.status(by.at)));
    }
    audit::record(tx, by, &task.entry("task.revoke"))?;
    Ok(task)
}

/// A visitor with a ticket, and everything a sign-in needs, made before the write.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The digest of the ticket shown.
    pub ticket: Digest,
    /// Who the browser says it is.
    pub shown: Vec<Credential>,
    /// The secrets it leaves with.
    pub fresh: Fresh,
    /// The id of the session to be opened.
    pub session: SessionId,
    /// What happens when the ticket was used before.
    pub on_replay: OnReplay,
}

/// What came of a visit. A refusal is an outcome, not a failure: its record is committed.
#[derive(Debug)]
pub enum Visit {
    /// The ticket is spent and this session open; the visitor goes to the redirect address.
    Accepted(Box<Session>, Url),
    /// Nothing was opened.
    Refused(Error),
}

/// Spends a ticket and opens its session. `lands` reads the task's redirect address and holds it against the allow-list,
/// again: the list may have changed since the task was created.
///
/// # Errors
/// [`Error::TicketInvalid`] for a ticket that was never given out, without a trace in the database.
pub fn accept(
    tx: &mut Tx<'_>,
    visitor: &Visitor,
    lands: impl Fn(&str) -> Result<Url>,
    by: &Caller,
) -> Result<Visit> {
    let task: Task = tx
        .first(
            select!("where t.ticket_digest = $1"),
            values![&visitor.ticket],
        )?
        .ok_or(Error::TicketInvalid)?;
    let target = match admissible(tx, &task, lands, by.at) {
        Ok(target) => target,
        Err(error) if error.is_fault() => return Err(error),
        Err(refusal) => return refuse(tx, &task, refusal, visitor.on_replay, by),
    };
    if !spend(tx, &task, visitor, by)? {
        // Somebody else was faster, by less than this transaction takes.
        let task = get(tx, &task.id)?;
        let refusal = task
            .refusal(by.at)
            .unwrap_or(Error::TaskCannotBeUsed("another visit is under way"));
        return refuse(tx, &task, refusal, visitor.on_replay, by);
    }
    // A ban that was committed since the look above is seen here, and gives the ticket back.
    users::signed_in(tx, &task.user_id, by.at)?;
    let client = clients::admit(tx, &visitor.shown, &visitor.fresh, by.at)?;
    let new = NewSession {
        id: &visitor.session,
        client: &client,
        user: &task.user_id,
        agent: Some((&task.agent_id, &task.id)),
        seconds: task.session_seconds,
    };
    let session = sessions::open(tx, &new, by)?;
    audit::record(
        tx,
        by,
        &Entry {
            session: Some(&session.id),
            ..task.entry("task.accept")
        },
    )?;
    Ok(Visit::Accepted(Box::new(session), target))
}

/// Whether the task may be used now, and where it leads.
fn admissible(
    tx: &mut Tx<'_>,
    task: &Task,
    lands: impl Fn(&str) -> Result<Url>,
    now: Time,
) -> Result<Url> {
    if let Some(refusal) = task.refusal(now) {
        return Err(refusal);
    }
    let user = users::find(tx, &task.user_id)?;
    let user = user.ok_or_else(|| Error::TaskSubjectNotFound(task.user_id.to_string()))?;
    user.may_sign_in(now)?;
    enabled(&agents::get(tx, &task.agent_id)?)?;
    lands(&task.redirect_url)
}

/// The one conditional update.
fn spend(tx: &mut Tx<'_>, task: &Task, visitor: &Visitor, by: &Caller) -> Result<bool> {
    let spent = tx.execute(
        "update tasks set used_at = $2, session_id = $3, used_ip = $4, used_agent = $5
         where id = $1 and used_at is null and revoked_at is null and expires_at > $2",
        values![
            &task.id,
            by.at,
            &visitor.session,
            by.ip.as_ref(),
            by.user_agent.as_ref()
        ],
    )?;
    Ok(spent == 1)
}

fn refuse(
    tx: &mut Tx<'_>,
    task: &Task,
    refusal: Error,
    on_replay: OnReplay,
    by: &Caller,
) -> Result<Visit> {
    let replay = matches!(refusal, Error::TaskAlreadyUsed);
    let action = if replay { "task.replay" } else { "task.refuse" };
    audit::record(
        tx,
        by,
        &Entry {
            refused: Some(refusal.shown().code),
            ..task.entry(action)
        },
    )?;
    if replay && on_replay == OnReplay::RevokeSession {
        sessions::revoke_all(tx, &sessions::Whose::Task(&task.id), by)?;
    }
    Ok(Visit::Refused(refusal))
}

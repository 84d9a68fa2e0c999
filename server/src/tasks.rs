//! Agent tasks: one ticket, one session.
//!
//! A task is pending until its ticket is spent, it is revoked, or its time is over. [`accept`] spends the ticket with one
//! conditional update: of any number of visitors on any number of nodes one gets past it, in one transaction with the
//! client, the session and the record, so that whatever fails afterwards gives the ticket back. The browser that holds the
//! session may come by the same link again, see [`Visit::Again`].

use std::fmt;

use crate::agents;
use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::{AgentId, OrganizationId, SecretKeyId, SessionId, TaskId, UserId};
use crate::organizations;
use crate::policy::Confirm;
use crate::secret::Digest;
use crate::users;
use crate::word::words;

words! {
    /// How far a task has come.
    pub enum Status {
        /// Its ticket opens a session.
        Pending = "pending",
        /// Its ticket has opened its one session.
        Used = "used",
        /// It was taken back before it was used.
        Revoked = "revoked",
        /// Nobody used it in time.
        Expired = "expired",
    }
}

/// An agent task.
#[derive(Clone, Debug)]
pub struct Task {
    /// The id, `agent_task_id` on the wire.
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
    /// The organization its session begins in, where its creator named one.
    pub organization_id: Option<OrganizationId>,
    /// Who is asked before its ticket is spent.
    pub confirm: Confirm,
    /// Whether its session will be [`Session::restricted`](crate::sessions::Session::restricted).
    pub restricted: bool,
    /// Whether its agent is disabled.
    agent_disabled: bool,
}

impl Task {
    /// The status at the moment `now`.
    pub fn status(&self, now: Time) -> Status {
        if self.used_at.is_some() {
            Status::Used
        } else if self.revoked_at.is_some() {
            Status::Revoked
        } else if now >= self.expires_at {
            Status::Expired
        } else {
            Status::Pending
        }
    }

    /// Why the ticket opens nothing at the moment `now`, if it does not.
    fn refusal(&self, now: Time) -> Option<Error> {
        match self.status(now) {
            Status::Used => Some(Error::TaskAlreadyUsed),
            Status::Revoked => Some(Error::TaskRevoked),
            Status::Expired => Some(Error::TicketExpired),
            Status::Pending => None,
        }
    }

    fn event(&self, action: Action) -> Event {
        Event {
            task: Some(self.id.clone()),
            ..Event::new(action).user(&self.user_id).agent(&self.agent_id)
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
            organization_id: row.take()?,
            confirm: row.take()?,
            restricted: row.take()?,
            agent_disabled: row.take()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select t.id, t.agent_id, a.name, t.user_id, t.description, t.permissions, t.redirect_url, t.session_seconds,
                    t.created_at, t.expires_at, t.used_at, t.revoked_at, t.session_id, t.used_ip, t.used_agent,
                    t.organization_id, t.confirm, t.restricted, cast(case when a.disabled_at is null then 0 else 1 end as bigint)
             from tasks t join agents a on a.id = t.agent_id ",
            $rest
        )
    };
}

// Behind the macro that they use.
mod list;
mod visit;

pub use list::{Filter, count, list};
pub use visit::{Visit, Way, accept};

/// On whose behalf a task is created.
#[derive(Clone, Debug)]
pub enum OnBehalfOf {
    /// A user's id.
    User(UserId),
    /// A verified e-mail address or phone number, or a username.
    Identifier(String),
}

impl fmt::Display for OnBehalfOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Identifier(identifier) => f.write_str(identifier),
        }
    }
}

/// A task to be created.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// The id it will have.
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
    /// The organization the session shall begin in.
    pub organization: Option<OrganizationId>,
    /// Who is asked before the ticket is spent.
    pub confirm: Confirm,
    /// Whether the session will be good for less.
    pub restricted: bool,
}

/// Creates a task.
///
/// # Errors
/// [`Error::TaskSubjectNotFound`], [`Error::UserBanned`], [`Error::UserLocked`]; [`Error::TaskCannotBeUsed`] when the
/// agent is disabled; [`crate::error::OrganizationError::NotAMember`].
pub fn create(tx: &mut Write<'_>, new: &NewTask) -> Result<Task> {
    let now = tx.now();
    tx.attempt(Event::new(Action::TaskCreate));
    let user_id = match &new.on_behalf_of {
        OnBehalfOf::User(id) => Some(id.clone()),
        OnBehalfOf::Identifier(identifier) => users::by_identifier(tx, identifier)?,
    };
    let standing = match &user_id {
        Some(id) => users::standing(tx, id)?,
        None => None,
    };
    let (Some(user_id), Some(standing)) = (user_id, standing) else {
        return Err(Error::TaskSubjectNotFound(new.on_behalf_of.to_string()));
    };
    tx.attempt(Event::new(Action::TaskCreate).user(&user_id));
    standing.may_sign_in(now)?;
    if let Some(organization) = &new.organization {
        organizations::must_be_member(tx, &user_id, organization)?;
    }
    let agent = agents::named(tx, &new.agent_name, &new.fresh_agent)?;
    let task = Task {
        id: new.id.clone(),
        agent_id: agent.id,
        agent_name: agent.name,
        user_id,
        description: new.description.clone(),
        permissions: "*".into(),
        redirect_url: new.redirect_url.clone(),
        session_seconds: new.session_seconds,
        created_at: now,
        expires_at: now.plus_seconds(new.ticket_seconds),
        used_at: None,
        revoked_at: None,
        session_id: None,
        used_ip: None,
        used_agent: None,
        organization_id: new.organization.clone(),
        confirm: new.confirm,
        restricted: new.restricted,
        agent_disabled: false,
    };
    insert(tx, &task, new)?;
    tx.note(task.event(Action::TaskCreate));
    Ok(task)
}

fn insert(tx: &mut Write<'_>, task: &Task, new: &NewTask) -> Result<()> {
    tx.execute(
        "insert into tasks (id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds,
                            ticket_digest, created_at, expires_at, organization_id, confirm, restricted)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        values![
            &task.id,
            &task.agent_id,
            &task.user_id,
            &new.created_by,
            &task.description,
            &task.permissions,
            &task.redirect_url,
            task.session_seconds,
            &new.ticket,
            task.created_at,
            task.expires_at,
            task.organization_id.as_ref(),
            task.confirm,
            task.restricted,
        ],
    )?;
    Ok(())
}

/// The task with this id.
///
/// # Errors
/// [`Error::TaskNotFound`].
pub fn get(tx: &mut Read<'_>, id: &TaskId) -> Result<Task> {
    tx.first(select!("where t.id = $1"), values![id])?
        .ok_or(Error::TaskNotFound)
}

/// The task with this ticket.
///
/// # Errors
/// [`Error::TicketInvalid`].
pub fn of_ticket(tx: &mut Read<'_>, ticket: &Digest) -> Result<Task> {
    tx.first(select!("where t.ticket_digest = $1"), values![ticket])?
        .ok_or(Error::TicketInvalid)
}

/// Takes a pending task back. From the moment this is acknowledged its ticket opens nothing.
pub fn revoke(tx: &mut Write<'_>, id: &TaskId) -> Result<Task> {
    let now = tx.now();
    tx.attempt(Event {
        task: Some(id.clone()),
        ..Event::new(Action::TaskRevoke)
    });
    let revoked = tx.execute(
        "update tasks set revoked_at = $2 where id = $1 and used_at is null and revoked_at is null and expires_at > $2",
        values![id, now],
    )?;
    let task = get(tx, id)?;
    if revoked == 0 {
        return Err(Error::TaskCannotBeRevoked(task.status(now).as_str()));
    }
    tx.note(task.event(Action::TaskRevoke));
    Ok(task)
}

/// Takes every open task back, and says how many there were.
pub fn revoke_open(tx: &mut Write<'_>) -> Result<usize> {
    let open: Vec<(TaskId, UserId, AgentId)> = tx.returning(
        "update tasks set revoked_at = $1 where used_at is null and revoked_at is null and expires_at > $1
         returning id, user_id, agent_id",
        values![tx.now()],
    )?;
    for (id, user, agent) in &open {
        tx.note(Event {
            task: Some(id.clone()),
            ..Event::new(Action::TaskRevoke).user(user).agent(agent)
        });
    }
    Ok(open.len())
}

/// Whether some task has this ticket. A look that costs no write, for tickets that were never given out.
pub fn knows(tx: &mut Read<'_>, ticket: &Digest) -> Result<bool> {
    let id: Option<TaskId> = tx.first(
        "select id from tasks where ticket_digest = $1",
        values![ticket],
    )?;
    Ok(id.is_some())
}

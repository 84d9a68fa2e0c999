//! Sessions: a user signed in at one client until a fixed moment, perhaps with an agent acting for the user.
//!
//! A session's end is written when it begins, and only an application's server moves it, within the caps. It can come
//! sooner: revoked, ended, removed, replaced by a newer session of the same client, or barred because its user was banned
//! or deleted or its agent disabled. Who acts (`actor`) comes from the session's own row and from nowhere else.

mod actor;
mod ends;
mod expiry;

use crate::clients::{self, Client, Credential};
use crate::clock::Time;
use crate::db::{FromRow, Read, Row, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::{ClientId, OrganizationId, SessionId, UserId};
use crate::organizations::Active;
use crate::word::words;
pub use actor::Actor;

words! {
    /// Clerk's statuses of a session. Standin's are never abandoned; lists can ask for such all the same.
    pub enum Status {
        /// Left alone for too long.
        Abandoned = "abandoned",
        /// Tokens are made for it.
        Active = "active",
        /// Signed out.
        Ended = "ended",
        /// Past its end.
        Expired = "expired",
        /// Signed out and dropped from the client.
        Removed = "removed",
        /// The same client signed in again.
        Replaced = "replaced",
        /// Taken back, or barred with its user or agent.
        Revoked = "revoked",
        /// Waiting for its user to choose an organization, where that is required.
        Pending = "pending",
    }
}

/// How a session ends before its time.
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
    fn status(self) -> Status {
        match self {
            Self::Revoked => Status::Revoked,
            Self::Ended => Status::Ended,
            Self::Removed => Status::Removed,
            Self::Replaced => Status::Replaced,
        }
    }

    fn action(self) -> Action {
        match self {
            Self::Revoked => Action::SessionRevoke,
            Self::Ended => Action::SessionEnd,
            Self::Removed => Action::SessionRemove,
            Self::Replaced => Action::SessionReplace,
        }
    }
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session's id, `sid` in its tokens.
    pub id: SessionId,
    /// The client it lives in.
    pub client_id: ClientId,
    /// Who is signed in.
    pub user_id: UserId,
    /// Who acts, if not the user.
    pub actor: Option<Actor>,
    /// The organization it is in, as long as its user is a member there.
    pub organization: Option<Active>,
    /// The organization it was put into, whatever became of that.
    pub chosen: Option<OrganizationId>,
    /// When the browser signed in.
    pub created_at: Time,
    /// When the session began, its end was moved, or it ended.
    pub updated_at: Time,
    /// When it ends at the latest.
    pub expire_at: Time,
    /// When its page last said that somebody uses it.
    pub last_active_at: Time,
    /// The address of that page's browser.
    pub ip: Option<String>,
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    ended_at: Option<Time>,
    end_status: Option<Status>,
    barred: bool,
    /// Whether it is in no organization and must be in one.
    waits: bool,
    /// Which custom claims its tokens have at this moment; zero for none. See [`crate::claims`].
    pub claims_revision: i64,
    /// When the user last proved who they are, if that was after the sign-in.
    verified_at: Option<Time>,
    /// Whether its pages may use it and nothing more: they neither sign out, nor move it to another organization, nor begin
    /// another sign-in.
    pub restricted: bool,
}

impl Session {
    /// Clerk's status at the moment `now`.
    pub fn status(&self, now: Time) -> Status {
        match self.end_status {
            Some(status) => status,
            None if now >= self.expire_at => Status::Expired,
            None if self.barred => Status::Revoked,
            None if self.waits => Status::Pending,
            None => Status::Active,
        }
    }

    /// Whether tokens may be made for it at the moment `now`: also while it waits for its user to choose an organization, and
    /// those tokens say so.
    pub fn is_active(&self, now: Time) -> bool {
        self.ended_at.is_none() && now < self.expire_at && !self.barred
    }

    /// Who acts: the agent, or whoever was named, else the user.
    pub fn acting(&self) -> &str {
        let actor = self.actor.as_ref().and_then(Actor::subject);
        actor.unwrap_or(self.user_id.as_str())
    }

    /// Refuses what pages of a restricted session must leave as it is.
    ///
    /// # Errors
    /// [`Error::SessionRestricted`].
    fn may_change(&self) -> Result<()> {
        if self.restricted {
            return Err(Error::SessionRestricted);
        }
        Ok(())
    }

    fn event(&self, action: Action) -> Event {
        let (agent, task) = self.actor.as_ref().and_then(Actor::agent).unzip();
        Event {
            agent: agent.cloned(),
            task: task.cloned(),
            ..Event::new(action).user(&self.user_id).session(&self.id)
        }
    }
}

impl FromRow for Session {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            client_id: row.take()?,
            user_id: row.take()?,
            actor: match (
                row.take()?,
                row.take()?,
                row.take()?,
                row.take::<Option<String>>()?,
            ) {
                (Some(id), Some(name), Some(task), _) => Some(Actor::Agent { id, name, task }),
                (_, _, _, Some(given)) => Some(Actor::read(&given)?),
                _ => None,
            },
            chosen: row.take()?,
            organization: match (row.take()?, row.take()?, row.take()?, row.take()?) {
                (Some(id), slug, Some(role), Some(permissions)) => Some(Active {
                    id,
                    slug,
                    role,
                    permissions,
                }),
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
            waits: row.take()?,
            claims_revision: row.take()?,
            verified_at: row.take()?,
            restricted: row.take()?,
        })
    }
}

/// Whether a session is over although nobody has ended it: its user is banned or gone, its agent disabled, or every session
/// that began by some moment was taken back, of its user (who may have kept one), its agent or everyone.
macro_rules! barred {
    () => {
        "(u.id is null or u.banned_at is not null or a.disabled_at is not null
          or s.created_at <= u.sessions_revoked_at and s.id <> coalesce(u.kept_session_id, '')
          or s.created_at <= coalesce(a.sessions_revoked_at, 0)
          or s.created_at <= (select i.sessions_revoked_at from instance i where i.slot = 1))"
    };
}

/// Whether it is in no organization and must be in one.
macro_rules! waits {
    () => {
        "(o.id is null and g.enabled * g.force_organization_selection = 1)"
    };
}

/// What a look at a session takes into account: its user, its agent, and its organization, as long as the user is a member
/// there.
macro_rules! around {
    () => {
        "left join users u on u.id = s.user_id left join agents a on a.id = s.agent_id
         join organization_settings g on g.slot = 1
         left join organization_memberships m
           on m.organization_id = s.organization_id and m.user_id = s.user_id and g.enabled = 1
         left join organizations o on o.id = m.organization_id"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select s.id, s.client_id, s.user_id, s.agent_id, a.name, s.task_id, s.given_actor, s.organization_id, o.id, o.slug, r.key,
                    r.permissions, s.created_at, s.updated_at, s.expire_at, s.last_active_at, s.ip, s.user_agent, s.ended_at,
                    s.end_status,
                    cast(case when ",
            barred!(),
            " then 1 else 0 end as bigint), cast(case when ",
            waits!(),
            " then 1 else 0 end as bigint),
                    (select case when i.session_claims is null then 0 else i.session_claims_revision end
                     from instance i where i.slot = 1), s.verified_at, s.restricted
             from sessions s ",
            around!(),
            " left join roles r on r.id = m.role_id ",
            $rest
        )
    };
}

mod open;
mod organization;
mod proof;
mod renew;
mod revoke;
mod specimen;
// Behind the macros that it uses.
mod list;

pub use ends::{end, leave, may_be_left, revoke, set_end, sign_out, touch};
pub use expiry::{Expired, expired};
pub use list::{Filter, alive, count, list};
pub use open::{Consent, NewSession, SignIn, open};
pub use organization::{Choice, choose, in_organization};
pub use proof::{Proof, begin_proof, is_opened, of_user, opened_by, prepare_proof, proof, prove};
pub use renew::renew;
pub use revoke::{
    Progress, Revocation, Revoked, Whose, count_taken_back, list_taken_back, revoke_all,
    revoke_others, unfinished,
};

/// The session with this id, if there is one.
pub fn find(tx: &mut Read<'_>, id: &SessionId) -> Result<Option<Session>> {
    tx.first(select!("where s.id = $1"), values![id])
}

/// The session with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Read<'_>, id: &SessionId) -> Result<Session> {
    find(tx, id)?.ok_or_else(|| Error::NotFound("session", id.to_string()))
}

/// The active session `id`, if it is that of the client that a browser is. The question that pages ask most.
///
/// # Errors
/// [`Error::SignedOut`].
pub fn own(
    tx: &mut Read<'_>,
    credentials: &[Credential],
    id: &SessionId,
    now: Time,
) -> Result<Session> {
    // Nearly always the browser shows one cookie, and one statement answers.
    if let [Credential::Cookie(secret)] = credentials {
        let found: Option<Session> = tx.first(
            select!(
                "join clients c on c.id = s.client_id where s.id = $1 and c.secret_digest = $2"
            ),
            values![id, secret],
        )?;
        return found
            .filter(|session| session.is_active(now))
            .ok_or(Error::SignedOut);
    }
    of_browser(tx, credentials, id, now).map(|(_, session)| session)
}

/// The active session `id` of the client that a browser is, with that client.
///
/// # Errors
/// [`Error::SignedOut`].
pub fn of_browser(
    tx: &mut Read<'_>,
    credentials: &[Credential],
    id: &SessionId,
    now: Time,
) -> Result<(Client, Session)> {
    let client = clients::find(tx, credentials, now)?.ok_or(Error::SignedOut)?;
    find(tx, id)?
        .filter(|session| session.client_id == client.id && session.is_active(now))
        .map(|session| (client, session))
        .ok_or(Error::SignedOut)
}

/// Which session a page means: that of its browser. One that names another is of the time before somebody else signed in
/// there, and must not act for them.
#[derive(Clone, Copy, Debug)]
pub struct Meant<'a> {
    /// What its browser shows to be recognised.
    pub credentials: &'a [Credential],
    /// The session that it believes to be in, where it says so.
    pub session: Option<&'a SessionId>,
}

impl Meant<'_> {
    /// Whether it may mean this session of its browser.
    pub fn means(self, id: &SessionId) -> bool {
        self.session.is_none_or(|named| named == id)
    }
}

/// The active session of the client that a browser is, with that client, for its pages.
///
/// # Errors
/// [`Error::AuthenticationInvalid`].
pub fn of_page(tx: &mut Read<'_>, meant: Meant<'_>, now: Time) -> Result<(Client, Session)> {
    let client = clients::find(tx, meant.credentials, now)?.ok_or(Error::AuthenticationInvalid)?;
    let session = active_at(tx, &client.id, now)?.pop();
    session
        .filter(|session| meant.means(&session.id))
        .map(|session| (client, session))
        .ok_or(Error::AuthenticationInvalid)
}

/// The active sessions of a client: one, or none, as long as a new one replaces the old.
pub fn active_at(tx: &mut Read<'_>, client: &ClientId, now: Time) -> Result<Vec<Session>> {
    let mut sessions = unended_at(tx, client, now)?;
    sessions.retain(|session| session.is_active(now));
    Ok(sessions)
}

/// The sessions of a client that nobody has ended and whose time is not over.
fn unended_at(tx: &mut Read<'_>, client: &ClientId, now: Time) -> Result<Vec<Session>> {
    tx.all(
        select!("where s.client_id = $1 and s.ended_at is null and s.expire_at > $2 order by s.created_at, s.id"),
        values![client, now],
    )
}

/// Every session a client ever had, oldest first.
pub fn of_client(tx: &mut Read<'_>, client: &ClientId) -> Result<Vec<Session>> {
    tx.all(
        select!("where s.client_id = $1 order by s.created_at, s.id"),
        values![client],
    )
}

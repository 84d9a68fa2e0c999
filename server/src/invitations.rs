//! Invitations to the application: an address whose holder may sign up with a link, also where nobody else may, for a time.
//! What they have in common with those into organizations is here too, above all what becomes of a link's ticket.

mod list;
mod ticket;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::clock::Time;
use crate::db::{FromRow, Query, Read, Row, Write, values};
use crate::error::{Error, InvitationError, Result};
use crate::events::{Action, Event};
use crate::id::{AppInvitationId, UserId};
use crate::secret::Digest;
use crate::users;
use crate::word::words;
pub use list::{Filter, Order, count, list};
pub use ticket::{Invited, InvitedBy, address, for_stranger, invited, knows, present, sign_in};

words! {
    /// How far an invitation has come.
    pub enum Status {
        /// It can be accepted.
        Pending = "pending",
        /// It was.
        Accepted = "accepted",
        /// It was taken back.
        Revoked = "revoked",
        /// Nobody accepted it in time.
        Expired = "expired",
    }
}

/// How long an invitation holds, and what ended it.
#[derive(Clone, Debug)]
pub struct Term {
    /// Until when it can be accepted.
    pub expires_at: Time,
    accepted_at: Option<Time>,
    revoked_at: Option<Time>,
}

impl Term {
    /// The status at the moment `now`.
    pub fn status(&self, now: Time) -> Status {
        if self.accepted_at.is_some() {
            Status::Accepted
        } else if self.revoked_at.is_some() {
            Status::Revoked
        } else if now >= self.expires_at {
            Status::Expired
        } else {
            Status::Pending
        }
    }
}

impl FromRow for Term {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            expires_at: row.take()?,
            accepted_at: row.take()?,
            revoked_at: row.take()?,
        })
    }
}

const OPEN: &str = "i.accepted_at is null and i.revoked_at is null";

/// Restricts a query on invitations `i` to those with one of these statuses, where any are named.
pub(crate) fn with_statuses(query: &mut Query, statuses: &[Status], now: Time) {
    let mut one = |status: &Status| match status {
        Status::Accepted => "i.accepted_at is not null".to_owned(),
        Status::Revoked => "i.accepted_at is null and i.revoked_at is not null".to_owned(),
        Status::Expired => format!("{OPEN} and i.expires_at <= {}", query.mark(now)),
        Status::Pending => format!("{OPEN} and i.expires_at > {}", query.mark(now)),
    };
    let any: Vec<String> = statuses.iter().map(&mut one).collect();
    query.any(&any);
}

/// An invitation to the application.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The invitation's id.
    pub id: AppInvitationId,
    /// Who is invited.
    pub email_address: String,
    /// For the user to be.
    pub public_metadata: Map<String, Json>,
    /// Where the link leads.
    pub redirect_url: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
    /// How long it holds.
    pub term: Term,
}

impl Invitation {
    fn refusal(&self, now: Time) -> Option<Error> {
        match self.term.status(now) {
            Status::Pending => None,
            Status::Accepted => Some(InvitationError::AlreadyAccepted.into()),
            Status::Revoked => Some(InvitationError::Revoked.into()),
            Status::Expired => Some(Error::TicketExpired),
        }
    }

    fn event(&self, action: Action) -> Event {
        Event::new(action).detail(self.id.as_str())
    }
}

impl FromRow for Invitation {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            email_address: row.take()?,
            public_metadata: users::json(row)?,
            redirect_url: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            term: Term::from_row(row)?,
        })
    }
}

const SELECT: &str = "select i.id, i.email_address, i.public_metadata, i.redirect_url, i.created_at, i.updated_at, i.expires_at,
            i.accepted_at, i.revoked_at from invitations i";

/// An invitation to be made.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The id it will have.
    pub id: AppInvitationId,
    /// Who is invited, in the form in which addresses are kept.
    pub email_address: String,
    /// Whether it is made although the address is invited already, or somebody's.
    pub ignore_existing: bool,
    /// For the user to be.
    pub public_metadata: Map<String, Json>,
    /// Where the link leads; already held against the allow-list.
    pub redirect_url: Option<String>,
    /// The digest of the link's ticket.
    pub ticket: Digest,
    /// How long it can be accepted, in seconds.
    pub seconds: i64,
}

/// Invites some addresses: all of them or, when one is refused, none.
///
/// # Errors
/// [`InvitationError::NotUnique`]; [`Error::IdentifierExists`] for the address of a user.
pub fn invite(tx: &mut Write<'_>, all: &[NewInvitation]) -> Result<Vec<Invitation>> {
    tx.attempt(Event::new(Action::AppInvitationCreate));
    all.iter().map(|new| insert(tx, new)).collect()
}

fn insert(tx: &mut Write<'_>, new: &NewInvitation) -> Result<Invitation> {
    let now = tx.now();
    if !new.ignore_existing {
        let open: Option<AppInvitationId> = tx.first(
            "select id from invitations
             where email_address = $1 and accepted_at is null and revoked_at is null and expires_at > $2 limit 1",
            values![&new.email_address, now],
        )?;
        if open.is_some() {
            return Err(InvitationError::NotUnique(new.email_address.clone()).into());
        }
        if users::by_address(tx, &new.email_address)?.is_some() {
            return Err(Error::IdentifierExists("email_address"));
        }
    }
    tx.execute(
        "insert into invitations (id, email_address, public_metadata, redirect_url, ticket_digest, created_at, updated_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $6, $7)",
        values![
            &new.id,
            &new.email_address,
            users::metadata_text("public_metadata", &new.public_metadata)?,
            new.redirect_url.as_ref(),
            &new.ticket,
            now,
            now.plus_seconds(new.seconds),
        ],
    )?;
    let made = get(tx, &new.id)?;
    tx.note(made.event(Action::AppInvitationCreate));
    Ok(made)
}

/// The invitation with this id.
///
/// # Errors
/// [`Error::NotFound`].
fn get(tx: &mut Read<'_>, id: &AppInvitationId) -> Result<Invitation> {
    tx.first(&format!("{SELECT} where i.id = $1"), values![id])?
        .ok_or_else(|| Error::NotFound("invitation", id.to_string()))
}

/// Those with these ids.
pub fn with_ids(tx: &mut Read<'_>, ids: &BTreeSet<AppInvitationId>) -> Result<Vec<Invitation>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Query::new(SELECT);
    let marks = query.marks(ids);
    query.and(&format!("i.id in ({marks})"));
    query.all(tx)
}

/// Takes an invitation back, which may be out of date.
///
/// # Errors
/// [`Error::NotFound`], [`InvitationError::AlreadyAccepted`], [`InvitationError::AlreadyRevoked`].
pub fn revoke(tx: &mut Write<'_>, id: &AppInvitationId) -> Result<Invitation> {
    let now = tx.now();
    tx.attempt(Event::new(Action::AppInvitationRevoke).detail(id.as_str()));
    let revoked = tx.execute(
        "update invitations set revoked_at = $2, updated_at = $2
         where id = $1 and accepted_at is null and revoked_at is null",
        values![id, now],
    )?;
    let found = get(tx, id)?;
    if revoked == 0 {
        return Err(match found.term.status(now) {
            Status::Accepted => InvitationError::AlreadyAccepted.into(),
            _ => InvitationError::AlreadyRevoked.into(),
        });
    }
    tx.note(found.event(Action::AppInvitationRevoke));
    Ok(found)
}

/// Takes every open invitation back, and says how many there were.
pub fn revoke_open(tx: &mut Write<'_>) -> Result<usize> {
    let open: Vec<AppInvitationId> = tx.returning(
        "update invitations set revoked_at = $1, updated_at = $1
         where accepted_at is null and revoked_at is null and expires_at > $1 returning id",
        values![tx.now()],
    )?;
    for id in &open {
        tx.note(Event::new(Action::AppInvitationRevoke).detail(id.as_str()));
    }
    Ok(open.len())
}

/// Spends an open invitation for the user it made or signed in.
fn spend(tx: &mut Write<'_>, found: &Invitation, user: &UserId) -> Result<()> {
    let now = tx.now();
    let spent = tx.execute(
        "update invitations set accepted_at = $2, updated_at = $2
         where id = $1 and accepted_at is null and revoked_at is null and expires_at > $2",
        values![&found.id, now],
    )?;
    if spent == 0 {
        let refusal = get(tx, &found.id)?.refusal(now);
        return Err(refusal.unwrap_or_else(|| InvitationError::AlreadyAccepted.into()));
    }
    tx.note(found.event(Action::AppInvitationAccept).user(user));
    Ok(())
}

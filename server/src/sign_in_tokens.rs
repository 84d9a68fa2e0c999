//! Sign-in tokens: a ticket that signs a user in as themselves, without an agent. Spent like a task's ticket, by one
//! conditional update in one transaction with the session.

use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::{OrganizationId, SignInTokenId, UserId};
use crate::organizations;
use crate::secret::Digest;
use crate::sessions::{Session, SignIn};
use crate::users;
use crate::word::words;

words! {
    /// Clerk's statuses of a sign-in token.
    pub enum Status {
        /// It opens a session, until its time is over.
        Pending = "pending",
        /// It has opened its one session.
        Accepted = "accepted",
        /// It was taken back.
        Revoked = "revoked",
    }
}

/// A sign-in token, without the token.
#[derive(Clone, Debug)]
pub struct SignInToken {
    /// The id; the token itself is nowhere kept.
    pub id: SignInTokenId,
    /// Whom it signs in.
    pub user_id: UserId,
    /// When it was created.
    pub created_at: Time,
    /// When it stops opening anything.
    pub expires_at: Time,
    used_at: Option<Time>,
    revoked_at: Option<Time>,
    organization_id: Option<OrganizationId>,
}

impl SignInToken {
    /// Clerk's status, which does not know of expiry.
    pub fn status(&self) -> Status {
        if self.used_at.is_some() {
            Status::Accepted
        } else if self.revoked_at.is_some() {
            Status::Revoked
        } else {
            Status::Pending
        }
    }

    /// When it last changed.
    pub fn updated_at(&self) -> Time {
        self.used_at.or(self.revoked_at).unwrap_or(self.created_at)
    }

    /// Why it opens nothing at the moment `now`, if it does not.
    fn refusal(&self, now: Time) -> Option<Error> {
        match self.status() {
            Status::Accepted => Some(Error::SignInTokenAlreadyUsed),
            Status::Revoked => Some(Error::SignInTokenRevoked),
            Status::Pending if now >= self.expires_at => Some(Error::TicketExpired),
            Status::Pending => None,
        }
    }

    fn event(&self, action: Action) -> Event {
        Event::new(action)
            .user(&self.user_id)
            .detail(self.id.as_str())
    }
}

impl FromRow for SignInToken {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            created_at: row.take()?,
            expires_at: row.take()?,
            used_at: row.take()?,
            revoked_at: row.take()?,
            organization_id: row.take()?,
        })
    }
}

const SELECT: &str = "select id, user_id, created_at, expires_at, used_at, revoked_at, organization_id from sign_in_tokens";

/// A token to be created.
#[derive(Clone, Debug)]
pub struct NewSignInToken {
    /// The id it will have.
    pub id: SignInTokenId,
    /// Whom it will sign in.
    pub user: UserId,
    /// The digest of the token.
    pub token: Digest,
    /// How long it opens something, in seconds.
    pub seconds: i64,
    /// The organization the session shall begin in.
    pub organization: Option<OrganizationId>,
}

/// Creates a token for a user.
pub fn create(tx: &mut Write<'_>, new: &NewSignInToken) -> Result<SignInToken> {
    let now = tx.now();
    tx.attempt(Event::new(Action::SignInTokenCreate).user(&new.user));
    users::may_sign_in(tx, &new.user)?;
    if let Some(organization) = &new.organization {
        organizations::must_be_member(tx, &new.user, organization)?;
    }
    let made = SignInToken {
        id: new.id.clone(),
        user_id: new.user.clone(),
        created_at: now,
        expires_at: now.plus_seconds(new.seconds),
        used_at: None,
        revoked_at: None,
        organization_id: new.organization.clone(),
    };
    tx.execute(
        "insert into sign_in_tokens (id, user_id, digest, created_at, expires_at, organization_id)
         values ($1, $2, $3, $4, $5, $6)",
        values![
            &made.id,
            &made.user_id,
            &new.token,
            now,
            made.expires_at,
            made.organization_id.as_ref(),
        ],
    )?;
    tx.note(made.event(Action::SignInTokenCreate));
    Ok(made)
}

/// Takes a pending token back.
pub fn revoke(tx: &mut Write<'_>, id: &SignInTokenId) -> Result<SignInToken> {
    let now = tx.now();
    tx.attempt(Event::new(Action::SignInTokenRevoke).detail(id.as_str()));
    let revoked = tx.execute(
        "update sign_in_tokens set revoked_at = $2 where id = $1 and used_at is null and revoked_at is null",
        values![id, now],
    )?;
    let token: SignInToken = tx
        .first(&format!("{SELECT} where id = $1"), values![id])?
        .ok_or_else(|| Error::NotFound("sign-in token", id.to_string()))?;
    if revoked == 0 {
        return Err(Error::SignInTokenCannotBeRevoked(token.status().as_str()));
    }
    tx.note(token.event(Action::SignInTokenRevoke));
    Ok(token)
}

/// Whether some sign-in token has this digest. A look that costs no write.
pub fn knows(tx: &mut Read<'_>, token: &Digest) -> Result<bool> {
    let id: Option<SignInTokenId> = tx.first(
        "select id from sign_in_tokens where digest = $1",
        values![token],
    )?;
    Ok(id.is_some())
}

/// Spends a token and opens its session. A refusal is an outcome, not a failure: its record is committed.
///
/// # Errors
/// [`Error::TicketInvalid`] for a token that was never given out, without a trace in the database.
pub fn accept(
    tx: &mut Write<'_>,
    token: &Digest,
    sign_in: &SignIn,
) -> Result<std::result::Result<Session, Error>> {
    let now = tx.now();
    let found: SignInToken = tx
        .first(&format!("{SELECT} where digest = $1"), values![token])?
        .ok_or(Error::TicketInvalid)?;
    let refusal = match found.refusal(now) {
        None => admissible(tx, &found).err(),
        refusal => refusal,
    };
    match refusal {
        Some(error) if error.is_fault() => return Err(error),
        Some(refusal) => return refuse(tx, &found, refusal).map(Err),
        None => {}
    }
    let spent = tx.execute(
        "update sign_in_tokens set used_at = $2, session_id = $3
         where id = $1 and used_at is null and revoked_at is null and expires_at > $2",
        values![&found.id, now, &sign_in.session],
    )?;
    if spent == 0 {
        // Somebody else was faster, by less than this transaction takes.
        return refuse(tx, &found, Error::SignInTokenAlreadyUsed).map(Err);
    }
    let organization = found.organization_id.as_ref();
    let session = users::sign_in_at(tx, &found.user_id, sign_in, organization)?;
    tx.note(found.event(Action::SignInTokenAccept).session(&session.id));
    Ok(Ok(session))
}

/// Whether the token's user may be signed in now, where the token says.
fn admissible(tx: &mut Write<'_>, token: &SignInToken) -> Result<()> {
    users::may_sign_in(tx, &token.user_id)?;
    if let Some(organization) = &token.organization_id {
        organizations::must_be_member(tx, &token.user_id, organization)?;
    }
    Ok(())
}

fn refuse(tx: &mut Write<'_>, token: &SignInToken, refusal: Error) -> Result<Error> {
    let refusals = tx.returning(
        "update sign_in_tokens set refusals = refusals + 1 where id = $1 returning refusals",
        values![&token.id],
    )?;
    let event = token
        .event(Action::SignInTokenRefuse)
        .refused(refusal.shown().code);
    if let Some(event) = refusals.first().and_then(|nth| event.of_many(*nth)) {
        tx.note(event);
    }
    Ok(refusal)
}

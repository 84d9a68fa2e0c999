//! Sign-in tokens: a ticket that signs a user in as themselves, without an agent. Spent like a task's ticket, by one
//! conditional update in one transaction with the session. An actor token is one with somebody who acts, and a length of its
//! session; the two kinds are told apart by that alone.

use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::{OrganizationId, SignInTokenId, UserId};
use crate::organizations;
use crate::secret::Digest;
use crate::sessions::{Actor, Session, SignIn};
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
    /// Who will act, where it is an actor token.
    pub actor: Option<Actor>,
    session_seconds: Option<i64>,
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
            Status::Accepted => Some(self.kind().already_used()),
            Status::Revoked if self.actor.is_some() => Some(Error::ActorTokenRevoked),
            Status::Revoked => Some(Error::SignInTokenRevoked),
            Status::Pending if now >= self.expires_at => Some(Error::TicketExpired),
            Status::Pending => None,
        }
    }

    fn kind(&self) -> Kind {
        match self.actor {
            Some(_) => Kind::Actor,
            None => Kind::SignIn,
        }
    }

    fn event(&self, happened: Happened) -> Event {
        Event::new(self.kind().action(happened))
            .user(&self.user_id)
            .detail(self.id.as_str())
    }
}

/// Which of the two a caller means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Signs a user in as themselves.
    SignIn,
    /// Signs somebody else in as the user.
    Actor,
}

/// What happens to a token.
#[derive(Clone, Copy)]
enum Happened {
    Create,
    Accept,
    Refuse,
    Revoke,
}

impl Kind {
    fn action(self, happened: Happened) -> Action {
        match (self, happened) {
            (Self::SignIn, Happened::Create) => Action::SignInTokenCreate,
            (Self::SignIn, Happened::Accept) => Action::SignInTokenAccept,
            (Self::SignIn, Happened::Refuse) => Action::SignInTokenRefuse,
            (Self::SignIn, Happened::Revoke) => Action::SignInTokenRevoke,
            (Self::Actor, Happened::Create) => Action::ActorTokenCreate,
            (Self::Actor, Happened::Accept) => Action::ActorTokenAccept,
            (Self::Actor, Happened::Refuse) => Action::ActorTokenRefuse,
            (Self::Actor, Happened::Revoke) => Action::ActorTokenRevoke,
        }
    }

    fn already_used(self) -> Error {
        match self {
            Self::SignIn => Error::SignInTokenAlreadyUsed,
            Self::Actor => Error::ActorTokenAlreadyUsed,
        }
    }

    fn cannot_be_revoked(self, status: Status) -> Error {
        match self {
            Self::SignIn => Error::SignInTokenCannotBeRevoked(status.as_str()),
            Self::Actor => Error::ActorTokenCannotBeRevoked(status.as_str()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in token",
            Self::Actor => "actor token",
        }
    }
}

impl FromRow for SignInToken {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            created_at: row.take()?,
            expires_at: row.take()?,
            actor: row
                .take::<Option<String>>()?
                .map(|given| Actor::read(&given))
                .transpose()?,
            session_seconds: row.take()?,
            used_at: row.take()?,
            revoked_at: row.take()?,
            organization_id: row.take()?,
        })
    }
}

const SELECT: &str = "select id, user_id, created_at, expires_at, actor, session_seconds, used_at, revoked_at, organization_id from sign_in_tokens";

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
    /// Makes it an actor token: who will act, and for how many seconds.
    pub actor: Option<(Actor, i64)>,
}

/// Creates a token for a user.
pub fn create(tx: &mut Write<'_>, new: &NewSignInToken) -> Result<SignInToken> {
    let now = tx.now();
    let kind = match new.actor {
        Some(_) => Kind::Actor,
        None => Kind::SignIn,
    };
    tx.attempt(Event::new(kind.action(Happened::Create)).user(&new.user));
    users::may_sign_in(tx, &new.user)?;
    if let Some(organization) = &new.organization {
        organizations::must_be_member(tx, &new.user, organization)?;
    }
    let (actor, session_seconds) = new.actor.clone().unzip();
    let made = SignInToken {
        id: new.id.clone(),
        user_id: new.user.clone(),
        created_at: now,
        expires_at: now.plus_seconds(new.seconds),
        actor,
        session_seconds,
        used_at: None,
        revoked_at: None,
        organization_id: new.organization.clone(),
    };
    tx.execute(
        "insert into sign_in_tokens (id, user_id, digest, created_at, expires_at, organization_id, actor, session_seconds)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        values![
            &made.id,
            &made.user_id,
            &new.token,
            now,
            made.expires_at,
            made.organization_id.as_ref(),
            made.actor.as_ref().and_then(Actor::given),
            made.session_seconds,
        ],
    )?;
    tx.note(made.event(Happened::Create));
    Ok(made)
}

/// Takes a pending token of this kind back.
pub fn revoke(tx: &mut Write<'_>, id: &SignInTokenId, kind: Kind) -> Result<SignInToken> {
    let now = tx.now();
    tx.attempt(Event::new(kind.action(Happened::Revoke)).detail(id.as_str()));
    let found: Option<SignInToken> = tx.first(&format!("{SELECT} where id = $1"), values![id])?;
    let token = found
        .filter(|token| token.kind() == kind)
        .ok_or_else(|| Error::NotFound(kind.name(), id.to_string()))?;
    let revoked = tx.execute(
        "update sign_in_tokens set revoked_at = $2 where id = $1 and used_at is null and revoked_at is null",
        values![id, now],
    )?;
    if revoked == 0 {
        // Looked at again: it may have been used a moment ago.
        let token: SignInToken = tx.one(&format!("{SELECT} where id = $1"), values![id])?;
        return Err(kind.cannot_be_revoked(token.status()));
    }
    let token = SignInToken {
        revoked_at: Some(now),
        ..token
    };
    tx.note(token.event(Happened::Revoke));
    Ok(token)
}

/// Takes every open token of either kind back, and says how many there were.
pub fn revoke_open(tx: &mut Write<'_>) -> Result<usize> {
    let ids: Vec<SignInTokenId> = tx.returning(
        "update sign_in_tokens set revoked_at = $1 where used_at is null and revoked_at is null and expires_at > $1
         returning id",
        values![tx.now()],
    )?;
    for id in &ids {
        let token: SignInToken = tx.one(&format!("{SELECT} where id = $1"), values![id])?;
        tx.note(token.event(Happened::Revoke));
    }
    Ok(ids.len())
}

/// Whether some sign-in token has this digest. A look that costs no write.
pub fn knows(tx: &mut Read<'_>, token: &Digest) -> Result<bool> {
    let id: Option<SignInTokenId> = tx.first(
        "select id from sign_in_tokens where digest = $1",
        values![token],
    )?;
    Ok(id.is_some())
}

/// Whom a sign-in token signs in.
pub fn user(tx: &mut Read<'_>, token: &Digest) -> Result<Option<UserId>> {
    tx.first(
        "select user_id from sign_in_tokens where digest = $1",
        values![token],
    )
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
        let refusal = found.kind().already_used();
        return refuse(tx, &found, refusal).map(Err);
    }
    let organization = found.organization_id.as_ref();
    let session = match (found.actor.clone(), found.session_seconds) {
        (Some(actor), Some(seconds)) => {
            users::act_for(tx, &found.user_id, actor, seconds, sign_in)?
        }
        _ => users::sign_in_at(tx, &found.user_id, sign_in, organization)?,
    };
    tx.note(found.event(Happened::Accept).session(&session.id));
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
    let event = token.event(Happened::Refuse).refused(refusal.shown().code);
    if let Some(event) = refusals.first().and_then(|nth| event.of_many(*nth)) {
        tx.note(event);
    }
    Ok(refusal)
}

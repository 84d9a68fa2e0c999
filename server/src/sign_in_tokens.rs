//! Sign-in tokens: a ticket that signs a user in as themselves, without an agent. Spent like a task's ticket, by one
//! conditional update in one transaction with the session.

use crate::audit::{self, Caller, Entry};
use crate::clients::{self, Credential, Fresh};
use crate::clock::Time;
use crate::db::{FromRow, Row, Tx, values};
use crate::error::{Error, Result};
use crate::id::{SessionId, SignInTokenId, UserId};
use crate::secret::Digest;
use crate::sessions::{self, NewSession, Session};
use crate::users;

/// A sign-in token, without the token.
#[derive(Clone, Debug)]
pub struct SignInToken {
    /// Its id.
    pub id: SignInTokenId,
    /// Whom it signs in.
    pub user_id: UserId,
    /// When it was created.
    pub created_at: Time,
    /// When it stops opening anything.
    pub expires_at: Time,
    used_at: Option<Time>,
    revoked_at: Option<Time>,
}

impl SignInToken {
    /// Clerk's status: `pending`, `accepted` or `revoked`.
    pub fn status(&self) -> &'static str {
        if self.used_at.is_some() {
            "accepted"
        } else if self.revoked_at.is_some() {
            "revoked"
        } else {
            "pending"
        }
    }

    /// When it last changed.
    pub fn updated_at(&self) -> Time {
        self.used_at.or(self.revoked_at).unwrap_or(self.created_at)
    }

    fn refusal(&self, now: Time) -> Option<Error> {
        match self.status() {
            "accepted" => Some(Error::SignInTokenAlreadyUsed),
            "revoked" => Some(Error::SignInTokenRevoked),
            _ if now >= self.expires_at => Some(Error::TicketExpired),
            _ => None,
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
            used_at: row.take()?,
            revoked_at: row.take()?,
        })
    }
}

/// Creates a token for a user.
pub fn create(
    tx: &mut Tx<'_>,
    id: &SignInTokenId,
    user: &UserId,
    (token, seconds): (&Digest, i64),
    by: &Caller,
) -> Result<SignInToken> {
    users::get(tx, user)?.may_sign_in(by.at)?;
    tx.execute(
        "insert into sign_in_tokens (id, user_id, digest, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        values![id, user, token, by.at, by.at.plus_seconds(seconds)],
    )?;
    audit::record(
        tx,
        by,
        &Entry {
            action: "sign_in_token.create",
            user: Some(user),
            ..Entry::default()
        },
    )?;
    get(tx, id)
}

fn get(tx: &mut Tx<'_>, id: &SignInTokenId) -> Result<SignInToken> {
    tx.first(
        "select id, user_id, created_at, expires_at, used_at, revoked_at from sign_in_tokens where id = $1",
        values![id],
    )?
    .ok_or_else(|| Error::NotFound("sign-in token", id.to_string()))
}

/// Takes a pending token back.
pub fn revoke(tx: &mut Tx<'_>, id: &SignInTokenId, by: &Caller) -> Result<SignInToken> {
    let revoked = tx.execute(
        "update sign_in_tokens set revoked_at = $2 where id = $1 and used_at is null and revoked_at is null",
        values![id, by.at],
    )?;
    let token = get(tx, id)?;
    if revoked == 0 {
        return Err(Error::SignInTokenCannotBeRevoked(token.status()));
    }
    audit::record(
        tx,
        by,
        &Entry {
            action: "sign_in_token.revoke",
            user: Some(&token.user_id),
            ..Entry::default()
        },
    )?;
    Ok(token)
}

/// How long a session opened by a sign-in token lasts, in seconds: a week, Clerk's default.
pub const SESSION_SECONDS: i64 = 7 * 86_400;

/// Spends a token and opens its session; `None` when no sign-in token has this digest.
pub fn accept(
    tx: &mut Tx<'_>,
    token: &Digest,
    shown: &[Credential],
    (fresh, session): (&Fresh, &SessionId),
    by: &Caller,
) -> Result<Option<Session>> {
    const BY_DIGEST: &str = "select id, user_id, created_at, expires_at, used_at, revoked_at from sign_in_tokens where digest = $1";
    let spent = tx.execute(
        "update sign_in_tokens set used_at = $2, session_id = $3
         where digest = $1 and used_at is null and revoked_at is null and expires_at > $2",
        values![token, by.at, session],
    )?;
    let Some(found) = tx.first::<SignInToken>(BY_DIGEST, values![token])? else {
        return Ok(None);
    };
    if spent == 0 {
        return Err(found.refusal(by.at).unwrap_or(Error::TicketInvalid));
    }
    users::get(tx, &found.user_id)?.may_sign_in(by.at)?;
    users::signed_in(tx, &found.user_id, by.at)?;
    let client = clients::admit(tx, shown, fresh, by.at)?;
    let new = NewSession {
        id: session,
        client: &client,
        user: &found.user_id,
        agent: None,
        seconds: SESSION_SECONDS,
    };
    let opened = sessions::open(tx, &new, by)?;
    let entry = Entry {
        action: "sign_in_token.accept",
        user: Some(&found.user_id),
        session: Some(session),
        ..Entry::default()
    };
    audit::record(tx, by, &entry)?;
    Ok(Some(opened))
}

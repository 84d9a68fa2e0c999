//! What users change about themselves, from their own pages. Everything here takes a session in which its user acts.

use super::identifiers::{self, event, get_identifier, insert, verify};
use super::{
    Change, Edit, Evidence, Identifier, IdentifierKind, NewIdentifier, Profile, Verification,
    delete, edit, get, hold, prove, remove, save,
};
use crate::codes;
use crate::db::{Read, Write, values};
use crate::error::{Error, Result, Unproven};
use crate::events::{Action, Event};
use crate::id::{IdentifierId, UserId};
use crate::passwords::PasswordHash;
use crate::sessions::{self, Session};
use crate::stage::Stage;

/// How many addresses, and how many numbers, a user may have without having proven that they are theirs.
const UNPROVEN_MAX: usize = 5;

/// One of the user's own identifiers.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn own(
    tx: &mut Read<'_>,
    user: &UserId,
    kind: IdentifierKind,
    id: &IdentifierId,
) -> Result<Identifier> {
    let found = get_identifier(tx, kind, id)?;
    if found.user_id == *user {
        Ok(found)
    } else {
        Err(Error::NotFound(kind.as_str(), id.to_string()))
    }
}

/// Adds an address or number that the user says to have. It names nobody until it is proven.
///
/// # Errors
/// [`Error::IdentifierExists`], [`Unproven::TooManyUnproven`].
pub fn add_own(tx: &mut Write<'_>, user: &UserId, new: &NewIdentifier) -> Result<Identifier> {
    hold(tx, user)?;
    let mut unproven = identifiers::of(tx, user)?;
    unproven.retain(|one| one.kind == new.kind && one.status == Verification::Unverified);
    if unproven.len() >= UNPROVEN_MAX {
        return Err(Unproven::TooManyUnproven.into());
    }
    let made = insert(tx, user, new)?;
    tx.note(event(Action::UserIdentifierAdd, user, &new.id));
    Ok(made)
}

/// Asks for a code to prove that an identifier is the user's.
///
/// # Errors
/// [`Unproven::AlreadyVerified`], [`Unproven::SenderMissing`].
pub fn prepare_code(
    tx: &mut Write<'_>,
    user: &UserId,
    kind: IdentifierKind,
    id: &IdentifierId,
    stage: Stage,
) -> Result<Identifier> {
    let now = tx.now();
    let found = own(tx, user, kind, id)?;
    if found.status == Verification::Verified {
        return Err(Unproven::AlreadyVerified.into());
    }
    codes::send(stage, kind, &found.value)?;
    tx.execute(
        "update identifiers set code_at = $2, code_wrong = 0 where id = $1",
        values![id, now],
    )?;
    own(tx, user, kind, id)
}

/// Takes the code, one of those of this kind of instance. The first verified identifier of its kind becomes the primary one. A wrong code is an outcome, not a
/// failure: it is counted.
///
/// # Errors
/// [`Unproven::CodeNotSent`], [`Unproven::CodeExpired`], [`Unproven::CodeFailed`]; [`Error::IdentifierExists`] where somebody
/// else has proven to hold it meanwhile.
pub fn attempt_code(
    tx: &mut Write<'_>,
    user: &UserId,
    kind: IdentifierKind,
    id: &IdentifierId,
    (code, stage): (&str, Stage),
) -> Result<std::result::Result<Identifier, Error>> {
    let now = tx.now();
    let mut holder = hold(tx, user)?;
    let found = own(tx, user, kind, id)?;
    if found.status == Verification::Verified {
        return Err(Unproven::AlreadyVerified.into());
    }
    let sent_at = found.code_at.ok_or(Unproven::CodeNotSent)?;
    if now >= sent_at.plus_seconds(codes::SECONDS) {
        return Err(Unproven::CodeExpired.into());
    }
    if found.code_wrong >= codes::WRONG_MAX {
        return Err(Unproven::CodeFailed.into());
    }
    if !codes::is_right(stage, kind, &found.value, code) {
        tx.execute(
            "update identifiers set code_wrong = code_wrong + 1 where id = $1",
            values![id],
        )?;
        return Ok(Err(Unproven::CodeWrong.into()));
    }
    verify(tx, &found, Verification::Verified)?;
    tx.execute(
        "update identifiers set code_at = null, code_wrong = 0 where id = $1",
        values![id],
    )?;
    if holder.primary(kind).is_none() {
        holder.set_primary(kind, Some(id.clone()));
        save::update(tx, &holder)?;
    }
    tx.note(event(Action::UserIdentifierUpdate, user, id));
    own(tx, user, kind, id).map(Ok)
}

/// Removes one of the user's own identifiers.
///
/// # Errors
/// As [`remove`].
pub fn remove_own(
    tx: &mut Write<'_>,
    user: &UserId,
    kind: IdentifierKind,
    id: &IdentifierId,
) -> Result<()> {
    own(tx, user, kind, id)?;
    remove(tx, kind, id)
}

/// Puts a new password in the place of the present one, which `evidence` proves to be known; for a user without one the session
/// has to be fresh. A refusal is an outcome: it is counted and recorded.
///
/// # Errors
/// [`Error::ParamMissing`] where the user has a password and none was shown; [`Unproven::ProofStale`].
pub fn change_password(
    tx: &mut Write<'_>,
    session: &Session,
    evidence: Option<&Evidence>,
    new: &PasswordHash,
    sign_out: bool,
) -> Result<std::result::Result<Profile, Error>> {
    let user = &session.user_id;
    let has_password = hold(tx, user)?.password.is_some();
    match evidence {
        Some(evidence) => {
            let event = session.did(Action::UserPasswordChange);
            if let Err(refusal) = prove(tx, user, evidence, &event)? {
                return Ok(Err(refusal));
            }
        }
        None if has_password => return Err(Error::ParamMissing("current_password")),
        None => session.is_fresh(tx.now())?,
    }
    let change = Change::new(
        Action::UserPasswordChange,
        vec![Edit::Password(Some(new.clone()))],
    );
    let changed = edit(tx, user, &change)?;
    if sign_out {
        sessions::revoke_others(tx, user, &session.id)?;
    }
    Ok(Ok(changed))
}

/// Deletes the user, if the application lets them.
///
/// # Errors
/// [`Unproven::DeleteSelfOff`]; [`Unproven::ProofStale`].
pub fn delete_self(tx: &mut Write<'_>, session: &Session) -> Result<()> {
    let user = &session.user_id;
    if !get(tx, user)?.delete_self_enabled {
        tx.attempt(Event::new(Action::UserDelete).user(user));
        return Err(Unproven::DeleteSelfOff.into());
    }
    session.is_fresh(tx.now())?;
    delete(tx, user)
}

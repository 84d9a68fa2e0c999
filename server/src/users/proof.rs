//! Whether somebody is the user: by the password, or by a code. Wrong ones are counted in the user's row, on every node
//! alike, and the hundredth locks the user for an hour.

use super::edit::LOCK_SECONDS;
use super::{Identifier, User, Verification, find, lock};
use crate::codes;
use crate::db::{FromRow, Row, Write, values};
use crate::error::{Error, Result, Unproven};
use crate::events::{Action, Event};
use crate::id::{IdentifierId, UserId};
use crate::passwords::PasswordHash;
use crate::stage::Stage;

/// How many wrong passwords and codes lock a user; Clerk's default.
pub const ATTEMPTS_MAX: i64 = 100;

/// What somebody shows to prove that they are the user.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// A password, held against the hash that the user had a moment ago. Checking takes long, so it is done before the write.
    Password {
        /// What it was held against.
        hash: PasswordHash,
        /// Whether it is the password.
        is_right: bool,
        /// What is said if it is not.
        refusal: Unproven,
    },
    /// A code for one of the user's verified identifiers.
    Code {
        /// Which one it was asked for.
        identifier: IdentifierId,
        /// The code.
        code: String,
        /// Which codes there are.
        stage: Stage,
    },
}

/// What a refusal did to its user.
struct Counted {
    failed: i64,
    refusals: i64,
}

impl FromRow for Counted {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            failed: row.take()?,
            refusals: row.take()?,
        })
    }
}

/// Holds what was shown against the user, whose row is locked from now on. A refusal is an outcome, not a failure: its count
/// and its record, which `event` describes, are committed.
pub fn prove(
    tx: &mut Write<'_>,
    id: &UserId,
    evidence: &Evidence,
    event: &Event,
) -> Result<std::result::Result<(), Error>> {
    // Nobody changes the password meanwhile.
    lock(tx, id)?;
    let Some(user) = find(tx, id)? else {
        return Ok(Err(Unproven::Gone.into()));
    };
    if let Err(refusal) = user.standing().may_sign_in(tx.now()) {
        return refuse(tx, &user, refusal, event, false).map(Err);
    }
    let refusal = match evidence {
        Evidence::Password {
            hash,
            is_right,
            refusal,
        } => {
            // One that was changed meanwhile was neither right nor a guess.
            let is_current = user.password.as_ref() == Some(hash);
            (!is_right || !is_current).then_some((*refusal, !is_right))
        }
        Evidence::Code {
            identifier,
            code,
            stage,
        } => match own(tx, &user, identifier)? {
            None => Some((Unproven::Gone, false)),
            Some(found) => (!codes::is_right(*stage, found.kind, &found.value, code))
                .then_some((Unproven::CodeWrong, true)),
        },
    };
    if let Some((refusal, counts)) = refusal {
        return refuse(tx, &user, refusal.into(), event, counts).map(Err);
    }
    tx.execute(
        "update users set failed_attempts = 0 where id = $1 and failed_attempts > 0",
        values![id],
    )?;
    Ok(Ok(()))
}

/// The user's own verified identifier with this id.
fn own(tx: &mut Write<'_>, user: &User, id: &IdentifierId) -> Result<Option<Identifier>> {
    let all = super::identifiers::of(tx, &user.id)?;
    Ok(all
        .into_iter()
        .find(|one| one.id == *id && one.status == Verification::Verified))
}

fn refuse(
    tx: &mut Write<'_>,
    user: &User,
    refusal: Error,
    event: &Event,
    counts: bool,
) -> Result<Error> {
    let counted: Vec<Counted> = tx.returning(
        "update users set refusals = refusals + 1, failed_attempts = failed_attempts + $2 where id = $1
         returning failed_attempts, refusals",
        values![&user.id, i64::from(counts)],
    )?;
    let Some(counted) = counted.first() else {
        return Ok(refusal);
    };
    let event = event.clone().refused(refusal.shown().code);
    if let Some(event) = event.of_many(counted.refusals) {
        tx.note(event);
    }
    if counts && counted.failed >= ATTEMPTS_MAX {
        let until = tx.now().plus_seconds(LOCK_SECONDS);
        tx.execute(
            "update users set locked_until = $2, failed_attempts = 0 where id = $1",
            values![&user.id, until],
        )?;
        tx.note(
            Event::new(Action::UserLock)
                .user(&user.id)
                .detail(format!("{ATTEMPTS_MAX} wrong passwords or codes")),
        );
        return Ok(Error::UserLocked);
    }
    Ok(refusal)
}

//! A session's user proves again who they are, so that an application may ask for that before something grave
//! (`reverification`). The proof under way is in the session's row; when it is given, the age that tokens tell (`fva`) starts
//! anew.

use super::{Meant, Session, find, of_page};
use crate::clients::Client;
use crate::clock::Time;
use crate::codes;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, Result, Unproven};
use crate::events::{Action, Event};
use crate::id::{IdentifierId, SessionId};
use crate::users::{self, Evidence};

/// How long a proof may take, in seconds. A code is asked for within one and is good for as long, so no code ends before the
/// proof that it is for.
const SECONDS: i64 = codes::SECONDS;

/// The session that a browser is signed in with, for what its user may do and no agent in the user's place.
///
/// # Errors
/// [`Error::AuthenticationInvalid`] for a browser that is not signed in, [`Error::UserReadOnly`] for one in which an agent acts.
pub fn of_user(tx: &mut Read<'_>, meant: Meant<'_>, now: Time) -> Result<(Client, Session)> {
    let (client, session) = of_page(tx, meant, now)?;
    if session.actor.is_some() {
        return Err(Error::UserReadOnly);
    }
    Ok((client, session))
}

/// A proof that is under way.
#[derive(Clone, Debug)]
pub struct Proof {
    begun_at: Option<Time>,
    /// For which identifier a code was asked for.
    pub identifier: Option<IdentifierId>,
    /// When.
    pub code_at: Option<Time>,
}

impl FromRow for Proof {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            begun_at: row.take()?,
            identifier: row.take()?,
            code_at: row.take()?,
        })
    }
}

/// Begins a proof; one that was under way is forgotten.
pub fn begin_proof(tx: &mut Write<'_>, session: &Session) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "update sessions set proof_begun_at = $2, proof_identifier_id = null, proof_code_at = null where id = $1",
        values![&session.id, now],
    )?;
    Ok(())
}

/// The proof that is under way in a session.
///
/// # Errors
/// [`Unproven::ProofMissing`].
pub fn proof(tx: &mut Read<'_>, id: &SessionId, now: Time) -> Result<Proof> {
    let found: Option<Proof> = tx.first(
        "select proof_begun_at, proof_identifier_id, proof_code_at from sessions where id = $1",
        values![id],
    )?;
    found
        .filter(|proof| {
            proof
                .begun_at
                .is_some_and(|at| now < at.plus_seconds(SECONDS))
        })
        .ok_or(Unproven::ProofMissing.into())
}

/// Notes that a code was asked for.
pub fn prepare_proof(
    tx: &mut Write<'_>,
    session: &Session,
    identifier: &IdentifierId,
) -> Result<()> {
    let now = tx.now();
    proof(tx, &session.id, now)?;
    tx.execute(
        "update sessions set proof_identifier_id = $2, proof_code_at = $3 where id = $1",
        values![&session.id, identifier, now],
    )?;
    Ok(())
}

impl Proof {
    /// The identifier whose code may be given.
    ///
    /// # Errors
    /// [`Unproven::CodeNotSent`].
    pub fn expects_code(&self) -> Result<IdentifierId> {
        let asked = self.identifier.clone();
        asked.ok_or(Unproven::CodeNotSent.into())
    }
}

/// Ends the proof that is under way with the evidence for it. A refusal is an outcome: it is counted and recorded.
///
/// # Errors
/// [`Unproven::ProofMissing`]: of two who give the same evidence one comes too late.
pub fn prove(
    tx: &mut Write<'_>,
    session: &Session,
    evidence: &Evidence,
) -> Result<std::result::Result<Session, Error>> {
    let now = tx.now();
    let event = session.event(Action::SessionVerify);
    // Locks the user's row first: both evidences are then looked at one after the other.
    if let Err(refusal) = users::prove(tx, &session.user_id, evidence, &event)? {
        return Ok(Err(refusal));
    }
    let ended = tx.execute(
        "update sessions set verified_at = $2, proof_begun_at = null, proof_identifier_id = null, proof_code_at = null
         where id = $1 and proof_begun_at is not null",
        values![&session.id, now],
    )?;
    if ended == 0 {
        return Err(Unproven::ProofMissing.into());
    }
    tx.note(event);
    find(tx, &session.id)?.map_or(Err(Error::SignedOut), |session| Ok(Ok(session)))
}

/// Whether the attempt to sign in or up with this id has opened its session.
pub fn is_opened(tx: &mut Read<'_>, attempt: &str) -> Result<bool> {
    let opened: Option<SessionId> = tx.first(
        "select id from sessions where attempt_id = $1",
        values![attempt],
    )?;
    Ok(opened.is_some())
}

/// Notes which attempt opened a session. Each opens one: should another node open one by it at this very moment, the unique
/// column has the write run again.
pub fn opened_by(tx: &mut Write<'_>, id: &SessionId, attempt: &str) -> Result<()> {
    tx.execute(
        "update sessions set attempt_id = $2 where id = $1",
        values![id, attempt],
    )?;
    Ok(())
}

/// How long a proof is enough for what is grave, in seconds.
const FRESH: i64 = 600;

impl Session {
    /// Refuses a session whose user has not proven themselves lately: one that was stolen, or left open, is not to end in the
    /// loss of the user.
    ///
    /// # Errors
    /// [`Unproven::ProofStale`].
    pub fn is_fresh(&self, now: Time) -> Result<()> {
        if now < self.proven_at().plus_seconds(FRESH) {
            Ok(())
        } else {
            Err(Unproven::ProofStale.into())
        }
    }

    /// When the user last proved who they are: at the sign-in, or later.
    pub fn proven_at(&self) -> Time {
        self.verified_at.unwrap_or(self.created_at)
    }

    /// An event that concerns this session's user, session and agent.
    pub fn did(&self, action: Action) -> Event {
        self.event(action)
    }
}

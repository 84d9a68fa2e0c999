//! Attempts to sign in by password or code. An attempt is sealed and travels in a cookie of its browser, so strangers write no
//! row however often they begin one, and any node goes on with it; what must not be forgotten, the wrong guesses, is counted
//! in the row of the user. An attempt opens one session, which the session's row remembers.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::codes;
use crate::db::{Read, Write};
use crate::error::{Error, Result, Unproven};
use crate::events::{Action, Event};
use crate::id::{IdentifierId, SignInId, UserId};
use crate::passwords::PasswordHash;
use crate::secret::{MasterKey, Purpose};
use crate::sessions::{self, Session, SignIn};
use crate::stage::Stage;
use crate::users::{self, Change, Edit, Evidence, IdentifierKind, Profile, Verification};
use crate::word::words;

/// How long an attempt may take, in seconds.
pub const SECONDS: i64 = 3600;

words! {
    /// How somebody proves who they are.
    pub enum Strategy {
        /// By the user's password.
        Password = "password",
        /// By a code for a verified e-mail address.
        EmailCode = "email_code",
        /// By a code for a verified phone number.
        PhoneCode = "phone_code",
        /// By a code for an e-mail address, to choose another password.
        ResetEmailCode = "reset_password_email_code",
        /// By a code for a phone number, to choose another password.
        ResetPhoneCode = "reset_password_phone_code",
    }
}

impl Strategy {
    /// What kind of identifier the code is for; `None` for a password.
    pub fn kind(self) -> Option<IdentifierKind> {
        match self {
            Self::Password => None,
            Self::EmailCode | Self::ResetEmailCode => Some(IdentifierKind::EmailAddress),
            Self::PhoneCode | Self::ResetPhoneCode => Some(IdentifierKind::PhoneNumber),
        }
    }

    /// Whether it leads to another password before it leads to a session.
    pub fn resets(self) -> bool {
        matches!(self, Self::ResetEmailCode | Self::ResetPhoneCode)
    }

    /// The one by a code for such an identifier that leads to another password.
    pub fn reset_by_code(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::EmailAddress => Self::ResetEmailCode,
            IdentifierKind::PhoneNumber => Self::ResetPhoneCode,
        }
    }

    /// The one by a code for such an identifier.
    pub fn by_code(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::EmailAddress => Self::EmailCode,
            IdentifierKind::PhoneNumber => Self::PhoneCode,
        }
    }
}

/// A code that was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Prepared {
    /// For what.
    pub strategy: Strategy,
    /// For which one.
    pub identifier: IdentifierId,
    /// When.
    pub at: Time,
}

/// An attempt to sign in, as its browser carries it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// The id, which changes with nothing.
    pub id: SignInId,
    /// When it began.
    pub begun_at: Time,
    /// What the user was named by.
    pub identifier: String,
    /// The user.
    pub user: UserId,
    /// The time zone of the browser, as it says.
    pub timezone: Option<String>,
    /// The code that was asked for.
    pub prepared: Option<Prepared>,
    /// When it was given, where another password is still to be chosen.
    pub proven_at: Option<Time>,
}

impl Attempt {
    /// The attempt as an opaque text.
    pub fn seal(&self, master: &MasterKey) -> Result<String> {
        master.seal_value(Purpose::SignIn, self)
    }

    /// Reads it; `None` for one that this instance did not make or that is too old.
    pub fn open(master: &MasterKey, text: &str, now: Time) -> Option<Self> {
        let attempt: Self = master.open_value(Purpose::SignIn, text)?;
        (now < attempt.abandon_at()).then_some(attempt)
    }

    /// When it ends.
    pub fn abandon_at(&self) -> Time {
        self.begun_at.plus_seconds(SECONDS)
    }

    /// The identifier whose code may be given now.
    ///
    /// # Errors
    /// [`Unproven::CodeNotSent`], [`Unproven::CodeExpired`].
    pub fn expects_code(&self, strategy: Strategy, now: Time) -> Result<IdentifierId> {
        match &self.prepared {
            Some(prepared) if prepared.strategy != strategy => Err(Unproven::CodeNotSent.into()),
            Some(prepared) if now < prepared.at.plus_seconds(codes::SECONDS) => {
                Ok(prepared.identifier.clone())
            }
            Some(_) => Err(Unproven::CodeExpired.into()),
            None => Err(Unproven::CodeNotSent.into()),
        }
    }

    /// Whether another password may be chosen now.
    pub fn expects_password(&self, now: Time) -> bool {
        self.proven_at
            .is_some_and(|at| now < at.plus_seconds(codes::SECONDS))
    }
}

/// The user of an identifier, if they may sign in.
///
/// # Errors
/// [`Unproven::IdentifierUnknown`], [`Error::UserBanned`], [`Error::UserLocked`].
pub fn identify(tx: &mut Read<'_>, identifier: &str, now: Time) -> Result<Profile> {
    let id = users::by_identifier(tx, identifier)?.ok_or(Unproven::IdentifierUnknown)?;
    let profile = users::profile(tx, &id)?;
    profile.user.standing().may_sign_in(now)?;
    Ok(profile)
}

/// The user of an attempt that has not opened its session yet, if they may sign in.
///
/// # Errors
/// [`Unproven::AlreadyVerified`], [`Unproven::Gone`], [`Error::UserBanned`], [`Error::UserLocked`].
pub fn of_attempt(tx: &mut Read<'_>, attempt: &Attempt, now: Time) -> Result<Profile> {
    if sessions::is_opened(tx, attempt.id.as_str())? {
        return Err(Unproven::AlreadyVerified.into());
    }
    let profile = match users::profile(tx, &attempt.user) {
        Err(Error::NotFound(..)) => return Err(Unproven::Gone.into()),
        found => found?,
    };
    profile.user.standing().may_sign_in(now)?;
    Ok(profile)
}

/// Asks for a code for one of the user's verified identifiers: the one that is named, else the one that names the user.
///
/// # Errors
/// [`Error::StrategyUnknown`] for a password, which needs no preparation, and for a reset of one that is not there;
/// [`Error::NotFound`], [`Unproven::SenderMissing`].
pub fn prepare(
    profile: &Profile,
    strategy: Strategy,
    named: Option<&IdentifierId>,
    stage: Stage,
    now: Time,
) -> Result<Prepared> {
    let kind = strategy.kind().ok_or(Error::StrategyUnknown)?;
    if strategy.resets() && profile.user.password.is_none() {
        return Err(Error::StrategyUnknown);
    }
    let verified =
        |one: &&users::Identifier| one.kind == kind && one.status == Verification::Verified;
    let mut all = profile.identifiers.iter().filter(verified);
    let primary = profile.user.primary(kind);
    let found = match named {
        Some(id) => all.find(|one| one.id == *id),
        None => all
            .clone()
            .find(|one| Some(&one.id) == primary)
            .or_else(|| all.next()),
    };
    let found = found.ok_or_else(|| {
        let named = named.map(ToString::to_string).unwrap_or_default();
        Error::NotFound(kind.as_str(), named)
    })?;
    codes::send(stage, kind, &found.value)?;
    Ok(Prepared {
        strategy,
        identifier: found.id.clone(),
        at: now,
    })
}

fn event(attempt: &Attempt, action: Action, strategy: Strategy) -> Event {
    Event::new(action)
        .user(&attempt.user)
        .detail(strategy.as_str())
}

/// How the evidence proves something.
fn strategy(attempt: &Attempt, evidence: &Evidence) -> Result<Strategy> {
    match (evidence, &attempt.prepared) {
        (Evidence::Password { .. }, _) => Ok(Strategy::Password),
        (Evidence::Code { .. }, Some(prepared)) => Ok(prepared.strategy),
        (Evidence::Code { .. }, None) => Err(Unproven::CodeNotSent.into()),
    }
}

/// Opens the session of an attempt with the evidence for it. A refusal is an outcome, not a failure: it is counted and
/// recorded.
///
/// # Errors
/// [`Unproven::AlreadyVerified`] for an attempt that has opened its session; without a trace.
pub fn accept(
    tx: &mut Write<'_>,
    attempt: &Attempt,
    evidence: &Evidence,
    sign_in: &SignIn,
) -> Result<std::result::Result<Session, Error>> {
    let strategy = strategy(attempt, evidence)?;
    if strategy.resets() {
        return Err(Error::StrategyUnknown);
    }
    // Locks the user's row: of two who show the same evidence at once, the second sees the session of the first.
    if let Err(refusal) = prove(tx, attempt, evidence)? {
        return Ok(Err(refusal));
    }
    open(tx, attempt, strategy, sign_in).map(Ok)
}

/// Holds the evidence against the user of an attempt, and opens nothing yet.
pub fn prove(
    tx: &mut Write<'_>,
    attempt: &Attempt,
    evidence: &Evidence,
) -> Result<std::result::Result<(), Error>> {
    let strategy = strategy(attempt, evidence)?;
    let refused = event(attempt, Action::SignInRefuse, strategy);
    users::prove(tx, &attempt.user, evidence, &refused)
}

fn open(
    tx: &mut Write<'_>,
    attempt: &Attempt,
    strategy: Strategy,
    sign_in: &SignIn,
) -> Result<Session> {
    if sessions::is_opened(tx, attempt.id.as_str())? {
        return Err(Unproven::AlreadyVerified.into());
    }
    let session = users::sign_in(tx, &attempt.user, sign_in)?;
    sessions::opened_by(tx, &session.id, attempt.id.as_str())?;
    tx.note(event(attempt, Action::SignInAccept, strategy).session(&session.id));
    Ok(session)
}

/// Gives the user of an attempt that was proven another password, and opens its session. Others end with it if that is wanted.
///
/// # Errors
/// [`Unproven::CodeNotSent`] for an attempt that is not that far; [`Unproven::AlreadyVerified`].
pub fn reset(
    tx: &mut Write<'_>,
    attempt: &Attempt,
    hash: &PasswordHash,
    sign_out: bool,
    sign_in: &SignIn,
) -> Result<Session> {
    let now = tx.now();
    of_attempt(tx, attempt, now)?;
    let strategy = attempt.prepared.as_ref().map(|prepared| prepared.strategy);
    let strategy = strategy.filter(|_| attempt.expects_password(now));
    let strategy = strategy.ok_or(Unproven::CodeNotSent)?;
    let password = vec![Edit::Password(Some(hash.clone()))];
    let change = Change::new(Action::UserPasswordChange, password);
    users::edit(tx, &attempt.user, &change)?;
    let session = open(tx, attempt, strategy, sign_in)?;
    if sign_out {
        sessions::revoke_others(tx, &attempt.user, &session.id)?;
    }
    Ok(session)
}

//! Users: the people that agents stand in for, with their names, metadata, bans and locks.
//!
//! Every change is a list of [`Edit`]s to one user, made while the user's row is held, with one audit record; so two
//! changes at once follow each other on both databases, and neither undoes the other.

mod edit;
mod export;
mod identifiers;
mod import;
mod own;
mod picture;
mod proof;
mod save;
mod search;

use serde_json::{Map, Value as Json};

use crate::clock::Time;
use crate::db::{FromRow, Query, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::{IdentifierId, OrganizationId, UserId};
use crate::organizations;
use crate::passwords::PasswordHash;
use crate::retention;
use crate::sessions::{self, Actor, NewSession, Session, SignIn, Whose};
pub use edit::{Edit, Metadata};
pub(crate) use edit::{merge, metadata_text};
pub use export::{Position, export};
pub use identifiers::{Identifier, IdentifierKind, NewIdentifier, Setting, Verification};
pub use identifiers::{add, are_free, by_address, get_identifier, remove, replace, set};
pub use import::{NewUser, Outcome, import};
pub use own::{add_own, attempt_code, change_password, delete_self, own, prepare_code, remove_own};
pub use picture::{full_name, goes_by, picture};
pub use proof::{ATTEMPTS_MAX, Evidence, prove};
pub(crate) use search::containing;
pub use search::{Filter, OrderBy, Range, Selection, count, fullest, list, named, newest, number};

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// The id, `sub` in tokens.
    pub id: UserId,
    /// In lower case; unique.
    pub username: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// As `en-US`.
    pub locale: Option<String>,
    /// As `Europe/Berlin`.
    pub timezone: Option<String>,
    /// The application's own id of this user; unique.
    pub external_id: Option<String>,
    /// The e-mail address to write to.
    pub primary_email_address: Option<IdentifierId>,
    /// The phone number to call.
    pub primary_phone_number: Option<IdentifierId>,
    /// Whatever `passwords.rs` made of the password.
    pub password: Option<PasswordHash>,
    /// When the password was last set.
    pub password_changed_at: Option<Time>,
    /// Seen by everyone, written by the application's server.
    pub public_metadata: Map<String, Json>,
    /// Seen and written by the application's server.
    pub private_metadata: Map<String, Json>,
    /// Seen and written by everyone.
    pub unsafe_metadata: Map<String, Json>,
    /// Since when the user may not be signed in.
    pub banned_at: Option<Time>,
    /// Until when the user may not be signed in.
    pub locked_until: Option<Time>,
    /// Whether pages may offer the user to delete itself.
    pub delete_self_enabled: bool,
    /// Whether pages may offer the user to create organizations.
    pub create_organization_enabled: bool,
    /// How many those may be; `None` is any number.
    pub create_organizations_limit: Option<i64>,
    /// When the user accepted the terms.
    pub legal_accepted_at: Option<Time>,
    /// The last sign-in.
    pub last_sign_in_at: Option<Time>,
    /// The last sign of life of any session.
    pub last_active_at: Option<Time>,
    /// When the user was made.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
    /// Wrong passwords and codes since the last right one.
    pub failed_attempts: i64,
}

/// Whether a user may be signed in, and nothing else of it.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    banned_at: Option<Time>,
    locked_until: Option<Time>,
}

impl Standing {
    /// Refuses a user who may not be signed in now.
    ///
    /// # Errors
    /// [`Error::UserBanned`], [`Error::UserLocked`].
    pub fn may_sign_in(&self, now: Time) -> Result<()> {
        if self.banned_at.is_some() {
            return Err(Error::UserBanned);
        }
        match self.locked_until {
            Some(until) if until > now => Err(Error::UserLocked),
            _ => Ok(()),
        }
    }
}

impl User {
    /// Whether the user may be signed in.
    pub fn standing(&self) -> Standing {
        Standing {
            banned_at: self.banned_at,
            locked_until: self.locked_until,
        }
    }
}

impl FromRow for Standing {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            banned_at: row.take()?,
            locked_until: row.take()?,
        })
    }
}

/// The standing of the user with this id, if there is one.
pub fn standing(tx: &mut Read<'_>, id: &UserId) -> Result<Option<Standing>> {
    tx.first(
        "select banned_at, locked_until from users where id = $1",
        values![id],
    )
}

/// Refuses a user who may not be signed in at this moment.
///
/// # Errors
/// [`Error::UserBanned`], [`Error::UserLocked`], [`Error::NotFound`].
pub fn may_sign_in(tx: &mut Write<'_>, id: &UserId) -> Result<()> {
    let now = tx.now();
    standing(tx, id)?
        .ok_or_else(|| Error::NotFound("user", id.to_string()))?
        .may_sign_in(now)
}

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "select u.id, u.username, u.first_name, u.last_name, u.locale, u.timezone, u.external_id, u.primary_email_address_id,
                    u.primary_phone_number_id, u.password_hash, u.password_changed_at, u.public_metadata,
                    u.private_metadata, u.unsafe_metadata, u.banned_at, u.locked_until, u.delete_self_enabled,
                    u.create_organization_enabled, u.create_organizations_limit, u.legal_accepted_at, u.last_sign_in_at, u.last_active_at,
                    u.created_at, u.updated_at, u.failed_attempts
             from users u ",
            $rest
        )
    };
}
use select;

impl FromRow for User {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            username: row.take()?,
            first_name: row.take()?,
            last_name: row.take()?,
            locale: row.take()?,
            timezone: row.take()?,
            external_id: row.take()?,
            primary_email_address: row.take()?,
            primary_phone_number: row.take()?,
            password: row.take()?,
            password_changed_at: row.take()?,
            public_metadata: json(row)?,
            private_metadata: json(row)?,
            unsafe_metadata: json(row)?,
            banned_at: row.take()?,
            locked_until: row.take()?,
            delete_self_enabled: row.take()?,
            create_organization_enabled: row.take()?,
            create_organizations_limit: row.take()?,
            legal_accepted_at: row.take()?,
            last_sign_in_at: row.take()?,
            last_active_at: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            failed_attempts: row.take()?,
        })
    }
}

pub(crate) fn json(row: &mut Row) -> Result<Map<String, Json>> {
    let text: String = row.take()?;
    serde_json::from_str(&text).map_err(|error| Error::Bug(format!("stored metadata: {error}")))
}

/// A user with its e-mail addresses and phone numbers.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The user.
    pub user: User,
    /// In the order in which they came.
    pub identifiers: Vec<Identifier>,
}

/// The user with this id, if there is one.
pub fn find(tx: &mut Read<'_>, id: &UserId) -> Result<Option<User>> {
    tx.first(select!("where u.id = $1"), values![id])
}

/// Locks the user's row and changes nothing of it: what is read of it afterwards stays true until the commit, and of two at once one comes after the
/// other.
pub fn lock(tx: &mut Write<'_>, id: &UserId) -> Result<()> {
    tx.execute(
        "update users set refusals = refusals where id = $1",
        values![id],
    )
    .map(|_| ())
}

/// The user with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Read<'_>, id: &UserId) -> Result<User> {
    find(tx, id)?.ok_or_else(|| Error::NotFound("user", id.to_string()))
}

/// The user with this id and its identifiers, if there is one.
pub fn find_profile(tx: &mut Read<'_>, id: &UserId) -> Result<Option<Profile>> {
    let Some(user) = find(tx, id)? else {
        return Ok(None);
    };
    let identifiers = identifiers::of(tx, id)?;
    Ok(Some(Profile { user, identifiers }))
}

/// The user with this id and its identifiers.
pub fn profile(tx: &mut Read<'_>, id: &UserId) -> Result<Profile> {
    Ok(Profile {
        user: get(tx, id)?,
        identifiers: identifiers::of(tx, id)?,
    })
}

/// The users with these ids and their identifiers, in any order.
pub fn profiles(tx: &mut Read<'_>, ids: &[&UserId]) -> Result<Vec<Profile>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Query::new(select!(""));
    let marks = query.marks(ids.iter().copied());
    query.and(&format!("u.id in ({marks})"));
    let users = query.all(tx)?;
    search::with_identifiers(tx, users)
}

/// The user who proved to hold this e-mail address or phone number, or has this username. Spaces around it and the case of
/// ASCII letters do not count; letters that only look alike are others.
pub fn by_identifier(tx: &mut Read<'_>, identifier: &str) -> Result<Option<UserId>> {
    let identifier = identifier.trim().to_ascii_lowercase();
    if let Some(id) = identifiers::holder(tx, &identifier)? {
        return Ok(Some(id));
    }
    tx.first(
        "select id from users where username = $1",
        values![identifier],
    )
}

/// In which organization a user's next session begins.
struct NextOrganization(Option<OrganizationId>);

impl FromRow for NextOrganization {
    fn from_row(row: &mut Row) -> Result<Self> {
        row.take().map(Self)
    }
}

/// Notes a sign-in. The condition stands in the statement itself, so a ban or lock that another node commits at this
/// moment is not overlooked.
///
/// Says in which organization the user's session begins where nothing else is asked for.
///
/// # Errors
/// [`Error::UserBanned`], [`Error::UserLocked`]; [`Error::NotFound`] when the user is gone.
pub fn signed_in(tx: &mut Write<'_>, id: &UserId) -> Result<Option<OrganizationId>> {
    let now = tx.now();
    let noted: Vec<NextOrganization> = tx.returning(
        "update users set last_sign_in_at = $2, last_active_at = $2
         where id = $1 and banned_at is null and (locked_until is null or locked_until <= $2)
         returning organization_id",
        values![id, now],
    )?;
    if let Some(NextOrganization(next)) = noted.into_iter().next() {
        return Ok(next);
    }
    may_sign_in(tx, id)?;
    Err(Error::Bug(format!("the sign-in of {id} was not noted")))
}

/// How long a session lasts that no task has a say in, in seconds: a week, Clerk's default.
const SESSION_SECONDS: i64 = 7 * 86_400;

/// Signs in a user who has proven at this browser who they are.
///
/// # Errors
/// As [`signed_in`]; [`Error::SessionRestricted`] where the browser has a session that must not be left so.
pub fn sign_in(tx: &mut Write<'_>, id: &UserId, sign_in: &SignIn) -> Result<Session> {
    sessions::may_be_left(tx, &sign_in.credentials)?;
    sign_in_at(tx, id, sign_in, None)
}

/// Signs a user in whom somebody else vouches for, in an organization where one is named.
///
/// # Errors
/// As [`signed_in`]; [`crate::error::OrganizationError::NotAMember`].
pub fn sign_in_at(
    tx: &mut Write<'_>,
    id: &UserId,
    sign_in: &SignIn,
    organization: Option<&OrganizationId>,
) -> Result<Session> {
    let next = signed_in(tx, id)?;
    if let Some(wanted) = organization {
        organizations::must_be_member(tx, id, wanted)?;
    }
    let new = NewSession {
        user: id,
        actor: None,
        seconds: SESSION_SECONDS,
        organization: organization.or(next.as_ref()),
        restricted: false,
    };
    sessions::open(tx, sign_in, new)
}

/// Signs somebody else in as a user, for so many seconds.
///
/// # Errors
/// As [`signed_in`].
pub fn act_for(
    tx: &mut Write<'_>,
    id: &UserId,
    actor: Actor,
    seconds: i64,
    sign_in: &SignIn,
) -> Result<Session> {
    let next = signed_in(tx, id)?;
    let new = NewSession {
        user: id,
        actor: Some(actor),
        seconds,
        organization: next.as_ref(),
        restricted: false,
    };
    sessions::open(tx, sign_in, new)
}

/// Makes a user with its identifiers; the first of each kind is the primary one.
///
/// # Errors
/// [`Error::IdentifierExists`] where somebody has one of them; what [`edit`] refuses.
pub fn create(
    tx: &mut Write<'_>,
    id: &UserId,
    identifiers: &[NewIdentifier],
    edits: &[Edit],
) -> Result<Profile> {
    let event = Event::new(Action::UserCreate).user(id);
    tx.attempt(event.clone());
    let NewUser { user, .. } = NewUser::new(id, identifiers.to_vec(), edits, tx.now())?;
    unique(tx, &user)?;
    save::insert(tx, &user)?;
    let identifiers: Result<Vec<_>> = identifiers
        .iter()
        .map(|new| identifiers::insert(tx, id, new))
        .collect();
    tx.note(event);
    Ok(Profile {
        identifiers: identifiers?,
        user,
    })
}

/// A change to a user, under the name that its record has.
#[derive(Clone, Debug)]
pub struct Change {
    /// What the record says.
    pub action: Action,
    /// What changes.
    pub edits: Vec<Edit>,
    /// Whether the user's sessions end with it. With a ban they do in any case.
    pub sign_out: bool,
}

impl Change {
    /// One that leaves the sessions alone, unless it is a ban.
    pub fn new(action: Action, edits: Vec<Edit>) -> Self {
        Self {
            action,
            edits,
            sign_out: false,
        }
    }
}

/// Makes all the changes to one user, or none of them.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::IdentifierExists`] for a username or external id that somebody has; and what is not
/// allowed about a username, a primary identifier or the size of metadata.
pub fn edit(tx: &mut Write<'_>, id: &UserId, change: &Change) -> Result<Profile> {
    let event = Event::new(change.action).user(id);
    tx.attempt(event.clone());
    let mut user = hold(tx, id)?;
    for edit in &change.edits {
        if let Edit::Primary(kind, primary) = edit {
            identifiers::may_be_primary(tx, id, *kind, primary)?;
        }
        user.apply(edit, tx.now())?;
    }
    unique(tx, &user)?;
    save::update(tx, &user)?;
    tx.note(event);
    let is_ban = |edit: &Edit| matches!(edit, Edit::Ban);
    if change.sign_out || change.edits.iter().any(is_ban) {
        sessions::revoke_all(tx, &Whose::User(id.clone()))?;
    }
    Ok(Profile {
        user,
        identifiers: identifiers::of(tx, id)?,
    })
}

/// Deletes a user with everything that is only the user's, and ends its sessions. What it did stays on record, by its id.
pub fn delete(tx: &mut Write<'_>, id: &UserId) -> Result<()> {
    let event = Event::new(Action::UserDelete).user(id);
    tx.attempt(event.clone());
    let gone = hold(tx, id)?;
    organizations::remove_of_user(tx, id)?;
    retention::forget_user(tx, id)?;
    tx.execute("delete from identifiers where user_id = $1", values![id])?;
    tx.execute("delete from users where id = $1", values![id])?;
    tx.note(event.gone(gone));
    sessions::revoke_all(tx, &Whose::User(id.clone())).map(|_| ())
}

/// Refuses a username or external id that another user has. The house looks before it writes: should another node give it
/// away at this very moment, the unique column has this write run again.
fn unique(tx: &mut Read<'_>, user: &User) -> Result<()> {
    for (param, value, sql) in [
        (
            "username",
            &user.username,
            "select id from users where username = $1 and id <> $2",
        ),
        (
            "external_id",
            &user.external_id,
            "select id from users where external_id = $1 and id <> $2",
        ),
    ] {
        if let Some(value) = value
            && tx.first::<UserId>(sql, values![value, &user.id])?.is_some()
        {
            return Err(Error::IdentifierExists(param));
        }
    }
    Ok(())
}

/// Refuses a user to be made who wants a username that another one has.
///
/// # Errors
/// [`Error::IdentifierExists`].
pub fn is_free(tx: &mut Read<'_>, new: &NewUser) -> Result<()> {
    unique(tx, &new.user)
}

/// Reads a user who will be changed. The update takes the row's lock, so what is read stays true until the commit.
fn hold(tx: &mut Write<'_>, id: &UserId) -> Result<User> {
    let now = tx.now();
    tx.execute(
        "update users set updated_at = $2 where id = $1",
        values![id, now],
    )?;
    get(tx, id)
}

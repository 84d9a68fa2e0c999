//! Users: the people that agents stand in for, with their names, metadata, bans and locks.
//!
//! Every change is a list of [`Edit`]s to one user, made while the user's row is held, with one audit record; so two
//! changes at once follow each other on both databases, and neither undoes the other.

mod edit;
mod identifiers;
mod search;

use serde_json::{Map, Value as Json};

use crate::audit::{self, Caller, Entry};
use crate::clock::Time;
use crate::db::{FromRow, Row, Tx, values};
use crate::error::{Error, Result};
use crate::id::{IdentifierId, UserId};
use crate::passwords::PasswordHash;
pub use edit::{Edit, Metadata};
pub use identifiers::{Identifier, Kind, NewIdentifier, Status};
pub use identifiers::{add, get_identifier, remove, replace, set};
pub use search::{Filter, OrderBy, Page, Range, count, list};

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// In lower case; unique.
    pub username: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// As `en-US`.
    pub locale: Option<String>,
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
}

impl User {
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

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "select u.id, u.username, u.first_name, u.last_name, u.locale, u.external_id, u.primary_email_address_id,
                    u.primary_phone_number_id, u.password_hash, u.password_changed_at, u.public_metadata,
                    u.private_metadata, u.unsafe_metadata, u.banned_at, u.locked_until, u.delete_self_enabled,
                    u.create_organization_enabled, u.legal_accepted_at, u.last_sign_in_at, u.last_active_at,
                    u.created_at, u.updated_at
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
            legal_accepted_at: row.take()?,
            last_sign_in_at: row.take()?,
            last_active_at: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

fn json(row: &mut Row) -> Result<Map<String, Json>> {
    let text: String = row.take()?;
    serde_json::from_str(&text).map_err(|error| Error::Bug(format!("stored metadata: {error}")))
}

fn text(map: &Map<String, Json>) -> String {
    serde_json::Value::Object(map.clone()).to_string()
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
pub fn find(tx: &mut Tx<'_>, id: &UserId) -> Result<Option<User>> {
    tx.first(select!("where u.id = $1"), values![id])
}

/// The user with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Tx<'_>, id: &UserId) -> Result<User> {
    find(tx, id)?.ok_or_else(|| Error::NotFound("user", id.to_string()))
}

/// The user with this id and its identifiers.
pub fn profile(tx: &mut Tx<'_>, id: &UserId) -> Result<Profile> {
    Ok(Profile {
        user: get(tx, id)?,
        identifiers: identifiers::of(tx, id)?,
    })
}

/// The user who proved to hold this e-mail address or phone number, or has this username; in any case, spaces around it
/// do not count.
pub fn by_identifier(tx: &mut Tx<'_>, identifier: &str) -> Result<Option<User>> {
    tx.first(
        select!(
            "where u.username = $1
                or u.id = (select i.user_id from identifiers i where i.value = $1 and i.status = 'verified')"
        ),
        values![identifier.trim().to_lowercase()],
    )
}

/// Notes a sign-in. The condition stands in the statement itself, so a ban or lock that another node commits at this
/// moment is not overlooked.
///
/// # Errors
/// [`Error::UserBanned`], [`Error::UserLocked`]; [`Error::NotFound`] when the user is gone.
pub fn signed_in(tx: &mut Tx<'_>, id: &UserId, at: Time) -> Result<()> {
    let noted = tx.execute(
        "update users set last_sign_in_at = $2, last_active_at = $2
         where id = $1 and banned_at is null and (locked_until is null or locked_until <= $2)",
        values![id, at],
    )?;
    if noted == 1 {
        return Ok(());
    }
    get(tx, id)?.may_sign_in(at)?;
    Err(Error::Bug(format!("the sign-in of {id} was not noted")))
}

/// Makes a user with its identifiers; the first of each kind is the primary one.
///
/// # Errors
/// [`Error::IdentifierExists`] where somebody has one of them; what [`edit`] refuses.
pub fn create(
    tx: &mut Tx<'_>,
    id: &UserId,
    identifiers: &[NewIdentifier],
    edits: &[Edit],
    by: &Caller,
) -> Result<Profile> {
    tx.execute(
        "insert into users (id, public_metadata, private_metadata, unsafe_metadata, delete_self_enabled,
                            create_organization_enabled, created_at, updated_at)
         values ($1, '{}', '{}', '{}', 1, 1, $2, $2)",
        values![id, by.at],
    )?;
    let mut user = get(tx, id)?;
    for new in identifiers {
        identifiers::insert(tx, id, new, by.at)?;
        if user.primary(new.kind).is_none() {
            user.apply(&Edit::Primary(new.kind, new.id.clone()), by.at)?;
        }
    }
    for edit in edits {
        user.apply(edit, by.at)?;
    }
    save(tx, &user)?;
    record(tx, by, "user.create", id, None)?;
    profile(tx, id)
}

/// Makes all the changes to one user, or none of them.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::IdentifierExists`] for a username or external id that somebody has; and what is not
/// allowed about a username or a primary identifier.
pub fn edit(
    tx: &mut Tx<'_>,
    id: &UserId,
    action: &str,
    edits: &[Edit],
    by: &Caller,
) -> Result<Profile> {
    let mut user = hold(tx, id, by.at)?;
    for edit in edits {
        if let Edit::Primary(kind, primary) = edit {
            identifiers::may_be_primary(tx, id, *kind, primary)?;
        }
        user.apply(edit, by.at)?;
    }
    save(tx, &user)?;
    record(tx, by, action, id, None)?;
    profile(tx, id)
}

/// Deletes a user with everything that is only the user's. The caller ends its sessions, in the same transaction.
pub fn delete(tx: &mut Tx<'_>, id: &UserId, by: &Caller) -> Result<()> {
    hold(tx, id, by.at)?;
    tx.execute("delete from identifiers where user_id = $1", values![id])?;
    tx.execute("delete from users where id = $1", values![id])?;
    record(tx, by, "user.delete", id, None)
}

/// Reads a user who will be changed. The update takes the row's lock, so what is read stays true until the commit.
fn hold(tx: &mut Tx<'_>, id: &UserId, at: Time) -> Result<User> {
    tx.execute(
        "update users set updated_at = $2 where id = $1",
        values![id, at],
    )?;
    get(tx, id)
}

/// Writes back a user that was just made or is held.
fn save(tx: &mut Tx<'_>, user: &User) -> Result<()> {
    let saved = tx.execute(
        "update users set username = $2, first_name = $3, last_name = $4, locale = $5, external_id = $6,
                          primary_email_address_id = $7, primary_phone_number_id = $8, password_hash = $9,
                          password_changed_at = $10, public_metadata = $11, private_metadata = $12,
                          unsafe_metadata = $13, banned_at = $14, locked_until = $15, delete_self_enabled = $16,
                          create_organization_enabled = $17, legal_accepted_at = $18, created_at = $19
         where id = $1",
        values![
            &user.id,
            user.username.as_ref(),
            user.first_name.as_ref(),
            user.last_name.as_ref(),
            user.locale.as_ref(),
            user.external_id.as_ref(),
            user.primary_email_address.as_ref(),
            user.primary_phone_number.as_ref(),
            user.password.as_ref(),
            user.password_changed_at,
            text(&user.public_metadata),
            text(&user.private_metadata),
            text(&user.unsafe_metadata),
            user.banned_at,
            user.locked_until,
            user.delete_self_enabled,
            user.create_organization_enabled,
            user.legal_accepted_at,
            user.created_at,
        ],
    );
    match saved {
        Ok(_) => Ok(()),
        Err(Error::Conflict(why)) if why.contains("external_id") => {
            Err(Error::IdentifierExists("external_id"))
        }
        Err(Error::Conflict(_)) => Err(Error::IdentifierExists("username")),
        Err(error) => Err(error),
    }
}

fn record(
    tx: &mut Tx<'_>,
    by: &Caller,
    action: &str,
    user: &UserId,
    detail: Option<&str>,
) -> Result<()> {
    audit::record(
        tx,
        by,
        &Entry {
            action,
            user: Some(user),
            detail,
            ..Entry::default()
        },
    )
}

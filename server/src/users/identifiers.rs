//! E-mail addresses and phone numbers. One that is verified or reserved has one owner: the database sees to it.

use email_address::{EmailAddress, Options};

use super::{Edit, User, hold, record, save};
use crate::audit::Caller;
use crate::clock::Time;
use crate::db::{FromRow, FromValue, Row, Tx, Value, values};
use crate::error::{Error, Result};
use crate::id::{IdentifierId, UserId};

/// The kind of an identifier; its name is also that of the parameter and of the JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An e-mail address, in lower case.
    EmailAddress,
    /// A phone number in E.164 (`+15555550100`).
    PhoneNumber,
}

impl Kind {
    /// As it travels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmailAddress => "email_address",
            Self::PhoneNumber => "phone_number",
        }
    }

    /// The form in which a value is kept and compared.
    ///
    /// # Errors
    /// [`Error::ParamFormat`].
    pub fn normal(self, text: &str) -> Result<String> {
        let text = text.trim();
        let (sound, wanted) = match self {
            Self::EmailAddress => (is_email_address(text), "an e-mail address"),
            Self::PhoneNumber => (
                is_phone_number(text),
                "a phone number in E.164, as +15555550100",
            ),
        };
        if sound {
            Ok(text.to_lowercase())
        } else {
            Err(Error::ParamFormat(self.as_str(), wanted))
        }
    }
}

/// RFC 5322, without display names and address literals.
fn is_email_address(text: &str) -> bool {
    let options = Options::default()
        .without_display_text()
        .without_domain_literal();
    EmailAddress::parse_with_options(text, options).is_ok()
}

/// E.164: a country code that does not begin with 0, at most 15 digits in all.
fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// How far an identifier is its user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Proven, or declared so by the application.
    Verified,
    /// Not proven, and nobody else may have it.
    Reserved,
    /// Neither.
    Unverified,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Verified, Self::Reserved, Self::Unverified];

    /// As it travels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Reserved => "reserved",
            Self::Unverified => "unverified",
        }
    }

    /// What the unique column holds.
    fn claim(self, kind: Kind, value: &str) -> Option<String> {
        (self != Self::Unverified).then(|| format!("{}:{value}", kind.as_str()))
    }
}

impl FromValue for Kind {
    fn from_value(value: Value) -> Result<Self> {
        let text = String::from_value(value)?;
        [Self::EmailAddress, Self::PhoneNumber]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Error::Bug(format!("stored kind of identifier: {text}")))
    }
}

impl FromValue for Status {
    fn from_value(value: Value) -> Result<Self> {
        let text = String::from_value(value)?;
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Error::Bug(format!("stored status of an identifier: {text}")))
    }
}

/// An e-mail address or phone number of a user.
#[derive(Clone, Debug)]
pub struct Identifier {
    /// Its id.
    pub id: IdentifierId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is.
    pub kind: Kind,
    /// In its normal form.
    pub value: String,
    /// How far it is the user's.
    pub status: Status,
    /// When it was added.
    pub created_at: Time,
    /// When its status last changed.
    pub updated_at: Time,
}

impl FromRow for Identifier {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            user_id: row.take()?,
            kind: row.take()?,
            value: row.take()?,
            status: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

/// An identifier to be added.
#[derive(Clone, Debug)]
pub struct NewIdentifier {
    /// Its id; of several at once the smaller ones come first.
    pub id: IdentifierId,
    /// What it is.
    pub kind: Kind,
    /// In its normal form.
    pub value: String,
    /// How far it is the user's.
    pub status: Status,
}

impl User {
    /// The primary identifier of a kind.
    pub fn primary(&self, kind: Kind) -> Option<&IdentifierId> {
        match kind {
            Kind::EmailAddress => self.primary_email_address.as_ref(),
            Kind::PhoneNumber => self.primary_phone_number.as_ref(),
        }
    }

    fn set_primary(&mut self, kind: Kind, id: Option<IdentifierId>) {
        match kind {
            Kind::EmailAddress => self.primary_email_address = id,
            Kind::PhoneNumber => self.primary_phone_number = id,
        }
    }
}

const COLUMNS: &str =
    "select id, user_id, kind, value, status, created_at, updated_at from identifiers";

/// The identifiers of one user, oldest first.
pub(super) fn of(tx: &mut Tx<'_>, user: &UserId) -> Result<Vec<Identifier>> {
    of_all(tx, &[user])
}

/// The identifiers of several users, oldest first.
pub(super) fn of_all(tx: &mut Tx<'_>, users: &[&UserId]) -> Result<Vec<Identifier>> {
    let marks: Vec<_> = (1..=users.len()).map(|n| format!("${n}")).collect();
    let ids: Vec<_> = users.iter().map(|id| Value::from(*id)).collect();
    let sql = format!("{COLUMNS} where user_id in ({})", marks.join(", "));
    let mut found: Vec<Identifier> = tx.all(&sql, &ids)?;
    // Sorted here and not by the database, whose order of letters depends on where it was set up.
    found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(found)
}

/// The identifier of this kind with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get_identifier(tx: &mut Tx<'_>, kind: Kind, id: &IdentifierId) -> Result<Identifier> {
    tx.first(
        &format!("{COLUMNS} where id = $1 and kind = $2"),
        values![id, kind.as_str()],
    )?
    .ok_or_else(|| Error::NotFound(kind.as_str(), id.to_string()))
}

/// Inserts the row. Whoever adds an unverified one may not have it already, nor may anybody own it.
pub(super) fn insert(tx: &mut Tx<'_>, user: &UserId, new: &NewIdentifier, at: Time) -> Result<()> {
    let exists = || Error::IdentifierExists(new.kind.as_str());
    let others: i64 = tx.one(
        "select count(*) from identifiers where kind = $1 and value = $2 and (user_id = $3 or claimed is not null)",
        values![new.kind.as_str(), &new.value, user],
    )?;
    if others > 0 {
        return Err(exists());
    }
    let inserted = tx.execute(
        "insert into identifiers (id, user_id, kind, value, status, claimed, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        values![
            &new.id,
            user,
            new.kind.as_str(),
            &new.value,
            new.status.as_str(),
            new.status.claim(new.kind, &new.value),
            at,
        ],
    );
    match inserted {
        Err(Error::Conflict(_)) => Err(exists()),
        other => other.map(|_| ()),
    }
}

/// Adds an identifier; it becomes the primary one of its kind when asked for or when it is the first.
///
/// # Errors
/// [`Error::NotFound`] for the user, [`Error::IdentifierExists`].
pub fn add(
    tx: &mut Tx<'_>,
    user: &UserId,
    new: &NewIdentifier,
    primary: bool,
    by: &Caller,
) -> Result<Identifier> {
    let mut holder = hold(tx, user, by.at)?;
    insert(tx, user, new, by.at)?;
    if primary || holder.primary(new.kind).is_none() {
        holder.set_primary(new.kind, Some(new.id.clone()));
        save(tx, &holder)?;
    }
    record(tx, by, "user.identifier_add", user, Some(new.id.as_str()))?;
    get_identifier(tx, new.kind, &new.id)
}

/// Puts one identifier in the place of all that the user has of its kind.
///
/// # Errors
/// As [`add`].
pub fn replace(
    tx: &mut Tx<'_>,
    user: &UserId,
    new: &NewIdentifier,
    by: &Caller,
) -> Result<Identifier> {
    let mut holder = hold(tx, user, by.at)?;
    tx.execute(
        "delete from identifiers where user_id = $1 and kind = $2",
        values![user, new.kind.as_str()],
    )?;
    insert(tx, user, new, by.at)?;
    holder.set_primary(new.kind, Some(new.id.clone()));
    save(tx, &holder)?;
    record(
        tx,
        by,
        "user.identifier_replace",
        user,
        Some(new.id.as_str()),
    )?;
    get_identifier(tx, new.kind, &new.id)
}

/// Changes what is known of an identifier: its status, and whether it is the primary one.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::IdentifierExists`] where somebody else has proven to hold it.
pub fn set(
    tx: &mut Tx<'_>,
    (kind, id): (Kind, &IdentifierId),
    verified: Option<bool>,
    primary: bool,
    by: &Caller,
) -> Result<Identifier> {
    let identifier = get_identifier(tx, kind, id)?;
    let mut holder = hold(tx, &identifier.user_id, by.at)?;
    if let Some(verified) = verified {
        let status = if verified {
            Status::Verified
        } else {
            Status::Unverified
        };
        tx.execute(
            "update identifiers set status = $2, claimed = $3, updated_at = $4 where id = $1",
            values![
                id,
                status.as_str(),
                status.claim(kind, &identifier.value),
                by.at
            ],
        )
        .map_err(|error| match error {
            Error::Conflict(_) => Error::IdentifierExists(kind.as_str()),
            other => other,
        })?;
    }
    if primary {
        may_be_primary(tx, &holder.id, kind, id)?;
        holder.apply(&Edit::Primary(kind, id.clone()), by.at)?;
        save(tx, &holder)?;
    }
    record(
        tx,
        by,
        "user.identifier_update",
        &holder.id,
        Some(id.as_str()),
    )?;
    get_identifier(tx, kind, id)
}

/// Removes an identifier; where it was the primary one, the oldest verified one left takes its place.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::LastIdentifier`] where nothing would be left to name the user by.
pub fn remove(tx: &mut Tx<'_>, kind: Kind, id: &IdentifierId, by: &Caller) -> Result<()> {
    let identifier = get_identifier(tx, kind, id)?;
    let mut holder = hold(tx, &identifier.user_id, by.at)?;
    let mut left = of(tx, &holder.id)?;
    left.retain(|one| one.id != *id && one.status != Status::Unverified);
    if left.is_empty() && holder.username.is_none() && identifier.status != Status::Unverified {
        return Err(Error::LastIdentifier);
    }
    tx.execute("delete from identifiers where id = $1", values![id])?;
    if holder.primary(kind) == Some(id) {
        let next = left
            .into_iter()
            .find(|one| one.kind == kind && one.status == Status::Verified);
        holder.set_primary(kind, next.map(|one| one.id));
        save(tx, &holder)?;
    }
    record(
        tx,
        by,
        "user.identifier_remove",
        &holder.id,
        Some(id.as_str()),
    )
}

/// Only a verified identifier of the user's own becomes the primary one.
pub(super) fn may_be_primary(
    tx: &mut Tx<'_>,
    user: &UserId,
    kind: Kind,
    id: &IdentifierId,
) -> Result<()> {
    let (param, wanted) = match kind {
        Kind::EmailAddress => (
            "primary_email_address_id",
            "the id of a verified e-mail address of this user",
        ),
        Kind::PhoneNumber => (
            "primary_phone_number_id",
            "the id of a verified phone number of this user",
        ),
    };
    match get_identifier(tx, kind, id) {
        Ok(found) if found.user_id == *user && found.status == Status::Verified => Ok(()),
        Ok(_) | Err(Error::NotFound(..)) => Err(Error::ParamValue(param, wanted.into())),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_brought_to_one_form_or_refused() {
        for (kind, text, wanted) in [
            (
                Kind::EmailAddress,
                " Ada@Example.COM ",
                Some("ada@example.com"),
            ),
            (Kind::EmailAddress, "ada", None),
            (Kind::EmailAddress, "Ada <ada@example.com>", None),
            (Kind::EmailAddress, "ada@[127.0.0.1]", None),
            (Kind::EmailAddress, "", None),
            (Kind::PhoneNumber, "+15555550100", Some("+15555550100")),
            (Kind::PhoneNumber, "5555550100", None),
            (Kind::PhoneNumber, "+05555550100", None),
            (Kind::PhoneNumber, "+1 555 555 0100", None),
            (Kind::PhoneNumber, "+1234567890123456", None),
        ] {
            assert_eq!(kind.normal(text).ok().as_deref(), wanted, "{text}");
        }
    }
}

//! E-mail addresses and phone numbers. One that is verified or reserved has one owner: the database sees to it.

use email_address::{EmailAddress, Options};

use super::{User, hold, save};
use crate::clock::Time;
use crate::db::{self, FromRow, Query, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::{IdentifierId, UserId};
use crate::word::words;

words! {
    /// The kind of an identifier; its word is also the name of the parameter and of the JSON object.
    pub enum IdentifierKind {
        /// An e-mail address, its ASCII letters in lower case.
        EmailAddress = "email_address",
        /// A phone number in E.164 (`+15555550100`).
        PhoneNumber = "phone_number",
    }
}

words! {
    /// How far an identifier is proven to be its user's (`identification_status`).
    pub enum Verification {
        /// Proven, or declared so by the application.
        Verified = "verified",
        /// Not proven, and nobody else may have it.
        Reserved = "reserved",
        /// Neither.
        Unverified = "unverified",
    }
}

impl Verification {
    /// What the unique column holds.
    fn claim(self, kind: IdentifierKind, value: &str) -> Option<String> {
        (self != Self::Unverified).then(|| claim(kind, value))
    }
}

impl NewIdentifier {
    /// What the unique column will hold.
    pub(super) fn claim(&self) -> Option<String> {
        self.status.claim(self.kind, &self.value)
    }
}

pub(super) fn claim(kind: IdentifierKind, value: &str) -> String {
    format!("{}:{value}", kind.as_str())
}

impl IdentifierKind {
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
            Ok(text.to_ascii_lowercase())
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

/// An e-mail address or phone number of a user.
#[derive(Clone, Debug)]
pub struct Identifier {
    /// The id by which users name their primary one.
    pub id: IdentifierId,
    /// The user who has it.
    pub user_id: UserId,
    /// E-mail address or phone number.
    pub kind: IdentifierKind,
    /// The address or number, in the form that [`IdentifierKind::normal`] gives it.
    pub value: String,
    /// How far it is proven to be the user's.
    pub status: Verification,
    /// When it was added.
    pub created_at: Time,
    /// When its status last changed.
    pub updated_at: Time,
    /// When its user last asked for a code to prove that it is theirs.
    pub code_at: Option<Time>,
    /// How many wrong codes came since.
    pub code_wrong: i64,
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
            code_at: row.take()?,
            code_wrong: row.take()?,
        })
    }
}

/// An identifier to be added.
#[derive(Clone, Debug)]
pub struct NewIdentifier {
    /// The id it will have; of several at once the smaller ones come first.
    pub id: IdentifierId,
    /// E-mail address or phone number.
    pub kind: IdentifierKind,
    /// The address or number, in its normal form.
    pub value: String,
    /// How far it is proven to be the user's.
    pub status: Verification,
}

impl User {
    /// The primary identifier of a kind.
    pub fn primary(&self, kind: IdentifierKind) -> Option<&IdentifierId> {
        match kind {
            IdentifierKind::EmailAddress => self.primary_email_address.as_ref(),
            IdentifierKind::PhoneNumber => self.primary_phone_number.as_ref(),
        }
    }

    pub(super) fn set_primary(&mut self, kind: IdentifierKind, id: Option<IdentifierId>) {
        match kind {
            IdentifierKind::EmailAddress => self.primary_email_address = id,
            IdentifierKind::PhoneNumber => self.primary_phone_number = id,
        }
    }
}

const COLUMNS: &str = "select id, user_id, kind, value, status, created_at, updated_at, code_at, code_wrong from identifiers";

/// The identifiers of one user, oldest first.
pub(super) fn of(tx: &mut Read<'_>, user: &UserId) -> Result<Vec<Identifier>> {
    of_all(tx, &[user])
}

/// The identifiers of several users, oldest first.
pub(super) fn of_all(tx: &mut Read<'_>, users: &[&UserId]) -> Result<Vec<Identifier>> {
    let mut query = Query::new(COLUMNS);
    let marks = query.marks(users.iter().copied());
    query.and(&format!("user_id in ({marks})"));
    let mut found: Vec<Identifier> = query.all(tx)?;
    // Sorted here and not by the database, whose order of letters depends on where it was set up.
    found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(found)
}

/// The user who proved to hold this value, in its normal form, as an identifier of whichever kind.
pub(super) fn holder(tx: &mut Read<'_>, value: &str) -> Result<Option<UserId>> {
    tx.first(
        "select user_id from identifiers where claimed in ($1, $2) and status = 'verified'",
        values![
            claim(IdentifierKind::EmailAddress, value),
            claim(IdentifierKind::PhoneNumber, value)
        ],
    )
}

/// The user who proved to hold this e-mail address, in its normal form.
pub fn by_address(tx: &mut Read<'_>, address: &str) -> Result<Option<UserId>> {
    tx.first(
        "select user_id from identifiers where claimed = $1 and status = 'verified'",
        values![claim(IdentifierKind::EmailAddress, address)],
    )
}

/// Restricts a query on `users u` to those with one of these values, proven or not.
pub(super) fn held(query: &mut Query, kind: IdentifierKind, values: &[String]) {
    let claims = query.marks(values.iter().map(|value| claim(kind, value)));
    let (word, values) = (query.mark(kind), query.marks(values));
    query.and(&format!(
        "u.id in (select user_id from identifiers where claimed in ({claims})
                  union select user_id from identifiers where claimed is null and kind = {word} and value in ({values}))"
    ));
}

/// The identifier of this kind with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get_identifier(
    tx: &mut Read<'_>,
    kind: IdentifierKind,
    id: &IdentifierId,
) -> Result<Identifier> {
    tx.first(
        &format!("{COLUMNS} where id = $1 and kind = $2"),
        values![id, kind],
    )?
    .ok_or_else(|| Error::NotFound(kind.as_str(), id.to_string()))
}

/// Refuses identifiers of which somebody has one.
///
/// # Errors
/// [`Error::IdentifierExists`].
pub fn are_free(tx: &mut Read<'_>, identifiers: &[NewIdentifier]) -> Result<()> {
    for new in identifiers {
        let other: Option<IdentifierId> = tx.first(
            "select id from identifiers where claimed = $1",
            values![new.claim()],
        )?;
        if other.is_some() {
            return Err(Error::IdentifierExists(new.kind.as_str()));
        }
    }
    Ok(())
}

/// Inserts the row. Whoever adds one may not have it already, nor may anybody own it.
pub(super) fn insert(tx: &mut Write<'_>, user: &UserId, new: &NewIdentifier) -> Result<Identifier> {
    let now = tx.now();
    let other: Option<IdentifierId> = tx.first(
        "select id from identifiers where claimed = $1 or (user_id = $2 and kind = $3 and value = $4)",
        values![claim(new.kind, &new.value), user, new.kind, &new.value],
    )?;
    if other.is_some() {
        return Err(Error::IdentifierExists(new.kind.as_str()));
    }
    insert_all(tx, &[(user, new)])?;
    Ok(Identifier {
        id: new.id.clone(),
        user_id: user.clone(),
        kind: new.kind,
        value: new.value.clone(),
        status: new.status,
        created_at: now,
        updated_at: now,
        code_at: None,
        code_wrong: 0,
    })
}

/// Inserts the rows of those who may have them.
pub(super) fn insert_all(tx: &mut Write<'_>, all: &[(&UserId, &NewIdentifier)]) -> Result<()> {
    let now = tx.now();
    let rows = all.iter().map(|(user, new)| {
        values![
            &new.id,
            *user,
            new.kind,
            &new.value,
            new.status,
            new.claim(),
            now,
            now,
        ]
        .to_vec()
    });
    db::insert_all(
        tx,
        "insert into identifiers (id, user_id, kind, value, status, claimed, created_at, updated_at)",
        rows.collect(),
    )
}

pub(super) fn event(action: Action, user: &UserId, id: &IdentifierId) -> Event {
    Event::new(action).user(user).detail(id.as_str())
}

/// Adds an identifier; it becomes the primary one of its kind when asked for or when it is the first.
///
/// # Errors
/// [`Error::NotFound`] for the user, [`Error::IdentifierExists`].
pub fn add(
    tx: &mut Write<'_>,
    user: &UserId,
    new: &NewIdentifier,
    primary: bool,
) -> Result<Identifier> {
    let event = event(Action::UserIdentifierAdd, user, &new.id);
    tx.attempt(event.clone());
    let mut holder = hold(tx, user)?;
    let made = insert(tx, user, new)?;
    if primary || holder.primary(new.kind).is_none() {
        holder.set_primary(new.kind, Some(new.id.clone()));
        save::update(tx, &holder)?;
    }
    tx.note(event);
    Ok(made)
}

/// Puts one identifier in the place of all that the user has of its kind.
///
/// # Errors
/// As [`add`].
pub fn replace(tx: &mut Write<'_>, user: &UserId, new: &NewIdentifier) -> Result<Identifier> {
    let event = event(Action::UserIdentifierReplace, user, &new.id);
    tx.attempt(event.clone());
    let mut holder = hold(tx, user)?;
    tx.execute(
        "delete from identifiers where user_id = $1 and kind = $2",
        values![user, new.kind],
    )?;
    let made = insert(tx, user, new)?;
    holder.set_primary(new.kind, Some(new.id.clone()));
    save::update(tx, &holder)?;
    tx.note(event);
    Ok(made)
}

/// What shall be known of an identifier from now on. What is `None` or false stays as it is.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Whether it is proven to be the user's.
    pub verified: Option<bool>,
    /// Make it the primary one of its kind.
    pub primary: bool,
}

/// Changes what is known of an identifier.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::IdentifierExists`] where somebody else has proven to hold it.
pub fn set(
    tx: &mut Write<'_>,
    kind: IdentifierKind,
    id: &IdentifierId,
    setting: Setting,
) -> Result<Identifier> {
    let identifier = get_identifier(tx, kind, id)?;
    let event = event(Action::UserIdentifierUpdate, &identifier.user_id, id);
    tx.attempt(event.clone());
    let mut holder = hold(tx, &identifier.user_id)?;
    match setting.verified {
        Some(true) => verify(tx, &identifier, Verification::Verified)?,
        Some(false) => verify(tx, &identifier, Verification::Unverified)?,
        None => {}
    }
    if setting.primary {
        may_be_primary(tx, &holder.id, kind, id)?;
        holder.set_primary(kind, Some(id.clone()));
        save::update(tx, &holder)?;
    }
    tx.note(event);
    get_identifier(tx, kind, id)
}

pub(super) fn verify(
    tx: &mut Write<'_>,
    identifier: &Identifier,
    status: Verification,
) -> Result<()> {
    let (now, claim) = (tx.now(), status.claim(identifier.kind, &identifier.value));
    let other: Option<IdentifierId> = tx.first(
        "select id from identifiers where claimed = $1 and id <> $2",
        values![claim.as_ref(), &identifier.id],
    )?;
    if other.is_some() {
        return Err(Error::IdentifierExists(identifier.kind.as_str()));
    }
    tx.execute(
        "update identifiers set status = $2, claimed = $3, updated_at = $4 where id = $1",
        values![&identifier.id, status, claim, now],
    )?;
    Ok(())
}

/// Removes an identifier; where it was the primary one, the oldest verified one left takes its place.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::LastIdentifier`] where nothing would be left to name the user by.
pub fn remove(tx: &mut Write<'_>, kind: IdentifierKind, id: &IdentifierId) -> Result<()> {
    let identifier = get_identifier(tx, kind, id)?;
    let event = event(Action::UserIdentifierRemove, &identifier.user_id, id);
    tx.attempt(event.clone());
    let mut holder = hold(tx, &identifier.user_id)?;
    let mut left = of(tx, &holder.id)?;
    left.retain(|one| one.id != *id && one.status != Verification::Unverified);
    let counts = identifier.status != Verification::Unverified;
    if left.is_empty() && holder.username.is_none() && counts {
        return Err(Error::LastIdentifier);
    }
    tx.execute("delete from identifiers where id = $1", values![id])?;
    if holder.primary(kind) == Some(id) {
        let next = left
            .into_iter()
            .find(|one| one.kind == kind && one.status == Verification::Verified);
        holder.set_primary(kind, next.map(|one| one.id));
        save::update(tx, &holder)?;
    }
    tx.note(event);
    Ok(())
}

/// Only a verified identifier of the user's own becomes the primary one.
pub(super) fn may_be_primary(
    tx: &mut Read<'_>,
    user: &UserId,
    kind: IdentifierKind,
    id: &IdentifierId,
) -> Result<()> {
    let (param, wanted) = match kind {
        IdentifierKind::EmailAddress => (
            "primary_email_address_id",
            "the id of a verified e-mail address of this user",
        ),
        IdentifierKind::PhoneNumber => (
            "primary_phone_number_id",
            "the id of a verified phone number of this user",
        ),
    };
    match get_identifier(tx, kind, id) {
        Ok(found) if found.user_id == *user && found.status == Verification::Verified => Ok(()),
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
                IdentifierKind::EmailAddress,
                " Ada@Example.COM ",
                Some("ada@example.com"),
            ),
            (IdentifierKind::EmailAddress, "ada", None),
            (IdentifierKind::EmailAddress, "Ada <ada@example.com>", None),
            (IdentifierKind::EmailAddress, "ada@[127.0.0.1]", None),
            (IdentifierKind::EmailAddress, "", None),
            (
                IdentifierKind::PhoneNumber,
                "+15555550100",
                Some("+15555550100"),
            ),
            (IdentifierKind::PhoneNumber, "5555550100", None),
            (IdentifierKind::PhoneNumber, "+05555550100", None),
            (IdentifierKind::PhoneNumber, "+1 555 555 0100", None),
            (IdentifierKind::PhoneNumber, "+1234567890123456", None),
        ] {
            assert_eq!(kind.normal(text).ok().as_deref(), wanted, "{text}");
        }
    }
}

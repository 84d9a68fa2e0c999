//! Who may sign up, as far as it depends on their addresses and numbers: those on one list only, none of those on another, and
//! nobody by an address that stands for another one. An invitation goes before the first and the last; a user is kept out by
//! a ban.

use crate::clock::Time;
use crate::codes;
use crate::db::{FromRow, Page, Query, Read, Row, Write, values};
use crate::error::{Error, Result, Unproven};
use crate::events::{Action, Event};
use crate::id::ListedId;
use crate::origin;
use crate::settings;
use crate::users::IdentifierKind;
use crate::word::words;

words! {
    /// Which list.
    pub enum List {
        /// Those who may sign up.
        Allow = "allowlist_identifier",
        /// Those who may not.
        Block = "blocklist_identifier",
    }
}

impl List {
    fn added(self) -> Action {
        match self {
            Self::Allow => Action::AllowlistAdd,
            Self::Block => Action::BlocklistAdd,
        }
    }

    fn removed(self) -> Action {
        match self {
            Self::Allow => Action::AllowlistRemove,
            Self::Block => Action::BlocklistRemove,
        }
    }
}

/// What stands on a list: an address, a number, or with `*@` every address of a domain.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The id by which it is removed.
    pub id: ListedId,
    /// As it is compared.
    pub identifier: String,
    /// Address or number.
    pub kind: IdentifierKind,
    /// Since when.
    pub created_at: Time,
}

impl FromRow for Listed {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            identifier: row.take()?,
            kind: row.take()?,
            created_at: row.take()?,
        })
    }
}

/// How many may stand on one list.
pub const LISTED_MAX: i64 = 1000;

/// Reads what shall stand on a list.
///
/// # Errors
/// [`Error::ParamFormat`].
pub fn read(text: &str) -> Result<(IdentifierKind, String)> {
    let text = text.trim();
    let wrong = || {
        let form =
            "an e-mail address, *@ and a domain, or a phone number in E.164, as +15555550100";
        Error::ParamFormat("identifier", form)
    };
    if let Some(domain) = text.strip_prefix("*@") {
        let sound = origin::is_host_name(domain) && domain.contains('.');
        let kind = IdentifierKind::EmailAddress;
        return sound
            .then(|| (kind, text.to_ascii_lowercase()))
            .ok_or_else(wrong);
    }
    let kind = if text.contains('@') {
        IdentifierKind::EmailAddress
    } else {
        IdentifierKind::PhoneNumber
    };
    let value = kind.normal(text).map_err(|_| wrong())?;
    Ok((kind, value))
}

const SELECT: &str = "select id, identifier, kind, created_at from listed_identifiers";

/// Puts an address or number on a list.
///
/// # Errors
/// [`Error::AlreadyListed`]; [`Error::ParamTooMany`] where the list is full.
pub fn add(tx: &mut Write<'_>, list: List, new: &Listed) -> Result<()> {
    let event = Event::new(list.added()).detail(new.id.as_str());
    tx.attempt(event.clone());
    // Two at once wait for each other here.
    settings::hold(tx)?;
    let known: Option<ListedId> = tx.first(
        "select id from listed_identifiers where list = $1 and identifier = $2",
        values![list, &new.identifier],
    )?;
    if known.is_some() {
        return Err(Error::AlreadyListed(new.identifier.clone()));
    }
    if count(tx, list)? >= LISTED_MAX {
        return Err(Error::ParamTooMany(list.as_str().into(), 1000));
    }
    tx.execute(
        "insert into listed_identifiers (id, list, kind, identifier, created_at) values ($1, $2, $3, $4, $5)",
        values![&new.id, list, new.kind, &new.identifier, new.created_at],
    )?;
    tx.note(event);
    Ok(())
}

/// Takes one off a list.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(tx: &mut Write<'_>, list: List, id: &ListedId) -> Result<()> {
    let event = Event::new(list.removed()).detail(id.as_str());
    tx.attempt(event.clone());
    let removed = tx.execute(
        "delete from listed_identifiers where id = $1 and list = $2",
        values![id, list],
    )?;
    if removed == 0 {
        return Err(Error::NotFound(list.as_str(), id.to_string()));
    }
    tx.note(event);
    Ok(())
}

/// A page of a list, the newest first.
pub fn listed(tx: &mut Read<'_>, list: List, page: Page) -> Result<Vec<Listed>> {
    let mut query = Query::new(SELECT);
    query.equals("list", Some(list));
    query.page("created_at desc, id desc", page).all(tx)
}

/// How many stand on a list.
pub fn count(tx: &mut Read<'_>, list: List) -> Result<i64> {
    tx.one(
        "select count(*) from listed_identifiers where list = $1",
        values![list],
    )
}

/// Somebody who signs up, by what is known so far.
pub struct Applicant<'a> {
    /// Addresses and numbers.
    pub contacts: Vec<(IdentifierKind, &'a str)>,
    /// Whether they are invited.
    pub is_invited: bool,
    /// Whether no more is to come.
    pub is_complete: bool,
}

/// Refuses whoever may not sign up.
///
/// # Errors
/// [`Unproven::NotAllowed`], [`Unproven::Subaddress`].
pub fn heed(tx: &mut Read<'_>, applicant: &Applicant<'_>) -> Result<()> {
    let settings = settings::get(tx)?;
    let contacts = &applicant.contacts;
    if settings.blocklist && is_any_on(tx, List::Block, contacts)? {
        return Err(Unproven::NotAllowed.into());
    }
    if applicant.is_invited {
        return Ok(());
    }
    let mut values = contacts.iter().map(|(_, value)| value);
    if settings.block_email_subaddresses && values.any(|value| codes::is_subaddress(value)) {
        return Err(Unproven::Subaddress.into());
    }
    let undecided = contacts.is_empty() && !applicant.is_complete;
    if settings.allowlist && !undecided && !is_any_on(tx, List::Allow, contacts)? {
        return Err(Unproven::NotAllowed.into());
    }
    Ok(())
}

fn is_any_on(tx: &mut Read<'_>, list: List, contacts: &[(IdentifierKind, &str)]) -> Result<bool> {
    for (kind, value) in contacts {
        let domain = match (kind, value.rsplit_once('@')) {
            (IdentifierKind::EmailAddress, Some((_, domain))) => format!("*@{domain}"),
            _ => (*value).to_owned(),
        };
        let found: Option<ListedId> = tx.first(
            "select id from listed_identifiers where list = $1 and identifier in ($2, $3) limit 1",
            values![list, *value, domain],
        )?;
        if found.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

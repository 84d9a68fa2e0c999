//! The waitlist: addresses that wait to be invited, or are rejected.

use std::collections::BTreeSet;

use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, Write, sorted, sorted_nulls_last, values};
use crate::error::{Error, InvitationError, Result};
use crate::events::{Action, Event};
use crate::id::{AppInvitationId, WaitlistEntryId};
use crate::invitations::{self, Invitation, NewInvitation};
use crate::users;
use crate::word::words;

words! {
    /// How far an address has come.
    pub enum Status {
        /// It waits.
        Pending = "pending",
        /// It has an invitation.
        Invited = "invited",
        /// Its holder accepted it.
        Completed = "completed",
        /// It was rejected.
        Rejected = "rejected",
    }
}

/// An address that waits, or has waited.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The entry's id.
    pub id: WaitlistEntryId,
    /// Who waits.
    pub email_address: String,
    /// Since when.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
    rejected_at: Option<Time>,
    invitation_id: Option<AppInvitationId>,
    /// The invitation that came of it.
    pub invitation: Option<Invitation>,
}

impl Entry {
    /// The status at the moment `now`.
    pub fn status(&self, now: Time) -> Status {
        match &self.invitation {
            Some(made) if made.term.status(now) == invitations::Status::Accepted => {
                Status::Completed
            }
            Some(_) => Status::Invited,
            None if self.rejected_at.is_some() => Status::Rejected,
            None => Status::Pending,
        }
    }

    /// Why it waits no longer, if it does not.
    fn refusal(&self, now: Time) -> Option<Error> {
        match self.status(now) {
            Status::Pending => None,
            Status::Invited => Some(InvitationError::EntryInvited.into()),
            Status::Completed => Some(InvitationError::EntryCompleted.into()),
            Status::Rejected => Some(InvitationError::EntryRejected.into()),
        }
    }
}

impl FromRow for Entry {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            email_address: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            rejected_at: row.take()?,
            invitation_id: row.take()?,
            invitation: None,
        })
    }
}

const SELECT: &str = "select w.id, w.email_address, w.created_at, w.updated_at, w.rejected_at, w.invitation_id from waitlist_entries w";

/// Adds the invitations.
fn whole(tx: &mut Read<'_>, mut entries: Vec<Entry>) -> Result<Vec<Entry>> {
    let ids = entries.iter().filter_map(|one| one.invitation_id.as_ref());
    let ids: BTreeSet<_> = ids.cloned().collect();
    let made = invitations::with_ids(tx, &ids)?;
    for entry in &mut entries {
        let mut all = made.iter();
        entry.invitation = all
            .find(|one| entry.invitation_id.as_ref() == Some(&one.id))
            .cloned();
    }
    Ok(entries)
}

/// The entry with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Read<'_>, id: &WaitlistEntryId) -> Result<Entry> {
    let found = tx.all(&format!("{SELECT} where w.id = $1"), values![id])?;
    let found = whole(tx, found)?.pop();
    found.ok_or_else(|| Error::NotFound("waitlist entry", id.to_string()))
}

/// The entry with this id, whose row is locked from now on.
fn hold(tx: &mut Write<'_>, id: &WaitlistEntryId) -> Result<Entry> {
    let now = tx.now();
    tx.execute(
        "update waitlist_entries set updated_at = $2 where id = $1",
        values![id, now],
    )?;
    get(tx, id)
}

fn event(action: Action, id: &WaitlistEntryId) -> Event {
    Event::new(action).part(id.as_str()).detail(id.as_str())
}

/// Lets addresses wait, each under this id unless it waits already.
pub fn add(tx: &mut Write<'_>, all: &[(WaitlistEntryId, String)]) -> Result<Vec<Entry>> {
    let now = tx.now();
    tx.attempt(Event::new(Action::WaitlistAdd));
    let mut entries = Vec::new();
    for (id, address) in all {
        let known: Option<Entry> = tx.first(
            &format!("{SELECT} where w.email_address = $1"),
            values![address],
        )?;
        if let Some(known) = known {
            entries.push(known);
            continue;
        }
        tx.execute(
            "insert into waitlist_entries (id, email_address, created_at, updated_at) values ($1, $2, $3, $3)",
            values![id, address, now],
        )?;
        tx.note(event(Action::WaitlistAdd, id));
        entries.push(Entry {
            id: id.clone(),
            email_address: address.clone(),
            created_at: now,
            updated_at: now,
            rejected_at: None,
            invitation_id: None,
            invitation: None,
        });
    }
    whole(tx, entries)
}

/// Invites who waits, or was rejected; `new` says all but to which address.
///
/// # Errors
/// [`Error::NotFound`], [`InvitationError::EntryInvited`], [`InvitationError::EntryCompleted`], and what
/// [`invitations::invite`] refuses.
pub fn invite(tx: &mut Write<'_>, id: &WaitlistEntryId, new: &NewInvitation) -> Result<Entry> {
    let now = tx.now();
    tx.attempt(event(Action::WaitlistInvite, id));
    let entry = hold(tx, id)?;
    if let Some(refusal) = entry.refusal(now)
        && entry.status(now) != Status::Rejected
    {
        return Err(refusal);
    }
    let new = NewInvitation {
        email_address: entry.email_address.clone(),
        ..new.clone()
    };
    let made = invitations::invite(tx, &[new])?.pop();
    tx.execute(
        "update waitlist_entries set invitation_id = $2, invited_at = $3, rejected_at = null where id = $1",
        values![id, made.as_ref().map(|made| &made.id), now],
    )?;
    tx.note(event(Action::WaitlistInvite, id));
    Ok(Entry {
        invitation: made,
        ..entry
    })
}

/// Rejects who waits.
///
/// # Errors
/// [`Error::NotFound`], and why it waits no longer.
pub fn reject(tx: &mut Write<'_>, id: &WaitlistEntryId) -> Result<Entry> {
    let now = tx.now();
    tx.attempt(event(Action::WaitlistReject, id));
    let entry = hold(tx, id)?;
    if let Some(refusal) = entry.refusal(now) {
        return Err(refusal);
    }
    tx.execute(
        "update waitlist_entries set rejected_at = $2 where id = $1",
        values![id, now],
    )?;
    tx.note(event(Action::WaitlistReject, id));
    Ok(Entry {
        rejected_at: Some(now),
        ..entry
    })
}

/// Forgets who waits.
///
/// # Errors
/// [`Error::NotFound`], and why it waits no longer.
pub fn delete(tx: &mut Write<'_>, id: &WaitlistEntryId) -> Result<()> {
    let now = tx.now();
    tx.attempt(event(Action::WaitlistDelete, id));
    if let Some(refusal) = hold(tx, id)?.refusal(now) {
        return Err(refusal);
    }
    tx.execute("delete from waitlist_entries where id = $1", values![id])?;
    tx.note(event(Action::WaitlistDelete, id));
    Ok(())
}

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// With one of these statuses; where there is none, all.
    pub statuses: Vec<Status>,
    /// With an address that contains this, or with this id.
    pub query: Option<String>,
}

words! {
    /// What lists of entries are sorted by.
    pub enum Order {
        /// Since when they wait.
        Created = "created_at",
        /// Who waits.
        EmailAddress = "email_address",
        /// When they were invited; those that were not come last.
        Invited = "invited_at",
    }
}

impl Filter {
    fn query(&self, select: &str) -> Query {
        let mut query = Query::new(select);
        let accepted = "select i.id from invitations i where i.accepted_at is not null";
        let one = |status: &Status| match status {
            Status::Pending => "w.invitation_id is null and w.rejected_at is null".to_owned(),
            Status::Rejected => "w.invitation_id is null and w.rejected_at is not null".to_owned(),
            Status::Invited => {
                format!("w.invitation_id is not null and w.invitation_id not in ({accepted})")
            }
            Status::Completed => format!("w.invitation_id in ({accepted})"),
        };
        let any: Vec<String> = self.statuses.iter().map(one).collect();
        query.any(&any);
        if let Some(part) = &self.query {
            let id = query.mark(part.as_str());
            let part = query.mark(users::containing(&part.to_ascii_lowercase()));
            query.and(&format!(
                "(w.email_address like {part} escape '!' or w.id = {id})"
            ));
        }
        query
    }
}

/// A page of entries.
pub fn list(
    tx: &mut Read<'_>,
    filter: &Filter,
    (order, descending): (Order, bool),
    page: Page,
) -> Result<Vec<Entry>> {
    let order = match order {
        Order::Invited => sorted_nulls_last("w.invited_at", "w.id", descending),
        order => sorted(&format!("w.{}", order.as_str()), "w.id", descending),
    };
    let found = filter.query(SELECT).page(&order, page).all(tx)?;
    whole(tx, found)
}

/// How many entries match.
pub fn count(tx: &mut Read<'_>, filter: &Filter) -> Result<i64> {
    filter
        .query("select count(*) from waitlist_entries w")
        .one(tx)
}

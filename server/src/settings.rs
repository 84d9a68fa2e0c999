//! What can be set about the instance while it runs: one row. Where links may lead and which pages may call is set where the
//! server is started, and by nobody's key.

use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::Result;
use crate::events::{Action, Event};
use crate::word::words;

words! {
    /// What pages offer first to whoever signs in and has a password.
    pub enum Preferred {
        /// The password.
        Password = "password",
        /// A code.
        Code = "otp",
    }
}

/// What is set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where pages send those who need help.
    pub support_email: Option<String>,
    /// See [`Preferred`].
    pub preferred: Preferred,
    /// Whether nobody signs up whose address or number is not listed.
    pub allowlist: bool,
    /// Whether nobody signs up whose address or number is listed as blocked.
    pub blocklist: bool,
    /// Whether nobody signs up with an address that stands for another one (`ada+1@…`).
    pub block_email_subaddresses: bool,
}

impl FromRow for Settings {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            support_email: row.take()?,
            preferred: row.take()?,
            allowlist: row.take()?,
            blocklist: row.take()?,
            block_email_subaddresses: row.take()?,
        })
    }
}

/// What is set now.
pub fn get(tx: &mut Read<'_>) -> Result<Settings> {
    tx.one(
        "select support_email, preferred_strategy, allowlist, blocklist, block_email_subaddresses from settings where slot = 1",
        &[],
    )
}

/// The same, with the row locked: what is read stays true until the commit, and of two at once one comes after the other.
pub fn hold(tx: &mut Write<'_>) -> Result<Settings> {
    tx.execute(
        "update settings set allowlist = allowlist where slot = 1",
        &[],
    )?;
    get(tx)
}

/// What shall be set from now on. What is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// See [`Settings`]; inner `None` is none.
    pub support_email: Option<Option<String>>,
    /// See [`Settings`].
    pub preferred: Option<Preferred>,
    /// See [`Settings`].
    pub allowlist: Option<bool>,
    /// See [`Settings`].
    pub blocklist: Option<bool>,
    /// See [`Settings`].
    pub block_email_subaddresses: Option<bool>,
}

/// Changes what is set.
pub fn update(tx: &mut Write<'_>, change: &Change) -> Result<Settings> {
    tx.attempt(Event::new(Action::SettingsUpdate));
    let old = hold(tx)?;
    let support_email = change.support_email.clone();
    let blocks_subaddresses = change.block_email_subaddresses;
    let new = Settings {
        support_email: support_email.unwrap_or(old.support_email),
        preferred: change.preferred.unwrap_or(old.preferred),
        allowlist: change.allowlist.unwrap_or(old.allowlist),
        blocklist: change.blocklist.unwrap_or(old.blocklist),
        block_email_subaddresses: blocks_subaddresses.unwrap_or(old.block_email_subaddresses),
    };
    tx.execute(
        "update settings set support_email = $1, preferred_strategy = $2, allowlist = $3, blocklist = $4,
                block_email_subaddresses = $5 where slot = 1",
        values![
            new.support_email.as_ref(),
            new.preferred,
            new.allowlist,
            new.blocklist,
            new.block_email_subaddresses,
        ],
    )?;
    tx.note(Event::new(Action::SettingsUpdate).detail(told(&new)));
    Ok(new)
}

/// The settings that restrict somebody, for the record.
fn told(settings: &Settings) -> String {
    let all = [
        ("allowlist", settings.allowlist),
        ("blocklist", settings.blocklist),
        (
            "block_email_subaddresses",
            settings.block_email_subaddresses,
        ),
    ];
    let on: Vec<&str> = all
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| *name)
        .collect();
    on.join(" ")
}

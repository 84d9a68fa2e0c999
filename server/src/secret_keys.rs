//! Secret keys: what opens the Backend API. Shown once, kept as digests, several at once, each with a scope.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::SecretKeyId;
use crate::secret::{Digest, Secret};
use crate::word::words;

words! {
    /// How far a key reaches; each reaches what those before it do.
    pub enum Scope {
        /// Reads everything, changes nothing.
        Read = "read",
        /// Reads, and creates and revokes agent tasks.
        Tasks = "tasks",
        /// Everything.
        Full = "full",
    }
}

/// A secret key, without the secret.
#[derive(Clone, Debug, serde::Serialize)]
pub struct SecretKey {
    /// The id, by which it is revoked.
    pub id: SecretKeyId,
    /// What it is for, in its maker's words.
    pub name: String,
    /// How far it reaches.
    pub scope: Scope,
    /// The last four characters of the secret.
    pub hint: String,
    /// When it was made.
    pub created_at: Time,
    /// When it last opened something, to the minute.
    pub last_used_at: Option<Time>,
    /// Since when it opens nothing.
    pub revoked_at: Option<Time>,
}

impl FromRow for SecretKey {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            name: row.take()?,
            scope: row.take()?,
            hint: row.take()?,
            created_at: row.take()?,
            last_used_at: row.take()?,
            revoked_at: row.take()?,
        })
    }
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The id it will have.
    pub id: SecretKeyId,
    /// What it is for.
    pub name: String,
    /// How far it reaches.
    pub scope: Scope,
    /// The secret, `sk_test_…` or `sk_live_…`.
    pub secret: Secret,
}

const COLUMNS: &str = "id, name, scope, hint, created_at, last_used_at, revoked_at";

/// Makes a key. A secret that is already there is left as it is.
pub fn create(tx: &mut Write<'_>, new: &NewKey) -> Result<SecretKey> {
    let (now, digest) = (tx.now(), new.secret.digest());
    let end: Vec<char> = new.secret.expose().chars().rev().take(4).collect();
    let hint: String = end.into_iter().rev().collect();
    let added = tx.execute(
        "insert into secret_keys (id, name, scope, digest, hint, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (digest) do nothing",
        values![&new.id, &new.name, new.scope, &digest, hint, now],
    )?;
    if added == 1 {
        tx.note(Event::new(Action::SecretKeyCreate).detail(new.id.as_str()));
    }
    find(tx, &digest)?.ok_or_else(|| Error::Bug("a secret key was made and is not there".into()))
}

/// The key with this digest that still opens something.
pub fn find(tx: &mut Read<'_>, digest: &Digest) -> Result<Option<SecretKey>> {
    tx.first(
        &format!("select {COLUMNS} from secret_keys where digest = $1 and revoked_at is null"),
        values![digest],
    )
}

/// The key with this id, if it still opens something.
pub fn live(tx: &mut Read<'_>, id: &SecretKeyId) -> Result<Option<SecretKey>> {
    tx.first(
        &format!("select {COLUMNS} from secret_keys where id = $1 and revoked_at is null"),
        values![id],
    )
}

/// All keys, newest first.
pub fn list(tx: &mut Read<'_>) -> Result<Vec<SecretKey>> {
    tx.all(
        &format!("select {COLUMNS} from secret_keys order by created_at desc, id desc"),
        &[],
    )
}

/// Whether some key still opens something.
pub fn any_live(tx: &mut Read<'_>) -> Result<bool> {
    let one: Option<String> = tx.first(
        "select id from secret_keys where revoked_at is null limit 1",
        &[],
    )?;
    Ok(one.is_some())
}

/// When this node last noted that a key was used: until that note is written, others come in that need none.
#[derive(Default)]
pub struct Uses(Mutex<HashMap<SecretKeyId, Time>>);

impl Uses {
    /// Whether nobody said so within the last minute.
    pub fn is_first(&self, id: &SecretKeyId, now: Time) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |last: &Time| now.seconds_since(*last) < 60;
        if noted.get(id).is_some_and(is_recent) {
            return false;
        }
        noted.insert(id.clone(), now);
        true
    }
}

/// Notes that a key was used just now.
pub fn used(tx: &mut Write<'_>, id: &SecretKeyId) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "update secret_keys set last_used_at = $2 where id = $1",
        values![id, now],
    )?;
    Ok(())
}

/// Ends a key. From the next request on it opens nothing.
///
/// # Errors
/// [`Error::NotFound`] when no key has this id, or it was ended before.
pub fn revoke(tx: &mut Write<'_>, id: &SecretKeyId) -> Result<()> {
    let now = tx.now();
    let event = Event::new(Action::SecretKeyRevoke).detail(id.as_str());
    tx.attempt(event.clone());
    let ended = tx.execute(
        "update secret_keys set revoked_at = $2 where id = $1 and revoked_at is null",
        values![id, now],
    )?;
    if ended == 0 {
        return Err(Error::NotFound("secret key in use", id.to_string()));
    }
    tx.note(event);
    Ok(())
}

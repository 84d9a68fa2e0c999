//! Secret keys: what opens the Backend API. Shown once, kept as digests, several at once, each with a scope.

use std::str::FromStr;

use crate::audit::{self, Caller, Entry};
use crate::clock::Time;
use crate::db::{FromRow, FromValue, Row, Tx, Value, values};
use crate::error::{Error, Result};
use crate::id::SecretKeyId;
use crate::secret::{Digest, Secret};

/// How far a key reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Reads everything, changes nothing.
    Read,
    /// Reads, and creates and revokes agent tasks.
    Tasks,
    /// Everything.
    Full,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Tasks => "tasks",
            Self::Full => "full",
        }
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "read" => Ok(Self::Read),
            "tasks" => Ok(Self::Tasks),
            "full" => Ok(Self::Full),
            _ => Err(Error::ParamValue("scope", "full, tasks or read".into())),
        }
    }
}

impl FromValue for Scope {
    fn from_value(value: Value) -> Result<Self> {
        String::from_value(value)?.parse()
    }
}

/// A secret key, without the secret.
#[derive(Clone, Debug, serde::Serialize)]
pub struct SecretKey {
    /// Its id.
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
    /// Its id.
    pub id: SecretKeyId,
    /// What it is for.
    pub name: String,
    /// How far it reaches.
    pub scope: Scope,
    /// The secret, `sk_test_…` or `sk_live_…`.
    pub secret: Secret,
}

/// Makes a key. A secret that is already there is left as it is.
pub fn create(tx: &mut Tx<'_>, new: &NewKey, by: &Caller) -> Result<SecretKey> {
    let secret = new.secret.expose();
    let digest = new.secret.digest();
    let added = tx.execute(
        "insert into secret_keys (id, name, scope, digest, hint, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (digest) do nothing",
        values![&new.id, &new.name, new.scope.as_str(), &digest, &secret[secret.len().saturating_sub(4)..], by.at],
    )?;
    if added == 1 {
        let detail = Some(new.id.as_str());
        audit::record(
            tx,
            by,
            &Entry {
                action: "secret_key.create",
                detail,
                ..Entry::default()
            },
        )?;
    }
    find(tx, &digest)?.ok_or_else(|| Error::Bug("a secret key was made and is not there".into()))
}

/// The key with this digest that still opens something.
pub fn find(tx: &mut Tx<'_>, digest: &Digest) -> Result<Option<SecretKey>> {
    tx.first(
        "select id, name, scope, hint, created_at, last_used_at, revoked_at from secret_keys
         where digest = $1 and revoked_at is null",
        values![digest],
    )
}

/// All keys, newest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<SecretKey>> {
    tx.all(
        "select id, name, scope, hint, created_at, last_used_at, revoked_at from secret_keys
         order by created_at desc, id desc",
        &[],
    )
}

/// Notes that a key was used.
pub fn used(tx: &mut Tx<'_>, id: &SecretKeyId, at: Time) -> Result<()> {
    tx.execute(
        "update secret_keys set last_used_at = $2 where id = $1",
        values![id, at],
    )?;
    Ok(())
}

/// Ends a key. From the next request on it opens nothing.
pub fn revoke(tx: &mut Tx<'_>, id: &SecretKeyId, by: &Caller) -> Result<()> {
    let ended = tx.execute(
        "update secret_keys set revoked_at = $2 where id = $1 and revoked_at is null",
        values![id, by.at],
    )?;
    if ended == 0 {
        return Err(Error::NotFound("live secret key", id.to_string()));
    }
    let detail = Some(id.as_str());
    audit::record(
        tx,
        by,
        &Entry {
            action: "secret_key.revoke",
            detail,
            ..Entry::default()
        },
    )
}

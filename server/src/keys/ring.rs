//! The keys that one node holds: one signs, those that will or did are published, and tokens of all of them are known.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::rsa::KeyPair;
use serde_json::Value;

use super::{SigningKey, generate, rotation};
use crate::caller::Caller;
use crate::clock::Time;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::metrics::Counter;
use crate::secret::{MasterKey, Purpose};

/// See the module.
pub struct Keys {
    /// In the order in which they sign; never empty.
    held: RwLock<Arc<[Held]>>,
    signatures: Arc<Counter>,
}

#[derive(Clone)]
struct Held {
    key: Arc<SigningKey>,
    active_at: Time,
    retired_at: Option<Time>,
}

impl Held {
    fn is_published(&self, now: Time) -> bool {
        self.retired_at.is_none_or(|at| now < at)
    }
}

impl Keys {
    /// Reads the keys, or makes the first one.
    ///
    /// # Errors
    /// [`Error::Config`] when they were sealed with another master key.
    pub async fn load(db: &Db, master: &MasterKey, now: Time) -> Result<Self> {
        let mut rows = db.read(move |tx| rotation::published(tx, now)).await?;
        if rows.is_empty() {
            let (kid, sealed) = generate(master, now)?;
            let by = Caller::internal("standin", now);
            rows = db
                .write(by, move |tx| rotation::first(tx, &kid, &sealed))
                .await?;
        }
        let keys = Self {
            held: RwLock::new(Arc::new([])),
            signatures: Arc::default(),
        };
        keys.take(rows, master)?;
        Ok(keys)
    }

    /// Reads which keys there are now. True if one is no longer published that was.
    ///
    /// # Errors
    /// As [`Keys::load`]; the keys that are held stay then.
    pub async fn refresh(&self, db: &Db, master: &MasterKey, now: Time) -> Result<bool> {
        let rows = db.read(move |tx| rotation::published(tx, now)).await?;
        // Somebody emptied the table by hand. What this node has is better than nothing.
        if rows.is_empty() {
            return Err(Error::Unavailable("there is no signing key".into()));
        }
        self.take(rows, master)
    }

    fn take(&self, rows: Vec<rotation::Row>, master: &MasterKey) -> Result<bool> {
        let before = self.held();
        let known = |kid: &str| before.iter().find(|held| held.key.kid == kid);
        let held = rows.into_iter().map(|row| {
            let key = match known(&row.kid) {
                Some(held) => held.key.clone(),
                None => Arc::new(self.read(row.kid, &row.sealed, master)?),
            };
            Ok(Held {
                key,
                active_at: row.active_at,
                retired_at: row.retired_at,
            })
        });
        let held: Arc<[Held]> = held.collect::<Result<_>>()?;
        let is_gone = |old: &Held| !held.iter().any(|new| new.key.kid == old.key.kid);
        let some_gone = before.iter().any(is_gone);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(some_gone)
    }

    fn read(&self, kid: String, sealed: &str, master: &MasterKey) -> Result<SigningKey> {
        let der = master.open(Purpose::SigningKey, sealed).ok_or_else(|| {
            Error::Config("the signing key in this database was sealed with another master key; give that one (STANDIN_MASTER_KEY or master.key)".into())
        })?;
        let pair = KeyPair::from_pkcs8(&der)
            .map_err(|_| Error::Bug("the stored signing key cannot be read".into()))?;
        Ok(SigningKey::new(kid, pair, self.signatures.clone()))
    }

    fn held(&self) -> Arc<[Held]> {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The key that signs at this moment.
    ///
    /// # Panics
    /// Never: there is always a key.
    pub fn signing(&self, now: Time) -> Arc<SigningKey> {
        let held = self.held();
        let may = |held: &&Held| held.active_at <= now && held.is_published(now);
        let newest = held.iter().rev().find(may).or(held.first());
        newest.expect("a server has a key").key.clone()
    }

    /// The public halves (RFC 7517): of the key that signs, of those before it whose tokens may still be shown, and of the
    /// one that comes next.
    pub fn jwks(&self, now: Time) -> Vec<Value> {
        let held = self.held();
        let published = held.iter().filter(|held| held.is_published(now));
        published.map(|held| held.key.jwk()).collect()
    }

    /// The claims of a token that one of the keys signed, see [`SigningKey::verify`].
    pub fn verify(&self, token: &str, now: Time) -> Option<Value> {
        let held = self.held();
        let mut published = held.iter().filter(|held| held.is_published(now));
        published.find_map(|held| held.key.verify(token))
    }

    /// The same of a token that has not expired either.
    pub fn verify_live(&self, token: &str, now: Time) -> Option<Value> {
        self.verify(token, now).filter(|claims| {
            let end = claims.get("exp").and_then(Value::as_i64);
            end.is_some_and(|end| now.seconds() < end)
        })
    }

    /// How long a session token over so many bytes of claims is; the names of all keys are equally long.
    pub fn length(&self, claims: usize) -> usize {
        self.held()
            .first()
            .map_or(0, |held| held.key.length(claims))
    }

    /// How many tokens were signed.
    pub fn signatures(&self) -> u64 {
        self.signatures.get()
    }
}

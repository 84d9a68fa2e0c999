//! Tokens made a moment ago, for pages that ask who they are again and again: one signature serves them all while most of the
//! token's life is left. Whether the session is alive is looked up each time, so a revocation stops the very next answer; and
//! so are custom claims, so that an answer never holds others than a token made now would.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Audience, Issuer, Subject};
use crate::claims::Custom;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::organizations::Active;

/// How old a token may be that is given out again, in seconds: a third of its life, so that clerk-js, which renews it when
/// seventeen seconds are left, has time.
const AGE_MAX: i64 = 20;
/// How many are kept at most; each takes about a kilobyte.
const KEPT: usize = 4096;

/// A session, the origin its token is for, and what the token says of it that can change.
type Key = (SessionId, Option<String>, Time, Option<Active>);

/// The tokens made lately, in two halves: the older half is dropped whole when the newer one is full or old.
#[derive(Default)]
pub struct Recent(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    since: Option<Time>,
    newer: HashMap<Key, Made>,
    older: HashMap<Key, Made>,
}

/// A token, when it was made, and with which custom claims.
struct Made {
    token: String,
    at: Time,
    custom: Custom,
}

impl Halves {
    fn find(&self, key: &Key, custom: &Custom, now: Time) -> Option<String> {
        let made = self.newer.get(key).or_else(|| self.older.get(key))?;
        let age = now.seconds_since(made.at);
        ((0..AGE_MAX).contains(&age) && made.custom == *custom).then(|| made.token.clone())
    }

    fn keep(&mut self, key: Key, made: Made) {
        let now = made.at;
        let since = *self.since.get_or_insert(now);
        if self.newer.len() >= KEPT / 2 || now.seconds_since(since) >= AGE_MAX {
            self.older = std::mem::take(&mut self.newer);
            self.since = Some(now);
        }
        self.newer.insert(key, made);
    }
}

impl Recent {
    /// A token for the pages of an origin that is at most twenty seconds old.
    ///
    /// # Errors
    /// As [`Issuer::mint`].
    pub fn token(
        &self,
        issuer: Issuer<'_>,
        of: Subject<'_>,
        origin: Option<&str>,
        now: Time,
    ) -> Result<String> {
        let Subject { session, custom } = of;
        if !session.is_active(now) {
            return Err(Error::SignedOut);
        }
        let key = (
            session.id.clone(),
            origin.map(ToOwned::to_owned),
            session.proven_at(),
            session.organization.clone(),
        );
        // A token never outlives its session, so near the end there is no older one to be had.
        let ends_soon = session.expire_at.seconds_since(now) < super::LIFE;
        if !ends_soon && let Some(token) = self.halves().find(&key, custom, now) {
            return Ok(token);
        }
        let token = issuer.mint(of, Audience::pages(origin), now)?;
        let made = Made {
            token: token.clone(),
            at: now,
            custom: custom.clone(),
        };
        self.halves().keep(key, made);
        Ok(token)
    }

    /// Forgets them all: a key that signed some of them is no longer published.
    pub fn clear(&self) {
        *self.halves() = Halves::default();
    }

    fn halves(&self) -> std::sync::MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

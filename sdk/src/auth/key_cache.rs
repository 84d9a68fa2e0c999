//! The instance's published keys, read when they are first needed and kept.
//!
//! They come from the Backend API that the client is set to, and from nowhere else: no token names an address. What a
//! stranger can make happen by showing tokens with invented key names is bounded: one reading at a time, and a pause after
//! each.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::signature::ParsedPublicKey;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::backend::Backend;
use super::keys::Keys;
use super::reason::Reason;
use crate::{Client, Error};

/// A key, ready to verify.
pub(crate) type Key = Arc<ParsedPublicKey>;
/// A key, or why there is none.
pub(crate) type Found = Result<Key, Reason>;

/// After so long the keys are read again, while the old ones still serve.
const FRESH: Duration = Duration::from_mins(5);
/// A Backend API that does not answer is lived without for so long; then a key it may have withdrawn is no longer good.
const KEPT: Duration = Duration::from_hours(1);
/// The pause after a reading that did not bring what was looked for.
const PAUSE: Duration = Duration::from_secs(5);
/// The pause after a reading that failed.
const PAUSE_FAILED: Duration = Duration::from_secs(1);

/// The cache.
#[derive(Debug)]
pub(crate) struct KeyCache {
    backend: Arc<Backend>,
    held: RwLock<Option<Held>>,
    /// Locked while the keys are read, so that everybody else waits for that instead of reading them too.
    last: Arc<Mutex<Option<Attempt>>>,
}

#[derive(Clone, Debug)]
struct Held {
    keys: Arc<Keys>,
    read_at: Instant,
}

/// Why there are no keys.
type Unavailable = (Reason, Option<Arc<Error>>);

/// The last reading.
#[derive(Clone, Debug)]
struct Attempt {
    at: Instant,
    failure: Option<Unavailable>,
}

impl KeyCache {
    pub(crate) fn new(backend: Arc<Backend>) -> Arc<Self> {
        Arc::new(Self {
            backend,
            held: RwLock::new(None),
            last: Arc::default(),
        })
    }

    /// The keys at hand. Where they are no longer fresh, they are read again in the background.
    pub(crate) fn at_hand(self: &Arc<Self>) -> Arc<Keys> {
        let held = self
            .held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(held) = held.filter(|held| held.read_at.elapsed() < KEPT) else {
            return Arc::default();
        };
        if held.read_at.elapsed() >= FRESH {
            self.renew();
        }
        held.keys
    }

    fn renew(self: &Arc<Self>) {
        // A reading under way will do.
        let Ok(mut last) = Arc::clone(&self.last).try_lock_owned() else {
            return;
        };
        if let (true, Ok(runtime)) = (is_due(last.as_ref()), Handle::try_current()) {
            let cache = Arc::clone(self);
            runtime.spawn(async move { cache.read(&mut last).await });
        }
    }

    /// A key that was not at hand, and the failure that stood in the way.
    pub(crate) async fn find(self: &Arc<Self>, name: &str) -> (Found, Option<Arc<Error>>) {
        let mut last = self.last.lock().await;
        // Whoever held the lock may have brought it.
        if let Some(key) = self.at_hand().get(name) {
            return (Ok(key.clone()), None);
        }
        self.read(&mut last).await;
        if let Some(key) = self.at_hand().get(name) {
            return (Ok(key.clone()), None);
        }
        match last.as_ref().and_then(|attempt| attempt.failure.clone()) {
            Some((reason, error)) => (Err(reason), error),
            None => (Err(Reason::KeyUnknown), None),
        }
    }

    /// Reads the keys, unless that was just done.
    async fn read(&self, last: &mut Option<Attempt>) {
        if !is_due(last.as_ref()) {
            return;
        }
        let asked_at = Instant::now();
        let failure = match self.backend.ask(Client::jwks).await {
            Ok(set) => self.hold(Keys::of(&set), asked_at),
            Err(error) if error.is_unauthorized() => Some((Reason::SecretKeyInvalid, Some(error))),
            Err(error) => Some((Reason::KeysUnavailable, Some(error))),
        };
        *last = Some(Attempt {
            at: Instant::now(),
            failure,
        });
    }

    /// Keeps what was read, as good as it was when it was asked for; a set without a usable key is none.
    fn hold(&self, keys: Keys, read_at: Instant) -> Option<Unavailable> {
        if keys.is_empty() {
            return Some((Reason::KeysUnavailable, None));
        }
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(Held {
            keys: Arc::new(keys),
            read_at,
        });
        None
    }
}

/// Whether enough time went by since the last reading.
fn is_due(last: Option<&Attempt>) -> bool {
    last.is_none_or(|attempt| {
        let pause = if attempt.failure.is_some() {
            PAUSE_FAILED
        } else {
            PAUSE
        };
        attempt.at.elapsed() >= pause
    })
}

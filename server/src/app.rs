//! What every request handler shares.

mod claims;
mod members;
mod once;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::claims::Current;
use crate::clock::{Time, Watch};
use crate::config::Config;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::instance::Instance;
use crate::jwt_templates::Prepared;
use crate::keys::Keys;
use crate::limits::{Limiters, Network, Tried};
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::secret::{Digest, MasterKey};
use crate::secret_keys::{self, SecretKey, Uses};
use crate::tokens::{Issuer, Recent};
use crate::wire::faults::Faults;
pub(crate) use claims::Sizes;

/// The running server, cheap to clone.
#[derive(Clone)]
pub struct App(Arc<State>);

/// See [`App`], which dereferences to this.
pub struct State {
    /// The database.
    pub db: Db,
    /// Names and addresses.
    pub instance: Instance,
    /// Where sessions may be carried to, and how long they may live.
    pub policy: Arc<Policy>,
    /// Tokens made a moment ago.
    pub recent: Recent,
    /// The custom claims of session tokens, compiled.
    pub session_claims: Current,
    /// JWT templates that are ready to make tokens.
    pub templates: Prepared,
    /// The keys that sign session tokens.
    pub keys: Keys,
    /// The key over nonces and signing keys.
    pub master_key: MasterKey,
    /// When secret keys were last used.
    pub uses: Uses,
    /// Rate limits.
    pub limiters: Limiters,
    /// What is counted.
    pub metrics: Metrics,
    /// What somebody wants to see refused, or late.
    pub(crate) faults: Faults,
    /// Set when the server is asked to stop.
    pub is_stopping: AtomicBool,
    /// As given at the start.
    pub config: Config,
    /// What time it is.
    pub watch: Watch,
}

impl App {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(state))
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.watch.now()
    }

    /// What tokens are made with.
    pub fn issuer(&self) -> Issuer<'_> {
        Issuer {
            instance: &self.instance,
            keys: &self.keys,
            master_key: &self.master_key,
        }
    }

    /// The live secret key with this digest, which somebody of this network shows.
    ///
    /// # Errors
    /// [`Error::KeyInvalid`]; [`Error::TooManyRequests`] where the network tries key after key.
    pub(crate) async fn shown_key(&self, digest: Digest, network: Network) -> Result<SecretKey> {
        let look_up = async {
            let found = self.db.read(move |tx| secret_keys::find(tx, &digest)).await;
            found?.ok_or(Error::KeyInvalid)
        };
        let refused = &self.limiters.refused;
        refused.guard(Tried::Key, network, look_up).await
    }

    /// Whether requests can be answered: the database reads and writes, and the clock goes on.
    pub async fn check(&self) -> Result<()> {
        self.watch.check()?;
        self.db.check(self.now()).await
    }
}

impl std::ops::Deref for App {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

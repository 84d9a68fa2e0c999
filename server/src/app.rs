//! What every request handler shares.

use std::sync::Arc;

use crate::clock::{Clock, Time};
use crate::config::Config;
use crate::db::Db;
use crate::error::Result;
use crate::instance::Instance;
use crate::keys::SigningKey;
use crate::limits::Limiters;
use crate::secret::MasterKey;

/// The running server, cheap to clone.
#[derive(Clone)]
pub struct App(Arc<State>);

/// See [`App`], which dereferences to this.
pub struct State {
    /// The database.
    pub db: Db,
    /// Names and addresses.
    pub instance: Instance,
    /// The key that signs session tokens.
    pub signing_key: SigningKey,
    /// The key over nonces and signing keys.
    pub master_key: MasterKey,
    /// Rate limits.
    pub limiters: Limiters,
    /// As given at the start.
    pub config: Config,
}

impl App {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(state))
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.config.clock.now()
    }

    /// The clock, for whoever must look twice.
    pub fn clock(&self) -> &Clock {
        &self.config.clock
    }

    /// Whether the database answers.
    pub async fn is_healthy(&self) -> Result<()> {
        self.db
            .read(|tx| tx.one::<i64>("select count(*) from instance", &[]))
            .await
            .map(|_| ())
    }
}

impl std::ops::Deref for App {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

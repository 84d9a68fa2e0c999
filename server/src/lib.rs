//! Standin's auth server as a library.
//!
//! Three doors, one house. The doors translate HTTP: `backend_api` for applications' servers, `frontend_api` for
//! browsers, `dashboard` for people. The house holds the rules and the SQL: tasks, agents, sessions, clients, users, keys, tokens, handshake,
//! audit; it is synchronous and knows no HTTP. Under it lies the ground: database, ids, secrets, time. Arrows run doors →
//! house → ground and never back.
//!
//! ```no_run
//! use standin_server::{Server, config::Config, db::Database, secret::Secret};
//!
//! # async fn start() -> standin_server::error::Result<()> {
//! let database = Database::Sqlite("standin.db".into());
//! let server = Server::start(Config::development(4747, database, Secret::random())).await?;
//! println!("{} {}", server.url(), server.instance().publishable_key);
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

mod app;
mod backend_api;
mod dashboard;
mod development;
mod frontend_api;
mod housekeeping;
mod limits;
mod listener;
mod passwords;
mod sender;
mod views;
mod wire;

pub mod agents;
pub mod audit;
pub mod caller;
pub mod claims;
pub mod clients;
pub mod clock;
pub mod codes;
pub mod config;
pub mod consistency;
pub mod cookie;
pub mod db;
pub mod error;
pub mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod handshake;
pub mod id;
pub mod idempotency;
pub mod instance;
pub mod invitations;
pub mod jwt_templates;
pub mod keys;
pub mod ledger;
pub mod metrics;
pub mod organizations;
pub mod origin;
pub mod policy;
pub mod reach;
pub mod restoring;
pub mod retention;
pub mod secret;
pub mod secret_keys;
pub mod sessions;
pub mod settings;
pub mod sign_in_tokens;
pub mod sign_ins;
pub mod sign_ups;
pub mod stage;
pub mod tasks;
pub mod text;
pub mod tls;
pub mod tokens;
pub mod travel;
pub mod users;
pub mod waitlist;
pub mod webhooks;
pub mod word;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::response::IntoResponse;
use url::Url;

use crate::app::{App, State};
pub use crate::backend_api::{OPENAPI, UserRow};
use crate::caller::Caller;
use crate::claims::Current;
use crate::clock::Watch;
use crate::config::Config;
use crate::db::{Capacity, Database, Db};
use crate::error::{Error, Result};
use crate::housekeeping::Housekeeping;
use crate::id::{InstanceId, SecretKeyId};
use crate::instance::Instance;
use crate::jwt_templates::Prepared;
use crate::keys::Keys;
use crate::limits::Limiters;
use crate::listener::Listeners;
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::secret::MasterKey;
use crate::secret_keys::{NewKey, Scope, Uses};
use crate::sender::Sender;
use crate::stage::Stage;
use crate::tokens::Recent;
use crate::wire::faults::Faults;
use crate::wire::{Calls, Doors};
#[cfg(feature = "observing")]
pub use crate::wire::{Noted, asked_for};

/// A running server.
pub struct Server {
    app: App,
    address: SocketAddr,
    backend_address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    dashboard_address: Option<SocketAddr>,
    listeners: Listeners,
    /// Open until the end, and with room of its own: it is looked at when all others are full.
    watched: Listeners,
    housekeeping: Housekeeping,
    sender: Sender,
}

impl Server {
    /// Starts a server and returns when it answers.
    ///
    /// # Errors
    /// [`Error::Config`] when the configuration cannot work, an address is taken, or the data belongs to another kind of
    /// instance or another master key; [`Error::Unavailable`] when the database does not answer.
    pub async fn start(config: Config) -> Result<Self> {
        config.public_url.as_ref().map_or(Ok(()), reachable)?;
        let sockets = listener::bind(&config.listen)?;
        let address = sockets
            .first()
            .map(|(address, _)| *address)
            .ok_or_else(|| Error::Config("no address to listen on".into()))?;
        let backend_sockets = config
            .backend_listen
            .map(|address| listener::bind(&[address]))
            .transpose()?;
        let bind = |address: Option<SocketAddr>| listener::bind(address.as_slice());
        let metrics_sockets = bind(config.metrics_listen)?;
        let dashboard_sockets = bind(config.dashboard_listen)?;
        let dashboard_address = dashboard_sockets.first().map(|(address, _)| *address);
        let metrics_address = metrics_sockets.first().map(|(address, _)| *address);
        let app = prepare(config, address).await?;
        app.take_over_claims().await?;
        let backend = backend_api::routes(&app, beside(&app));
        let tls = app.config.tls.as_ref();
        let mut listeners = Listeners::new(&app);
        let mut backend_address = address;
        if let Some(backend_sockets) = backend_sockets {
            let front = Doors::one(frontend_api::routes(&app, nowhere()));
            listeners.open(&app, sockets, &local(&app, front), tls)?;
            backend_address = backend_sockets
                .first()
                .map_or(address, |(address, _)| *address);
            // An address of its own is for a network of its own; applications' servers trust no certificate there.
            listeners.open(&app, backend_sockets, &Doors::one(backend), None)?;
        } else {
            let front = Doors::one(frontend_api::routes(&app, backend.clone()));
            listeners.open(&app, sockets, &local(&app, front.with_back(backend)), tls)?;
        }
        if !dashboard_sockets.is_empty() {
            let dashboard = Doors::one(dashboard::routes(&app));
            listeners.open(&app, dashboard_sockets, &dashboard, tls)?;
        }
        let mut watched = Listeners::new(&app);
        let metrics = Doors::one(wire::metrics::routes(&app));
        watched.open(&app, metrics_sockets, &metrics, None)?;
        Ok(Self {
            housekeeping: Housekeeping::start(&app),
            sender: Sender::start(&app),
            app,
            address,
            backend_address,
            metrics_address,
            dashboard_address,
            listeners,
            watched,
        })
    }

    /// Where browsers reach the server, without a trailing slash.
    pub fn url(&self) -> String {
        self.app.instance.address("")
    }

    /// The first address the server listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The address of the Backend API.
    pub fn backend_addr(&self) -> SocketAddr {
        self.backend_address
    }

    /// The address of the figures, if there is one.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// The address of the dashboard, where it has one of its own.
    pub fn dashboard_addr(&self) -> Option<SocketAddr> {
        self.dashboard_address
    }

    /// Names and addresses that SDKs need.
    pub fn instance(&self) -> &Instance {
        &self.app.instance
    }

    /// Whether there is a secret key with which applications' servers can use the Backend API.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer.
    pub async fn has_secret_key(&self) -> Result<bool> {
        self.app.db.read(secret_keys::any_live).await
    }

    /// Stops taking requests, lets those under way finish, for [`config::Connections::stop`] at most, and closes the
    /// database.
    pub async fn stop(self) {
        self.app.is_stopping.store(true, Ordering::Relaxed);
        self.listeners.stop(self.app.config.connections.stop).await;
        self.sender.stop();
        self.housekeeping.stop(&self.app).await;
        self.watched.stop(std::time::Duration::ZERO).await;
        self.app.db.close().await;
    }
}

/// Opens a database, with the ledger that keeps the records of what is done to it.
///
/// # Errors
/// As [`Db::open`].
pub async fn open(database: &Database) -> Result<Db> {
    open_with(database, Capacity::default()).await
}

async fn open_with(database: &Database, capacity: Capacity) -> Result<Db> {
    Db::open(database, capacity, ledger::enter)
        .await
        .map_err(|error| database.at_fault(error))
}

/// Whether browsers may be sent to a public URL. Over plain http, cookies and tickets travel in clear, and browsers no
/// longer say what is a page and what is an image on a foreign page, on which the single use of links rests.
fn reachable(public_url: &Url) -> Result<()> {
    if origin::is_trustworthy(public_url) {
        return Ok(());
    }
    Err(Error::Config(format!(
        "browsers do not protect what they send to {public_url}: tickets and cookies would travel in clear. Take https \
         (`standin trust {}` makes a certificate), or a name under localhost, as in http://clerk.localhost:4747",
        public_url.host_str().unwrap_or_default()
    )))
}

/// Opens the database and everything that is read from it once.
async fn prepare(config: Config, address: SocketAddr) -> Result<App> {
    let master_key = master_key(&config)?;
    let db = open_with(&config.database, config.capacity).await?;
    let now = config.clock.now();
    let by = Caller::internal("standin", now);
    let (fresh, stage) = (InstanceId::new(now), config.stage);
    let public_url = match &config.public_url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("http://localhost:{}", address.port()))
            .map_err(|error| Error::Bug(error.to_string()))?,
    };
    let reached_at = public_url.clone();
    let (id, seen_at) = db
        .write(by.clone(), move |tx| {
            let id = instance::load(tx, &fresh, stage)?;
            instance::reached_at(tx, &reached_at)?;
            retention::begin(tx)?;
            travel::come_back(tx)?;
            Ok((id, instance::seen(tx)?))
        })
        .await
        .map_err(|error| config.database.at_fault(error))?;
    if config.master_key_also.is_some() {
        reseal(&db, &master_key, &by).await?;
    }
    let keys = Keys::load(&db, &master_key, now).await?;
    if let (Stage::Development, Some(secret)) = (config.stage, config.development_key.clone()) {
        let new = NewKey {
            id: SecretKeyId::new(now),
            name: "development".into(),
            scope: Scope::Full,
            secret,
        };
        db.write(by, move |tx| secret_keys::create(tx, &new))
            .await?;
    }
    Ok(App::new(State {
        db,
        policy: Arc::new(Policy::new(&config, &public_url)),
        instance: Instance::new(id, config.stage, public_url),
        recent: Recent::default(),
        session_claims: Current::default(),
        templates: Prepared::default(),
        keys,
        master_key,
        limiters: Limiters::new(&config.limits),
        uses: Uses::default(),
        metrics: Metrics::default(),
        faults: Faults::default(),
        is_stopping: AtomicBool::default(),
        watch: Watch::new(config.clock.clone(), seen_at),
        config,
    }))
}

fn master_key(config: &Config) -> Result<MasterKey> {
    let master_key = MasterKey::parse(&config.master_key)?;
    Ok(match &config.master_key_also {
        Some(other) => master_key.opening_also(MasterKey::parse(other)?),
        None => master_key,
    })
}

/// Seals anew what the second master key sealed.
async fn reseal(db: &Db, master_key: &MasterKey, by: &Caller) -> Result<()> {
    let sealed = db.read(keys::sealed).await?;
    let anew = sealed.into_iter().map(|sealed| sealed.anew(master_key));
    let anew: Result<Vec<_>> = anew.filter_map(Result::transpose).collect();
    let anew = anew?;
    if anew.is_empty() {
        return Ok(());
    }
    tracing::info!(count = anew.len(), "sealed anew with the master key");
    db.write(by.clone(), move |tx| keys::replace(tx, &anew))
        .await
}

/// What a secret key opens beside the Backend API: something in development only.
fn beside(app: &App) -> Calls {
    if app.instance.is_development() {
        development::calls(|app, request, at| Box::pin(backend_api::seed(app, request, at)))
    } else {
        Calls::new()
    }
}

/// In development the dashboard stands beside the Frontend API.
fn local(app: &App, doors: Doors) -> Doors {
    if app.instance.is_development() {
        doors.with_dashboard(dashboard::routes(app))
    } else {
        doors
    }
}

fn nowhere() -> Router {
    Router::new().fallback(async || Error::RouteUnknown.into_response())
}

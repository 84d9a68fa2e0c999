//! What a server is told at its start. Development and production differ here and nowhere by accident.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::clock::Clock;
use crate::db::{Capacity, Database};
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::policy::{Confirm, OnReplay};
use crate::reach::Reach;
use crate::secret::Secret;
use crate::stage::Stage;
use crate::tls::Tls;

/// How often something may happen before `too_many_requests`; `None` means as often as it likes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests a second by one secret key.
    pub per_key: Option<u32>,
    /// Requests a second from one IP address, Frontend API.
    pub per_ip: Option<u32>,
    /// Tasks a second by one agent, and for one user.
    pub per_agent_or_user: Option<u32>,
    /// Refused credentials a second from one IP address: wrong secret keys, and tickets that are unknown, used, revoked
    /// or expired. The two are counted apart.
    pub refused_per_ip: Option<u32>,
    /// Wrong passwords, codes and identifiers a second from one IP address.
    pub guesses_per_ip: Option<u32>,
    /// Passwords and codes a second for one identifier, right or wrong.
    pub guesses_per_identifier: Option<u32>,
    /// Sign-ups a second from one IP address.
    pub sign_ups_per_ip: Option<u32>,
}

/// How patient the sockets are, and how much they take.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    /// How long a client may take to send its headers, and an idle connection may stay.
    pub headers: Duration,
    /// How long the body of a request may take.
    pub body: Duration,
    /// How long a whole request may take, its body included.
    pub request: Duration,
    /// How long stopping waits for requests under way.
    pub stop: Duration,
    /// How many may be open at once. More wait to be accepted.
    pub open: usize,
    /// How many of them from one IP address, or one IPv6 network. More are closed at once. Loopback addresses and
    /// [`Config::trusted_proxies`] are exempt, because many clients stand behind each.
    pub open_per_ip: usize,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            body: Duration::from_secs(15),
            request: Duration::from_secs(30),
            stop: Duration::from_secs(5),
            open: 10_000,
            open_per_ip: 1000,
        }
    }
}

/// How long what is over is kept, in seconds; `None` is for ever.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// Tasks and sign-in tokens after they expired; a task stays at least as long as its session.
    pub tasks: Option<i64>,
    /// Sessions after they ended or expired, with clients that have none left. An hour at least, or the attempt that opened one
    /// opens another.
    pub sessions: Option<i64>,
    /// Records of the audit trail after they were sealed.
    pub audit: Option<i64>,
    /// Webhooks' deliveries after the event, and with them what they say of people.
    pub deliveries: Option<i64>,
}

impl Keep {
    /// Nothing is removed.
    pub const FOREVER: Self = Self {
        tasks: None,
        sessions: None,
        audit: None,
        deliveries: None,
    };
}

impl Default for Keep {
    fn default() -> Self {
        let days = |days: i64| Some(days * 86_400);
        Self {
            tasks: days(30),
            sessions: days(30),
            audit: days(400),
            deliveries: days(30),
        }
    }
}

/// Everything a server needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Development or production. Nobody sets it but the two functions that make a configuration.
    pub(crate) stage: Stage,
    /// Addresses of the Frontend API and, unless [`Config::backend_listen`] is set, of the Backend API.
    pub listen: Vec<SocketAddr>,
    /// An address of its own for the Backend API.
    pub backend_listen: Option<SocketAddr>,
    /// An address for `/metrics` and probes, in plain http; `None` has none.
    pub metrics_listen: Option<SocketAddr>,
    /// An address of its own for the dashboard, which then asks for a secret key in production.
    pub dashboard_listen: Option<SocketAddr>,
    /// TLS on [`Config::listen`]. In development the same port also speaks plain http.
    pub tls: Option<Tls>,
    /// Where browsers reach the Frontend API. `None`: `http://localhost:PORT`.
    pub public_url: Option<Url>,
    /// Where the data lives.
    pub database: Database,
    /// See [`Capacity`].
    pub capacity: Capacity,
    /// The key over the sealed part of the data, see [`crate::secret::MasterKey`].
    pub master_key: Secret,
    /// A second master key, which opens what it sealed: the one before or after [`Config::master_key`].
    pub master_key_also: Option<Secret>,
    /// The development instance's secret key, made once and kept by the command line. Never set in production.
    pub development_key: Option<Secret>,
    /// Origins a visit may land on and whose pages may call the Frontend API.
    pub allowed_origins: Vec<Origin>,
    /// Hosts the server answers for beside the public URL's and the loopback names.
    pub allowed_hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// `node_modules` folders to serve clerk-js and `@clerk/ui` from, looked through in order; empty serves none.
    pub npm: Vec<PathBuf>,
    /// Life of a ticket in seconds where the task does not say.
    pub ticket_seconds: i64,
    /// The longest session a task may ask for, in seconds.
    pub session_cap_seconds: i64,
    /// Whether strangers may make themselves a user.
    pub sign_up: bool,
    /// See [`Keep`].
    pub keep: Keep,
    /// Where webhooks may be sent to.
    pub webhook_reach: Reach,
    /// See [`OnReplay`].
    pub on_replay: OnReplay,
    /// See [`crate::policy::Policy::confirm`].
    pub confirm: Confirm,
    /// See [`crate::policy::Policy::nonces`].
    pub nonces: bool,
    /// See [`crate::policy::Policy::restricted`].
    pub restricted: bool,
    /// What session tokens say beside the claims that all have, with shortcodes; the instance's setting takes them
    /// over at the start. `None` leaves it as it is.
    pub session_claims: Option<Map<String, Value>>,
    /// See [`Limits`].
    pub limits: Limits,
    /// See [`Connections`].
    pub connections: Connections,
    /// Where the present comes from.
    pub clock: Clock,
}

/// A ticket lives ten minutes unless the task says otherwise.
const TICKET_SECONDS: i64 = 600;
/// A session made by a task may be asked to last thirty days.
const SESSION_CAP_SECONDS: i64 = 30 * 86_400;

impl Config {
    /// A development instance on loopback: any loopback origin may be landed on.
    pub fn development(port: u16, database: Database, master_key: Secret) -> Self {
        Self {
            stage: Stage::Development,
            listen: vec![
                SocketAddr::from(([127, 0, 0, 1], port)),
                SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port)),
            ],
            backend_listen: None,
            metrics_listen: None,
            dashboard_listen: None,
            tls: None,
            public_url: None,
            database,
            capacity: Capacity::default(),
            master_key,
            master_key_also: None,
            development_key: None,
            allowed_origins: vec![Origin::Loopback],
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            npm: Vec::new(),
            ticket_seconds: TICKET_SECONDS,
            session_cap_seconds: SESSION_CAP_SECONDS,
            sign_up: true,
            keep: Keep::default(),
            webhook_reach: Reach::Loopback,
            on_replay: OnReplay::Refuse,
            confirm: Confirm::Nobody,
            nonces: true,
            restricted: false,
            session_claims: None,
            limits: Limits {
                per_key: None,
                per_ip: None,
                per_agent_or_user: None,
                // Suites try dead links and wrong keys on purpose, and fast.
                refused_per_ip: None,
                guesses_per_ip: None,
                guesses_per_identifier: None,
                sign_ups_per_ip: None,
            },
            connections: Connections::default(),
            clock: Clock::System,
        }
    }

    /// A production instance behind `public_url`, which must be https.
    ///
    /// # Errors
    /// [`Error::Config`] when the public URL is not an https origin.
    pub fn production(
        listen: SocketAddr,
        public_url: Url,
        database: Database,
        master_key: Secret,
    ) -> Result<Self> {
        if public_url.scheme() != "https" || public_url.host().is_none() {
            return Err(Error::Config(format!(
                "a production instance needs an https:// public URL, and {public_url} is not one"
            )));
        }
        let own = Origin::of(&public_url);
        Ok(Self {
            stage: Stage::Production,
            listen: vec![listen],
            public_url: Some(public_url),
            allowed_origins: vec![own],
            limits: Limits {
                per_key: Some(5000),
                per_ip: Some(1000),
                per_agent_or_user: Some(500),
                refused_per_ip: Some(20),
                // A guess costs its guesser nothing and this machine a core for 20 ms.
                guesses_per_ip: Some(2),
                guesses_per_identifier: Some(2),
                sign_ups_per_ip: Some(1),
            },
            sign_up: false,
            webhook_reach: Reach::Public,
            ..Self::development(0, database, master_key)
        })
    }
}

//! `standin serve`: a production server. It has no default key, no first user and no wildcard; what it needs to know comes
//! from options, from `STANDIN_…` variables, and from a file, in this order.

mod file;
mod keep;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use standin_server::Server;
use standin_server::config::Config;
use standin_server::db::{Capacity, Database};
use standin_server::origin::Origin;
use standin_server::reach::Reach;
use url::Url;

use crate::data::Folder;
use crate::failure::{Failure, Result};
use crate::tls::Certificate;
use crate::{claims, dump, log, signals, startup};
pub use file::File;
use keep::Keep;

#[derive(Args)]
#[command(
    after_help = "A file can also say: ticket_seconds, session_cap_seconds, database_wait_seconds, on_replay\n\
    (\"refuse\" or \"revoke_session\"), confirm (\"nobody\" or \"visitor\"), restricted (true or false),\n\
    and below [limits], a second: per_key, per_ip, per_agent_or_user, refused_per_ip, guesses_per_ip,\n\
    guesses_per_identifier, sign_ups_per_ip (0 lifts one)."
)]
pub struct Serve {
    /// A TOML file with any of these settings, under the same names with underscores
    #[arg(long, value_name = "FILE", env = "STANDIN_CONFIG")]
    config: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1:4747]
    #[arg(long, value_name = "ADDR", env = "STANDIN_LISTEN")]
    listen: Option<SocketAddr>,
    /// An address of its own for the Backend API
    #[arg(long, value_name = "ADDR", env = "STANDIN_BACKEND_LISTEN")]
    backend_listen: Option<SocketAddr>,
    /// An address for `/metrics`, which Prometheus reads, and for probes; keep it in a network of its own
    #[arg(long, value_name = "ADDR", env = "STANDIN_METRICS_LISTEN")]
    metrics_listen: Option<SocketAddr>,
    /// An address for the dashboard, behind a secret key of full scope; off where it is not given. Keep it in a network of its
    /// own, or reach it through `ssh -L`
    #[arg(long, value_name = "ADDR", env = "STANDIN_DASHBOARD_LISTEN")]
    dashboard_listen: Option<SocketAddr>,
    /// Where browsers reach the server, as in `https://clerk.example.com`
    #[arg(long, value_name = "URL", env = "STANDIN_PUBLIC_URL")]
    public_url: Option<Url>,
    /// The folder for the master key and the SQLite data
    #[arg(long, value_name = "DIR", env = "STANDIN_DATA")]
    data: Option<PathBuf>,
    /// A PostgreSQL database instead of SQLite
    #[arg(
        long,
        value_name = "URL",
        env = "STANDIN_DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
    /// How many connections to PostgreSQL this node holds, 8 at least [default: 16]
    #[arg(long, value_name = "N", env = "STANDIN_DATABASE_CONNECTIONS")]
    database_connections: Option<usize>,
    /// An origin that links may land on, as in `https://app.example.com`
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "STANDIN_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    allow_origin: Vec<Origin>,
    /// A host name beside the public one that the server answers for
    #[arg(
        long,
        value_name = "HOST",
        env = "STANDIN_ALLOW_HOST",
        value_delimiter = ','
    )]
    allow_host: Vec<String>,
    /// Let people sign up by themselves; without a sender of e-mail that is with a username and a password
    #[arg(long, env = "STANDIN_ALLOW_SIGN_UP")]
    allow_sign_up: bool,
    /// A proxy whose X-Forwarded-For is believed
    #[arg(
        long,
        value_name = "IP",
        env = "STANDIN_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    trusted_proxy: Vec<IpAddr>,
    #[command(flatten)]
    certificate: Certificate,
    /// The `node_modules` folder to serve clerk-js and `@clerk/ui` from
    #[arg(long, value_name = "DIR", env = "STANDIN_NPM")]
    npm: Option<PathBuf>,
    #[command(flatten)]
    keep: Keep,
    /// How far webhooks may be sent: `public`, `loopback` for this machine too, `private` for private networks too
    #[arg(long, value_name = "REACH", env = "STANDIN_WEBHOOK_REACH")]
    webhook_reach: Option<Reach>,
    /// A JSON file with custom claims for session tokens, as `{"metadata": "{{user.public_metadata}}"}`; they stay set
    #[arg(long, value_name = "FILE", env = "STANDIN_CLAIMS")]
    claims: Option<PathBuf>,
}

/// Runs it until somebody asks to stop. Requests under way are finished first.
pub async fn run(serve: Serve) -> Result<ExitCode> {
    let _log = log::production();
    dump::forbid()?;
    let (config, folder) = serve.settle()?;
    let database = config.database.clone();
    let refused = |error| startup::refused(error, &folder, &database);
    let server = Server::start(config).await.map_err(refused)?;
    tracing::info!(
        address = %server.local_addr(),
        backend_address = %server.backend_addr(),
        metrics_address = server.metrics_addr().map(tracing::field::display),
        dashboard_address = server.dashboard_addr().map(tracing::field::display),
        public_url = server.url(),
        publishable_key = server.instance().publishable_key,
        version = env!("CARGO_PKG_VERSION"),
        "ready",
    );
    if !server.has_secret_key().await.map_err(refused)? {
        tracing::warn!(
            "there is no secret key yet: nobody can use the Backend API; `standin key create` makes one"
        );
    }
    let request = signals::stop_requested().await?;
    tracing::info!(?request, "stopping");
    server.stop().await;
    Ok(request.exit_code())
}

impl Serve {
    /// Puts options, variables and file together.
    fn settle(self) -> Result<(Config, Folder)> {
        let file = match &self.config {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        let data = self.data.or_else(|| file.data.clone());
        let database_url = self.database_url.or_else(|| file.database_url.clone());
        if data.is_none() && database_url.is_none() {
            return Err(Failure::usage("say where the data shall live")
                .hint("on this machine", "--data /var/lib/standin")
                .hint("for many nodes", "--database-url postgres://…"));
        }
        let public_url = self
            .public_url
            .or_else(|| file.public_url.clone())
            .ok_or_else(|| {
                Failure::usage("say where browsers reach the server")
                    .hint("as in", "--public-url https://clerk.example.com")
            })?;
        let listen = self.listen.or(file.listen);
        let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 4747)));
        // Without one of its own, the folder is only looked into for the master key.
        let folder = Folder::at(data.clone().unwrap_or_else(|| ".".into()));
        if data.is_some() {
            folder.make()?;
        }
        let database = folder.database(database_url.as_deref())?;
        let master_key = folder.master_key(&database)?;
        folder.make_database(&database)?;
        let mut config = Config::production(listen, public_url, database, master_key)?;
        config.master_key_also = folder.master_key_also()?;
        config.backend_listen = self.backend_listen.or(file.backend_listen);
        if let Some(connections) = self.database_connections.or(file.database_connections) {
            config.capacity.connections = held(connections, &config.database)?;
        }
        config.metrics_listen = self.metrics_listen.or(file.metrics_listen);
        config.dashboard_listen = self.dashboard_listen.or(file.dashboard_listen);
        config.allowed_origins.extend(self.allow_origin);
        config.allowed_hosts.extend(self.allow_host);
        config.sign_up = self.allow_sign_up;
        config.trusted_proxies.extend(self.trusted_proxy);
        config.npm.extend(self.npm);
        config.tls = self.certificate.or(file.certificate()).read()?;
        config.session_claims = self.claims.as_deref().map(claims::read).transpose()?;
        file.keep().apply(&mut config.keep);
        self.keep.apply(&mut config.keep);
        file.apply(&mut config)?;
        config.webhook_reach = self.webhook_reach.unwrap_or(config.webhook_reach);
        Ok((config, folder))
    }
}

/// A number of connections that can be.
fn held(connections: usize, database: &Database) -> Result<usize> {
    match database {
        Database::Sqlite(_) => Err(Failure::usage(
            "--database-connections is for PostgreSQL; SQLite is a file",
        )
        .hint("for many nodes", "--database-url postgres://…")),
        Database::Postgres(_) if connections < Capacity::LEAST => Err(Failure::usage(format!(
            "--database-connections must be {} at least: reads, writes and searches do not wait for each other",
            Capacity::LEAST
        ))),
        Database::Postgres(_) => Ok(connections),
    }
}

//! `standin dev`: a server on this machine with everything made for you, alone or around a command.

mod banner;
mod child;
mod people;
mod signed_in;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};
use standin_server::Server;
use standin_server::config::Config;
use standin_server::db::Database;
use standin_server::origin::{self, Origin};
use standin_server::secret::Secret;
use tempfile::TempDir;
use url::Url;

use banner::Banner;
use child::Around;
pub use people::begin_anew;
use people::{Someone, ready};

use crate::claims;
use crate::client::{Client, Target};
use crate::data::{DevJson, FOLDER, Folder};
use crate::env::{self, Choice, Lent, Values};
use crate::failure::{Exit, Failure, Result};
use crate::sdk::{Old, Scripts, npm_folders};
use crate::tls::Certificate;
use crate::{log, seed, signals, startup, terminal, trust};

#[derive(Args)]
pub struct Dev {
    /// The port on localhost; 0 takes a free one
    #[arg(long, default_value_t = 4747, env = "STANDIN_PORT")]
    port: u16,
    /// The folder for keys and data
    #[arg(long, value_name = "DIR", default_value = FOLDER, env = "STANDIN_DATA")]
    data: PathBuf,
    /// Keep nothing: a folder that goes when the server stops
    #[arg(long, conflicts_with_all = ["data", "database_url"])]
    ephemeral: bool,
    /// Where browsers reach the server [default: http://localhost:PORT]
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// A PostgreSQL database instead of SQLite
    #[arg(
        long,
        value_name = "URL",
        env = "STANDIN_DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
    /// An origin beside localhost that links may land on, as in `https://app.test`
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<Origin>,
    /// A host name beside localhost that the server answers for
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
    #[command(flatten)]
    certificate: Certificate,
    /// The `node_modules` folder to serve clerk-js and `@clerk/ui` from [default: those of this folder and above]
    #[arg(long, value_name = "DIR")]
    npm: Vec<PathBuf>,
    /// A JSON file with custom claims for session tokens, as `{"metadata": "{{user.public_metadata}}"}`; they stay set
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// A TOML file with users, organizations and settings that shall be there from the start, as `standin seed` takes it
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Merge the settings into this file, as `standin env --file PATH` does
    #[arg(long, value_name = "PATH")]
    env_file: Option<PathBuf>,
    /// Say nothing but what goes wrong: no banner, no line for each request
    #[arg(long)]
    quiet: bool,
    /// Make a link for the first user and open it in the browser
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    around: Around,
}

/// Runs it until somebody asks to stop or the command ends.
pub async fn run(dev: Dev, json: bool) -> Result<ExitCode> {
    let started = Instant::now();
    dev.check_public_url()?;
    let seed = dev.seed.as_deref().map(seed::File::read).transpose()?;
    let (folder, _keep) = dev.folder()?;
    let mut left = dev.read_left(&folder)?;
    let database = folder.database(dev.database_url.as_deref())?;
    // Nobody else knows the server yet: until it is ready, only what goes wrong is worth a line.
    let log = log::development();
    let server = dev.start(&folder, &database, &left).await?;
    let api_url = format!("http://localhost:{}", server.local_addr().port());
    left.publishable_key = Some(server.instance().publishable_key.clone());
    left.public_url = Some(server.url());
    left.api_url = Some(api_url.clone());
    left.pid = Some(std::process::id());
    left.folder = folder.resolved();
    let seed_file = dev.seed.as_deref().map(std::path::absolute);
    left.seed = seed_file.and_then(std::result::Result::ok);
    left.write(&folder)?;

    let client = Client::new(Target {
        api_url,
        secret_key: left.secret_key,
        publishable_key: left.publishable_key,
        public_url: left.public_url,
        key_from: "this server itself",
        folder: None,
    })?;
    let someone = ready(&client, seed.as_ref(), dev.quiet).await;
    // What the server would not say to a stranger it has logged.
    let someone = someone.map_err(|failure| match failure.exit {
        Exit::Failed => startup::broken("its users cannot be read, see above", &database),
        _ => failure,
    })?;
    let values = Values::of(&client, Path::new(".")).await?;
    if json {
        terminal::print(told(&values, &folder));
    }
    dev.announce(&values, &folder, &someone, started);
    if !dev.quiet {
        log.show_all();
    }
    // Puts the file back when it is dropped.
    let _lent = match &dev.env_file {
        Some(file) => dev.write_env(file, &values)?,
        None => None,
    };
    if dev.open {
        people::open(&client, &someone).await?;
    }
    let done = if dev.around.is_command() {
        dev.around.run(&client, &values, folder.path()).await
    } else {
        Ok(signals::stop_requested().await?.exit_code())
    };
    server.stop().await;
    done
}

/// What programs are told of a server that is ready.
fn told(values: &Values, folder: &Folder) -> Value {
    json!({
        "publishable_key": values.publishable_key,
        "secret_key": values.secret_key,
        "api_url": values.api_url,
        "public_url": values.public_url,
        "data": folder.path(),
    })
}

impl Dev {
    /// Tells people that the server is ready.
    fn announce(&self, values: &Values, folder: &Folder, someone: &Someone, started: Instant) {
        if self.quiet {
            return;
        }
        banner::say(&Banner {
            values,
            place: &self.data_in_words(folder),
            someone: &someone.name,
            test_address: someone.test_address.as_deref(),
            took: started.elapsed(),
            missing: self.missing_scripts(values.scripts),
            old: Old::find(&self.npm_folders()),
            speaks_tls: self.certificate.is_given(),
            runs_command: self.around.is_command(),
        });
    }

    /// The data folder. A temporary one goes with the second part.
    fn folder(&self) -> Result<(Folder, Option<TempDir>)> {
        if self.ephemeral {
            let keep = tempfile::Builder::new().prefix("standin-").tempdir();
            let keep = keep.map_err(|error| Failure::io("make a temporary folder", &error))?;
            return Ok((Folder::at(keep.path()), Some(keep)));
        }
        // A child may run elsewhere and must find it still.
        let path = std::path::absolute(&self.data)
            .map_err(|error| Failure::io(format!("find {}", self.data.display()), &error))?;
        let folder = Folder::at(path);
        folder.make()?;
        Ok((folder, None))
    }

    /// What an earlier run left in the folder.
    fn read_left(&self, folder: &Folder) -> Result<DevJson> {
        let left = DevJson::read_or_make(folder)?;
        if left.is_served(folder) {
            let url = left.public_url.unwrap_or_default();
            let sentence = format!("a server runs on {} already, at {url}", self.data.display());
            return Err(Failure::new(Exit::Failed, "already_running", sentence)
                .hint("use it", "standin task create --for ada@example.com --open")
                .hint("one beside it", "standin dev --ephemeral --port 0"));
        }
        Ok(left)
    }

    /// Refuses plain http at a name that is not this machine's. Browsers do not say there who asks and why, so the server
    /// could not tell a person who opens a link from a page that does it behind their back.
    fn check_public_url(&self) -> Result<()> {
        let Some(url) = &self.public_url else {
            return Ok(());
        };
        if url.scheme() == "https" || origin::is_loopback(url) {
            return Ok(());
        }
        let name = url.host_str().unwrap_or_default();
        let sentence = format!("at {url} browsers need https: the name is not this machine's");
        let failure = Failure::new(Exit::Usage, "public_url_not_secure", sentence);
        let failure = match trust::check_local(name) {
            Ok(()) => failure.hint("make a certificate", format!("standin trust {name}")),
            Err(_) => failure.hint("with a certificate", "--tls-cert FILE --tls-key FILE"),
        };
        let label = url.domain().and_then(|name| name.split('.').next());
        let mut local = url.clone();
        let _ = local.set_host(Some(&match label {
            Some(label) => format!("{label}.localhost"),
            None => "localhost".to_owned(),
        }));
        Err(failure.hint(
            "or take a name of this machine",
            format!("--public-url {local}"),
        ))
    }

    async fn start(&self, folder: &Folder, database: &Database, left: &DevJson) -> Result<Server> {
        let master_key = folder.development_master_key(database)?;
        folder.make_database(database)?;
        let mut config = Config::development(self.port, database.clone(), master_key);
        config.development_key = Some(Secret::from(left.secret_key.clone()));
        config.public_url.clone_from(&self.public_url);
        config.tls = self.certificate.read()?;
        config.session_claims = self.claims.as_deref().map(claims::read).transpose()?;
        config
            .allowed_origins
            .extend(self.allow_origin.iter().cloned());
        config
            .allowed_hosts
            .extend(self.allow_host.iter().map(|host| host.to_lowercase()));
        config.npm = self.npm_folders();
        config.nonces = Old::find(&config.npm).is_none();
        Server::start(config).await.map_err(|error| {
            let failure = startup::refused(error, folder, database);
            if failure.code == "address_unavailable" {
                failure
                    .hint("who has it", format!("ss -ltnp 'sport = :{}'", self.port))
                    .hint("take a free port", "standin dev --port 0")
            } else {
                failure
            }
        })
    }

    /// Where clerk-js may be.
    fn npm_folders(&self) -> Vec<PathBuf> {
        if self.npm.is_empty() {
            npm_folders(&std::env::current_dir().unwrap_or_default())
        } else {
            self.npm.clone()
        }
    }

    /// What installs the clerk-js that pages of this folder's application load, where it is not there.
    fn missing_scripts(&self, scripts: Scripts) -> Option<&'static str> {
        let there = scripts.are_in(&self.npm_folders());
        (!there).then(|| scripts.install())
    }

    /// Merges the settings into the application's file. Those of a server that keeps nothing are there for as long as it
    /// runs.
    fn write_env(&self, file: &Path, values: &Values) -> Result<Option<Lent>> {
        let settings = values.settings(&Choice::Auto.frameworks(Path::new(".")));
        let (changes, lent) = if self.ephemeral {
            let (changes, lent) = env::lend(file, &settings)?;
            (changes, Some(lent))
        } else {
            (env::merge(file, &settings, false)?, None)
        };
        if !self.quiet {
            env::say(file, &changes);
        }
        Ok(lent)
    }

    /// Where the data is, and of which kind.
    fn data_in_words(&self, folder: &Folder) -> String {
        let data = if self.ephemeral {
            folder.path()
        } else {
            &self.data
        };
        let kind = match &self.database_url {
            Some(_) => "PostgreSQL",
            None => "SQLite",
        };
        format!("{} ({kind})", data.display())
    }
}

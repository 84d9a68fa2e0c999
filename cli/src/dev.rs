//! `standin dev`: a server on this machine with everything made for you, alone or around a command.

mod banner;
mod child;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use serde_json::json;
use standin_server::Server;
use standin_server::config::Config;
use standin_server::error::Error;
use standin_server::origin::Origin;
use standin_server::secret::Secret;
use tempfile::TempDir;
use url::Url;

use crate::client::{Client, Target};
use crate::data::{FOLDER, Folder, Notes};
use crate::env::{self, Choice, Values};
use crate::failure::{Exit, Failure, Result};
use crate::tls::Certificate;
use crate::{browser, log, signals, task, terminal};

/// Whom the first task can be for.
const FIRST_USER: &str = "ada@example.com";

/// The command.
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
    /// Merge the settings into this file, as `standin env --file` does
    #[arg(long, value_name = "PATH")]
    env_file: Option<PathBuf>,
    /// Make a link for the first user and open it in the browser
    #[arg(long)]
    open: bool,
    /// Run this command with the settings in its environment; stop when it ends, with its exit code
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

/// Runs it until somebody asks to stop or the command ends.
pub async fn run(dev: Dev, json: bool) -> Result<ExitCode> {
    let started = Instant::now();
    let (folder, _keep) = dev.folder()?;
    let mut notes = dev.notes(&folder)?;
    let server = dev.start(&folder, &notes).await?;
    let api_url = format!("http://localhost:{}", server.local_addr().port());
    notes.publishable_key = Some(server.instance().publishable_key.clone());
    notes.public_url = Some(server.url().to_owned());
    notes.api_url = Some(api_url.clone());
    notes.pid = Some(std::process::id());
    notes.write(&folder)?;

    let client = Client::new(Target {
        api_url: api_url.clone(),
        secret_key: notes.secret_key.clone(),
        publishable_key: notes.publishable_key.clone(),
        public_url: notes.public_url.clone(),
        folder: None,
    })?;
    let someone = first_user(&client).await?;
    let values = Values::of(&client).await?;
    if json {
        terminal::print(json!({
            "publishable_key": values.publishable_key,
            "secret_key": values.secret_key,
            "api_url": values.api_url,
            "public_url": values.public_url,
            "data": folder.path(),
        }));
    }
    banner::say(&values, &dev.place(&folder), &someone, started.elapsed());
    // From here on the calls are other people's.
    log::development();
    if let Some(file) = &dev.env_file {
        let settings = values.settings(&Choice::Auto.frameworks(Path::new(".")));
        env::say(file, &env::merge(file, &settings, false)?);
    }
    if dev.open {
        open(&client).await?;
    }
    let code = match dev.command.split_first() {
        Some((program, arguments)) => {
            child::run(program, arguments, &values, folder.path()).await?
        }
        None => signals::asked().await?.exit_code(),
    };
    server.stop().await;
    Ok(code)
}

impl Dev {
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

    fn notes(&self, folder: &Folder) -> Result<Notes> {
        let notes = Notes::read_or_make(folder)?;
        if notes.is_served() {
            let url = notes.public_url.unwrap_or_default();
            let sentence = format!("a server runs on {} already, at {url}", self.data.display());
            return Err(Failure::new(Exit::Failed, "already_running", sentence)
                .hint("use it", "standin task create --for ada@example.com --open")
                .hint("one beside it", "standin dev --ephemeral --port 0"));
        }
        Ok(notes)
    }

    async fn start(&self, folder: &Folder, notes: &Notes) -> Result<Server> {
        let database = folder.database(self.database_url.as_deref())?;
        let master_key = folder.development_master_key(&database)?;
        let mut config = Config::development(self.port, database, master_key);
        config.development_key = Some(Secret::from(notes.secret_key.clone()));
        config.public_url.clone_from(&self.public_url);
        config.tls = self.certificate.read()?;
        config
            .allowed_origins
            .extend(self.allow_origin.iter().cloned());
        config
            .allowed_hosts
            .extend(self.allow_host.iter().map(|host| host.to_lowercase()));
        config.npm = if self.npm.is_empty() {
            npm_folders(&std::env::current_dir().unwrap_or_default())
        } else {
            self.npm.clone()
        };
        Server::start(config).await.map_err(|error| {
            let taken = matches!(&error, Error::Config(why) if why.starts_with("cannot listen"));
            let failure = Failure::from(error);
            if taken {
                failure.hint("take a free port", "standin dev --port 0")
            } else {
                failure
            }
        })
    }

    /// The data in words.
    fn place(&self, folder: &Folder) -> String {
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

/// Where Node would look for a package that `folder` asks for: its own `node_modules`, and those of the folders above.
fn npm_folders(folder: &Path) -> Vec<PathBuf> {
    let above = folder.ancestors();
    above.map(|folder| folder.join("node_modules")).collect()
}

/// Somebody a task can be for: the first user is made where there is none.
async fn first_user(client: &Client) -> Result<String> {
    let list = client.get("/v1/users", &[("limit", "1".into())]).await?;
    if let Some(name) = list
        .get(0)
        .and_then(|user| crate::client::identifiers(user).first().copied())
    {
        return Ok(name.to_owned());
    }
    let wish =
        json!({ "email_address": [FIRST_USER], "first_name": "Ada", "last_name": "Lovelace" });
    match client.post("/v1/users", Some(&wish)).await {
        Ok(_) => Ok(FIRST_USER.to_owned()),
        // Another server on the same database was faster.
        Err(failure) if failure.code == "form_identifier_exists" => Ok(FIRST_USER.to_owned()),
        Err(failure) => Err(failure),
    }
}

/// Opens a task's URL for some user. Without a browser the URL is printed instead.
async fn open(client: &Client) -> Result<()> {
    let list = client
        .get(
            "/v1/users",
            &[("limit", "1".into()), ("order_by", "+created_at".into())],
        )
        .await?;
    let url = task::create_own(client, list[0]["id"].as_str().unwrap_or_default()).await?;
    if !browser::open(&url).await {
        terminal::note("no browser could be started; open this URL by hand, it works once");
        terminal::print(url);
    }
    Ok(())
}

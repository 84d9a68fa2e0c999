//! `standin key`: secret keys of the Backend API, and the master key. These commands work on the database itself, so that
//! the first key can be made before anybody holds one; a server may run meanwhile.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use standin_server::caller::Caller;
use standin_server::clock::{Clock, Time};
use standin_server::db::{Database, Db};
use standin_server::id::{InstanceId, SecretKeyId};
use standin_server::instance;
use standin_server::secret::Secret;
use standin_server::secret_keys::{self, NewKey, SecretKey};
use standin_server::stage::Stage;

use crate::data::{FOLDER, Folder};
use crate::duration::{moment, of_the_server};
use crate::failure::{Exit, Failure, Result};
use crate::{startup, terminal};

#[derive(Subcommand)]
pub enum Command {
    /// List secret keys, newest first; the secrets themselves are not kept
    List(Data),
    /// Make a secret key; it is printed alone on stdout, once
    Create(Create),
    /// End a secret key: from the next request on it opens nothing
    Revoke(Revoke),
    #[command(about = "Print a new master key, for STANDIN_MASTER_KEY")]
    Master,
}

#[derive(Args)]
pub struct Data {
    /// The data folder [default: ./.standin if there is data in it]
    #[arg(long, env = "STANDIN_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    #[arg(
        long,
        env = "STANDIN_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    #[arg(help = "A PostgreSQL database instead")]
    database_url: Option<String>,
}

/// How far a key reaches.
#[derive(Clone, Copy, ValueEnum)]
enum Scope {
    /// Everything
    Full,
    /// Reads, and creates and revokes tasks
    Tasks,
    /// Reads
    Read,
}

#[derive(Args)]
pub struct Create {
    /// What it is for
    #[arg(long, default_value = "made on the command line")]
    name: String,
    /// How far it reaches
    #[arg(long, value_enum, default_value_t = Scope::Full)]
    scope: Scope,
    /// Make the data folder too, for a server that was never started
    #[arg(long)]
    make: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub struct Revoke {
    /// The key's id, as in `standin key list`
    #[arg(value_name = "KEY")]
    id: String,
    #[command(flatten)]
    data: Data,
}

pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::List(data) => list(&data, json).await,
        Command::Create(create) => create.run(json).await,
        Command::Revoke(revoke) => revoke.run(json).await,
        Command::Master => {
            let key = Secret::random();
            if json {
                terminal::print(json!({ "master_key": key.expose() }));
            } else {
                terminal::print(key.expose());
                terminal::say(
                    "without it the signing keys in the database cannot be read: keep it, and not beside the data",
                );
            }
            Ok(())
        }
    }
}

impl Data {
    /// The folder, and the database in it or elsewhere.
    fn find(&self) -> Result<(Folder, Database)> {
        let usual = Folder::at(FOLDER);
        let folder = match &self.data {
            Some(path) => Folder::at(path),
            None if self.database_url.is_some() || usual.database_file().exists() => usual,
            None => {
                return Err(
                    Failure::usage("say which data: there is none in ./.standin")
                        .hint("a folder", "--data DIR")
                        .hint("PostgreSQL", "--database-url URL"),
                );
            }
        };
        let database = folder.database(self.database_url.as_deref())?;
        Ok((folder, database))
    }

    /// The master key of the servers on it.
    pub fn master_key(&self) -> Result<Secret> {
        let (folder, database) = self.find()?;
        folder.master_key(&database)
    }

    /// The same, where there must be data already.
    pub fn find_there(&self) -> Result<(Folder, Database)> {
        let (folder, database) = self.find()?;
        if matches!(&database, Database::Sqlite(file) if !file.exists()) {
            let sentence = format!("there is no data in {}", folder.path().display());
            return Err(Failure::new(Exit::Denied, "data_not_found", sentence));
        }
        Ok((folder, database))
    }

    /// Opens what must be there already.
    pub async fn open(&self) -> Result<Db> {
        let (folder, database) = self.find_there()?;
        open(&folder, &database).await
    }

    /// Opens the data, or makes it, as a production instance's.
    async fn open_or_make(&self, make: bool) -> Result<(Db, Stage)> {
        let (folder, database) = self.find()?;
        if matches!(&database, Database::Sqlite(file) if !file.exists()) {
            if !make {
                let path = folder.path().display();
                let sentence =
                    format!("there is no data in {path}, so a key of it would open nothing");
                return Err(Failure::new(Exit::Denied, "data_not_found", sentence)
                    .hint(
                        "start the server first",
                        format!("standin serve --data {path} …"),
                    )
                    .hint(
                        "or make it now",
                        format!("standin key create --data {path} --make"),
                    ));
            }
            folder.make()?;
            // Made with the data, as `standin serve` does: later on it could be another key than the data's.
            folder.master_key(&database)?;
        }
        let db = open(&folder, &database).await?;
        let now = Clock::System.now();
        let fresh = InstanceId::new(now);
        let kind = db
            .write(caller(now), move |tx| {
                let stored: Option<Stage> = tx.first("select kind from instance", &[])?;
                let stage = stored.unwrap_or(Stage::Production);
                instance::load(tx, &fresh, stage)?;
                Ok(stage)
            })
            .await?;
        Ok((db, kind))
    }
}

async fn open(folder: &Folder, database: &Database) -> Result<Db> {
    folder.make_database(database)?;
    let opened = standin_server::open(database).await;
    opened.map_err(|error| startup::refused(error, folder, database))
}

pub fn caller(at: Time) -> Caller {
    Caller::internal("cli", at)
}

async fn list(data: &Data, json: bool) -> Result<()> {
    let db = data.open().await?;
    let keys = db.read(secret_keys::list).await?;
    if json {
        terminal::print(json!({ "data": keys, "total_count": keys.len() }));
        return Ok(());
    }
    let rows: Vec<[String; 6]> = keys.iter().map(row).collect();
    terminal::table(
        ["KEY", "NAME", "SCOPE", "ENDS IN", "LAST USED", "STATE"],
        &rows,
    );
    Ok(())
}

fn row(key: &SecretKey) -> [String; 6] {
    let scope = match key.scope {
        secret_keys::Scope::Full => "full",
        secret_keys::Scope::Tasks => "tasks",
        secret_keys::Scope::Read => "read",
    };
    let used = key
        .last_used_at
        .map_or("never".into(), |at| moment(of_the_server(at)));
    let state = key.revoked_at.map_or("active".into(), |at| {
        format!("revoked {}", moment(of_the_server(at)))
    });
    let hint = format!("…{}", key.hint);
    [
        key.id.to_string(),
        key.name.clone(),
        scope.into(),
        hint,
        used,
        state,
    ]
}

impl Create {
    async fn run(self, json: bool) -> Result<()> {
        let (db, kind) = self.data.open_or_make(self.make).await?;
        let now = Clock::System.now();
        let new = NewKey {
            id: SecretKeyId::new(now),
            name: self.name,
            scope: match self.scope {
                Scope::Full => secret_keys::Scope::Full,
                Scope::Tasks => secret_keys::Scope::Tasks,
                Scope::Read => secret_keys::Scope::Read,
            },
            secret: Secret::secret_key(kind),
        };
        let secret = new.secret.clone();
        let key = db
            .write(caller(now), move |tx| secret_keys::create(tx, &new))
            .await?;
        if json {
            let mut shown = serde_json::to_value(&key)
                .map_err(|error| Failure::new(Exit::Failed, "bug", error))?;
            shown["secret"] = secret.expose().into();
            terminal::print(shown);
        } else {
            terminal::print(secret.expose());
            terminal::say(format!(
                "shown once, it is not kept. Take it back: standin key revoke {}",
                key.id
            ));
        }
        Ok(())
    }
}

impl Revoke {
    async fn run(self, json: bool) -> Result<()> {
        let db = self.data.open().await?;
        let (id, now) = (SecretKeyId::from(self.id), Clock::System.now());
        let gone = id.clone();
        let revoked = db
            .write(caller(now), move |tx| secret_keys::revoke(tx, &gone))
            .await;
        revoked
            .map_err(|error| Failure::from(error).hint("those there are", "standin key list"))?;
        if json {
            terminal::print(json!({ "id": id, "revoked_at": now }));
        } else {
            terminal::say("ended: from the next request on it opens nothing");
        }
        Ok(())
    }
}

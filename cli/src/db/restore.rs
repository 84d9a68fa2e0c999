//! `standin db restore` and `restored`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use standin_server::clock::Clock;
use standin_server::db::{Database, Db, upkeep};
use standin_server::keys;
use standin_server::restoring::{self, TakenBack};
use standin_server::secret::MasterKey;
use standin_server::secret_keys::{self, SecretKey};
use tempfile::NamedTempFile;

use super::check::findings;
use super::{apart, persist, schema};
use crate::data::{FOLDER, Folder};
use crate::failure::{Exit, Failure, Result};
use crate::key::{Data, caller};
use crate::{startup, terminal};

/// `db restore`.
#[derive(Args)]
pub struct Restore {
    /// A file that `standin db backup` wrote
    #[arg(value_name = "FROM")]
    from: PathBuf,
    /// The data folder to make; it may hold a master key already, and no database
    #[arg(long, env = "STANDIN_DATA", value_name = "DIR", default_value = FOLDER)]
    data: PathBuf,
    /// Leave links and sessions open: no server wrote anything after the backup was made
    #[arg(long)]
    as_it_was: bool,
}

/// `db restored`.
#[derive(Args)]
pub struct Restored {
    #[command(flatten)]
    data: Data,
}

impl Restore {
    pub async fn run(self, json: bool) -> Result<()> {
        let folder = Folder::at(&self.data);
        folder.is_without_data()?;
        if !self.from.exists() {
            let sentence = format!("there is no {}", self.from.display());
            return Err(Failure::new(Exit::Denied, "file_not_found", sentence));
        }
        folder.make()?;
        let (from, path) = (self.from.clone(), self.data.clone());
        // Under another name until nothing in it is open any more: a server that starts meanwhile, or after a crash, does not
        // find it.
        let file = apart(move || copied(&from, &path)).await?;
        let database = Database::Sqlite(file.path().to_owned());
        let has_key = holds_the_key(&folder, &database)?;
        let opened = standin_server::open(&database).await;
        let db = opened.map_err(|error| startup::refused(error, &folder, &database))?;
        let taken = if self.as_it_was {
            None
        } else {
            Some(take_back(&db).await?)
        };
        let keys = db.read(secret_keys::list).await?;
        db.close().await;
        let place = folder.database_file();
        apart(move || put(file, &place)).await?;
        if json {
            terminal::print(json!({
                "data": self.data, "taken_back": taken, "secret_keys": live(&keys), "master_key": has_key,
            }));
            return Ok(());
        }
        tell(taken.as_ref(), &keys);
        if !has_key {
            let file = folder.master_key_file();
            terminal::note(format!(
                "before a server starts, put the master key into {}",
                file.display()
            ));
        }
        Ok(())
    }
}

impl Restored {
    pub async fn run(self, json: bool) -> Result<()> {
        let db = self.data.open().await?;
        let taken = take_back(&db).await?;
        let keys = db.read(secret_keys::list).await?;
        db.close().await;
        if json {
            terminal::print(json!({ "taken_back": taken, "secret_keys": live(&keys) }));
        } else {
            tell(Some(&taken), &keys);
        }
        Ok(())
    }
}

/// A copy of the backup in the folder, held against everything that can be found amiss.
fn copied(from: &Path, folder: &Path) -> Result<NamedTempFile> {
    schema(&Database::Sqlite(from.to_owned()))?;
    let file = tempfile::Builder::new()
        .prefix(".restore-")
        .suffix(".db")
        .tempfile_in(folder);
    let file = file.map_err(|error| Failure::io(format!("write {}", folder.display()), &error))?;
    upkeep::copy_file(from, file.path())?;
    let found = findings(&Database::Sqlite(file.path().to_owned()))?;
    let Some(first) = found.first() else {
        return Ok(file);
    };
    let from = from.display();
    Err(Failure::new(
        Exit::Failed,
        "backup_damaged",
        format!("{from} is not whole: {first}"),
    )
    .hint("see all of it", format!("standin db check {from}"))
    .hint("or take an older one", "standin db restore FROM --data DIR"))
}

/// Whether the master key is there that opens what this database holds sealed.
fn holds_the_key(folder: &Folder, database: &Database) -> Result<bool> {
    let key = match folder.master_key(database) {
        Ok(key) => MasterKey::parse(&key)?,
        Err(missing) if missing.code == "master_key_missing" => return Ok(false),
        Err(failure) => return Err(failure),
    };
    let sealed = upkeep::look(database, keys::sealed)?;
    if sealed.iter().all(|sealed| sealed.opens_with(&key)) {
        return Ok(true);
    }
    let sentence = "the master key that is there is not the one of this backup";
    Err(
        Failure::new(Exit::Failed, "master_key_wrong", sentence).hint(
            "put the right one there",
            folder.master_key_file().display(),
        ),
    )
}

async fn take_back(db: &Db) -> Result<TakenBack> {
    let now = Clock::System.now();
    Ok(db.write(caller(now), restoring::take_back).await?)
}

/// Gives the database its name, once it is one file and on the disk.
fn put(file: NamedTempFile, place: &Path) -> Result<()> {
    upkeep::one_file(file.path())?;
    persist(file, place)
}

fn live(keys: &[SecretKey]) -> Vec<&SecretKey> {
    keys.iter().filter(|key| key.revoked_at.is_none()).collect()
}

/// What the operator must know: what is gone, and what came back.
fn tell(taken: Option<&TakenBack>, keys: &[SecretKey]) {
    match taken {
        Some(taken) => {
            let sessions = taken
                .sessions
                .map_or("all".to_owned(), |count| count.to_string());
            terminal::say(format!(
                "taken back: {} tasks, {} sign-in tokens, {} invitations, {sessions} sessions. Nobody can tell which of them \
                 were used or taken back after the backup",
                taken.tasks, taken.sign_in_tokens, taken.invitations
            ));
        }
        None => terminal::note(
            "links and sessions are open as they were; if a server wrote anything after the backup: standin db restored",
        ),
    }
    terminal::note(
        "users, passwords, bans, members and signing keys are as they were then, too; what was removed, banned or retired since \
         must be again",
    );
    for key in live(keys) {
        terminal::note(format!(
            "the key {} ({}, …{}) works; if it was revoked since: standin key revoke {0}",
            key.id, key.name, key.hint
        ));
    }
}

//! `standin db`: looking after the database itself, with and without a server on it.

mod backup;
mod check;
mod moving;
mod restore;
mod status;

use std::fs::File;
use std::path::Path;

use clap::Subcommand;
use standin_server::db::{Database, upkeep};
use tempfile::NamedTempFile;

use crate::failure::{Exit, Failure, Result};

/// What to do with the database.
#[derive(Subcommand)]
pub enum Command {
    /// Write a copy of a SQLite database as it is now, while a server goes on writing
    Backup(backup::Backup),
    /// Put a backup into a data folder that has no data; links and sessions of it are taken back
    Restore(restore::Restore),
    /// Take back the links and sessions of a database that was restored by other means
    Restored(restore::Restored),
    /// Find out whether the database is whole
    Check(check::Check),
    /// Say what is in the database
    Status(status::Status),
    /// Move everything to another database, as from SQLite to PostgreSQL; no server may run meanwhile
    Move(moving::Move),
}

pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::Backup(backup) => backup.run(json).await,
        Command::Restore(restore) => restore.run(json).await,
        Command::Restored(restored) => restored.run(json).await,
        Command::Check(check) => check.run(json).await,
        Command::Status(status) => status.run(json).await,
        Command::Move(moving) => moving.run(json).await,
    }
}

/// Runs what waits for a disk or for another server, apart from everything that must go on meanwhile.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Failure::new(Exit::Failed, "bug", error))?
}

/// The schema of a database that this program can read.
fn schema(database: &Database) -> Result<i64> {
    let (schema, known) = upkeep::look(database, upkeep::schema)?;
    if schema == 0 {
        let sentence = "this is no database of Standin's";
        return Err(Failure::new(Exit::Denied, "data_not_found", sentence));
    }
    if schema > known {
        let sentence = format!("its schema is {schema}, and this program knows {known} only");
        return Err(Failure::new(Exit::Failed, "configuration", sentence)
            .hint("take a newer program", "standin version"));
    }
    Ok(schema)
}

/// Gives a file its name, which nothing has yet, and has the disk keep both.
fn persist(file: NamedTempFile, to: &Path) -> Result<()> {
    let failed = |error: &std::io::Error| Failure::io(format!("write {}", to.display()), error);
    file.persist_noclobber(to)
        .map_err(|error| failed(&error.error))?;
    let synced = File::open(beside(to)).and_then(|folder| folder.sync_all());
    synced.map_err(|error| failed(&error))
}

/// The folder of a file.
fn beside(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A number of bytes as people read it.
fn size(bytes: i64) -> String {
    match bytes {
        ..1_000_000 => format!("{} kB", bytes.div_euclid(1000) + 1),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

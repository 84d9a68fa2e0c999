//! `standin db backup`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use standin_server::audit;
use standin_server::db::{Database, upkeep};
use tempfile::NamedTempFile;

use super::{apart, beside, persist, schema, size};
use crate::data::MASTER_KEY;
use crate::failure::{Exit, Failure, Result};
use crate::key::Data;
use crate::terminal;

/// `db backup`.
#[derive(Args)]
pub struct Backup {
    /// The file to write; nothing is written over
    #[arg(value_name = "TO")]
    to: PathBuf,
    #[command(flatten)]
    data: Data,
}

/// What was written.
struct Written {
    bytes: u64,
    schema: i64,
    head: Option<String>,
}

impl Backup {
    pub async fn run(self, json: bool) -> Result<()> {
        let (folder, database) = self.data.find_there()?;
        let Database::Sqlite(file) = database else {
            return Err(elsewhere(&self.to));
        };
        let to = self.to.clone();
        let written = apart(move || write(&file, &to)).await?;
        // The key opens what is in the copy, so it is named and not put beside it.
        let key = folder.master_key_file();
        let key = if key.exists() {
            key.display().to_string()
        } else {
            MASTER_KEY.into()
        };
        let to = self.to.display();
        if json {
            terminal::print(json!({
                "file": self.to, "bytes": written.bytes, "schema": written.schema, "head": written.head,
                "needs": { "master_key": key },
            }));
            return Ok(());
        }
        let bytes = i64::try_from(written.bytes).unwrap_or(i64::MAX);
        terminal::say(format!(
            "{to}: {}, schema {}, read back and whole",
            size(bytes),
            written.schema
        ));
        if let Some(head) = written.head {
            terminal::say(format!("the newest seal of its audit trail is {head}"));
        }
        terminal::say(format!(
            "it is of no use without the master key ({key}), which is not in it: keep that, and apart from it; and what \
             the server is started with"
        ));
        Ok(())
    }
}

/// PostgreSQL's own programs know its versions and can go back to any moment; a second kind of copy would do neither.
fn elsewhere(to: &Path) -> Failure {
    let to = to.display();
    let sentence = "PostgreSQL is backed up by its own programs";
    Failure::new(Exit::Failed, "postgresql_has_its_own", sentence)
        .hint(
            "now",
            format!("pg_dump --format=custom --file={to} \"$STANDIN_DATABASE_URL\""),
        )
        .hint(
            "later, into an empty database",
            format!(
                "pg_restore --exit-on-error --no-owner --dbname=\"$STANDIN_DATABASE_URL\" {to}"
            ),
        )
        .hint("and before a server starts on it", "standin db restored")
}

fn write(from: &Path, to: &Path) -> Result<Written> {
    let failed = |error: &std::io::Error| Failure::io(format!("write {}", to.display()), error);
    if to.exists() {
        let sentence = format!(
            "{} is there already, and nothing is written over",
            to.display()
        );
        return Err(Failure::new(Exit::Denied, "file_exists", sentence)
            .hint("take another name", "standin db backup NAME"));
    }
    schema(&Database::Sqlite(from.to_owned()))?;
    let folder = beside(to);
    // For its owner alone, and under another name as long as it is not whole.
    let copy = NamedTempFile::with_prefix_in(".backup-", folder).map_err(|error| failed(&error))?;
    let copied = upkeep::copy_file(from, copy.path());
    copied.map_err(|error| Failure::from(error).hint("its folder", folder.display()))?;
    let database = Database::Sqlite(copy.path().to_owned());
    let faults = upkeep::look(&database, upkeep::faults)?;
    if let Some(first) = faults.first() {
        let sentence = format!("the database is damaged, and so would be its copy: {first}");
        return Err(Failure::new(Exit::Failed, "database_damaged", sentence)
            .hint("see all of it", "standin db check")
            .hint("go back to a backup", "standin db restore FROM --data DIR"));
    }
    let schema = schema(&database)?;
    let head = upkeep::look(&database, audit::last)?;
    let bytes = copy.as_file().metadata().map_err(|error| failed(&error))?;
    persist(copy, to)?;
    Ok(Written {
        bytes: bytes.len(),
        schema,
        head: head.map(|seal| format!("{}:{}", seal.number, seal.digest)),
    })
}

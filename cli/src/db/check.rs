//! `standin db check`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use standin_server::audit::Verification;
use standin_server::consistency;
use standin_server::db::{Database, Read, upkeep};
use standin_server::error::Result as Checked;

use super::{apart, schema};
use crate::audit::told;
use crate::failure::{Exit, Failure, Result};
use crate::key::Data;
use crate::terminal;

/// `db check`.
#[derive(Args)]
pub struct Check {
    /// A backup to look at, instead of the data
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

impl Check {
    pub async fn run(self, json: bool) -> Result<()> {
        let database = match self.file {
            Some(file) => Database::Sqlite(file),
            None => self.data.find_there()?.1,
        };
        let (schema, found) = apart(move || {
            let schema = schema(&database)?;
            Ok((schema, findings(&database)?))
        })
        .await?;
        if json {
            terminal::print(json!({ "schema": schema, "findings": found }));
        } else {
            found.iter().for_each(terminal::print);
        }
        match found.len() {
            0 => {
                if !json {
                    terminal::say("whole: pages, references, rows and audit trail");
                }
                Ok(())
            }
            count => Err(Failure::new(
                Exit::Failed,
                "database_damaged",
                format!("{count} things are not as they should be"),
            )
            .hint("go back to a backup", "standin db restore FROM --data DIR")),
        }
    }
}

/// Everything that is amiss with a database, in sentences.
pub fn findings(database: &Database) -> Result<Vec<String>> {
    Ok(upkeep::look(database, |tx| {
        let mut found = upkeep::faults(tx)?;
        let (schema, known) = upkeep::schema(tx)?;
        // Rows of an older release have other columns, and rules that a damaged file breaks say nothing more.
        if found.is_empty() && schema == known {
            found.extend(consistency::broken(tx)?);
            found.extend(trail(tx)?);
        }
        Ok(found)
    })?)
}

fn trail(tx: &mut Read<'_>) -> Checked<Vec<String>> {
    let mut verification = Verification::default();
    while verification.go_on(tx)? {}
    verification.end(tx)?;
    Ok(verification.findings.iter().map(told).collect())
}

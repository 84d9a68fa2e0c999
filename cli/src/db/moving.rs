//! `standin db move`.

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use standin_server::clock::Clock;
use standin_server::db::Database;
use standin_server::db::moving::{self, Progress};
use standin_server::secret::Secret;

use super::apart;
use crate::data::Folder;
use crate::failure::{Exit, Failure, Result};
use crate::startup;
use crate::terminal;

/// `db move`.
#[derive(Args)]
pub struct Move {
    /// Where the data is: a data folder, a postgres:// URL, or env:NAME for a variable that holds one
    #[arg(value_name = "FROM")]
    from: String,
    /// Where it shall be, likewise: a folder without data, or an empty database
    #[arg(value_name = "TO", required_unless_present = "give_up")]
    to: Option<String>,
    /// Do not go on with a move that was interrupted; the data in FROM serves again
    #[arg(long, conflicts_with = "to")]
    give_up: bool,
}

/// A folder, which PostgreSQL has for its master key only, and the database.
struct Side {
    folder: Folder,
    database: Database,
}

impl Side {
    fn named(name: &str) -> Result<Self> {
        let url = match name.strip_prefix("env:") {
            Some(variable) => Some(
                std::env::var(variable)
                    .map_err(|_| Failure::usage(format!("the variable {variable} is not set")))?,
            ),
            None => name.contains("://").then(|| name.to_owned()),
        };
        let folder = Folder::at(if url.is_some() { "." } else { name });
        let database = folder.database(url.as_deref())?;
        Ok(Self { folder, database })
    }

    /// The place of the file or the URL, to tell two sides apart.
    fn place(&self) -> String {
        match &self.database {
            Database::Sqlite(_) => format!("{:?}", self.folder.resolved()),
            Database::Postgres(url) => url.clone(),
        }
    }

    fn must_be_there(&self) -> Result<()> {
        match &self.database {
            Database::Sqlite(file) if !file.exists() => {
                let sentence = format!("there is no data in {}", self.folder.path().display());
                Err(Failure::new(Exit::Denied, "data_not_found", sentence))
            }
            _ => Ok(()),
        }
    }
}

impl Move {
    pub async fn run(self, json: bool) -> Result<()> {
        let from = Side::named(&self.from)?;
        from.must_be_there()?;
        let now = Clock::System.now();
        let Some(to) = &self.to else {
            apart(move || Ok(moving::give_up(&from.database, now)?)).await?;
            terminal::say("the data serves again where it is; empty what it was moved to");
            return Ok(());
        };
        let to = Side::named(to)?;
        if let Database::Sqlite(_) = to.database {
            to.folder.make()?;
            to.folder.make_database(&to.database)?;
        }
        if from.place() == to.place() {
            return Err(Failure::usage("FROM and TO are the same"));
        }
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{msg:26} {pos}/{len} {bar:30} {per_sec}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let shown = bar.clone();
        let tell = move |progress: Progress| {
            shown.set_message(progress.table);
            shown.set_length(progress.of.unsigned_abs());
            shown.set_position(progress.arrived.unsigned_abs());
        };
        let moved = apart(move || {
            // A name that nobody has, for the two sides to know each other by.
            let fresh = Secret::random().expose().to_owned();
            let moved = moving::all((&from.database, &to.database), &fresh, now, tell);
            moved.map_err(|error| startup::refused(error, &to.folder, &to.database))
        });
        let moved = moved.await;
        bar.finish_and_clear();
        let moved = moved?;
        let rows: i64 = moved.values().map(|sum| sum.rows).sum();
        if json {
            terminal::print(json!({ "rows": rows, "tables": moved }));
            return Ok(());
        }
        terminal::say(format!(
            "{rows} rows in {} tables, the same on both sides. Nobody serves {} any more; start servers on the other one, with \
             the same master key",
            moved.len(),
            if self.from.contains("://") {
                "that database"
            } else {
                &self.from
            }
        ));
        Ok(())
    }
}

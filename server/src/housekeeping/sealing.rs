//! Sealing the audit trail, after the writes that it tells of.

use std::collections::VecDeque;

use super::internal;
use crate::app::App;
use crate::audit;
use crate::db::{Database, Read};
use crate::error::Result;

/// Seals the audit trail: whenever there are enough records for a seal, and once a minute whatever there is.
#[derive(Default)]
pub(super) struct Sealing {
    /// The newest record at each look.
    newest: VecDeque<i64>,
}

impl Sealing {
    /// How many looks late records are sealed on PostgreSQL. Their numbers are given before they are committed, so one with a
    /// lower number may still come; no write takes a minute.
    const LATE: usize = 60;

    pub(super) async fn note(&mut self, app: &App) -> Result<()> {
        let newest = app.db.read(audit::newest).await?;
        self.newest.push_back(newest);
        if self.newest.len() > Self::LATE {
            self.newest.pop_front();
        }
        Ok(())
    }

    /// The last record that may be sealed.
    fn horizon(&self, app: &App) -> i64 {
        let seen = match app.config.database {
            Database::Sqlite(_) => self.newest.back(),
            Database::Postgres(_) if self.newest.len() == Self::LATE => self.newest.front(),
            Database::Postgres(_) => None,
        };
        seen.copied().unwrap_or_default()
    }

    pub(super) async fn look(&mut self, app: &App) -> Result<u64> {
        self.note(app).await?;
        self.seal(app, audit::SLICE).await
    }

    /// Makes seals as long as so many records wait.
    pub(super) async fn seal(&self, app: &App, least: i64) -> Result<u64> {
        let horizon = self.horizon(app);
        let (mut count, mut newest) = (0, None);
        // Looked at every second, and mostly for nothing: not in the lane where searches wait for each other.
        while horizon - app.db.read(audit::sealed_to).await? >= least {
            let now = app.now();
            let prepare = move |tx: &mut Read<'_>| audit::prepare(tx, horizon, now);
            let Some(seal) = app.db.search(prepare).await? else {
                break;
            };
            let kept = seal.clone();
            if app
                .db
                .write(internal(app), move |tx| audit::keep(tx, &kept))
                .await?
            {
                count += 1;
                newest = Some(seal);
            }
        }
        // Whoever changes the database cannot change what the log said. In development nobody keeps it.
        if let Some(seal) = newest.filter(|_| !app.instance.is_development()) {
            tracing::info!(
                seal = format!("{}:{}", seal.number, seal.digest),
                "the audit trail is sealed"
            );
        }
        Ok(count)
    }
}

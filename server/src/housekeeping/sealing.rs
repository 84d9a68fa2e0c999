//! Sealing the audit trail, after the writes that it tells of.

use std::time::{Duration, Instant};

use super::internal;
use crate::app::App;
use crate::audit;
use crate::db::{Read, Write};
use crate::error::Result;

/// How long a stop goes on with it. What is left is sealed by other nodes, or after the next start.
pub(super) const AT_A_STOP: Duration = Duration::from_secs(2);
/// How often it is asked whether those are done who were writing.
const ASK: Duration = Duration::from_millis(5);

/// Makes seals as long as so many records wait, and no longer than this.
pub(super) async fn seal(app: &App, least: i64, time: Duration) -> Result<u64> {
    let until = Instant::now() + time;
    let Some((mut sealed, horizon)) = waiting(app, least, until).await? else {
        return Ok(0);
    };
    let (mut count, mut newest) = (0, None);
    while Instant::now() < until && horizon - sealed >= least {
        let now = app.now();
        let prepare = move |tx: &mut Read<'_>| audit::prepare(tx, horizon, now);
        let Some(seal) = app.db.search(prepare).await? else {
            break;
        };
        let kept = seal.clone();
        let keep = move |tx: &mut Write<'_>| audit::keep(tx, &kept);
        if app.db.write(internal(app), keep).await? {
            count += 1;
            sealed = seal.last_seq;
            newest = Some(seal);
        } else {
            // Another node was first, perhaps with fewer or more.
            sealed = app.db.read(audit::sealed_to).await?;
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

/// The number of the last record that is sealed, and the number up to which every record is there that will ever be; if so many
/// wait for a seal.
async fn waiting(app: &App, least: i64, until: Instant) -> Result<Option<(i64, i64)>> {
    let look = move |tx: &mut Read<'_>| {
        let (newest, sealed) = (audit::newest(tx)?, audit::sealed_to(tx)?);
        // After the number: a record below it is of a write before the fence.
        let fence = (newest - sealed >= least).then(|| tx.fence());
        Ok((newest, sealed, fence.transpose()?))
    };
    // Looked at every second, and mostly for nothing: not in the lane where searches wait for each other.
    let (newest, sealed, fence) = app.db.read(look).await?;
    app.metrics.unsealed.set(newest - sealed);
    let Some(fence) = fence else {
        return Ok(None);
    };
    while !app.db.read(move |tx| tx.is_past(fence)).await? {
        if Instant::now() >= until {
            return Ok(None);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "no database tells when others are done"
        )]
        tokio::time::sleep(ASK).await;
    }
    Ok(Some((sealed, newest)))
}

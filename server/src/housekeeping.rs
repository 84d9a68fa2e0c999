//! What the server does by itself, apart from any request.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Error, Result, Unproven};
use crate::events::{Action, Event};
use crate::instance;
use crate::limits::Shown;
use crate::sessions::{self, Progress};

/// The one loop of such work.
pub(crate) struct Housekeeping(JoinHandle<()>);

/// How often the present moment is written down, with what strangers tried meanwhile. A clock that is set back by more than
/// this and a little, while the server is not running, is found out at the next start.
const TICK: Duration = Duration::from_mins(1);

/// How often it looks whether a revocation waits for its sessions to be ended one by one; they are over already.
const LOOK: Duration = Duration::from_secs(1);
/// How many of them one write ends. Others must not have to wait behind it for long.
const SLICE: usize = 100;

impl Housekeeping {
    pub(crate) fn start(app: &App) -> Self {
        let app = app.clone();
        Self(tokio::spawn(async move {
            let (mut ticks, mut looks) = (interval(TICK), interval(LOOK));
            // The first tick is at once, and the start has just done it.
            ticks.tick().await;
            loop {
                let done = tokio::select! {
                    _ = ticks.tick() => tidy(&app).await,
                    _ = looks.tick() => end_sessions(&app).await,
                };
                if let Err(error) = done {
                    tracing::warn!(%error, "housekeeping could not be done");
                }
            }
        }))
    }

    /// Ends the loop, after doing its work once more.
    pub(crate) async fn stop(self, app: &App) {
        self.0.abort();
        if let Err(error) = tidy(app).await {
            tracing::warn!(%error, "housekeeping could not be done");
        }
    }
}

fn interval(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Ends the sessions of every revocation that is not done. After a stop in the middle it is gone through again; on several
/// nodes at once each session is ended by one of them.
async fn end_sessions(app: &App) -> Result<()> {
    while let Some(revocation) = app.db.read(sessions::unfinished).await? {
        let mut from: Option<Progress> = None;
        loop {
            let (passing, start) = (revocation.clone(), from.take());
            let look = app
                .db
                .search(move |tx| passing.look(tx, start.as_ref()))
                .await?;
            for slice in look.unended.chunks(SLICE) {
                let (ending, slice) = (revocation.clone(), slice.to_vec());
                app.db
                    .write(revocation.by(app.now()), move |tx| ending.end(tx, &slice))
                    .await?;
            }
            match look.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        let finished = revocation.clone();
        app.db
            .write(revocation.by(app.now()), move |tx| finished.finish(tx))
            .await?;
    }
    Ok(())
}

async fn tidy(app: &App) -> Result<()> {
    let now = app.now();
    let by = Caller::internal("standin", now);
    let limiters = &app.limiters;
    let unknown: Vec<Event> = [
        (&limiters.refused, Shown::Key, Error::KeyInvalid),
        (&limiters.refused, Shown::Ticket, Error::TicketInvalid),
        (
            &limiters.guesses,
            Shown::Guess,
            Unproven::IdentifierUnknown.into(),
        ),
    ]
    .into_iter()
    .filter_map(|(refusals, shown, refusal)| {
        let count = refusals.take_unknown(shown);
        let event = Event::new(Action::CredentialRefuse).refused(refusal.shown().code);
        (count > 0).then(|| event.detail(format!("{count} since the last such record")))
    })
    .collect();
    app.db
        .write(by, move |tx| {
            unknown.iter().cloned().for_each(|event| tx.note(event));
            instance::seen(tx, now)
        })
        .await
        .map(|_| ())
}

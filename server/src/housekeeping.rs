//! What the server does by itself, apart from any request.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::instance;
use crate::limits::Shown;

/// The one loop of such work.
pub(crate) struct Housekeeping(JoinHandle<()>);

/// How often the present moment is written down, with what strangers tried meanwhile. A clock that is set back by more than
/// this and a little, while the server is not running, is found out at the next start.
const TICK: Duration = Duration::from_mins(1);

impl Housekeeping {
    pub(crate) fn start(app: &App) -> Self {
        let app = app.clone();
        Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            // The first tick is at once, and the start has just done it.
            ticks.tick().await;
            loop {
                ticks.tick().await;
                if let Err(error) = tidy(&app).await {
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

async fn tidy(app: &App) -> Result<()> {
    let now = app.now();
    let by = Caller::internal("standin", now);
    let unknown: Vec<Event> = [
        (Shown::Key, Error::KeyInvalid),
        (Shown::Ticket, Error::TicketInvalid),
    ]
    .into_iter()
    .filter_map(|(shown, refusal)| {
        let count = app.limiters.refused.take_unknown(shown);
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

//! What the server does by itself, apart from any request.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::app::App;
use crate::caller::Caller;
use crate::error::Result;
use crate::instance;

/// The one loop of such work.
pub(crate) struct Housekeeping(JoinHandle<()>);

/// How often the present moment is written down. A clock that is set back by more than this and a little, while the server
/// is not running, is found out at the next start.
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
                if let Err(error) = note_time(&app).await {
                    tracing::warn!(%error, "the time could not be noted");
                }
            }
        }))
    }

    /// Ends the loop, after noting the time once more.
    pub(crate) async fn stop(self, app: &App) {
        self.0.abort();
        if let Err(error) = note_time(app).await {
            tracing::warn!(%error, "the time could not be noted");
        }
    }
}

async fn note_time(app: &App) -> Result<()> {
    let now = app.now();
    let by = Caller::internal("standin", now);
    app.db
        .write(by, move |tx| instance::seen(tx, now))
        .await
        .map(|_| ())
}

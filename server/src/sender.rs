//! Sends events to the applications' endpoints: at least once, in order for each object, by one node at a time.
//!
//! Each endpoint has a worker of its own while something is due for it, so one that is slow holds up itself alone. A worker has
//! a few requests under way at most and writes once for many of them, so that no endpoint can keep the database busy.

mod attempt;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::app::App;
use crate::caller::Caller;
use crate::db::Write;
use crate::error::Result;
use crate::id::WebhookId;
use crate::webhooks::{self, Claimed, Endpoint, Outcome};
use attempt::Post;

/// How often it looks for what is due, while there is an endpoint, and while there is none.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_IDLY: Duration = Duration::from_secs(1);
/// How many requests an endpoint gets at once.
const LANES: usize = 16;
/// How long it waits for others that end at almost the same time, to settle them in one write.
const GATHER: Duration = Duration::from_millis(20);
/// Longer than an attempt and its write can take, in seconds. A node that dies keeps others waiting for so long.
const LEASE: i64 = 30;

/// The loop that looks, and the workers that it starts.
pub(crate) struct Sender(JoinHandle<()>);

impl Sender {
    pub(crate) fn start(app: &App) -> Self {
        let app = app.clone();
        Self(tokio::spawn(async move {
            let post = Arc::new(Post::new(app.config.webhook_reach));
            // Dropped with this loop, and the workers with it.
            let mut workers = JoinSet::new();
            let busy = Busy::default();
            loop {
                let pause = match look(&app, &busy, &post, &mut workers).await {
                    Ok(true) => LOOK,
                    Ok(false) => LOOK_IDLY,
                    Err(error) => {
                        tracing::warn!(%error, "what is due for webhooks is not known");
                        LOOK_IDLY
                    }
                };
                while workers.try_join_next().is_some() {}
                pass(pause).await;
            }
        }))
    }

    /// Ends the loop. What is under way is sent again, by another node or after the next start.
    pub(crate) fn stop(self) {
        self.0.abort();
    }
}

/// The endpoints that have a worker.
#[derive(Clone, Default)]
struct Busy(Arc<Mutex<HashSet<WebhookId>>>);

impl Busy {
    fn begin(&self, id: &WebhookId) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(id.clone())
    }
}

/// One endpoint's place among them, given up when its worker ends, however it ends.
struct Place(Busy, WebhookId);

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.1);
    }
}

/// Starts workers for what is due. False where there is no endpoint.
async fn look(app: &App, busy: &Busy, post: &Arc<Post>, workers: &mut JoinSet<()>) -> Result<bool> {
    let now = app.now();
    let (due, waits_since) = app
        .db
        .read(move |tx| {
            if webhooks::listeners(tx)?.is_empty() {
                return Ok((None, None));
            }
            Ok((
                Some(webhooks::due(tx, now)?),
                webhooks::oldest_waiting(tx, now)?,
            ))
        })
        .await?;
    let waited = waits_since.map_or(0, |since| now.seconds_since(since));
    app.metrics.webhooks.oldest.set(waited);
    let Some(due) = due else {
        return Ok(false);
    };
    for id in due {
        if busy.begin(&id) {
            let (app, post, place) = (app.clone(), post.clone(), Place(busy.clone(), id));
            workers.spawn(async move {
                if let Err(error) = work(&app, &post, &place.1).await {
                    tracing::warn!(%error, webhook = place.1.as_str(), "deliveries wait");
                }
            });
        }
    }
    Ok(true)
}

/// Sends what is due for an endpoint until nothing is.
async fn work(app: &App, post: &Arc<Post>, id: &WebhookId) -> Result<()> {
    let mut under_way = JoinSet::new();
    let mut done = Vec::new();
    loop {
        let room = LANES - under_way.len();
        let Some((endpoint, claimed)) = turn(app, id, done, room).await? else {
            // Gone or disabled. What is under way is settled where there is a row for it.
            let rest = under_way.join_all().await;
            return turn(app, id, rest, 0).await.map(|_| ());
        };
        let endpoint = Arc::new(endpoint);
        for one in claimed {
            let (app, post, endpoint) = (app.clone(), post.clone(), endpoint.clone());
            under_way.spawn(async move { post.try_once(&app, &endpoint, one).await });
        }
        if under_way.is_empty() {
            return Ok(());
        }
        done = gather(&mut under_way).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how often the database is asked is what is chosen"
)]
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// The attempts that end next, or none where all take their time.
async fn gather(under_way: &mut JoinSet<Outcome>) -> Vec<Outcome> {
    let mut done = Vec::new();
    if let Ok(Some(first)) = timeout(4 * LOOK, under_way.join_next()).await {
        done.extend(first.ok());
        pass(GATHER).await;
        while let Some(next) = under_way.try_join_next() {
            done.extend(next.ok());
        }
    }
    done
}

/// Settles what ended and claims what is next, in one write. `None` where nothing is to be sent there any more.
async fn turn(
    app: &App,
    id: &WebhookId,
    done: Vec<Outcome>,
    room: usize,
) -> Result<Option<(Endpoint, Vec<Claimed>)>> {
    let (id, now) = (id.clone(), app.now());
    let most = i64::try_from(room).unwrap_or_default();
    let turn = move |tx: &mut Write<'_>| {
        for outcome in &done {
            webhooks::settle(tx, &id, outcome)?;
        }
        let endpoint = webhooks::find(tx, &id)?;
        let Some(endpoint) = endpoint.filter(|one| one.disabled_at.is_none()) else {
            return Ok(None);
        };
        let claimed = webhooks::take(tx, &id, now.plus_seconds(LEASE), most)?;
        Ok(Some((endpoint, claimed)))
    };
    app.db.write(Caller::internal("standin", now), turn).await
}

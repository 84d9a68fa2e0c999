//! What the server does by itself, apart from any request.

mod removal;
mod sealing;

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::db::Write;
use crate::error::{Error, Result, Unproven};
use crate::events::{Action, Event};
use crate::instance;
use crate::limits::Tried;
use crate::sessions::{self, Progress};
use removal::Removal;

/// The one loop of such work.
pub(crate) struct Housekeeping(JoinHandle<()>);

/// How often the present moment is written down, with what strangers tried meanwhile. A clock that is set back by more than
/// this and a little, while the server is not running, is found out at the next start.
const TICK: Duration = Duration::from_mins(1);

/// How often it looks whether another key is to sign, and whether a revocation waits for its sessions to be ended one by one;
/// they are over already.
const LOOK: Duration = Duration::from_secs(1);
/// How many of them one write ends. Others must not have to wait behind it for long.
const SLICE: usize = 100;
/// How long in each second it goes on with what has time.
const SHARE: Duration = Duration::from_millis(200);

impl Housekeeping {
    pub(crate) fn start(app: &App) -> Self {
        let app = app.clone();
        Self(tokio::spawn(async move {
            let (mut ticks, mut looks) = (interval(TICK), interval(LOOK));
            let (mut counted, mut removal) = (Counted::default(), Removal::new(&app));
            // The first tick is at once, and the start has just done it.
            ticks.tick().await;
            counted.count(&app).await;
            loop {
                tokio::select! {
                    _ = ticks.tick() => {
                        chore(&app, "note_moment", tidy(&app)).await;
                        chore(&app, "seal_audit", sealing::seal(&app, 1, SHARE)).await;
                        counted.count(&app).await;
                    }
                    _ = looks.tick() => {
                        chore(&app, "read_signing_keys", read_keys(&app)).await;
                        chore(&app, "end_revoked_sessions", end_sessions(&app)).await;
                        chore(&app, "tell_expired_sessions", tell_expired(&app)).await;
                        chore(&app, "seal_audit", sealing::seal(&app, audit::SLICE, SHARE)).await;
                        removal.go_on(&app).await;
                    }
                }
            }
        }))
    }

    /// Ends the loop, after doing its work once more.
    pub(crate) async fn stop(self, app: &App) {
        self.0.abort();
        chore(app, "note_moment", tidy(app)).await;
        let rest = sealing::seal(app, 1, sealing::AT_A_STOP);
        chore(app, "seal_audit", rest).await;
    }
}

/// The server itself, at this moment.
fn internal(app: &App) -> Caller {
    Caller::internal("standin", app.now())
}

/// Does something, and says in the figures whether it was done and with how many rows. False if it could not be done.
async fn chore(app: &App, name: &'static str, work: impl Future<Output = Result<u64>>) -> bool {
    let figures = app.metrics.chores.of("", name);
    match work.await {
        Ok(rows) => {
            figures.done.count();
            figures.rows.add(rows);
            figures.last.set(app.now().seconds());
            true
        }
        Err(error) => {
            figures.failed.count();
            tracing::warn!(%error, chore = name, "housekeeping could not be done");
            false
        }
    }
}

/// The count of sessions that are alive. It goes through those that began lately enough, so it is not made with every look at
/// the figures, and where there are many, not every minute.
#[derive(Default)]
struct Counted {
    ticks_left: u32,
}

impl Counted {
    /// Counting takes a thousandth of the time at most, on a thread of the searches' lane.
    const SHARE: u32 = 1000;

    async fn count(&mut self, app: &App) {
        // Nobody reads it.
        if app.config.metrics_listen.is_none() {
            return;
        }
        if let Some(left) = self.ticks_left.checked_sub(1) {
            self.ticks_left = left;
            return;
        }
        let started = Instant::now();
        let (now, cap) = (app.now(), app.config.session_cap_seconds);
        let counting = async {
            let count = app
                .db
                .search(move |tx| sessions::alive(tx, now, cap))
                .await?;
            app.metrics.sessions.set(count);
            Ok(0)
        };
        chore(app, "count_sessions", counting).await;
        let pause = started.elapsed() * Self::SHARE;
        self.ticks_left = u32::try_from(pause.as_secs() / TICK.as_secs()).unwrap_or(u32::MAX);
    }
}

fn interval(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Another node, or the command line, may have changed them.
async fn read_keys(app: &App) -> Result<u64> {
    let keys = &app.keys;
    if keys.refresh(&app.db, &app.master_key, app.now()).await? {
        app.recent.clear();
    }
    Ok(0)
}

/// Ends the sessions of every revocation that is not done. After a stop in the middle it is gone through again; on several
/// nodes at once each session is ended by one of them.
async fn end_sessions(app: &App) -> Result<u64> {
    let mut ended = 0;
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
                ended += slice.len() as u64;
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
    Ok(ended)
}

/// Tells applications that listen of sessions that are past their end.
async fn tell_expired(app: &App) -> Result<u64> {
    let (until, mut told) = (Instant::now() + SHARE, 0);
    while Instant::now() < until {
        let now = app.now();
        let look = app.db.read(move |tx| sessions::expired(tx, now)).await?;
        let Some(look) = look else { break };
        let tell = move |tx: &mut Write<'_>| look.tell(tx);
        told += app.db.write(internal(app), tell).await?;
    }
    Ok(told)
}

async fn tidy(app: &App) -> Result<u64> {
    let by = internal(app);
    let limiters = &app.limiters;
    let unknown: Vec<Event> = [
        (&limiters.refused, Tried::Key, Error::KeyInvalid),
        (&limiters.refused, Tried::Ticket, Error::TicketInvalid),
        (
            &limiters.guesses,
            Tried::Guess,
            Unproven::IdentifierUnknown.into(),
        ),
    ]
    .into_iter()
    .filter_map(|(refusals, tried, refusal)| {
        let count = refusals.take_unknown(tried);
        let event = Event::new(Action::CredentialRefuse).refused(refusal.shown().code);
        (count > 0).then(|| event.detail(format!("{count} since the last such record")))
    })
    .collect();
    app.db
        .write(by, move |tx| {
            unknown.iter().cloned().for_each(|event| tx.note(event));
            instance::remember(tx)
        })
        .await
        .map(|()| 1)
}

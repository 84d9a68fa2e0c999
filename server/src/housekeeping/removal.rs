//! Removing what is past its time, a few rows at a time: each write is as large as a few milliseconds allow, and all of them
//! take a part of each second only. One node does it for all, by a row that says whose turn it is. That is thrift, not
//! safety: every write holds what it removes against its condition, so two at once would do no harm.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{SHARE, chore, internal};
use crate::app::App;
use crate::audit;
use crate::clock::Time;
use crate::config::Keep;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::id;
use crate::idempotency;
use crate::keys;
use crate::retention::{self, Old, Place};
use crate::webhooks;

/// See the module.
pub(super) struct Removal {
    /// Which node this is, among those on its database.
    node: String,
    pace: Pace,
    /// What is left of the turn, while it is this node's.
    steps: VecDeque<Step>,
    /// When it began: what it takes for old is old since then.
    began: Time,
}

impl Removal {
    pub(super) fn new(app: &App) -> Self {
        Self {
            node: id::ksuid(app.now()),
            pace: Pace { rows: Pace::LEAST },
            steps: VecDeque::new(),
            began: app.now(),
        }
    }

    /// Goes on, for its part of this second.
    pub(super) async fn go_on(&mut self, app: &App) {
        let until = Instant::now() + SHARE;
        let erasing = erase(app, &mut self.pace, until);
        chore(app, "erase_users", erasing).await;
        if !self.is_ours(app).await {
            return;
        }
        while let Some(step) = self.steps.front_mut() {
            let name = step.name();
            let going_on = step.go_on(app, &mut self.pace, until);
            if !chore(app, name, going_on).await || !step.is_done {
                return;
            }
            self.steps.pop_front();
        }
        let (node, began) = (self.node.clone(), self.began);
        let ending = async {
            let end = move |tx: &mut Write<'_>| retention::end_turn(tx, &node, began);
            app.db.write(internal(app), end).await.map(|()| 1)
        };
        chore(app, "look_for_what_is_old", ending).await;
    }

    /// Whether it is this node's turn, and takes it where it is due.
    async fn is_ours(&mut self, app: &App) -> bool {
        let (begun, node) = (!self.steps.is_empty(), self.node.clone());
        let now = app.now();
        let taking = async {
            if !begun && !app.db.read(move |tx| retention::is_due(tx, now)).await? {
                return Ok(false);
            }
            let take = move |tx: &mut Write<'_>| retention::take_turn(tx, &node);
            app.db.write(internal(app), take).await
        };
        let taken = taking.await.unwrap_or_else(|error: Error| {
            tracing::warn!(%error, "whose turn it is to remove what is old is not known");
            false
        });
        if !taken {
            self.steps.clear();
        } else if !begun {
            self.steps = steps(app.config.keep, now);
            self.began = now;
        }
        taken
    }
}

fn steps(keep: Keep, now: Time) -> VecDeque<Step> {
    let before = |seconds: Option<i64>| seconds.map(|seconds| now.plus_seconds(-seconds));
    let old = Old::ALL.into_iter().filter_map(|old| {
        let kept = match old {
            Old::Sessions => keep.sessions,
            Old::Tasks | Old::SignInTokens => keep.tasks,
        };
        let (before, from) = (before(kept)?, Place::default());
        Some(What::Old { old, before, from })
    });
    let audit = before(keep.audit).map(|before| What::Audit { before });
    let deliveries = before(keep.deliveries).map(|before| What::Deliveries { before });
    let whats = old
        .chain([What::Answers])
        .chain(audit)
        .chain(deliveries)
        .chain([What::SigningKeys]);
    let is_done = false;
    whats.map(|what| Step { what, is_done }).collect()
}

/// One kind of what is old.
struct Step {
    what: What,
    is_done: bool,
}

enum What {
    Old {
        old: Old,
        before: Time,
        from: Place,
    },
    /// To requests under an `Idempotency-Key`.
    Answers,
    Audit {
        before: Time,
    },
    /// To applications' endpoints.
    Deliveries {
        before: Time,
    },
    SigningKeys,
}

impl Step {
    fn name(&self) -> &'static str {
        match &self.what {
            What::Old { old, .. } => match old {
                Old::Sessions => "remove_sessions",
                Old::Tasks => "remove_tasks",
                Old::SignInTokens => "remove_sign_in_tokens",
            },
            What::Answers => "remove_answers",
            What::Audit { .. } => "remove_audit",
            What::Deliveries { .. } => "remove_deliveries",
            What::SigningKeys => "remove_signing_keys",
        }
    }

    /// Goes on until it is done or that moment has come.
    async fn go_on(&mut self, app: &App, pace: &mut Pace, until: Instant) -> Result<u64> {
        let mut removed = 0;
        while !self.is_done && Instant::now() < until {
            removed += match &mut self.what {
                What::Old { old, before, from } => {
                    let (old, before, start) = (*old, *before, from.clone());
                    let look = app
                        .db
                        .search(move |tx| retention::look(tx, old, before, &start))
                        .await?;
                    let removed = remove(app, pace, (old, before), look.past).await?;
                    match look.next {
                        Some(next) => *from = next,
                        None => self.is_done = true,
                    }
                    removed
                }
                What::Answers => {
                    let removed = pace.slice(app, idempotency::forget).await?;
                    self.is_done = removed == 0;
                    removed
                }
                What::Audit { before } => {
                    let before = *before;
                    let trim = move |tx: &mut Write<'_>, rows| audit::trim(tx, before, rows);
                    let removed = pace.slice(app, trim).await?;
                    self.is_done = removed == 0;
                    removed
                }
                What::Deliveries { before } => {
                    let before = *before;
                    let forget = move |tx: &mut Write<'_>, rows| webhooks::forget(tx, before, rows);
                    let removed = pace.slice(app, forget).await?;
                    self.is_done = removed == 0;
                    removed
                }
                What::SigningKeys => {
                    self.is_done = true;
                    pace.slice(app, |tx, _| keys::sweep(tx)).await?
                }
            };
        }
        Ok(removed)
    }
}

/// Removes what a look has found.
async fn remove(
    app: &App,
    pace: &mut Pace,
    (old, before): (Old, Time),
    mut ids: Vec<String>,
) -> Result<u64> {
    let mut removed = 0;
    while !ids.is_empty() {
        let rest = ids.split_off(pace.rows.min(ids.len()));
        let slice = std::mem::replace(&mut ids, rest);
        let remove = move |tx: &mut Write<'_>, _| retention::remove(tx, old, &slice, before);
        removed += pace.slice(app, remove).await?;
    }
    Ok(removed)
}

/// Removes what is left of deleted users.
async fn erase(app: &App, pace: &mut Pace, until: Instant) -> Result<u64> {
    let mut removed = 0;
    let now = app.now();
    while Instant::now() < until
        && let Some(user) = app.db.read(move |tx| retention::unerased(tx, now)).await?
    {
        let erase = move |tx: &mut Write<'_>, rows| retention::erase(tx, &user, rows);
        removed += pace.slice(app, erase).await?;
    }
    Ok(removed)
}

/// How many rows one write removes: as many as took a few milliseconds lately, commit included. Where others share that commit,
/// or the disk is slow, that is fewer.
struct Pace {
    rows: usize,
}

impl Pace {
    const LEAST: usize = 8;
    const MOST: usize = 512;
    /// Half of what nobody should have to wait for.
    const AIM: Duration = Duration::from_millis(5);

    /// Does a write over so many rows.
    async fn slice(
        &mut self,
        app: &App,
        mut work: impl FnMut(&mut Write<'_>, i64) -> Result<u64> + Send + 'static,
    ) -> Result<u64> {
        let rows = self.rows;
        let most = i64::try_from(rows).unwrap_or(i64::MAX);
        let work = move |tx: &mut Write<'_>| Ok((Instant::now(), work(tx, most)?));
        let (begun, removed) = app.db.write(internal(app), work).await?;
        let took = begun.elapsed();
        app.metrics.slices.took(took);
        // At a slice that had fewer rows there is nothing to be learnt.
        if removed >= rows as u64 || took > Self::AIM {
            self.rows = Self::after(rows, took);
        }
        Ok(removed)
    }

    /// How many come next after so many took so long.
    fn after(rows: usize, took: Duration) -> usize {
        let fit = Self::AIM.as_nanos() * rows as u128 / took.as_nanos().max(1);
        let fit = usize::try_from(fit).unwrap_or(Self::MOST);
        // Half as many again at most: the next rows may lie further apart.
        fit.min(rows + rows / 2).clamp(Self::LEAST, Self::MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_as_large_as_fits_and_grows_slowly() {
        let after = |rows, millis| Pace::after(rows, Duration::from_millis(millis));
        assert_eq!(after(100, 5), 100);
        assert_eq!(after(100, 10), 50);
        assert_eq!(after(100, 1), 150);
        assert_eq!(after(100, 0), 150);
        assert_eq!(after(100, 10_000), Pace::LEAST);
        assert_eq!(after(Pace::MOST, 1), Pace::MOST);
    }
}

//! Answers that are kept for a day, so that a request which is sent again under its `Idempotency-Key` is answered again and
//! not done again.
//!
//! An answer is kept in the transaction of what it tells of: there is never one without the other. Of two requests at once
//! under one key, one is done; the other one's transaction meets it, is rolled back, and finds the answer.

use crate::caller::Once;
use crate::clock::Time;
use crate::db::{Write, values};
use crate::error::{Error, Result};
use crate::secret::Digest;

/// How long an answer is kept, in seconds.
pub const KEPT: i64 = 86_400;

fn forgotten(now: Time) -> Time {
    now.plus_seconds(-KEPT)
}

/// The answer to this request, sealed, if it was done before.
///
/// # Errors
/// [`Error::IdempotencyKeyReused`] when another request was done under its key.
pub fn find(tx: &mut Write<'_>, once: &Once) -> Result<Option<String>> {
    const SQL: &str =
        "select request_digest, answer from answers where id = $1 and created_at > $2";
    let since = forgotten(tx.now());
    let kept: Option<(Digest, String)> = tx.first(SQL, values![&once.id, since])?;
    match kept {
        None => Ok(None),
        Some((request, answer)) if request == once.request => Ok(Some(answer)),
        Some(_) => Err(Error::IdempotencyKeyReused),
    }
}

/// Keeps the answer to a request that has just been done.
///
/// # Errors
/// [`Error::Conflict`] when another one under its key was done meanwhile.
pub fn keep(tx: &mut Write<'_>, once: &Once, sealed: &str) -> Result<()> {
    const SQL: &str = "insert into answers (id, request_digest, answer, created_at) values ($1, $2, $3, $4)
        on conflict (id) do update set request_digest = excluded.request_digest, answer = excluded.answer,
            created_at = excluded.created_at where answers.created_at <= $5";
    let (now, before) = (tx.now(), forgotten(tx.now()));
    let kept = tx.execute(SQL, values![&once.id, &once.request, sealed, now, before])?;
    if kept == 0 {
        return Err(Error::Conflict(
            "the same request, sent twice at once".into(),
        ));
    }
    Ok(())
}

/// Removes up to `most` of what was kept long enough, or a few more of the same moment.
pub fn forget(tx: &mut Write<'_>, most: i64) -> Result<u64> {
    const SQL: &str = "delete from answers where created_at <= $1 and created_at <=
        coalesce((select created_at from answers order by created_at limit 1 offset $2), $1)";
    let before = forgotten(tx.now());
    tx.execute(SQL, values![before, most - 1])
}

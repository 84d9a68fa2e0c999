//! Exchanging an expired token for a new one.

use super::{Session, find};
use crate::clients::{self, Client};
use crate::db::{Write, values};
use crate::error::{Error, NotRenewed, Result};
use crate::id::SessionId;

/// How long after its first exchange an expired token may be shown again, in seconds: a page's parallel requests all
/// carry the same one.
const EXCHANGE_GRACE: i64 = 10;

/// Takes an expired token of a session in exchange for a new one: each once, apart from a short grace, and none older than
/// the newest that was taken. `issued_at` is the token's `iat`, in seconds.
///
/// # Errors
/// [`Error::NotRenewed`].
pub fn renew(tx: &mut Write<'_>, id: &SessionId, issued_at: i64) -> Result<(Client, Session)> {
    let (now, refused) = (tx.now(), |why| Err(Error::NotRenewed(why)));
    let Some(session) = find(tx, id)? else {
        return refused(NotRenewed::SessionUnknown);
    };
    let user: Option<String> = tx.first(
        "select id from users where id = $1",
        values![&session.user_id],
    )?;
    if user.is_none() {
        return refused(NotRenewed::UserUnknown);
    }
    if !session.is_active(now) {
        return refused(NotRenewed::SessionInactive);
    }
    if !exchange(tx, id, issued_at)? {
        return refused(NotRenewed::Consumed);
    }
    Ok((clients::get(tx, &session.client_id)?, session))
}

fn exchange(tx: &mut Write<'_>, id: &SessionId, issued_at: i64) -> Result<bool> {
    let now = tx.now();
    let taken = tx.execute(
        "update sessions set refreshed_iat = $2, refreshed_at = $3
         where id = $1 and (refreshed_iat is null or refreshed_iat < $2)",
        values![id, issued_at, now],
    )?;
    if taken == 1 {
        return Ok(true);
    }
    let repeated: Option<String> = tx.first(
        "select id from sessions where id = $1 and refreshed_iat = $2 and refreshed_at > $3",
        values![id, issued_at, now.plus_seconds(-EXCHANGE_GRACE)],
    )?;
    Ok(repeated.is_some())
}

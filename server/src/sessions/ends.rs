//! How far a session reaches: its last use, its end, and another end than it was opened with.

use super::{End, Session, active_at, get};
use crate::clients::{self, Client, Credential};
use crate::clock::Time;
use crate::db::{Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::SessionId;
use crate::instance;

/// Ends a session. False when it was over already; then nothing is changed or recorded.
pub fn end(tx: &mut Write<'_>, session: &Session, how: End) -> Result<bool> {
    let now = tx.now();
    let ended = tx.execute(
        "update sessions set ended_at = $2, end_status = $3, updated_at = $2
         where id = $1 and ended_at is null and expire_at > $2",
        values![&session.id, now, how.status()],
    )?;
    if ended == 0 {
        return Ok(false);
    }
    clients::signed_out(tx, std::slice::from_ref(&session.client_id))?;
    tx.note(session.event(how.action()));
    Ok(true)
}

/// Ends a session that its own page wants to be over.
///
/// # Errors
/// [`Error::SessionRestricted`].
pub fn leave(tx: &mut Write<'_>, session: &Session, how: End) -> Result<()> {
    session.may_change()?;
    end(tx, session, how).map(|_| ())
}

/// Refuses a browser whose own pages must not take it out of its session.
///
/// # Errors
/// [`Error::SessionRestricted`].
pub fn may_be_left(tx: &mut Write<'_>, credentials: &[Credential]) -> Result<()> {
    let now = tx.now();
    for client in clients::all(tx, credentials)? {
        let sessions = active_at(tx, &client.id, now)?;
        sessions.iter().try_for_each(Session::may_change)?;
    }
    Ok(())
}

/// Moves the end of an active session to `expire_at`, which must lie ahead, and at most `cap_seconds` after its beginning.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::SessionOver`]; [`Error::ParamValue`].
pub fn set_end(
    tx: &mut Write<'_>,
    id: &SessionId,
    expire_at: Time,
    cap_seconds: i64,
) -> Result<Session> {
    let now = tx.now();
    tx.attempt(Event::new(Action::SessionUpdate).session(id));
    let session = get(tx, id)?;
    if !session.is_active(now) {
        return Err(Error::SessionOver(session.status(now).as_str()));
    }
    let latest = session.created_at.plus_seconds(cap_seconds);
    if expire_at <= now || expire_at > latest {
        let bounds = format!(
            "a time in milliseconds, later than now ({}) and at most {}, {cap_seconds} s after the session began",
            now.0, latest.0
        );
        return Err(Error::ParamValue("expire_at", bounds));
    }
    let moved = tx.execute(
        "update sessions set expire_at = $2, updated_at = $3 where id = $1 and ended_at is null and expire_at > $3",
        values![id, expire_at, now],
    )?;
    if moved == 0 {
        return Err(Error::SessionOver(get(tx, id)?.status(now).as_str()));
    }
    tx.note(
        session
            .event(Action::SessionUpdate)
            .detail(format!("expire_at {}", expire_at.0)),
    );
    get(tx, id)
}

/// Takes a session back. One that is over already stays as it is: what was wanted is so.
///
/// # Errors
/// [`Error::NotFound`].
pub fn revoke(tx: &mut Write<'_>, id: &SessionId) -> Result<Session> {
    tx.attempt(Event::new(Action::SessionRevoke).session(id));
    let session = get(tx, id)?;
    if !end(tx, &session, End::Revoked)? {
        instance::remember(tx)?;
    }
    get(tx, id)
}

/// Signs a browser out: ends every session of its client. `None` for a browser that is no client; it is signed out already.
///
/// # Errors
/// [`Error::SessionRestricted`].
pub fn sign_out(tx: &mut Write<'_>, credentials: &[Credential]) -> Result<Option<Client>> {
    let now = tx.now();
    let Some(client) = clients::find(tx, credentials, now)? else {
        return Ok(None);
    };
    for session in active_at(tx, &client.id, now)? {
        tx.acts_as(session.acting());
        leave(tx, &session, End::Removed)?;
    }
    clients::get(tx, &client.id).map(Some)
}

/// Notes that a session's browser is in use, and from where.
pub fn touch(tx: &mut Write<'_>, session: &Session) -> Result<()> {
    let (now, by) = (tx.now(), tx.by());
    tx.execute(
        "update sessions set last_active_at = $2, ip = $3, user_agent = $4 where id = $1",
        values![&session.id, now, by.ip.as_ref(), by.user_agent.as_ref()],
    )?;
    tx.execute(
        "update users set last_active_at = $2 where id = $1",
        values![&session.user_id, now],
    )?;
    Ok(())
}

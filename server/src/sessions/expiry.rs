//! Telling applications that a session is past its end. Nobody does anything at that moment and no row changes, so housekeeping
//! goes along the ends and keeps how far it has come: each session is told of in the write that passes it, once.

use super::revoke::{Unended, unfinished};
use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::Result;
use crate::events::Action;
use crate::webhooks::{self, Kind};

/// How long after its end a session is told of, in seconds. A write is of the moment at which its request came in, and other
/// nodes have other clocks: until then one may still come that has a session end earlier.
const LATER: i64 = 60;
/// How many one write tells of. Others must not have to wait behind it for long.
const SLICE: i64 = 100;

/// Between two sessions, by their ends and ids.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    at: Time,
    id: String,
}

impl Mark {
    /// Before all that end at this moment.
    fn before(at: Time) -> Self {
        Self {
            at,
            id: String::new(),
        }
    }
}

impl FromRow for Mark {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            at: row.take()?,
            id: row.take()?,
        })
    }
}

struct Passed {
    expire_at: Time,
    session: Unended,
}

impl FromRow for Passed {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            expire_at: row.take()?,
            session: Unended::from_row(row)?,
        })
    }
}

/// Sessions to tell of.
#[derive(Clone, Debug)]
pub struct Expired {
    from: Mark,
    to: Mark,
    sessions: Vec<Unended>,
}

/// Looks at the next sessions that are past their end. `None` where there is nothing to write.
pub fn expired(tx: &mut Read<'_>, now: Time) -> Result<Option<Expired>> {
    let until = now.plus_seconds(-LATER);
    let from: Mark = tx.one("select expiry_told_at, expiry_told_id from instance", &[])?;
    let nobody = Expired {
        from: from.clone(),
        to: Mark::before(until),
        sessions: Vec::new(),
    };
    let Some(since) = webhooks::heard_since(tx, Kind::SessionEnded)? else {
        // Whoever listens one day is not told of what was before.
        return Ok((from.at < until.plus_seconds(-LATER) || from.at > now).then_some(nobody));
    };
    // A new database, or the clock has gone back.
    if from.at == Time(0) || from.at > now {
        return Ok(Some(nobody));
    }
    // Those that were taken back are told of as such.
    if unfinished(tx)?.is_some() {
        return Ok(None);
    }
    let start = if from.at < since {
        Mark::before(since)
    } else {
        from.clone()
    };
    let passed: Vec<Passed> = tx.all(
        "select expire_at, id, client_id, user_id, agent_id, task_id from sessions
         where ended_at is null and expire_at <= $1 and expire_at >= $2 and (expire_at > $2 or id > $3)
         order by expire_at, id limit $4",
        values![until, start.at, &start.id, SLICE],
    )?;
    Ok(passed.last().map(|last| Expired {
        from,
        to: Mark {
            at: last.expire_at,
            id: last.session.id.to_string(),
        },
        sessions: passed.iter().map(|one| one.session.clone()).collect(),
    }))
}

impl Expired {
    /// Tells of them, and says of how many: of none where another node was faster.
    pub fn tell(&self, tx: &mut Write<'_>) -> Result<u64> {
        let moved = tx.execute(
            "update instance set expiry_told_at = $1, expiry_told_id = $2 where expiry_told_at = $3 and expiry_told_id = $4",
            values![self.to.at, &self.to.id, self.from.at, &self.from.id],
        )?;
        if moved == 0 {
            return Ok(0);
        }
        for session in &self.sessions {
            tx.note(session.event(Action::SessionExpire));
        }
        Ok(self.sessions.len() as u64)
    }
}

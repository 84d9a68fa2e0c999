//! Deliveries as they are read back, sent again and forgotten.

use super::{Action, event, get};
use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::id::WebhookId;
use crate::word::words;

words! {
    /// How far a delivery has come.
    pub enum State {
        /// It will be tried, for the first time or again.
        Waiting = "waiting",
        /// It arrived.
        Delivered = "delivered",
        /// The last attempt failed.
        Dead = "dead",
    }
}

/// One event on its way to one endpoint, or after it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// To where.
    pub endpoint_id: WebhookId,
    /// The event, as receivers know it.
    pub message_id: String,
    /// Its type.
    pub kind: String,
    /// The id of what it tells of.
    pub object: String,
    /// The body, to the letter.
    pub payload: String,
    /// When it happened.
    pub created_at: Time,
    /// When it is tried next.
    pub due_at: Option<Time>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it arrived.
    pub delivered_at: Option<Time>,
    /// When the last attempt failed.
    pub dead_at: Option<Time>,
}

impl Delivery {
    /// How far it has come.
    pub fn state(&self) -> State {
        match (self.due_at, self.dead_at) {
            (Some(_), _) => State::Waiting,
            (None, Some(_)) => State::Dead,
            (None, None) => State::Delivered,
        }
    }
}

impl FromRow for Delivery {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            endpoint_id: row.take()?,
            message_id: row.take()?,
            kind: row.take()?,
            object: row.take()?,
            payload: row.take()?,
            created_at: row.take()?,
            due_at: row.take()?,
            attempts: row.take()?,
            delivered_at: row.take()?,
            dead_at: row.take()?,
        })
    }
}

const SELECT: &str = "select id, endpoint_id, message_id, type, object, payload, created_at, due_at, attempts, delivered_at, dead_at
     from webhook_deliveries";

/// Which deliveries to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this endpoint.
    pub endpoint: WebhookId,
    /// That have come so far.
    pub state: Option<State>,
    /// Of this type.
    pub kind: Option<String>,
    /// About this object.
    pub object: Option<String>,
}

/// Deliveries of what has happened by now, the newest first.
pub fn list_deliveries(
    tx: &mut Read<'_>,
    filter: &Filter,
    page: Page,
    now: Time,
) -> Result<Vec<Delivery>> {
    let mut query = Query::new(SELECT);
    query.equals("endpoint_id", Some(&filter.endpoint));
    let now = query.mark(now);
    query.and(&format!("created_at <= {now}"));
    match filter.state {
        Some(State::Waiting) => query.and("due_at is not null"),
        Some(State::Dead) => query.and("dead_at is not null and due_at is null"),
        Some(State::Delivered) => query.and("delivered_at is not null and due_at is null"),
        None => {}
    }
    query.equals("type", filter.kind.as_ref());
    query.equals("object", filter.object.as_ref());
    query.page("created_at desc, id desc", page).all(tx)
}

/// The delivery with this number to this endpoint.
///
/// # Errors
/// [`Error::NotFound`].
pub fn delivery(tx: &mut Read<'_>, endpoint: &WebhookId, id: i64) -> Result<Delivery> {
    tx.first(
        &format!("{SELECT} where id = $1 and endpoint_id = $2"),
        values![id, endpoint],
    )?
    .ok_or_else(|| Error::NotFound("delivery", id.to_string()))
}

/// One time that a delivery was tried.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When.
    pub at: Time,
    /// How long it took, in milliseconds.
    pub took: i64,
    /// The status of the answer, where there was one.
    pub status: Option<i64>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

impl FromRow for Attempt {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            at: row.take()?,
            took: row.take()?,
            status: row.take()?,
            error: row.take()?,
        })
    }
}

/// The newest attempts at a delivery.
pub fn attempts(tx: &mut Read<'_>, delivery: i64) -> Result<Vec<Attempt>> {
    tx.all(
        "select at, took, status, error from webhook_attempts where delivery_id = $1 order by id desc limit 50",
        values![delivery],
    )
}

/// Sends one again, whatever became of it, with the whole schedule before it. Its id stays the same.
///
/// # Errors
/// [`Error::NotFound`].
pub fn replay(tx: &mut Write<'_>, endpoint: &WebhookId, id: i64) -> Result<Delivery> {
    let now = tx.now();
    tx.attempt(event(Action::WebhookReplay, endpoint));
    tx.execute(
        "update webhook_deliveries set due_at = $3, attempts = 0, delivered_at = null, dead_at = null
         where id = $1 and endpoint_id = $2 and created_at <= $3",
        values![id, endpoint, now],
    )?;
    let found = delivery(tx, endpoint, id)?;
    tx.note(event(Action::WebhookReplay, endpoint).detail(format!("{endpoint} delivery {id}")));
    Ok(found)
}

/// How many one request sends again at most.
const REPLAYED: i64 = 1_000;

/// Sends again what happened since then, the oldest first; the dead ones only, or all. Says how many, and the moment of the last,
/// where there are more.
///
/// # Errors
/// [`Error::NotFound`].
pub fn replay_since(
    tx: &mut Write<'_>,
    endpoint: &WebhookId,
    since: Time,
    only_dead: bool,
) -> Result<(u64, Option<Time>)> {
    let now = tx.now();
    tx.attempt(event(Action::WebhookReplay, endpoint));
    get(tx, endpoint)?;
    let which = if only_dead {
        "dead_at is not null and "
    } else {
        ""
    };
    let found: Vec<(i64, Time)> = tx.all(
        &format!(
            "select id, created_at from webhook_deliveries where endpoint_id = $1 and created_at >= $2 and created_at <= $3
             and {which}due_at is null order by created_at, id limit $4"
        ),
        values![endpoint, since, now, REPLAYED],
    )?;
    for (id, _) in &found {
        tx.execute(
            "update webhook_deliveries set due_at = $2, attempts = 0, delivered_at = null, dead_at = null where id = $1",
            values![*id, now],
        )?;
    }
    let count = found.len();
    let is_full = i64::try_from(count) == Ok(REPLAYED);
    tx.note(
        event(Action::WebhookReplay, endpoint).detail(format!("{endpoint} {count} deliveries")),
    );
    let last = found.last().filter(|_| is_full).map(|(_, at)| *at);
    Ok((count as u64, last))
}

/// How many deliveries one statement removes.
const CHUNK: usize = 50;

/// Removes up to `most` deliveries of before then, with their attempts.
pub fn forget(tx: &mut Write<'_>, before: Time, most: i64) -> Result<u64> {
    let past: Vec<i64> = tx.all(
        "select id from webhook_deliveries where created_at < $1 order by created_at, id limit $2",
        values![before, most],
    )?;
    let mut removed = 0;
    for ids in past.chunks(CHUNK) {
        let mut query = Query::new("delete from webhook_deliveries");
        let marks = query.marks_of_two_sizes(ids.iter().copied(), CHUNK);
        query.and(&format!("id in ({marks})"));
        removed += query.execute(tx)?;
    }
    Ok(removed)
}

/// Since when the delivery waits that has waited longest, among the endpoints that are sent to.
pub fn oldest_waiting(tx: &mut Read<'_>, now: Time) -> Result<Option<Time>> {
    let oldest: Vec<Time> = tx.all(
        "select d.created_at from webhook_endpoints e join webhook_deliveries d on d.id =
         (select w.id from webhook_deliveries w where w.endpoint_id = e.id and w.due_at is not null order by w.created_at, w.id limit 1)
         where e.disabled_at is null and d.created_at <= $1",
        values![now],
    )?;
    Ok(oldest.into_iter().min())
}

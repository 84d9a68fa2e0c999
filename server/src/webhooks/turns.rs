//! What is on its way: posted with the change, claimed by one node at a time, settled by what came of the attempt.
//!
//! `due_at` is all there is to it. A claim moves it ahead by a conditional update, for as long as an attempt may take; a node
//! that dies leaves it there, and then it is due again. An event that comes after one of the same object which is still on
//! its way is moved behind that one, and back when it has arrived.

use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Value, Write, insert_all, values};
use crate::error::Result;
use crate::id::WebhookId;

use super::Kind;

/// An event as it is sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// The same at every endpoint and every attempt.
    pub id: String,
    /// What it tells of.
    pub kind: Kind,
    /// The id of the object.
    pub object: String,
    /// The body, to the letter.
    pub payload: String,
    /// When it happens.
    pub at: Time,
}

/// Puts messages on their way, and says under which numbers. Where nobody tries again, nobody waits: a row of its own for each
/// endpoint.
pub fn post(tx: &mut Write<'_>, messages: Vec<(WebhookId, Message)>) -> Result<Vec<i64>> {
    let one = messages.len() == 1;
    let rows: Vec<Vec<Value>> = messages
        .into_iter()
        .map(|(endpoint, message)| {
            vec![
                (&endpoint).into(),
                message.id.into(),
                message.kind.into(),
                message.object.into(),
                message.payload.into(),
                message.at.into(),
                message.at.into(),
            ]
        })
        .collect();
    if one {
        let values: Vec<Value> = rows.into_iter().flatten().collect();
        return tx.returning(
            "insert into webhook_deliveries (endpoint_id, message_id, type, object, payload, created_at, due_at)
             values ($1, $2, $3, $4, $5, $6, $7) returning id",
            &values,
        );
    }
    insert_all(
        tx,
        "insert into webhook_deliveries (endpoint_id, message_id, type, object, payload, created_at, due_at)",
        rows,
    )?;
    Ok(Vec::new())
}

/// Takes back what was to happen to an object and did not.
pub fn withdraw(tx: &mut Write<'_>, endpoint: &WebhookId, object: &str, kind: Kind) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "delete from webhook_deliveries where endpoint_id = $1 and object = $2 and type = $3 and due_at is not null and created_at > $4",
        values![endpoint, object, kind, now],
    )?;
    Ok(())
}

/// Has nothing that happened wait for a time that has become far away: the clock went back. That a link ends is still to come.
pub fn hurry(tx: &mut Write<'_>, now: Time) -> Result<()> {
    let endpoints: Vec<WebhookId> = tx.all("select id from webhook_endpoints", &[])?;
    for endpoint in endpoints {
        tx.execute(
            "update webhook_deliveries set due_at = $2 where endpoint_id = $1 and due_at > $2 and type <> $3",
            values![&endpoint, now, Kind::TaskExpired],
        )?;
    }
    Ok(())
}

/// Endpoints for which something is due.
pub fn due(tx: &mut Read<'_>, now: Time) -> Result<Vec<WebhookId>> {
    tx.all(
        "select e.id from webhook_endpoints e where e.disabled_at is null and exists
         (select 1 from webhook_deliveries d where d.endpoint_id = e.id and d.due_at <= $1)",
        values![now],
    )
}

/// One that this node tries now.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its number.
    pub id: i64,
    /// See [`Message`].
    pub message_id: String,
    /// See [`Message`].
    pub payload: String,
    /// How often it was tried before.
    pub attempts: i64,
    object: String,
    created_at: Time,
    /// Until when nobody else tries.
    until: Time,
}

impl FromRow for Claimed {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            message_id: row.take()?,
            payload: row.take()?,
            attempts: row.take()?,
            object: row.take()?,
            created_at: row.take()?,
            until: row.take()?,
        })
    }
}

/// Claims up to `most` of what is due for an endpoint, until then.
pub fn take(
    tx: &mut Write<'_>,
    endpoint: &WebhookId,
    until: Time,
    most: i64,
) -> Result<Vec<Claimed>> {
    let now = tx.now();
    let found: Vec<Claimed> = tx.all(
        "select id, message_id, payload, attempts, object, created_at, due_at from webhook_deliveries
         where endpoint_id = $1 and due_at <= $2 order by due_at, id limit $3",
        values![endpoint, now, most],
    )?;
    let mut claimed = Vec::new();
    for one in found {
        let before: Option<Time> = tx.first(
            "select due_at from webhook_deliveries where endpoint_id = $1 and object = $2 and due_at is not null
             and created_at <= $3 and (created_at < $3 or id < $4) order by created_at desc, id desc limit 1",
            values![endpoint, &one.object, one.created_at, one.id],
        )?;
        // Its own attempt moves the one before at least by so much.
        let next = before.map_or(until, |before| before.max(until));
        let moved = tx.execute(
            "update webhook_deliveries set due_at = $3 where id = $1 and due_at = $2",
            values![one.id, one.until, next],
        )?;
        if before.is_none() && moved > 0 {
            claimed.push(Claimed { until, ..one });
        }
    }
    Ok(claimed)
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// At what.
    pub of: Claimed,
    /// When it began.
    pub at: Time,
    /// How long it took, in milliseconds.
    pub took: i64,
    /// The status of the answer, where there was one.
    pub status: Option<i64>,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// When it is tried again, if it failed and is.
    pub again: Option<Time>,
}

/// Keeps what came of an attempt, and lets go what waited behind it.
pub fn settle(tx: &mut Write<'_>, endpoint: &WebhookId, outcome: &Outcome) -> Result<()> {
    let now = tx.now();
    let (of, arrived) = (&outcome.of, outcome.error.is_none());
    let is_dead = !arrived && outcome.again.is_none();
    let ours = tx.execute(
        "update webhook_deliveries set due_at = $3, attempts = attempts + 1, delivered_at = $4, dead_at = $5
         where id = $1 and due_at = $2",
        values![
            of.id,
            of.until,
            outcome.again,
            arrived.then_some(now),
            is_dead.then_some(now)
        ],
    )?;
    // Somebody else has tried it since, or nobody wants it any more.
    if ours == 0 {
        return Ok(());
    }
    tx.execute(
        "insert into webhook_attempts (delivery_id, at, took, status, error) values ($1, $2, $3, $4, $5)",
        values![of.id, outcome.at, outcome.took, outcome.status, outcome.error.as_ref()],
    )?;
    if outcome.again.is_none() {
        tx.execute(
            "update webhook_deliveries set due_at = created_at
             where endpoint_id = $1 and object = $2 and due_at is not null and created_at >= $3",
            values![endpoint, &of.object, of.created_at],
        )?;
    }
    Ok(())
}

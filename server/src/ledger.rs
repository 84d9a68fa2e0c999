//! The ledger: turns the events of a write into audit records, and into deliveries where somebody listens, inside the savepoint of
//! that write. [`crate::db`] calls it after the work of every write, so a change without its record cannot be committed.

mod payload;
mod posting;

use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::db::{Value, Write};
use crate::error::Result;
use crate::events::Event;

/// How many records go into one statement where there are many, as when everybody's sessions are revoked. A statement holds
/// 32,766 parameters at most on SQLite, 65,535 on PostgreSQL.
const ROWS: usize = 250;
const COLUMNS: usize = 12;

/// Enters the events of one write, in their order.
pub fn enter(tx: &mut Write<'_>, events: &[Event]) -> Result<()> {
    // Two sizes of statement, so that both stay prepared.
    static ONE: LazyLock<String> = LazyLock::new(|| insert(1));
    static MANY: LazyLock<String> = LazyLock::new(|| insert(ROWS));
    let (many, few) = events.as_chunks::<ROWS>();
    let mut entered: Vec<(i64, i64)> = Vec::new();
    for chunk in many {
        let values: Vec<Value> = chunk.iter().flat_map(|event| columns(tx, event)).collect();
        entered.extend(tx.returning::<(i64, i64)>(&MANY, &values)?);
    }
    for event in few {
        let values = columns(tx, event);
        entered.extend(tx.returning::<(i64, i64)>(&ONE, &values)?);
    }
    if entered.last().is_some_and(|(_, listeners)| *listeners > 0) {
        let numbers: Vec<i64> = entered.into_iter().map(|(number, _)| number).collect();
        posting::post(tx, events, &numbers)?;
    }
    Ok(())
}

fn columns(tx: &Write<'_>, event: &Event) -> [Value; COLUMNS] {
    let by = tx.by();
    [
        tx.now().into(),
        event.action.into(),
        event.refused.unwrap_or("ok").into(),
        tx.actor().into(),
        event.user.as_ref().into(),
        event.agent.as_ref().into(),
        event.task.as_ref().into(),
        event.session.as_ref().into(),
        by.ip.as_ref().into(),
        by.user_agent.as_ref().into(),
        (&by.request_id).into(),
        event.detail.as_ref().into(),
    ]
}

fn insert(rows: usize) -> String {
    let mut sql = String::from(
        "insert into audit (at, action, result, actor, user_id, agent_id, task_id, session_id, ip, user_agent, request_id, detail) values",
    );
    for row in 0..rows {
        let comma = if row == 0 { " (" } else { ", (" };
        sql.push_str(comma);
        for column in 1..=COLUMNS {
            let comma = if column == 1 { "" } else { ", " };
            let _ = write!(sql, "{comma}${}", row * COLUMNS + column);
        }
        sql.push(')');
    }
    // Whether anybody listens comes along: a statement of its own would be a round trip in every write.
    sql.push_str(
        " returning seq, (select count(*) from webhook_endpoints where disabled_at is null)",
    );
    sql
}

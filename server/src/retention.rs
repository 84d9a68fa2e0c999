//! What is removed when its time is up, and what is removed with a user.
//!
//! A look goes along an index by the time of creation, apart from all writes, and says what is past its time; a write then
//! removes some of that by its ids, and holds each against its condition again. So no table needs an index more for it, and
//! the one writer neither searches nor waits for a search.

use crate::clock::Time;
use crate::db::{FromRow, Query, Read, Row, Write, values};
use crate::error::Result;
use crate::id::{ClientId, UserId};

/// What goes by its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// Sessions that are over, and clients that have none left.
    Sessions,
    /// Tasks whose link has expired, once their session is gone.
    Tasks,
    /// Sign-in tokens that have expired, and actor tokens.
    SignInTokens,
}

impl Old {
    /// In the order in which they go: a task stays as long as its session.
    pub const ALL: [Self; 3] = [Self::Sessions, Self::Tasks, Self::SignInTokens];

    fn table(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Tasks => "tasks",
            Self::SignInTokens => "sign_in_tokens",
        }
    }

    /// Whether one of a deleted user may go at the moment `$2`.
    fn is_over(self) -> &'static str {
        match self {
            Self::Sessions => "coalesce(ended_at, expire_at) <= $2",
            Self::Tasks | Self::SignInTokens => {
                "(used_at is not null or revoked_at is not null or expires_at <= $2)"
            }
        }
    }

    /// Whether one's time was up by the moment `$1`.
    fn is_past(self) -> &'static str {
        match self {
            Self::Sessions => "coalesce(ended_at, expire_at) < $1",
            Self::Tasks => {
                "expires_at < $1 and not exists (select 1 from sessions s where s.id = tasks.session_id)"
            }
            Self::SignInTokens => "expires_at < $1",
        }
    }
}

/// How far a walk through one kind has come.
#[derive(Clone, Debug)]
pub struct Place {
    created_at: Time,
    id: String,
}

impl Default for Place {
    /// Before the oldest.
    fn default() -> Self {
        Self {
            created_at: Time(i64::MIN),
            id: String::new(),
        }
    }
}

/// What a look found.
pub struct Look {
    /// The ids of those whose time is up.
    pub past: Vec<String>,
    /// Where to go on; `None` at the end.
    pub next: Option<Place>,
}

struct Passed {
    place: Place,
    is_past: bool,
}

impl FromRow for Passed {
    fn from_row(row: &mut Row) -> Result<Self> {
        let (created_at, id) = (row.take()?, row.take()?);
        Ok(Self {
            place: Place { created_at, id },
            is_past: row.take()?,
        })
    }
}

/// How many rows one look goes through.
const LOOK: i64 = 500;

/// Looks at the next ones on the way through those that are old enough.
pub fn look(tx: &mut Read<'_>, old: Old, before: Time, from: &Place) -> Result<Look> {
    let (table, is_past) = (old.table(), old.is_past());
    let passed: Vec<Passed> = tx.all(
        &format!(
            "select created_at, id, cast(case when {is_past} then 1 else 0 end as bigint) from {table}
             where created_at < $1 and created_at >= $2 and (created_at > $2 or id > $3)
             order by created_at, id limit $4"
        ),
        values![before, from.created_at, &from.id, LOOK],
    )?;
    let is_full = i64::try_from(passed.len()) == Ok(LOOK);
    let next = passed.last().filter(|_| is_full);
    Ok(Look {
        next: next.map(|last| last.place.clone()),
        past: passed
            .into_iter()
            .filter(|one| one.is_past)
            .map(|one| one.place.id)
            .collect(),
    })
}

/// How many ids one statement holds.
const CHUNK: usize = 50;

/// Removes those of these ids whose time was up by then. They have their records; that they are gone has none, or the trail
/// would grow by what it outlives.
pub fn remove(tx: &mut Write<'_>, old: Old, ids: &[String], before: Time) -> Result<u64> {
    let mut removed = 0;
    for ids in ids.chunks(CHUNK) {
        let mut query = Query::new(&format!("delete from {}", old.table()));
        query.mark(before);
        query.and(old.is_past());
        let marks = query.marks_of_two_sizes(ids.iter(), CHUNK);
        query.and(&format!("id in ({marks})"));
        if old == Old::Sessions {
            let clients: Vec<ClientId> = query.returning("client_id").changed(tx)?;
            removed += clients.len() as u64;
            remove_clients(tx, clients, before)?;
        } else {
            removed += query.execute(tx)?;
        }
    }
    Ok(removed)
}

/// Removes those clients that have no session left, with their names in development. One that a session is being added to
/// was changed just now.
fn remove_clients(tx: &mut Write<'_>, mut clients: Vec<ClientId>, before: Time) -> Result<()> {
    clients.sort();
    clients.dedup();
    if clients.is_empty() {
        return Ok(());
    }
    let mut query = Query::new("delete from clients");
    let before = query.mark(before);
    query.and(&format!("updated_at < {before}"));
    query.and("not exists (select 1 from sessions s where s.client_id = clients.id)");
    let marks = query.marks_of_two_sizes(clients.iter(), CHUNK);
    query.and(&format!("id in ({marks})"));
    query.execute(tx)?;
    Ok(())
}

/// Removes the addresses of a user who is about to be deleted from where others wrote them, and has the rest removed
/// afterwards: there may be more than one write can hold.
pub fn forget_user(tx: &mut Write<'_>, user: &UserId) -> Result<()> {
    // Whoever never proved that an address is theirs does not remove what is about it.
    let addresses: Vec<String> = tx.all(
        "select value from identifiers where user_id = $1 and kind = 'email_address' and status = 'verified'",
        values![user],
    )?;
    for address in addresses {
        for sql in [
            "delete from invitations where email_address = $1",
            "delete from organization_invitations where email_address = $1",
            "delete from waitlist_entries where email_address = $1",
        ] {
            tx.execute(sql, values![&address])?;
        }
    }
    let now = tx.now();
    tx.execute(
        "insert into erasures (user_id, due_at) values ($1, $2) on conflict (user_id) do nothing",
        values![user, now],
    )?;
    Ok(())
}

/// A deleted user of whom something is left that can go. Sessions go after each was ended, with its record.
pub fn unerased(tx: &mut Read<'_>, now: Time) -> Result<Option<UserId>> {
    tx.first(
        "select user_id from erasures e where due_at <= $1
         and not exists (select 1 from revocations r where r.whose = 'user' and r.whose_id = e.user_id)
         order by due_at, user_id limit 1",
        values![now],
    )
}

/// Removes up to `most` rows of a deleted user. 0 when nothing is left, or only what has to wait: a link says that its user is
/// gone for as long as it would have opened something.
pub fn erase(tx: &mut Write<'_>, user: &UserId, most: i64) -> Result<u64> {
    /// In seconds.
    const LATER: i64 = 600;
    let (now, mut waits) = (tx.now(), false);
    for old in Old::ALL {
        let (table, is_over) = (old.table(), old.is_over());
        let ids: Vec<String> = tx.all(
            &format!(
                "select id from {table} where user_id = $1 and {is_over} order by created_at, id limit $3"
            ),
            values![user, now, most],
        )?;
        if !ids.is_empty() {
            return remove(tx, old, &ids, Time(i64::MAX));
        }
        let one: Option<String> = tx.first(
            &format!("select id from {table} where user_id = $1 order by created_at, id limit 1"),
            values![user],
        )?;
        waits |= one.is_some();
    }
    let (sql, due_at) = if waits {
        ("update erasures set due_at = $2 where user_id = $1", LATER)
    } else {
        (
            "delete from erasures where user_id = $1 and due_at <= $2",
            0,
        )
    };
    tx.execute(sql, values![user, now.plus_seconds(due_at)])?;
    Ok(0)
}

/// Who looks for what is old, or did so last; until when nobody else takes its turn; and when there is one again.
pub fn turn(tx: &mut Read<'_>) -> Result<Option<(String, Time, Time)>> {
    tx.first("select node, held_until, due_at from retention", &[])
}

/// How often everything is looked through, in seconds.
const EVERY: i64 = 3600;
/// How long a node may be silent before another one takes its turn, in seconds.
const SILENCE: i64 = 60;

/// Has the first turn of a new database wait: nothing in it is old.
pub fn begin(tx: &mut Write<'_>) -> Result<()> {
    let due_at = tx.now().plus_seconds(EVERY);
    tx.execute(
        "update retention set due_at = $1 where due_at = 0",
        values![due_at],
    )?;
    Ok(())
}

/// The latest moment for which anybody waits. A later one was written by a clock that has gone back since.
fn latest(now: Time) -> Time {
    now.plus_seconds(2 * EVERY)
}

/// Whether it is time to look for what is old, and nobody does.
pub fn is_due(tx: &mut Read<'_>, now: Time) -> Result<bool> {
    let due: Option<i64> = tx.first(
        "select slot from retention
         where (due_at <= $1 or due_at > $2) and (held_until <= $1 or held_until > $2)",
        values![now, latest(now)],
    )?;
    Ok(due.is_some())
}

/// Takes the turn for a while, or goes on with it. False where it is another node's.
pub fn take_turn(tx: &mut Write<'_>, node: &str) -> Result<bool> {
    let now = tx.now();
    let taken = tx.execute(
        "update retention set node = $1, held_until = $2
         where (due_at <= $3 or due_at > $4) and (node = $1 or held_until <= $3 or held_until > $4)",
        values![node, now.plus_seconds(SILENCE), now, latest(now)],
    )?;
    Ok(taken > 0)
}

/// Everything was looked through for what was old when the turn began; the next one is due a while after that.
pub fn end_turn(tx: &mut Write<'_>, node: &str, began: Time) -> Result<()> {
    let due_at = began.plus_seconds(EVERY);
    tx.execute(
        "update retention set held_until = 0, due_at = $2 where node = $1",
        values![node, due_at],
    )?;
    Ok(())
}

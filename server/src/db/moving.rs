//! Moving everything from one database to another, which may be of the other kind.
//!
//! Of two databases that both serve, each would open a ticket once. So neither serves while rows are on their way, and in the
//! end only the one that they arrived in: what each side is, is kept in its table `moves`, and no server starts on a database
//! that has a row there. A move that was interrupted is gone on with by the same call.

mod tables;

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};

use self::tables::{SEEDED, TABLES, Table};
use super::rows::insert_all;
use super::upkeep::{columns, tables as names};
use super::{Connection, Database, Purpose, Read, Value, Write, migrate, values};
use crate::caller::Caller;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::word::words;

words! {
    /// What a database is in a move.
    enum State {
        Leaving = "leaving",
        Left = "left",
        Arriving = "arriving",
    }
}

/// How many rows go in one transaction.
const BATCH: i64 = 1000;

/// How far a move has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The table whose rows are on their way.
    pub table: &'static str,
    /// How many have arrived.
    pub arrived: i64,
    /// Of how many.
    pub of: i64,
}

/// What there is of a table: how many rows, and a digest of all of them in whatever order.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Sum {
    /// How many rows.
    pub rows: i64,
    /// The sum of their digests.
    pub digest: String,
}

/// Refuses a database that takes part in a move.
pub(super) fn serves(connection: &mut Connection) -> Result<()> {
    let mut tx = Read { connection };
    Err(Error::Config(match state(&mut tx)? {
        None => return Ok(()),
        Some((_, State::Left)) => {
            "this data was moved to another database; name that one".into()
        }
        Some((_, State::Leaving)) => "this data is being moved to another database; go on with `standin db move`, or give it up with \
             `standin db move --give-up`"
            .into(),
        Some((_, State::Arriving)) => {
            "not all data has arrived in this database; go on with `standin db move`".into()
        }
    }))
}

fn state(tx: &mut Read<'_>) -> Result<Option<(String, State)>> {
    tx.first("select id, state from moves", &[])
}

/// A side of a move, which nobody else has open.
struct Side {
    connection: Connection,
    by: Caller,
}

impl Side {
    fn open(database: &Database, now: Time) -> Result<Self> {
        let opened = || {
            let mut connection = Connection::open(database, Purpose::Alone)?;
            migrate::migrate(&mut connection)?;
            Ok(connection)
        };
        Ok(Self {
            connection: opened().map_err(|error| database.at_fault(error))?,
            by: Caller::internal("cli", now),
        })
    }

    fn read(&mut self) -> Read<'_> {
        Read {
            connection: &mut self.connection,
        }
    }

    fn write<T>(&mut self, work: impl FnOnce(&mut Write<'_>) -> Result<T>) -> Result<T> {
        self.connection.control("begin")?;
        let done = work(&mut Write::new(&mut self.connection, &self.by));
        self.connection
            .control(if done.is_ok() { "commit" } else { "rollback" })?;
        done
    }

    fn set(&mut self, id: &str, state: State) -> Result<()> {
        self.write(|tx| {
            tx.execute(
                "insert into moves (slot, id, state) values (1, $1, $2)
                 on conflict (slot) do update set id = $1, state = $2",
                values![id, state],
            )
        })
        .map(|_| ())
    }
}

/// Moves everything, and says what there is on both sides now. `fresh` names the move if it is a new one.
///
/// # Errors
/// [`Error::Config`] when somebody has one of the two open, the target has data, or the two belong to different moves;
/// [`Error::Unavailable`] when one of them fails, after which the same call goes on.
pub fn all(
    (from, to): (&Database, &Database),
    fresh: &str,
    now: Time,
    mut tell: impl FnMut(Progress),
) -> Result<BTreeMap<&'static str, Sum>> {
    let (mut source, mut target) = (Side::open(from, now)?, Side::open(to, now)?);
    is_known(&mut source)?;
    is_known(&mut target)?;
    let begun = begin(&mut source, &mut target, fresh)?;
    if begun.is_some() {
        for table in &TABLES {
            copy(&mut source, &mut target, table, &mut tell)?;
        }
        number(&mut target)?;
    }
    let there = sums(&mut target)?;
    if let Some(id) = begun {
        for (table, sum) in sums(&mut source)? {
            if there.get(table) != Some(&sum) {
                return Err(Error::Config(format!(
                    "{table} is not the same on both sides; empty the database that it was moved to and begin anew"
                )));
            }
        }
        source.connection.still_alone()?;
        source.set(&id, State::Left)?;
    }
    // From here on, and not before, the one serves and the other does not.
    target.write(|tx| {
        tx.execute("delete from arrivals", &[])?;
        tx.execute("delete from moves", &[])
    })?;
    Ok(there)
}

/// Lets a database serve again whose data was on its way elsewhere. What has arrived there never will.
///
/// # Errors
/// [`Error::Config`] when it is not, or has left already.
pub fn give_up(from: &Database, now: Time) -> Result<()> {
    let mut side = Side::open(from, now)?;
    let state = state(&mut side.read())?;
    let Some((_, State::Leaving)) = state else {
        return Err(Error::Config(match state {
            None => "this data is not being moved".into(),
            Some(_) => "this data is elsewhere now, or not all of it is here; move it back into an empty database instead".into(),
        }));
    };
    side.write(|tx| tx.execute("delete from moves", &[]))
        .map(|_| ())
}

/// Sees what each side is, and makes them the two sides of one move. Its name; `None` where everything has arrived.
fn begin(source: &mut Side, target: &mut Side, fresh: &str) -> Result<Option<String>> {
    let here = state(&mut source.read())?;
    let there = state(&mut target.read())?;
    let refuse = |why: &str| Err(Error::Config(why.into()));
    match (here, there) {
        (Some((here, State::Left)), Some((there, State::Arriving))) if here == there => Ok(None),
        (Some((here, State::Leaving)), Some((there, State::Arriving))) if here == there => {
            Ok(Some(here))
        }
        (Some((_, State::Left)), _) => refuse("the data was moved from there already"),
        (Some((_, State::Arriving)), _) => {
            refuse("not all data has arrived there that is to be moved")
        }
        (_, Some(_)) => refuse("the target holds a part of another move; empty it and begin anew"),
        (_, None) => {
            if !is_empty(target)? {
                return refuse(
                    "the target has data of its own; name an empty database or a new folder",
                );
            }
            // In this order: whatever happens between them, the source does not serve, and the target has a name of its own.
            source.set(fresh, State::Leaving)?;
            target.write(|tx| {
                for table in SEEDED {
                    tx.execute(&format!("delete from {table}"), &[])?;
                }
                tx.execute(
                    "insert into moves (slot, id, state) values (1, $1, $2)",
                    values![fresh, State::Arriving],
                )
            })?;
            Ok(Some(fresh.to_owned()))
        }
    }
}

/// Refuses a database with tables that nobody would move.
fn is_known(side: &mut Side) -> Result<()> {
    let known = TABLES.iter().map(|table| table.name);
    let known: Vec<&str> = known.chain(tables::LEFT_BEHIND).collect();
    let there = names(&mut side.read())?;
    match there.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Error::Config(format!(
            "there is a table that is not Standin's: {name}; nobody knows what to do with it"
        ))),
    }
}

/// Whether a database has nothing but what a new one has.
fn is_empty(side: &mut Side) -> Result<bool> {
    for table in TABLES.iter().filter(|table| !SEEDED.contains(&table.name)) {
        let any = format!(
            "select count(*) from (select 1 from {} limit 1) any_row",
            table.name
        );
        if side.read().one::<i64>(&any, &[])? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The names of all tables that are moved, in an order in which no row comes before one that it refers to.
pub(super) fn tables_in_order() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

/// Copies the rows of a table that have not arrived yet.
fn copy(
    source: &mut Side,
    target: &mut Side,
    table: &Table,
    tell: &mut impl FnMut(Progress),
) -> Result<()> {
    let name = table.name;
    let columns = same_columns(source, target, name)?;
    let of = source
        .read()
        .one(&format!("select count(*) from {name}"), &[])?;
    let far: Option<(i64, Option<String>)> = target.read().first(
        "select arrived, last from arrivals where name = $1",
        values![name],
    )?;
    let (mut arrived, last) = far.unwrap_or_default();
    let mut last = last.map(|text| table.key_of(text)).transpose()?;
    loop {
        let rows = table.after(&mut source.read(), &columns, last.as_ref())?;
        let Some(newest) = rows.last() else {
            return Ok(());
        };
        last = Some(newest[table.place(&columns)].clone());
        arrived += i64::try_from(rows.len()).unwrap_or_default();
        let key = last.as_ref().and_then(tables::text_of);
        target.write(|tx| {
            tx.in_bulk()?;
            insert_all(
                tx,
                &format!("insert into {name} ({})", columns.join(", ")),
                rows,
            )?;
            tx.execute(
                "insert into arrivals (name, arrived, last) values ($1, $2, $3)
                 on conflict (name) do update set arrived = $2, last = $3",
                values![name, arrived, key],
            )
        })?;
        tell(Progress {
            table: name,
            arrived,
            of,
        });
    }
}

fn same_columns(source: &mut Side, target: &mut Side, table: &str) -> Result<Vec<String>> {
    let here = columns(&mut source.read(), table)?;
    let mut there = columns(&mut target.read(), table)?;
    // Each engine sorts in its own way.
    there.sort_by_key(|name| here.iter().position(|one| one == name));
    if here == there && !here.is_empty() {
        Ok(here)
    } else {
        Err(Error::Bug(format!(
            "{table} has other columns here than there"
        )))
    }
}

/// Has PostgreSQL go on counting after what has arrived; SQLite does so by itself.
fn number(target: &mut Side) -> Result<()> {
    if target.read().is_sqlite() {
        return Ok(());
    }
    for (table, column) in tables::COUNTED {
        target.read().all::<i64>(
            &format!(
                "select setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) from {table} having max({column}) > 0"
            ),
            &[],
        )?;
    }
    Ok(())
}

/// What there is of each table.
fn sums(side: &mut Side) -> Result<BTreeMap<&'static str, Sum>> {
    let mut all = BTreeMap::new();
    for table in &TABLES {
        all.insert(table.name, sum(side, table)?);
    }
    Ok(all)
}

fn sum(side: &mut Side, table: &Table) -> Result<Sum> {
    let mut columns = columns(&mut side.read(), table.name)?;
    columns.sort();
    let (mut rows, mut total, mut last) = (0, 0_u128, None);
    loop {
        let batch = table.after(&mut side.read(), &columns, last.as_ref())?;
        let Some(newest) = batch.last() else {
            return Ok(Sum {
                rows,
                digest: format!("{total:032x}"),
            });
        };
        last = Some(newest[table.place(&columns)].clone());
        rows += i64::try_from(batch.len()).unwrap_or_default();
        for row in &batch {
            total = total.wrapping_add(fingerprint(row));
        }
    }
}

/// The digest of a row, each value with its kind and length.
fn fingerprint(row: &[Value]) -> u128 {
    let mut bytes = Vec::new();
    for value in row {
        match value {
            Value::Null => bytes.push(b'n'),
            Value::Int(number) => {
                bytes.push(b'i');
                bytes.extend(number.to_be_bytes());
            }
            Value::Text(text) => {
                bytes.push(b't');
                bytes.extend((text.len() as u64).to_be_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    let digest = digest(&SHA256, &bytes);
    let first = digest.as_ref().first_chunk().copied();
    u128::from_be_bytes(first.unwrap_or_default())
}

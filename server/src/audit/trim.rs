//! Removing the oldest records, so that what is left is still a chain. The last seal over what goes stays as its beginning,
//! without marks, and a record of its own says which one that is: only then the records go, as slowly as they must.

use super::seal::{SELECT, Seal};
use crate::clock::Time;
use crate::db::{Read, Write, values};
use crate::error::Result;
use crate::events::{Action, Event};

/// How many seals are cut off at once: each is some kilobytes.
const SEALS: i64 = 20;

/// Removes up to `most` of the records that were sealed before this moment, or lets the trail begin later. 0 when nothing is
/// left to do.
pub fn trim(tx: &mut Write<'_>, before: Time, most: i64) -> Result<u64> {
    match sweep(tx, most)? {
        0 => cut(tx, before),
        removed => Ok(removed),
    }
}

/// The seal with which the trail begins, if records before it were removed.
pub(super) fn beginning(tx: &mut Read<'_>) -> Result<Option<Seal>> {
    let oldest: Option<Seal> = tx.first(&format!("{SELECT} order by number limit 1"), &[])?;
    Ok(oldest.filter(|seal| seal.marks.is_empty()))
}

/// Removes records from before the beginning.
fn sweep(tx: &mut Write<'_>, most: i64) -> Result<u64> {
    let Some(beginning) = beginning(tx)? else {
        return Ok(0);
    };
    let (first, last): (Option<i64>, Option<i64>) = tx.one(
        "select min(seq), max(seq) from (select seq from audit where seq <= $1 order by seq limit $2) oldest",
        values![beginning.last_seq, most],
    )?;
    tx.execute(
        "delete from audit where seq >= $1 and seq <= $2",
        values![first, last],
    )
}

/// Lets the trail begin with a later seal, if that was made before this moment.
fn cut(tx: &mut Write<'_>, before: Time) -> Result<u64> {
    let number = beginning(tx)?.map_or(0, |seal| seal.number);
    let newest: Option<Seal> = tx.first(
        &format!(
            "{SELECT} where number > $1 and number <= $1 + $2 and sealed_at < $3 order by number desc limit 1"
        ),
        values![number, SEALS, before],
    )?;
    let Some(seal) = newest else {
        return Ok(0);
    };
    tx.execute(
        "delete from audit_seals where number >= $1 and number < $2",
        values![number, seal.number],
    )?;
    tx.execute(
        "update audit_seals set marks = '' where number = $1",
        values![seal.number],
    )?;
    tx.note(Event::new(Action::AuditTrim).detail(named(&seal)));
    Ok(1)
}

/// How the record of a removal names the seal with which the trail begins from then on.
pub(super) fn named(seal: &Seal) -> String {
    format!("{}:{}", seal.number, seal.digest)
}

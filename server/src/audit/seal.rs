//! The chain over the audit trail. Records are written without it, so that no request waits for it; housekeeping seals them
//! afterwards, in slices in the order of their numbers, each with the digest of the one before. Who changes, removes,
//! inserts or moves a record that is sealed is found out by [`super::verify`].

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Record, after};
use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::Result;

/// How many records one seal holds at most.
pub const SLICE: i64 = 500;

/// A seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its place in the chain, from 1 on.
    pub number: i64,
    /// The last of its records, which begin after the seal before it.
    pub last_seq: i64,
    pub(super) marks: String,
    /// Over its records and the seal before it.
    pub digest: String,
    /// When it was made.
    pub sealed_at: Time,
}

impl FromRow for Seal {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            number: row.take()?,
            last_seq: row.take()?,
            marks: row.take()?,
            digest: row.take()?,
            sealed_at: row.take()?,
        })
    }
}

pub(super) const SELECT: &str =
    "select number, last_seq, marks, digest, sealed_at from audit_seals";

impl Seal {
    /// Of some records, after another seal.
    pub(super) fn of(before: Option<&Self>, records: &[Record], sealed_at: Time) -> Self {
        let number = before.map_or(0, |seal| seal.number) + 1;
        let mut chain = Context::new(&SHA256);
        chain.update(before.map_or("", |seal| &seal.digest).as_bytes());
        chain.update(&number.to_be_bytes());
        let (mut marks, mut last_seq) = (Vec::new(), 0);
        for record in records {
            let digest = content(record);
            last_seq = record.seq;
            let seq = record.seq.to_be_bytes();
            chain.update(&seq);
            chain.update(&digest);
            marks.extend(seq);
            marks.extend(&digest[..MARK]);
        }
        Self {
            number,
            last_seq,
            marks: URL_SAFE_NO_PAD.encode(marks),
            digest: URL_SAFE_NO_PAD.encode(chain.finish()),
            sealed_at,
        }
    }

    /// Of each record its number and the beginning of its digest.
    pub(super) fn marks(&self) -> Vec<(i64, [u8; MARK])> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.marks).unwrap_or_default();
        let (pairs, _) = bytes.as_chunks::<{ 8 + MARK }>();
        let pair = |pair: &[u8; 8 + MARK]| {
            let (seq, mark) = pair.split_first_chunk::<8>()?;
            Some((i64::from_be_bytes(*seq), *mark.first_chunk()?))
        };
        pairs.iter().filter_map(pair).collect()
    }
}

/// How much of a record's digest is kept beside the chain, to name the one that changed.
pub(super) const MARK: usize = 8;

/// The digest of all that a record says, but for its number.
pub(super) fn content(record: &Record) -> [u8; 32] {
    let Record {
        seq: _,
        at,
        action,
        result,
        actor,
        user_id,
        agent_id,
        task_id,
        session_id,
        ip,
        user_agent,
        request_id,
        detail,
    } = record;
    let optional = [
        user_id, agent_id, task_id, session_id, ip, user_agent, detail,
    ];
    let required = [action, result, actor, request_id].map(Some);
    let texts = required.into_iter().chain(optional.map(Option::as_ref));
    let mut digest = Context::new(&SHA256);
    digest.update(&at.0.to_be_bytes());
    for text in texts {
        // With its length, so that nothing can move from one to the next; none is not the empty one.
        let length = text.map_or(-1, |text| i64::try_from(text.len()).unwrap_or(i64::MAX));
        digest.update(&length.to_be_bytes());
        digest.update(text.map_or("", String::as_str).as_bytes());
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.finish().as_ref());
    bytes
}

/// The number of the newest record.
pub fn newest(tx: &mut Read<'_>) -> Result<i64> {
    tx.one("select coalesce(max(seq), 0) from audit", &[])
}

/// The newest seal.
pub fn last(tx: &mut Read<'_>) -> Result<Option<Seal>> {
    tx.first(&format!("{SELECT} order by number desc limit 1"), &[])
}

/// The oldest seals after this number.
pub(super) fn seals(tx: &mut Read<'_>, number: i64) -> Result<Vec<Seal>> {
    tx.all(
        &format!("{SELECT} where number > $1 order by number limit 20"),
        values![number],
    )
}

/// The number of the last record that is sealed.
pub fn sealed_to(tx: &mut Read<'_>) -> Result<i64> {
    let last: Option<i64> = tx.first(
        "select last_seq from audit_seals order by number desc limit 1",
        &[],
    )?;
    Ok(last.unwrap_or_default())
}

/// The next seal, over records up to this number; `None` where none waits.
pub fn prepare(tx: &mut Read<'_>, horizon: i64, now: Time) -> Result<Option<Seal>> {
    let before = last(tx)?;
    let from = before.as_ref().map_or(0, |seal| seal.last_seq);
    let mut records = after(tx, from, SLICE)?;
    records.retain(|record| record.seq <= horizon);
    let is_any = !records.is_empty();
    Ok(is_any.then(|| Seal::of(before.as_ref(), &records, now)))
}

/// Keeps a seal, unless another node was faster. True if it was kept.
pub fn keep(tx: &mut Write<'_>, seal: &Seal) -> Result<bool> {
    if last(tx)?.map_or(0, |last| last.number) + 1 != seal.number {
        return Ok(false);
    }
    tx.execute(
        "insert into audit_seals (number, last_seq, marks, digest, sealed_at) values ($1, $2, $3, $4, $5)",
        values![seal.number, seal.last_seq, &seal.marks, &seal.digest, seal.sealed_at],
    )?;
    Ok(true)
}

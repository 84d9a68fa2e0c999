//! Whether the audit trail is what was sealed.

use std::collections::BTreeMap;

use super::seal::{self, MARK, Seal};
use super::trim;
use super::{Record, after};
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::events::Action;

/// Something that is not as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Finding {
    /// A record says something else.
    Changed {
        /// Its number.
        seq: i64,
    },
    /// A record stands where another one stood.
    Moved {
        /// Its number now.
        seq: i64,
        /// And when it was sealed.
        from: i64,
    },
    /// A record is gone.
    Removed {
        /// Its number.
        seq: i64,
    },
    /// A record was put between others that were sealed already.
    Inserted {
        /// Its number.
        seq: i64,
    },
    /// A seal does not fit to the one before it, or to its own records.
    SealBroken {
        /// Its number.
        seal: i64,
    },
    /// Seals are gone from here on, or the beginning of the trail was cut off by somebody else than the server.
    SealRemoved {
        /// The number of the first.
        seal: i64,
    },
}

/// A verification under way, slice by slice.
#[derive(Debug, Default)]
pub struct Verification {
    /// How many sealed records there are.
    pub records: u64,
    /// The newest seal that was looked at.
    pub head: Option<Seal>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// The seal with which the trail begins, if records before it were removed.
    beginning: Option<Seal>,
    /// The removals that are on record.
    trimmed: Vec<String>,
    /// A seal that was seen at an earlier time, as long as it is not found.
    expected: Option<(i64, String)>,
}

impl Verification {
    /// One that must find a seal which was seen at an earlier time.
    pub fn expecting(seal: Option<(i64, String)>) -> Self {
        Self {
            expected: seal,
            ..Self::default()
        }
    }

    /// Goes through some more seals. False when there are no more.
    pub fn go_on(&mut self, tx: &mut Read<'_>) -> Result<bool> {
        let number = self.head.as_ref().map_or(0, |seal| seal.number);
        let seals = seal::seals(tx, number)?;
        for seal in &seals {
            self.check(tx, seal)?;
            self.head = Some(seal.clone());
        }
        Ok(!seals.is_empty())
    }

    fn check(&mut self, tx: &mut Read<'_>, seal: &Seal) -> Result<()> {
        let is_expected =
            |(number, digest): &mut (i64, String)| *number == seal.number && *digest == seal.digest;
        self.expected.take_if(is_expected);
        if seal.marks.is_empty() {
            // The server removes everything up to here.
            self.beginning = Some(seal.clone());
            return Ok(());
        }
        let from = self.head.as_ref().map_or(i64::MIN, |seal| seal.last_seq);
        let records = between(tx, from, seal.last_seq)?;
        self.note_removals(&records);
        let expected = self.head.as_ref().map_or(0, |seal| seal.number) + 1;
        if seal.number != expected {
            self.findings.push(Finding::SealRemoved { seal: expected });
            return Ok(());
        }
        let found = compare(&seal.marks(), &records);
        let is_whole = Seal::of(self.head.as_ref(), &records, seal.sealed_at) == *seal;
        let is_beyond = |beginning: Seal| beginning.number >= seal.number;
        if !is_whole && trim::beginning(tx)?.is_some_and(is_beyond) {
            // It was removed while it was looked at.
            return Ok(());
        }
        self.records += records.len() as u64;
        if found.is_empty() && !is_whole {
            self.findings
                .push(Finding::SealBroken { seal: seal.number });
        }
        self.findings.extend(found);
        Ok(())
    }

    fn note_removals(&mut self, records: &[Record]) {
        let trims = records
            .iter()
            .filter(|record| record.action == Action::AuditTrim.as_str());
        self.trimmed
            .extend(trims.filter_map(|record| record.detail.clone()));
    }

    /// Ends it, with how many records are not sealed yet and since when.
    pub fn end(&mut self, tx: &mut Read<'_>) -> Result<(u64, Option<Time>)> {
        let mut from = self.head.as_ref().map_or(0, |seal| seal.last_seq);
        let (mut count, mut since) = (0, None);
        loop {
            let records = after(tx, from, seal::SLICE)?;
            let Some(last) = records.last() else {
                break;
            };
            from = last.seq;
            count += records.len() as u64;
            since = since.or(records.first().map(|record| record.at));
            self.note_removals(&records);
        }
        if let Some(beginning) = &self.beginning
            && !self.trimmed.contains(&trim::named(beginning))
        {
            let seal = beginning.number;
            self.findings.push(Finding::SealRemoved { seal });
        }
        let missing = self
            .expected
            .take()
            .map(|(seal, _)| Finding::SealRemoved { seal });
        self.findings.extend(missing);
        Ok((count, since))
    }
}

/// The records after one and up to another.
fn between(tx: &mut Read<'_>, mut from: i64, to: i64) -> Result<Vec<Record>> {
    let mut all = Vec::new();
    loop {
        let records = after(tx, from, seal::SLICE)?;
        let count = records.len();
        all.extend(records.into_iter().filter(|record| record.seq <= to));
        match all.last() {
            Some(last) if last.seq < to && count > 0 => from = last.seq,
            _ => return Ok(all),
        }
    }
}

/// What differs between a slice as it was sealed and as it is.
fn compare(marks: &[(i64, [u8; MARK])], records: &[Record]) -> Vec<Finding> {
    let mut sealed: BTreeMap<i64, [u8; MARK]> = marks.iter().copied().collect();
    let mut findings = Vec::new();
    for record in records {
        let content = seal::content(record);
        let Some(mark) = sealed.remove(&record.seq) else {
            findings.push(Finding::Inserted { seq: record.seq });
            continue;
        };
        if content[..MARK] == mark {
            continue;
        }
        let seq = record.seq;
        let was = marks.iter().find(|(_, mark)| content[..MARK] == *mark);
        findings.push(match was {
            Some((from, _)) => Finding::Moved { seq, from: *from },
            None => Finding::Changed { seq },
        });
    }
    let gone = sealed.into_keys().map(|seq| Finding::Removed { seq });
    findings.extend(gone);
    findings
}

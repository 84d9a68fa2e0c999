//! Power that fails. Every write and sync of a server under load is kept; then the disk is put together as it may look after a
//! failure at any of those moments: what was synced is there, and of the rest some is, in any order and cut off at sectors.
//! SQLite only.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use standin_proof::{Broken, Chance, Held, History, Kept, Trial};
use standin_server::audit::Verification;
use standin_server::clock::Clock;
use standin_server::db::Database;
use tokio::task::JoinSet;

use crate::calls::{Calls, Task};
use crate::crash::{EMAIL, call};
use crate::process::{Process, Spawn, free_port};
use crate::watched_disk::WatchedDisk;

/// What a disk writes wholly or not at all.
const SECTOR: usize = 512;
const FILES: [&str; 2] = ["standin.db", "standin.db-wal"];

#[derive(Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { to: usize },
}

/// What was done to a file; a sync is no change.
struct Step {
    file: usize,
    change: Option<Change>,
}

/// Reads what `watched_disk.c` has kept.
fn steps(log: &[u8]) -> Vec<Step> {
    let (mut steps, mut rest) = (Vec::new(), log);
    while let Some((head, more)) = rest.split_first_chunk::<32>() {
        let number = |at: usize| {
            let bytes = head[at * 8..at * 8 + 8].try_into().unwrap();
            usize::try_from(i64::from_ne_bytes(bytes)).unwrap()
        };
        let (kind, at) = (number(0), number(2));
        let (bytes, more) = more.split_at(number(3));
        let bytes = bytes.to_vec();
        let change = match kind {
            0 => Some(Change::Write { at, bytes }),
            1 => Some(Change::Truncate { to: at }),
            _ => None,
        };
        let file = number(1) - 1;
        steps.push(Step { file, change });
        rest = more;
    }
    steps
}

/// A file: what is on the disk for good, and what was done to it since.
#[derive(Clone, Default)]
struct Image {
    synced: Vec<u8>,
    since: Vec<Change>,
}

impl Image {
    fn step(&mut self, change: Option<Change>) {
        match change {
            Some(change) => self.since.push(change),
            None => {
                for change in std::mem::take(&mut self.since) {
                    apply(&mut self.synced, &change);
                }
            }
        }
    }

    /// One of the ways it may look after a failure.
    fn after_a_failure(&self, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        let mut since = self.since.clone();
        // None of it, all of it, or some.
        let often = [0, 100, 50, 90][chance.below(4)];
        since.retain(|_| chance.percent(often));
        if chance.percent(50) {
            for place in (1..since.len()).rev() {
                since.swap(place, chance.below(place + 1));
            }
        }
        for change in &mut since {
            if chance.percent(10) {
                cut(change, chance);
            }
            apply(&mut bytes, change);
        }
        bytes
    }
}

fn apply(file: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Truncate { to } => file.resize(*to, 0),
        Change::Write { at, bytes } => {
            let end = at + bytes.len();
            if file.len() < end {
                file.resize(end, 0);
            }
            file[*at..end].copy_from_slice(bytes);
        }
    }
}

/// Leaves the sectors of a write before or after some place.
fn cut(write: &mut Change, chance: &mut Chance) {
    if let Change::Write { at, bytes } = write {
        let end = *at + bytes.len();
        let sectors = (*at / SECTOR + 1..end.div_ceil(SECTOR)).map(|sector| sector * SECTOR);
        let Some(place) = chance.one(&sectors.collect::<Vec<_>>()) else {
            return;
        };
        let rest = bytes.split_off(place - *at);
        if chance.percent(50) {
            (*at, *bytes) = (place, rest);
        }
    }
}

/// What was recorded: how the files were at first, what was done to them, and what callers asked and were told.
struct Recorded {
    images: [Image; 2],
    steps: Vec<Step>,
    history: Arc<History>,
}

/// Four callers at a server whose disk is watched.
async fn recorded(data: &Path, turns: usize) -> Recorded {
    let (disk, port) = (WatchedDisk::new(), free_port());
    let process = Process::start(data, None, port, port).await;
    process.calls.user(EMAIL).await;
    process.kill();
    let file = |name: &str| fs::read(data.join(name)).unwrap_or_default();
    let images = FILES.map(|name| Image {
        synced: file(name),
        since: Vec::new(),
    });
    let log = disk.log();
    let spawn = disk.watch(Spawn::new(data, port));
    let process = spawn.env("STANDIN_DISK_LOG", &log).start().await;
    let calls: Calls = process.calls.by(disk.counter());
    let tasks = Arc::new(Mutex::new(Vec::<Task>::new()));
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        callers.spawn(call(calls.clone(), tasks.clone(), turns));
    }
    callers.join_all().await;
    process.kill();
    Recorded {
        images,
        steps: steps(&fs::read(log).unwrap()),
        history: calls.history,
    }
}

/// Opens what is left, and holds it against all that had been told by then.
async fn hold(folder: &Path, told: &History) -> Result<Held, Vec<Broken>> {
    let file = folder.join(FILES[0]);
    let unusable = |what: String| {
        let law = "the database";
        vec![Broken { law, what }]
    };
    let connection = Connection::open(&file).unwrap();
    let integrity =
        connection.query_row("pragma integrity_check", [], |row| row.get::<_, String>(0));
    if integrity.as_deref() != Ok("ok") {
        return Err(unusable(format!("{integrity:?}")));
    }
    drop(connection);
    let opened = standin_server::open(&Database::Sqlite(file)).await;
    let db = opened.map_err(|error| unusable(error.to_string()))?;
    let now = Clock::System.now();
    let looking = db.read(move |tx| {
        let mut trail = Verification::default();
        while trail.go_on(tx)? {}
        trail.end(tx)?;
        Ok((Kept::read(tx, now)?, trail.findings))
    });
    let (kept, findings) = looking.await.map_err(|error| unusable(error.to_string()))?;
    if !findings.is_empty() {
        return Err(unusable(format!("{findings:?}")));
    }
    told.check(&kept)
}

/// Puts the disk together at so many moments, and holds each; what was held, and the first that did not hold. Where syncs keep
/// nothing, nothing of the log is there for good.
async fn fail(recorded: &Recorded, states: usize, seed: u64, syncs: bool) -> Result<Held, String> {
    let mut chance = Chance::of(seed);
    let mut moments: Vec<usize> = (0..states)
        .map(|_| chance.below(recorded.steps.len() + 1))
        .collect();
    moments.sort_unstable();
    let (mut images, mut held, mut from) = (recorded.images.clone(), Held::default(), 0);
    for moment in moments {
        for step in &recorded.steps[from..moment] {
            if step.change.is_some() || syncs || step.file == 0 {
                images[step.file].step(step.change.clone());
            }
        }
        from = moment;
        let folder = tempfile::tempdir().unwrap();
        for (name, image) in FILES.iter().zip(&images) {
            let bytes = image.after_a_failure(&mut chance);
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let told = recorded.history.until(i64::try_from(moment).unwrap());
        match hold(folder.path(), &told).await {
            Ok(one) => held += one,
            Err(broken) => return Err(format!("after step {moment}: {broken:#?}")),
        }
    }
    Ok(held)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_disk_had_not_synced_what_was_acknowledged_is_there() {
    let mut trial = Trial::begin("R3", "power fails while four callers write").on("SQLite");
    let (states, seed) = (trial.size(100, 2000), trial.seed());
    let data = tempfile::tempdir().unwrap();
    // Enough for the log to be copied into the database some times.
    let recorded = recorded(data.path(), 60).await;
    let lost = fail(&recorded, 100, seed, false).await;
    assert!(lost.is_err(), "the test would not see a loss: {lost:?}");
    let held = fail(&recorded, states, seed, true).await;
    let held = held.unwrap_or_else(|broken| panic!("seed {seed}, {broken}"));
    trial.end(format_args!(
        "{states} states of {} writes and syncs: {held}",
        recorded.steps.len()
    ));
}

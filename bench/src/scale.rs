//! What a server on much data costs as a whole: how long it takes to start, how much memory it holds, and how long the
//! one call takes that ends every session.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::calls::{refresh, revoke_everything};
use crate::load::{Answer, Load, Plan};
use crate::operations;
use crate::population::Population;
use crate::stage::Stage;
use crate::table::{Spread, Table, count, ms};

const STARTS: usize = 5;

/// What is measured stands beside its goal.
pub fn table() -> Table {
    Table::new(&["", "measured", "goal"])
}

/// Start, memory at rest, and memory once every live session has been used.
pub fn quiet(table: &mut Table, stage: &mut Stage, load: &Load) {
    let starts = Spread::of((0..STARTS).map(|_| stage.restart().as_secs_f64()));
    let of_starts = format!("{} ms", ms(Duration::from_secs_f64(starts.median)));
    table.row([
        format!("start to ready, median of {STARTS}"),
        of_starts,
        "50 ms".into(),
    ]);
    load.pause(Duration::from_millis(500));
    let idle = stage.server().resident_mib();
    table.row([
        "memory at rest".into(),
        format!("{idle:.1} MiB"),
        "15 MiB".into(),
    ]);
    let live = stage.population.live();
    use_all(stage, load);
    let used = stage.server().resident_mib();
    let sessions = count(live);
    table.row([
        format!("memory after {sessions} sessions were used"),
        format!("{used:.1} MiB"),
        "60 MiB".into(),
    ]);
}

/// Makes a token for each live session, once.
fn use_all(stage: &Stage, load: &Load) {
    let (material, live) = (stage.material(), stage.population.live());
    let used = AtomicU64::new(0);
    let next = move |_| {
        let n = used.fetch_add(1, Ordering::Relaxed);
        (n < live).then(|| refresh(&material, Population::nth_live(n)))
    };
    load.drive(&Plan {
        port: stage.server().port,
        processes: vec![stage.server().id()],
        next: Arc::new(next),
        length: Duration::from_mins(10),
    });
}

/// Ends all sessions while others create tasks.
pub fn revoke_all(table: &mut Table, stage: &mut Stage, load: &Load) {
    stage.put_back();
    let plan = stage.plan(load, &operations::CREATE, Duration::from_secs(4));
    let alone = load.drive(&plan);
    let (answered, during) = load.ask_during(&plan, revoke_everything(&stage.material()));
    let (ended, took) = match answered {
        Some((answer, took)) => (ended(&answer), format!("{} ms", ms(took))),
        None => ("?".to_owned(), "no answer".to_owned()),
    };
    let what = format!("revoke everything: {ended} sessions ended");
    table.row([what, took, "2,000 ms".into()]);
    let longest = |duration| format!("{} ms", ms(duration));
    table.row([
        "longest create beside it".into(),
        longest(during.longest),
        String::new(),
    ]);
    table.row([
        "longest create without it".into(),
        longest(alone.longest),
        String::new(),
    ]);
}

/// How many sessions an answer says are over.
fn ended(answer: &Answer) -> String {
    let said: Value = serde_json::from_slice(&answer.body).expect("JSON");
    said["total_count"].as_u64().map_or("?".to_owned(), count)
}

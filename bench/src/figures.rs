//! The few figures that the README names, each with what the machine can do at all beside it.

use std::time::Duration;

use crate::load::Load;
use crate::operations::{CREATE, REFRESH, VISIT};
use crate::population::Population;
use crate::stage::Stage;
use crate::store::Engine;
use crate::table::{Table, ms, whole};
use crate::yardstick::{Yardstick, commits};

/// As many users as a test or a small application has.
const USERS: u64 = 1000;

/// Measures them; the text is Markdown.
pub fn run(length: Duration) -> String {
    let load = Load::new();
    let mut stage = Stage::build(&Engine::Sqlite, Population::new(USERS));
    let ready_in = stage.restart();
    load.pause(Duration::from_millis(500));
    let idle = stage.server().resident_mib();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let commit = commits(folder.path(), length, 1);
    let sign = Yardstick::start().sign(&load, length);
    let mut table = Table::new(&["", "figure", "p50 ms", "p99 ms", "next to"]);
    let none = String::new;
    let row = |what: &str, figure: String| [what.to_owned(), figure, none(), none(), none()];
    table.row(row(
        "ready, keys to be made",
        format!("{} ms", ms(stage.made_keys_in)),
    ));
    table.row(row(
        "ready, keys made before",
        format!("{} ms", ms(ready_in)),
    ));
    table.row(row("memory at rest", format!("{idle:.1} MiB")));
    for operation in [&CREATE, &VISIT] {
        let round = stage.round(&load, operation, length);
        table.row([
            operation.name.to_owned(),
            format!("{} /s", whole(round.per_second)),
            ms(round.median),
            ms(round.p99),
            format!("{} commits of one row a second", whole(commit)),
        ]);
    }
    let refreshes = stage.round(&load, &REFRESH, length);
    let share = 100.0 * refreshes.per_cpu_second / sign.per_cpu_second;
    table.row([
        "refresh, per CPU-second".to_owned(),
        whole(refreshes.per_cpu_second),
        ms(refreshes.median),
        ms(refreshes.p99),
        format!(
            "{} signatures behind bare hyper: {share:.0} %",
            whole(sign.per_cpu_second)
        ),
    ]);
    table.to_string()
}

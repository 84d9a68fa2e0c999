//! How far is it from what cannot be had for less? Each operation beside its limit, taken in turns in one run.

use std::time::Duration;

use crate::load::{Load, Round};
use crate::operations::{Choice, Limit, Operation};
use crate::population::Population;
use crate::stage::Stage;
use crate::statements::{Pace, Work, pace};
use crate::store::{Engine, Store};
use crate::table::{Spread, Table, count, whole};
use crate::yardstick::{Yardstick, bare_signatures, commits};

/// How large, how often and how long.
pub struct Extent {
    /// How many users there are.
    pub users: u64,
    /// How many rounds each operation and each limit get.
    pub rounds: usize,
    /// How long a round is.
    pub length: Duration,
    /// Which operations.
    pub choice: Choice,
}

/// A figure of an operation or of its limit, each a round.
type Rounds = Vec<Pace>;

impl From<Round> for Pace {
    fn from(round: Round) -> Self {
        Self {
            per_second: round.per_second,
            per_cpu_second: round.per_cpu_second,
        }
    }
}

impl Limit {
    fn name(self) -> &'static str {
        match self {
            Self::Answer => "an empty answer",
            Self::Sign => "a signature in an answer",
            Self::Statements(Work::Create) => "the statements of a create",
            Self::Statements(Work::Visit) => "the statements of a visit",
            Self::Statements(Work::Revoke) => "the statements of a revoke",
        }
    }
}

/// Everything that is measured against.
struct Bench {
    load: Load,
    stage: Stage,
    yardstick: Yardstick,
}

/// Measures it all; the text is Markdown.
pub fn run(extent: &Extent) -> String {
    let mut bench = Bench {
        load: Load::new(),
        stage: Stage::build(&Engine::Sqlite, Population::new(extent.users)),
        yardstick: Yardstick::start(),
    };
    let mut table = Table::new(&[
        "operation",
        "requests/s",
        "per CPU-second",
        "limit",
        "limit/s",
        "limit per CPU-second",
        "ratio per CPU-second",
    ]);
    for operation in extent.choice.operations() {
        eprintln!("{}", operation.name);
        let (done, limit) = bench.measured(operation, extent);
        let spread =
            |rounds: &Rounds, figure: fn(&Pace) -> f64| Spread::of(rounds.iter().map(figure));
        let pairs = done.iter().zip(&limit);
        let ratio =
            Spread::of(pairs.map(|(done, limit)| done.per_cpu_second / limit.per_cpu_second));
        table.row([
            operation.name.to_owned(),
            whole(spread(&done, |pace| pace.per_second).median),
            spread(&done, |pace| pace.per_cpu_second).whole(),
            operation.limit.name().to_owned(),
            whole(spread(&limit, |pace| pace.per_second).median),
            spread(&limit, |pace| pace.per_cpu_second).whole(),
            ratio.ratio(),
        ]);
    }
    let (users, rounds, length) = (
        count(extent.users),
        extent.rounds,
        extent.length.as_secs_f64(),
    );
    format!(
        "SQLite, {users} users, {rounds} rounds of {length} s each, medians (smallest..largest):\n\n{table}\n{}",
        machine(extent.length)
    )
}

/// What needs no server at all.
fn machine(length: Duration) -> Table {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut table = Table::new(&["this machine, one thread", "figure"]);
    let signatures = bare_signatures(length);
    table.row([
        "RS256 signatures, 2048 bits, per CPU-second".into(),
        whole(signatures),
    ]);
    for rows in [1, 32] {
        let commits = commits(folder.path(), length, rows);
        table.row([
            format!("SQLite rows a second, {rows} a commit"),
            whole(commits),
        ]);
    }
    table
}

impl Bench {
    /// The rounds of an operation and those of its limit.
    fn measured(&mut self, operation: &Operation, extent: &Extent) -> (Rounds, Rounds) {
        let (mut done, mut limit) = (Vec::new(), Vec::new());
        for _ in 0..extent.rounds {
            let round = self.stage.round(&self.load, operation, extent.length);
            done.push(round.into());
            limit.push(self.limit(operation.limit, extent.length));
        }
        (done, limit)
    }

    fn limit(&self, limit: Limit, length: Duration) -> Pace {
        match limit {
            Limit::Answer => self.yardstick.answer(&self.load, length).into(),
            Limit::Sign => self.yardstick.sign(&self.load, length).into(),
            Limit::Statements(work) => {
                let Store::Sqlite(data) = self.stage.store() else {
                    unreachable!("the stage was built on SQLite")
                };
                pace(data, &self.stage.population, work, length)
            }
        }
    }
}

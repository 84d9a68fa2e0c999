//! How much slower does it get? Each operation on data of several sizes, taken in turns, so that what else the machine
//! does falls on all of them alike.

use std::time::Duration;

use crate::load::{Load, Round};
use crate::operations::{Choice, Operation};
use crate::population::Population;
use crate::scale;
use crate::stage::Stage;
use crate::store::Engine;
use crate::table::{Spread, Table, count, ms, whole};

/// How large, how often and how long.
pub struct Extent {
    /// How many users there are in each of the data, smallest first.
    pub sizes: Vec<u64>,
    /// What belongs to so many users.
    pub population: fn(u64) -> Population,
    /// On which databases.
    pub engines: Vec<Engine>,
    /// How many rounds each operation gets on each size.
    pub rounds: usize,
    /// How long a round is.
    pub length: Duration,
    /// Which operations.
    pub choice: Choice,
}

/// The largest data may cost so much more than the smallest.
const GOAL: f64 = 0.9;

/// Measures it all; the text is Markdown.
pub fn run(extent: &Extent) -> String {
    let load = Load::new();
    let mut text = String::new();
    for engine in &extent.engines {
        text.push_str(&on(engine, extent, &load));
    }
    text
}

fn on(engine: &Engine, extent: &Extent, load: &Load) -> String {
    let mut stages: Vec<Stage> = Vec::new();
    for users in &extent.sizes {
        let stage = Stage::build(engine, (extent.population)(*users));
        let (name, filled) = (engine.name(), stage.filled_in.as_secs_f64());
        eprintln!("{name}: {users} users filled in {filled:.1} s");
        stages.push(stage);
    }
    let largest = stages.last_mut().expect("a size");
    let of_server = extent.choice.names("server") && !largest.population.organized;
    let mut large = scale::table();
    if of_server {
        scale::quiet(&mut large, largest, load);
    }
    let mut table = Table::new(&[
        "operation",
        "users",
        "requests/s",
        "per CPU-second",
        "p50 ms",
        "p99 ms",
        "conn.",
        "to the smallest, per CPU-second",
    ]);
    for operation in extent.choice.operations() {
        eprintln!("{}: {}", engine.name(), operation.name);
        rows(
            &mut table,
            operation,
            &measured(operation, &mut stages, extent, load),
            &extent.sizes,
        );
    }
    if of_server {
        scale::revoke_all(&mut large, stages.last_mut().expect("a size"), load);
    }
    let (name, rounds, length) = (engine.name(), extent.rounds, extent.length.as_secs_f64());
    let large = if of_server {
        let users = count(*extent.sizes.last().expect("a size"));
        format!("**{name}**, {users} users:\n\n{large}\n")
    } else {
        String::new()
    };
    format!(
        "**{name}**, {rounds} rounds of {length} s each, medians (smallest..largest); **<** marks more than 10 % lost:\n\n\
         {table}\n{large}"
    )
}

/// The rounds of an operation: for each size those that it had.
fn measured(
    operation: &Operation,
    stages: &mut [Stage],
    extent: &Extent,
    load: &Load,
) -> Vec<Vec<Round>> {
    let mut rounds = vec![Vec::new(); stages.len()];
    for _ in 0..extent.rounds {
        for (stage, rounds) in stages.iter_mut().zip(&mut rounds) {
            rounds.push(stage.round(load, operation, extent.length));
        }
    }
    rounds
}

fn rows(table: &mut Table, operation: &Operation, measured: &[Vec<Round>], sizes: &[u64]) {
    let smallest = &measured[0];
    for (place, (rounds, users)) in measured.iter().zip(sizes).enumerate() {
        let spread = |figure: fn(&Round) -> f64| Spread::of(rounds.iter().map(figure));
        let time = |figure: fn(&Round) -> Duration| {
            let middle = Spread::of(rounds.iter().map(|round| figure(round).as_secs_f64()));
            ms(Duration::from_secs_f64(middle.median))
        };
        // Round by round: neighbours in time have had the same machine.
        let pairs = rounds.iter().zip(smallest);
        let ratio =
            Spread::of(pairs.map(|(this, small)| this.per_cpu_second / small.per_cpu_second));
        let mark = if ratio.median < GOAL { "**<** " } else { "" };
        let connections = rounds.iter().map(|round| round.connections).min();
        table.row([
            if place == 0 {
                operation.name.to_owned()
            } else {
                String::new()
            },
            count(*users),
            whole(spread(|round| round.per_second).median),
            spread(|round| round.per_cpu_second).whole(),
            time(|round| round.median),
            time(|round| round.p99),
            connections.unwrap_or_default().to_string(),
            if place == 0 {
                String::new()
            } else {
                format!("{mark}{}", ratio.ratio())
            },
        ]);
    }
}

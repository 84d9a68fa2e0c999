//! `cargo run --release -p standin-bench`: what Standin does on this machine, next to what the machine itself can do,
//! measured in the same run. Absolute figures of a shared machine mean little; the ratios are what to look at.
//!
//! The server is the release binary in a process of its own (`cargo build --release` first; `STANDIN_BIN` names another),
//! with every commit on the disk before it is acknowledged; the load runs beside it, at 32 connections.

mod calls;
mod figures;
mod growth;
mod limits;
mod load;
mod machine;
mod operations;
mod population;
mod process;
mod rows;
mod scale;
mod server;
mod stage;
mod statements;
mod store;
mod table;
mod yardstick;

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use operations::{Choice, Operation};
use population::Population;
use store::Engine;

const ROUND: Duration = Duration::from_secs(1);

/// Measures Standin beside the limits of the machine.
#[derive(Parser)]
struct Bench {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// How much slower each operation gets with the number of users, on every database there is
    Growth(Options),
    /// The same with organizations: every other user in a large one, and a thousand small ones of one user
    Organizations(Options),
    /// How far each operation is from its limit
    Limits(Options),
    /// The process that the limits are measured in
    #[command(name = yardstick::COMMAND, hide = true)]
    Yardstick,
}

#[derive(Args)]
struct Options {
    /// Less data, fewer rounds, SQLite alone: two minutes
    #[arg(long)]
    quick: bool,
    /// How many users there are in each of the data, smallest first [default: 1000,100000,1000000; organizations:
    /// 2000,200000; limits: 100000]
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u64).range(100..))]
    users: Vec<u64>,
    /// How many rounds of a second each operation gets [default: 5; quick: 2]
    #[arg(long)]
    rounds: Option<NonZeroUsize>,
    /// Only the operations whose names contain one of these words; `server` stands for start, memory and revoking everything
    #[arg(long, value_delimiter = ',', conflicts_with = "write")]
    only: Vec<String>,
    /// Put the tables into docs/performance.md
    #[arg(long)]
    write: bool,
}

impl Options {
    fn growth(&self) -> growth::Extent {
        let usual: &[u64] = if self.quick {
            &[1000, 100_000]
        } else {
            &[1000, 100_000, 1_000_000]
        };
        growth::Extent {
            sizes: if self.users.is_empty() {
                usual.to_vec()
            } else {
                self.users.clone()
            },
            population: Population::new,
            engines: if self.quick {
                vec![Engine::Sqlite]
            } else {
                Engine::all()
            },
            rounds: self.rounds(),
            length: ROUND,
            choice: self.choice(operations::ALL),
        }
    }

    fn organizations(&self) -> growth::Extent {
        let usual = vec![2000, 200_000];
        growth::Extent {
            sizes: if self.users.is_empty() {
                usual
            } else {
                self.users.clone()
            },
            population: Population::organized,
            choice: self.choice(operations::ORGANIZED),
            ..self.growth()
        }
    }

    fn choice(&self, among: &'static [Operation]) -> Choice {
        Choice {
            words: self.only.clone(),
            among,
        }
    }

    fn limits(&self) -> limits::Extent {
        limits::Extent {
            users: self.users.first().copied().unwrap_or(100_000),
            rounds: self.rounds(),
            length: ROUND,
            choice: self.choice(operations::ALL),
        }
    }

    fn rounds(&self) -> usize {
        let usual = if self.quick { 2 } else { 5 };
        self.rounds.map_or(usual, NonZeroUsize::get)
    }

    /// Prints a text, and writes it where that was asked for.
    fn publish(&self, name: &str, text: &str) {
        let text = format!("{}\n\n{text}", machine::description());
        println!("{text}");
        if self.write {
            let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
            table::write(&document, name, &text).expect("docs/performance.md with its markers");
        }
    }
}

fn main() {
    match Bench::parse().what {
        None => println!("{}\n\n{}", machine::description(), figures::run(4 * ROUND)),
        Some(What::Growth(options)) => options.publish("growth", &growth::run(&options.growth())),
        Some(What::Organizations(options)) => {
            options.publish("organizations", &growth::run(&options.organizations()));
        }
        Some(What::Limits(options)) => options.publish("limits", &limits::run(&options.limits())),
        Some(What::Yardstick) => yardstick::serve(),
    }
}

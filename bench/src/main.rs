//! `cargo run --release -p standin-bench`: what Standin does on this machine, next to what the machine itself can do,
//! measured in the same run. Absolute figures of a shared machine mean little; the ratios are what to look at.
//!
//! The server is the release binary in a process of its own (`cargo build --release` first; `STANDIN_BIN` names another),
//! with every commit on the disk before it is acknowledged; the load runs beside it, at 32 connections.

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

use std::path::Path;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use store::Engine;

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
    /// Put the tables into docs/performance.md
    #[arg(long)]
    write: bool,
}

impl Options {
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
    let second = Duration::from_secs(1);
    match Bench::parse().what {
        None => println!("{}\n\n{}", machine::description(), figures::run(4 * second)),
        Some(What::Growth(options)) => {
            let extent = if options.quick {
                growth::Extent {
                    sizes: vec![1000, 100_000],
                    engines: vec![Engine::Sqlite],
                    rounds: 2,
                    length: second,
                }
            } else {
                growth::Extent {
                    sizes: vec![1000, 100_000, 1_000_000],
                    engines: Engine::all(),
                    rounds: 5,
                    length: second,
                }
            };
            options.publish("growth", &growth::run(&extent));
        }
        Some(What::Limits(options)) => {
            let rounds = if options.quick { 2 } else { 5 };
            let extent = limits::Extent {
                users: 100_000,
                rounds,
                length: second,
            };
            options.publish("limits", &limits::run(&extent));
        }
        Some(What::Yardstick) => yardstick::serve(),
    }
}

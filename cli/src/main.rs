//! `standin`: one binary for a developer's machine, for CI and for production.
//!
//! `dev` and `serve` run a server; most other commands are clients of its Backend API and find it by the environment or
//! by the data folder. Data goes to stdout, talk to stderr; what the exit code says is in `man`.

mod agent;
mod audit;
mod browser;
mod claims;
mod client;
mod clock;
mod data;
mod db;
mod dev;
mod doctor;
#[cfg(test)]
mod documented;
mod dump;
mod duration;
mod env;
mod explain;
mod failure;
mod fault;
mod jwks;
mod key;
mod listen;
mod log;
mod man;
mod nearest;
#[cfg(test)]
mod pages;
mod reset;
mod sdk;
mod seed;
mod serve;
mod session;
mod signals;
mod snapshot;
mod startup;
mod task;
mod terminal;
mod tls;
mod trust;
mod user;
mod webhook;
mod written;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::failure::{Failure, Result};

/// Signs programs in as one of your users: end-to-end tests, and agents that use a browser.
#[derive(Parser)]
#[command(name = "standin", version, propagate_version = true, after_long_help = man::exit_codes())]
struct Cli {
    /// Answer with one JSON object on stdout
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a development server: keys, a first user, everything on this machine
    Dev(dev::Dev),
    /// Run a production server
    Serve(Box<serve::Serve>),
    /// Make the users, organizations and settings that a file names; write such a file
    Seed(seed::Seed),
    /// Begin anew: a development server as it started, with its seed, while it goes on running
    Reset(reset::Reset),
    /// Keep states of a development server, and put them back while it goes on running
    #[command(subcommand)]
    Snapshot(snapshot::Command),
    /// Make links that sign a browser in, list them, take them back
    #[command(subcommand)]
    Task(task::Command),
    /// Make, list, ban and remove users; bring them and take them along
    #[command(subcommand)]
    User(user::Command),
    /// List agents, stop and start them
    #[command(subcommand)]
    Agent(agent::Command),
    /// List sessions and end them
    #[command(subcommand)]
    Session(session::Command),
    /// Read the record of what happened
    #[command(subcommand)]
    Audit(audit::Command),
    /// Back the database up and restore it, look whether it is whole, move it
    #[command(subcommand)]
    Db(db::Command),
    /// Have events sent to applications, and look what became of them
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Have events sent to an application on this machine, and print them
    Listen(listen::Listen),
    /// Show the clock of a development server, move it, put it right
    Clock(clock::Clock),
    /// Have requests to a development server fail or be late
    #[command(subcommand)]
    Fault(fault::Command),
    /// Make and end secret keys; make a master key
    #[command(subcommand)]
    Key(key::Command),
    /// List the keys that sign session tokens, let a new one take over
    #[command(subcommand)]
    Jwks(jwks::Command),
    /// Make certificates for names of this machine's own, to speak https in development
    Trust(trust::Trust),
    /// Print the settings an application needs, or merge them into its .env file
    Env(env::Env),
    /// Look for what usually goes wrong, and name the remedy
    Doctor(doctor::Doctor),
    /// Print the HTTP API as it is served, in OpenAPI 3.1
    Openapi,
    /// Say what an error code means, why it is met, and what to do
    Explain(explain::Explain),
    /// Print the version
    Version,
    /// Print a script that completes these commands in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command into a folder
    Man {
        /// The folder, as `~/.local/share/man/man1`
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let Cli { json, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misunderstood(&error),
    };
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("start", &error))
        .and_then(|runtime| runtime.block_on(run(command, json)))
        .and_then(|code| match terminal::lost() {
            Some(error) => Err(Failure::io("write to stdout", &error)),
            None => Ok(code),
        });
    match done {
        Ok(code) => code,
        Err(failure) => {
            failure.show(json);
            ExitCode::from(failure.exit as u8)
        }
    }
}

/// Tells what of a command line cannot be understood, as JSON where that is asked for. Help and version end here too.
fn misunderstood(error: &clap::Error) -> ExitCode {
    let mut own = std::env::args_os().take_while(|argument| argument != "--");
    if !error.use_stderr() || !own.any(|argument| argument == "--json") {
        error.exit();
    }
    // The usage below the sentence is for people.
    let text = error.to_string();
    let sentence = text.split("\n\n").next().unwrap_or_default();
    let sentence = sentence.trim_start_matches("error: ");
    let sentence = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    let failure = Failure::usage(sentence).hint("how it is used", "standin help");
    failure.show(true);
    ExitCode::from(failure.exit as u8)
}

async fn run(command: Command, json: bool) -> Result<ExitCode> {
    match command {
        Command::Dev(dev) => return dev::run(dev, json).await,
        Command::Serve(serve) => return serve::run(*serve).await,
        Command::Doctor(doctor) => return doctor::run(doctor, json).await,
        Command::User(command) => return user::run(command, json).await,
        Command::Listen(listen) => return listen::run(listen, json).await,
        Command::Seed(seed) => seed::run(seed, json).await?,
        Command::Reset(reset) => reset::run(reset, json).await?,
        Command::Snapshot(command) => snapshot::run(command, json).await?,
        Command::Task(command) => task::run(command, json).await?,
        Command::Agent(command) => agent::run(command, json).await?,
        Command::Session(command) => session::run(command, json).await?,
        Command::Audit(command) => audit::run(command, json).await?,
        Command::Db(command) => db::run(command, json).await?,
        Command::Webhook(command) => webhook::run(command, json).await?,
        Command::Clock(clock) => clock::run(clock, json).await?,
        Command::Fault(command) => fault::run(command, json).await?,
        Command::Key(command) => key::run(command, json).await?,
        Command::Jwks(command) => jwks::run(command, json).await?,
        Command::Trust(trust) => trust::run(&trust, json)?,
        Command::Env(env) => env::run(env, json).await?,
        Command::Openapi => terminal::print(standin_server::OPENAPI.trim_end()),
        Command::Explain(explain) => explain::run(&explain, json)?,
        Command::Version => {
            let version = env!("CARGO_PKG_VERSION");
            if json {
                terminal::print(serde_json::json!({ "version": version }));
            } else {
                terminal::print(format!("standin {version}"));
            }
        }
        Command::Completions { shell } => man::complete(Cli::command(), shell),
        Command::Man { folder } => man::run(Cli::command(), folder.as_deref())?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}

//! `standin fault`: requests to a development server that fail or are late, to see what an application does then.

use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use standin::development::Fault;
use standin::id::FaultId;

use crate::client::{Client, ServerOptions};
use crate::duration::{Millis, exact_moment};
use crate::failure::{Failure, Result};
use crate::terminal;

#[derive(Subcommand)]
pub enum Command {
    /// Have requests fail or be late; prints the fault's id
    Add(Add),
    /// List faults, and how often requests came upon them
    List(ServerOptions),
    /// Take a fault away, or all
    Remove(Remove),
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  standin fault add 'POST /v1/client/*' 503 --times 3 --delay 200ms
  standin fault add 'GET /v1/environment' --delay 2s
  standin fault add '* /v1/users*' 429")]
pub struct Add {
    /// A method, or * for all, and a path in which * stands for anything
    #[arg(value_name = "REQUESTS")]
    requests: String,
    /// The status of the answer; without one it is only late
    #[arg(value_name = "STATUS", required_unless_present = "delay")]
    status: Option<u16>,
    /// For so many requests [default: for all to come]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    times: Option<u64>,
    /// Answer so much later, as in 200ms or 2s; 25s at most
    #[arg(long, value_name = "TIME")]
    delay: Option<Millis>,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub struct Remove {
    /// The fault's id
    #[arg(value_name = "FAULT", group = "which")]
    id: Option<FaultId>,
    /// All of them
    #[arg(long, group = "which")]
    all: bool,
    #[command(flatten)]
    server: ServerOptions,
}

pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::Add(add) => add.run(json).await,
        Command::List(server) => list(&server, json).await,
        Command::Remove(remove) => remove.run(json).await,
    }
}

impl Add {
    async fn run(self, json: bool) -> Result<()> {
        let Some((method, path)) = self.requests.trim().split_once(char::is_whitespace) else {
            let sentence = format!("`{}` is no method and path", self.requests);
            return Err(Failure::usage(sentence).hint("write", "'POST /v1/client/*'"));
        };
        let client = Client::of_development(&self.server)?;
        let fault = client.api.development().add_fault(path.trim_start());
        let mut fault = fault.method(method);
        if let Some(status) = self.status {
            fault = fault.status(status);
        }
        if let Some(Millis(delay)) = self.delay {
            fault = fault.delay(delay);
        }
        if let Some(times) = self.times {
            fault = fault.times(times);
        }
        if json {
            return client.print(fault.json()).await;
        }
        let added = client.ask(fault).await?;
        terminal::print(&added.id);
        let whom = format!("{} {}", added.method, added.path);
        terminal::say(format!("{} {}", terminal::plain(&whom), what(&added)));
        Ok(())
    }
}

/// What becomes of the requests.
fn what(fault: &Fault) -> String {
    let late = Duration::from_millis(fault.delay_ms);
    match (fault.status, fault.delay_ms) {
        (Some(status), 0) => status.to_string(),
        (Some(status), _) => format!("{status} after {late:?}"),
        (None, _) => format!("{late:?} late"),
    }
}

async fn list(server: &ServerOptions, json: bool) -> Result<()> {
    let client = Client::of_development(server)?;
    let faults = client.api.development().faults();
    if json {
        return client.print(faults.json()).await;
    }
    let faults = client.ask(faults).await?;
    if faults.data.is_empty() {
        terminal::say("there are none");
        return Ok(());
    }
    let rows: Vec<[String; 6]> = faults.data.iter().map(row).collect();
    terminal::table(
        ["FAULT", "REQUESTS", "ANSWER", "LEFT", "HITS", "ADDED"],
        &rows,
    );
    Ok(())
}

fn row(fault: &Fault) -> [String; 6] {
    let left = fault.times_left;
    [
        fault.id.to_string(),
        terminal::plain(&format!("{} {}", fault.method, fault.path)),
        what(fault),
        left.map_or("all".to_owned(), |left| left.to_string()),
        fault.hits.to_string(),
        exact_moment(fault.created_at),
    ]
}

impl Remove {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of_development(&self.server)?;
        let development = client.api.development();
        if let Some(id) = &self.id {
            let removed = development.remove_fault(id);
            if json {
                return client.print(removed.json()).await;
            }
            let removed = client.ask(removed).await?;
            terminal::say(format!(
                "{id} is gone; requests came upon it {} times",
                removed.hits
            ));
            return Ok(());
        }
        let removed = development.remove_faults();
        if json {
            return client.print(removed.json()).await;
        }
        let removed = client.ask(removed).await?.data.len();
        terminal::say(format!("{removed} are gone"));
        Ok(())
    }
}

//! `standin snapshot`: states of a development server's database, kept under a name and put back while it runs.

use clap::{Args, Subcommand};

use crate::client::{Client, ServerOptions};
use crate::duration::moment;
use crate::failure::{Failure, Result};
use crate::nearest::nearest;
use crate::terminal;

#[derive(Subcommand)]
pub enum Command {
    /// Keep the present state under a name, in the place of what has it
    Save(One),
    /// Put a state back: links that were spent since open again; keys stay, and the audit trail goes on
    Restore(One),
    /// List the states that are kept
    List(ServerOptions),
    /// Remove a state that is kept
    Delete(One),
}

#[derive(Args)]
pub struct One {
    /// 1 to 64 letters, digits, - and _
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    server: ServerOptions,
}

pub async fn run(command: Command, json: bool) -> Result<()> {
    let one = match &command {
        Command::List(server) => return show(&Client::of_development(server)?, json).await,
        Command::Save(one) | Command::Restore(one) | Command::Delete(one) => one,
    };
    let client = Client::of_development(&one.server)?;
    let (development, name) = (client.api.development(), &one.name);
    let (call, outcome) = match command {
        Command::Save(_) => (development.save_snapshot(name).json(), "is kept"),
        Command::Restore(_) => (development.restore_snapshot(name).json(), "is back"),
        _ => (development.delete_snapshot(name), "is gone"),
    };
    let done = match client.ask(call).await {
        Err(refusal) if refusal.code == "resource_not_found" => {
            return Err(with_suggestion(&client, refusal, name).await);
        }
        done => done?,
    };
    if json {
        terminal::print(done);
    } else {
        terminal::say(format!("{} {outcome}", terminal::plain(name)));
    }
    Ok(())
}

async fn with_suggestion(client: &Client, refusal: Failure, name: &str) -> Failure {
    let known = client.api.development().snapshots().await;
    let known = known.map(|page| page.data).unwrap_or_default();
    match nearest(name, known.iter().map(|one| one.name.as_str())) {
        Some(meant) => refusal.hint("did you mean", meant),
        None => refusal.hint("those there are", "standin snapshot list"),
    }
}

async fn show(client: &Client, json: bool) -> Result<()> {
    let call = client.api.development().snapshots();
    if json {
        return client.print(call.json()).await;
    }
    let rows: Vec<_> = client
        .ask(call)
        .await?
        .data
        .into_iter()
        .map(|one| {
            [
                one.name,
                moment(one.saved_at),
                format!("{} kB", one.bytes / 1000),
            ]
        })
        .collect();
    terminal::table(["SNAPSHOT", "SAVED", "SIZE"], &rows);
    Ok(())
}

//! `standin seed`: what there shall be, from a file. The server brings it about in one write; this side reads the file, finds
//! the line of what is refused, and writes such a file of what there is.

mod file;
mod schema;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use standin::seed::Applied;

use crate::client::{Client, ServerOptions};
use crate::failure::Result;
use crate::terminal;
pub use file::File;

/// `standin seed`.
#[derive(Args)]
#[command(after_help = "\
The same file again changes nothing: what is there and the same is left alone, what differs is updated, and
nothing that is not named is removed. A file with an error in it changes nothing at all. docs/seed.md has every key.")]
pub struct Seed {
    /// TOML with what there shall be
    #[arg(value_name = "FILE", required_unless_present = "from_running")]
    file: Option<PathBuf>,
    /// Write what a development server has, as such a file, to stdout; it holds password digests and other secrets
    #[arg(long, conflicts_with = "file")]
    from_running: bool,
    #[command(flatten)]
    server: ServerOptions,
}

pub async fn run(seed: Seed, json: bool) -> Result<()> {
    let Some(path) = seed.file else {
        return from_running(&Client::of(&seed.server)?, json).await;
    };
    let file = File::read(&path)?;
    let client = Client::of(&seed.server)?;
    let applied = apply(&client, &file).await?;
    if json {
        terminal::print(told(&applied));
    } else {
        say(&applied);
    }
    Ok(())
}

async fn from_running(client: &Client, json: bool) -> Result<()> {
    let seed = client.ask(client.api.seed().get()).await;
    let seed = seed.map_err(|failure| match failure.code.as_str() {
        "request_invalid_for_environment" => failure.hint(
            "users can be taken along by",
            "standin user export FILE --data DIR",
        ),
        _ => failure,
    })?;
    if json {
        terminal::print(Value::from(seed));
    } else {
        let text = file::write(seed)?;
        terminal::print(text.trim_end());
    }
    Ok(())
}

/// Brings a seed about.
///
/// # Errors
/// What the server refuses, by its line in the file.
pub async fn apply(client: &Client, file: &File) -> Result<Applied> {
    let applied = client.api.seed().apply(file.seed.clone()).await;
    applied.map_err(|error| file.refused(client, &error))
}

/// Tells people what became of a seed: a line for each kind.
pub fn say(applied: &Applied) {
    let named = applied
        .data
        .iter()
        .filter(|kind| kind.made + kind.changed > 0);
    let mut is_nothing = true;
    for kind in named {
        is_nothing = false;
        let parts = [
            (kind.made, "made"),
            (kind.changed, "changed"),
            (kind.same, "the same"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        terminal::say(format!("{}: {}", kind.kind, parts.join(", ")));
    }
    if is_nothing {
        terminal::say("seed: nothing to do");
    }
}

/// The same for programs.
fn told(applied: &Applied) -> Value {
    let kind = |kind: &standin::seed::Kind| json!({ "kind": kind.kind, "made": kind.made, "changed": kind.changed, "same": kind.same });
    json!({ "data": applied.data.iter().map(kind).collect::<Vec<_>>() })
}

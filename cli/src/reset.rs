//! `standin reset`: a development server as it was when it began, with what its seed says, while it goes on running.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::client::{Client, ServerOptions, Target};
use crate::data::DevJson;
use crate::failure::Result;
use crate::{dev, seed, terminal};

#[derive(Args)]
#[command(after_help = "\
Users, organizations, sessions, tasks, settings: all of it goes, and what the server began with comes back: its seed, or
else the first user. Its clock goes right, and faults go. Keys stay, and the audit trail goes on.")]
pub struct Reset {
    /// Begin with this seed instead [default: the one that `standin dev` was started with]
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    #[command(flatten)]
    server: ServerOptions,
}

pub async fn run(reset: Reset, json: bool) -> Result<()> {
    let client = Client::of_development(&reset.server)?;
    let seed = match &reset.seed {
        Some(file) => Some(file.clone()),
        None => of_start(&reset.server, &client.target)?,
    };
    let file = seed.as_deref().map(seed::File::read).transpose()?;
    let someone = dev::begin_anew(&client, file.as_ref()).await?;
    if json {
        terminal::print(json!({ "object": "reset", "seed": seed }));
    } else {
        let someone = terminal::plain(&someone.name);
        terminal::say(format!("as it began, with {someone}; keys stay"));
    }
    Ok(())
}

/// The seed that the server of a data folder was started with.
fn of_start(options: &ServerOptions, target: &Target) -> Result<Option<PathBuf>> {
    let left = DevJson::read(&options.folder())?;
    let own = left.filter(|left| left.api_url.as_ref() == Some(&target.api_url));
    Ok(own.and_then(|left| left.seed))
}

//! `standin task storage-states`: several users signed in at once, each into a file for Playwright. All of them or nobody: what
//! was opened before the one that failed is ended again.

use std::collections::HashSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use standin::SessionId;
use standin::agent_tasks::CreatedAgentTask;

use super::Wish;
use crate::client::{Client, ServerOptions};
use crate::data::temporary;
use crate::failure::{Failure, Result};
use crate::terminal::{self, DIM};

#[derive(Args)]
pub struct StorageStates {
    /// Whom to sign in, with commas between: each as `task create --for` takes it; NAME=WHO names the file otherwise
    #[arg(
        long = "for",
        value_name = "WHO",
        value_delimiter = ',',
        required = true
    )]
    who: Vec<String>,
    /// The folder for the files: `admin.json` for `admin`
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    wish: Wish,
    #[command(flatten)]
    server: ServerOptions,
}

/// Somebody to sign in, and into which file.
struct One<'a> {
    who: &'a str,
    file: PathBuf,
}

/// What was made so far, to be taken back where not all of it can be.
#[derive(Default)]
struct Opened {
    tasks: Vec<CreatedAgentTask>,
    /// What the server said of each that was signed in.
    states: Vec<Value>,
}

impl StorageStates {
    pub async fn run(self, json: bool) -> Result<()> {
        let all = self.all()?;
        let client = Client::of(&self.server)?;
        let mut opened = Opened::default();
        if let Err(failure) = self.sign_in(&client, &all, &mut opened).await {
            opened.take_back(&client).await;
            return Err(failure.hint("nobody was signed in; mend it, then", "the same command"));
        }
        self.tell(&all, &opened, json);
        Ok(())
    }

    /// Everybody, under a file's name each.
    fn all(&self) -> Result<Vec<One<'_>>> {
        let mut names = HashSet::new();
        let mut all = Vec::new();
        for given in &self.who {
            let (name, who) = given.split_once('=').unwrap_or((given, given));
            if name.is_empty() || name.starts_with('.') || name.contains('/') || who.is_empty() {
                return Err(Failure::usage(format!("{given} names no file"))
                    .hint("as in", "--for admin,editor=ed@example.com"));
            }
            let file = self.out.join(format!("{name}.json"));
            if !names.insert(name) {
                let sentence = format!("{} would be written twice", file.display());
                return Err(Failure::usage(sentence).hint("name the files", "--for NAME=WHO,…"));
            }
            all.push(One { who, file });
        }
        Ok(all)
    }

    /// Makes everybody's task first: whoever cannot be signed in is found out before anybody is. The files get their names when
    /// all of them are written.
    async fn sign_in(&self, client: &Client, all: &[One<'_>], opened: &mut Opened) -> Result<()> {
        let redirect = self.wish.landing(client).await?;
        for one in all {
            let made = self.wish.create(client, one.who, &redirect, |task| task);
            opened.tasks.push(made.await?);
        }
        for task in &opened.tasks {
            let redeem = client.api.agent_tasks().redeem(&task.url);
            opened.states.push(client.ask(redeem.json()).await?);
        }
        let mut folder = DirBuilder::new();
        let made = folder.recursive(true).mode(0o700).create(&self.out);
        made.map_err(|error| Failure::io(format!("make {}", self.out.display()), &error))?;
        let mut written = Vec::new();
        for (one, state) in all.iter().zip(&opened.states) {
            let text = format!("{:#}\n", state["storage_state"]);
            written.push((temporary(&one.file, &text)?, &one.file));
        }
        for (written, file) in written {
            let named = written.persist(file);
            named
                .map_err(|error| Failure::io(format!("write {}", file.display()), &error.error))?;
        }
        Ok(())
    }

    fn tell(&self, all: &[One<'_>], opened: &Opened, json: bool) {
        let told = all.iter().zip(&opened.states);
        if json {
            let one = |(one, state): (&One<'_>, &Value)| {
                let session = &state["session"];
                json!({
                    "for": one.who,
                    "file": one.file,
                    "user_id": session["user_id"],
                    "session_id": session["id"],
                    "expire_at": session["expire_at"],
                })
            };
            terminal::print(json!({ "data": told.map(one).collect::<Vec<_>>() }));
            return;
        }
        for one in all {
            terminal::print(one.file.display());
        }
        let agent = &self.wish.agent;
        terminal::say(format!(
            "{DIM}End the sessions:{DIM:#} standin session revoke --agent {agent}"
        ));
    }
}

impl Opened {
    /// Ends the sessions and takes back the links that nobody opened. What fails of it runs out by itself.
    async fn take_back(&self, client: &Client) {
        for state in &self.states {
            let id = state["session"]["id"].as_str();
            if let Some(Ok(id)) = id.map(str::parse::<SessionId>) {
                let _ = client.api.sessions().revoke(&id).await;
            }
        }
        for task in self.tasks.iter().skip(self.states.len()) {
            let _ = client.api.agent_tasks().revoke(&task.id).await;
        }
    }
}

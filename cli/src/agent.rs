//! `standin agent`: who acts, and the switch that stops one with everything it has open.

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::client::{Client, Page, Where, path_part};
use crate::duration::moment;
use crate::failure::{Exit, Failure, Result};
use crate::nearest::nearest;
use crate::terminal;

/// What to do with agents.
#[derive(Subcommand)]
pub enum Command {
    /// List agents
    List(List),
    /// Refuse an agent's tasks from now on and end its sessions
    Disable(One),
    /// Let a disabled agent act again
    Enable(One),
}

/// `agent list`.
#[derive(Args)]
pub struct List {
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    place: Where,
}

/// One agent.
#[derive(Args)]
pub struct One {
    /// The agent's name or id
    #[arg(value_name = "AGENT")]
    agent: String,
    #[command(flatten)]
    place: Where,
}

/// Runs one of them.
pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::List(list) => list.run(json).await,
        Command::Disable(one) => {
            one.change(
                "disable",
                "may not act any more; its sessions have ended",
                json,
            )
            .await
        }
        Command::Enable(one) => one.change("enable", "may act again", json).await,
    }
}

/// The id of the agent with this name or id.
pub async fn id(client: &Client, agent: &str) -> Result<String> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let query = [
            ("limit", "500".to_owned()),
            ("offset", names.len().to_string()),
        ];
        let page = client.get("/v1/agents", &query).await?;
        let agents = page["data"]
            .as_array()
            .map_or(&[] as &[Value], Vec::as_slice);
        let found = agents
            .iter()
            .find(|one| one["name"] == agent || one["id"] == agent);
        if let Some(id) = found.and_then(|one| one["id"].as_str()) {
            return Ok(id.to_owned());
        }
        names.extend(
            agents
                .iter()
                .filter_map(|one| one["name"].as_str())
                .map(ToOwned::to_owned),
        );
        if agents.len() < 500 {
            break;
        }
    }
    let mut failure = Failure::new(
        Exit::Denied,
        "agent_not_found",
        format!("no agent is called {agent}"),
    )
    .hint("those there are", "standin agent list");
    if let Some(name) = nearest(agent, names.iter().map(String::as_str)) {
        failure.first_hint("did you mean", name);
    }
    Err(failure)
}

impl List {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.place)?;
        let list = client.get("/v1/agents", &self.page.query()).await?;
        if json {
            terminal::print(list);
            return Ok(());
        }
        let rows = self.page.rows(&list, |agent| {
            let text = |field: &str| agent[field].as_str().unwrap_or_default().to_owned();
            let state = match agent["disabled_at"].as_i64() {
                Some(at) => format!("disabled since {}", moment(at)),
                None => "enabled".to_owned(),
            };
            let created = moment(agent["created_at"].as_i64().unwrap_or_default());
            [text("id"), text("name"), created, state]
        });
        terminal::table(["AGENT", "NAME", "FIRST SEEN", "STATE"], &rows);
        Ok(())
    }
}

impl One {
    async fn change(&self, action: &str, outcome: &str, json: bool) -> Result<()> {
        let client = Client::of(&self.place)?;
        let id = id(&client, &self.agent).await?;
        let agent = client
            .post(&format!("/v1/agents/{}/{action}", path_part(&id)), None)
            .await?;
        if json {
            terminal::print(agent);
        } else {
            terminal::say(format!("{} {outcome}", terminal::plain(&self.agent)));
        }
        Ok(())
    }
}

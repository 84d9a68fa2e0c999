//! `standin agent`: who acts, and the switch that stops one with everything it has open.

use clap::{Args, Subcommand};
use standin::agents::{Agent, TaskOutcomes};
use standin::{AgentId, Call};

use crate::client::{Client, PageOptions, ServerOptions};
use crate::duration::moment;
use crate::failure::{Exit, Failure, Result};
use crate::nearest::nearest;
use crate::terminal;

#[derive(Subcommand)]
pub enum Command {
    /// List agents
    List(List),
    /// Show one agent: what it has open, and what came of its tasks
    Show(One),
    /// Refuse an agent's tasks from now on and end its sessions
    Disable(One),
    /// Let a disabled agent act again
    Enable(One),
}

#[derive(Args)]
pub struct List {
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct One {
    /// The agent's name or id
    #[arg(value_name = "AGENT")]
    agent: String,
    #[command(flatten)]
    server: ServerOptions,
}

pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::List(list) => list.run(json).await,
        Command::Show(one) => one.show(json).await,
        Command::Disable(one) => {
            let outcome = "may not act any more; its sessions have ended";
            one.change(|api, id| api.agents().disable(id), outcome, json)
                .await
        }
        Command::Enable(one) => {
            one.change(|api, id| api.agents().enable(id), "may act again", json)
                .await
        }
    }
}

/// The id of the agent with this name or id.
///
/// # Errors
/// `agent_not_found`, naming the closest of the newest agents.
pub async fn id(client: &Client, agent: &str) -> Result<AgentId> {
    let agents = client.api.agents();
    if agent.starts_with("agent_")
        && let Ok(id) = agent.parse()
        && let Ok(found) = agents.get(&id).await
    {
        return Ok(found.id);
    }
    let its = client.ask(agents.list().name(agent).limit(1)).await?;
    if let Some(found) = its.into_iter().next() {
        return Ok(found.id);
    }
    let newest = client.ask(agents.list().limit(500)).await?;
    let names: Vec<String> = newest.into_iter().map(|one| one.name).collect();
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
        let client = Client::of(&self.server)?;
        let page = &self.page;
        let agents = client.api.agents().list();
        let agents = agents.limit(page.limit).offset(page.offset);
        if json {
            return client.print(agents.json()).await;
        }
        let agents = client.ask(agents).await?;
        page.show(["AGENT", "NAME", "FIRST SEEN", "STATE"], &agents, |agent| {
            let first_seen = moment(agent.created_at);
            [
                agent.id.to_string(),
                agent.name.clone(),
                first_seen,
                state(agent),
            ]
        });
        Ok(())
    }
}

fn state(agent: &Agent) -> String {
    match agent.disabled_at {
        Some(at) => format!("disabled since {}", moment(at)),
        None => "enabled".to_owned(),
    }
}

impl One {
    async fn show(&self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let id = id(&client, &self.agent).await?;
        let agent = client.api.agents().get(&id);
        if json {
            return client.print(agent.json()).await;
        }
        let agent = client.ask(agent).await?;
        let did = agent.activity.as_ref();
        let its_tasks = did.map(|did| {
            let TaskOutcomes {
                pending,
                used,
                revoked,
                expired,
                ..
            } = did.tasks;
            format!("{used} used, {pending} pending, {expired} expired, {revoked} revoked")
        });
        let last_in_use = did.and_then(|did| did.last_active_at);
        terminal::facts(&[
            ("Agent", Some(agent.id.to_string())),
            ("Name", Some(agent.name.clone())),
            ("State", Some(state(&agent))),
            ("First seen", Some(moment(agent.created_at))),
            ("Last in use", last_in_use.map(moment)),
            (
                "Open sessions",
                did.map(|did| did.open_sessions.to_string()),
            ),
            ("Tasks", its_tasks),
        ]);
        Ok(())
    }

    async fn change(
        &self,
        call: impl FnOnce(&standin::Client, &AgentId) -> Call<Agent>,
        outcome: &str,
        json: bool,
    ) -> Result<()> {
        let client = Client::of(&self.server)?;
        let id = id(&client, &self.agent).await?;
        let call = call(&client.api, &id);
        if json {
            return client.print(call.json()).await;
        }
        client.ask(call).await?;
        terminal::say(format!("{} {outcome}", terminal::plain(&self.agent)));
        Ok(())
    }
}

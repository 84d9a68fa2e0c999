//! `standin session`: what is open, and every way to end it.

use clap::{Args, Subcommand};
use serde_json::json;
use standin::sessions::{Session, SessionActivity, SessionStatus, Whose};
use standin::{Actor, AgentTaskId, SessionId};

use crate::client::{self, Client, PageOptions, ServerOptions};
use crate::duration::moment;
use crate::failure::Result;
use crate::terminal;

#[derive(Subcommand)]
pub enum Command {
    /// List sessions, newest first
    List(List),
    /// Show one session
    Show(One),
    /// End one session, or all of a user, an agent, a task, or everyone
    Revoke(Revoke),
}

#[derive(Args)]
pub struct List {
    /// Those of this user only
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// Those in this state only: active, ended, expired, removed, replaced or revoked
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct One {
    /// The session's id
    #[arg(value_name = "SESSION")]
    id: SessionId,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct Revoke {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    server: ServerOptions,
}

/// Exactly one of them.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// This session
    #[arg(value_name = "SESSION")]
    id: Option<SessionId>,
    /// All sessions of this user
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// All sessions of this agent: its name or id
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// The session this task opened
    #[arg(long, value_name = "TASK")]
    task: Option<AgentTaskId>,
    /// Everyone's sessions
    #[arg(long)]
    all: bool,
}

pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::List(list) => list.run(json).await,
        Command::Show(one) => show(&one, json).await,
        Command::Revoke(revoke) => revoke.run(json).await,
    }
}

impl List {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let page = &self.page;
        let mut sessions = client.api.sessions().list();
        sessions = sessions.limit(page.limit).offset(page.offset);
        if let Some(who) = &self.user {
            sessions = sessions.user(&client::user_id(&client, who).await?);
        }
        if let Some(status) = self.status.as_deref() {
            sessions = sessions.status(SessionStatus::from(status));
        }
        if json {
            return client.print(sessions.json()).await;
        }
        let sessions = client.ask(sessions).await?;
        let people = sessions.data.iter().map(|session| &session.user_id);
        let people = client::names(&client, people).await;
        let names = ["SESSION", "STATUS", "USER", "AGENT", "CREATED", "UNTIL"];
        page.show(names, &sessions, |session| {
            [
                session.id.to_string(),
                session.status.to_string(),
                people.of(&session.user_id),
                agent_name(session).unwrap_or_default(),
                moment(session.created_at),
                moment(session.expire_at),
            ]
        });
        Ok(())
    }
}

fn agent(session: &Session) -> Option<String> {
    let actor = session.actor.as_ref().map(Actor::subject);
    actor.map(ToOwned::to_owned)
}

/// The agent's name, or the id of whoever else acts.
fn agent_name(session: &Session) -> Option<String> {
    let named = session.actor.as_ref().and_then(Actor::agent_name);
    named.map(ToOwned::to_owned).or_else(|| agent(session))
}

/// The address and the program it was last used from, as far as they are known.
fn last_used(activity: &SessionActivity) -> Option<String> {
    let known = [
        &activity.ip_address,
        &activity.browser_name,
        &activity.browser_version,
        &activity.device_type,
    ];
    let known: Vec<&str> = known.into_iter().filter_map(Option::as_deref).collect();
    (!known.is_empty()).then(|| known.join(" "))
}

async fn show(one: &One, json: bool) -> Result<()> {
    let client = Client::of(&one.server)?;
    let call = client.api.sessions().get(&one.id);
    if json {
        return client.print(call.json()).await;
    }
    let session = client.ask(call).await?;
    terminal::facts(&[
        ("Session", Some(session.id.to_string())),
        ("Status", Some(session.status.to_string())),
        ("User", Some(session.user_id.to_string())),
        ("Agent", agent(&session)),
        ("Client", Some(session.client_id.to_string())),
        ("Created", Some(moment(session.created_at))),
        ("Last active", Some(moment(session.last_active_at))),
        ("From", session.latest_activity.as_ref().and_then(last_used)),
        ("Until", Some(moment(session.expire_at))),
    ]);
    Ok(())
}

impl Revoke {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let sessions = client.api.sessions();
        if let Some(id) = &self.which.id {
            let call = sessions.revoke(id);
            if json {
                return client.print(call.json()).await;
            }
            client.ask(call).await?;
            terminal::say(
                "ended: no new tokens from now on, and the last one is over within a minute",
            );
            return Ok(());
        }
        let whose = self.which.whose(&client).await?;
        let ended = client.ask(sessions.revoke_all(whose)).await?;
        let count = ended.total_count.unwrap_or(ended.data.len() as u64);
        if json {
            terminal::print(json!({ "data": ended.data, "total_count": count }));
            return Ok(());
        }
        ended.data.iter().for_each(terminal::print);
        match count {
            0 => terminal::say("no session was open"),
            1 => terminal::say("1 session ended"),
            count => terminal::say(format!("{count} sessions ended")),
        }
        Ok(())
    }
}

impl Which {
    async fn whose(self, client: &Client) -> Result<Whose> {
        Ok(if let Some(who) = &self.user {
            Whose::User(client::user_id(client, who).await?)
        } else if let Some(agent) = &self.agent {
            Whose::Agent(crate::agent::id(client, agent).await?)
        } else if let Some(task) = self.task {
            Whose::AgentTask(task)
        } else {
            Whose::Everyone
        })
    }
}

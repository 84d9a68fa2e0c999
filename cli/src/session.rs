//! `standin session`: what is open, and every way to end it.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::client::{self, Client, Page, Where, path_part};
use crate::duration::moment;
use crate::failure::Result;
use crate::terminal;

/// What to do with sessions.
#[derive(Subcommand)]
pub enum Command {
    /// List sessions, newest first
    List(List),
    /// Show one session
    Show(One),
    /// End one session, or all of a user, an agent, a task, or everyone
    Revoke(Revoke),
}

/// `session list`.
#[derive(Args)]
pub struct List {
    /// Those of this user only
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// Those in this state only: active, ended, expired, removed, replaced or revoked
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    place: Where,
}

/// One session.
#[derive(Args)]
pub struct One {
    /// The session's id
    #[arg(value_name = "SESSION")]
    id: String,
    #[command(flatten)]
    place: Where,
}

/// `session revoke`.
#[derive(Args)]
pub struct Revoke {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    place: Where,
}

/// Exactly one of them.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// This session
    #[arg(value_name = "SESSION")]
    id: Option<String>,
    /// All sessions of this user
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// All sessions of this agent: its name or id
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// The session this task opened
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Everyone's sessions
    #[arg(long)]
    all: bool,
}

/// Runs one of them.
pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::List(list) => list.run(json).await,
        Command::Show(one) => show(&one, json).await,
        Command::Revoke(revoke) => revoke.run(json).await,
    }
}

fn agent(session: &Value) -> Option<String> {
    session["actor"]["sub"].as_str().map(ToOwned::to_owned)
}

impl List {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.place)?;
        let mut query = self.page.query();
        query.push(("paginated", "true".into()));
        if let Some(who) = &self.user {
            query.push(("user_id", client::user_id(&client, who).await?));
        }
        if let Some(status) = &self.status {
            query.push(("status", status.clone()));
        }
        let list = client.get("/v1/sessions", &query).await?;
        if json {
            terminal::print(list);
            return Ok(());
        }
        let rows = self.page.rows(&list, |session| {
            let text = |field: &str| session[field].as_str().unwrap_or_default().to_owned();
            let at = |field: &str| moment(session[field].as_i64().unwrap_or_default());
            [
                text("id"),
                text("status"),
                text("user_id"),
                agent(session).unwrap_or_default(),
                at("created_at"),
                at("expire_at"),
            ]
        });
        terminal::table(
            ["SESSION", "STATUS", "USER", "AGENT", "CREATED", "UNTIL"],
            &rows,
        );
        Ok(())
    }
}

/// The address and the program it was last used from, as far as they are known.
fn last_used(activity: &Value) -> Option<String> {
    let known = [
        "ip_address",
        "browser_name",
        "browser_version",
        "device_type",
    ]
    .into_iter()
    .filter_map(|field| activity[field].as_str());
    Some(known.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty())
}

async fn show(one: &One, json: bool) -> Result<()> {
    let client = Client::of(&one.place)?;
    let session = client
        .get(&format!("/v1/sessions/{}", path_part(&one.id)), &[])
        .await?;
    if json {
        terminal::print(session);
        return Ok(());
    }
    let text = |field: &str| session[field].as_str().map(ToOwned::to_owned);
    let at = |field: &str| session[field].as_i64().map(moment);
    terminal::facts(&[
        ("Session", text("id")),
        ("Status", text("status")),
        ("User", text("user_id")),
        ("Agent", agent(&session)),
        ("Client", text("client_id")),
        ("Created", at("created_at")),
        ("Last active", at("last_active_at")),
        ("From", last_used(&session["latest_activity"])),
        ("Until", at("expire_at")),
    ]);
    Ok(())
}

impl Revoke {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.place)?;
        if let Some(id) = &self.which.id {
            let path = format!("/v1/sessions/{}/revoke", path_part(id));
            let session = client.post(&path, None).await?;
            if json {
                terminal::print(session);
            } else {
                terminal::say(
                    "ended: no new tokens from now on, and the last one is over within a minute",
                );
            }
            return Ok(());
        }
        let whose = self.which.whose(&client).await?;
        let ended = client.post("/v1/sessions/revoke", Some(&whose)).await?;
        if json {
            terminal::print(ended);
            return Ok(());
        }
        for id in ended["data"].as_array().into_iter().flatten() {
            terminal::print(id.as_str().unwrap_or_default());
        }
        match ended["total_count"].as_i64() {
            Some(0) => terminal::say("no session was open"),
            Some(1) => terminal::say("1 session ended"),
            count => terminal::say(format!("{} sessions ended", count.unwrap_or_default())),
        }
        Ok(())
    }
}

impl Which {
    async fn whose(&self, client: &Client) -> Result<Value> {
        Ok(if let Some(who) = &self.user {
            json!({ "user_id": client::user_id(client, who).await? })
        } else if let Some(agent) = &self.agent {
            json!({ "agent_id": crate::agent::id(client, agent).await? })
        } else if let Some(task) = &self.task {
            json!({ "agent_task_id": task })
        } else {
            json!({ "all": self.all })
        })
    }
}

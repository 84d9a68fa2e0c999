//! `standin task`: make a link that signs a browser in, see what became of it, take it back.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::browser;
use crate::client::{self, Client, Where};
use crate::data::write_private;
use crate::duration::{Seconds, moment};
use crate::failure::{Failure, Result};
use crate::terminal::{self, DIM};

/// What to do with tasks.
#[derive(Subcommand)]
pub enum Command {
    /// Make a one-time URL that signs a browser in as a user; it is printed alone on stdout
    Create(Create),
    /// List tasks, newest first
    List(List),
    /// Show one task: its state, and what it opened
    Show(One),
    /// Take a pending task back: its URL opens nothing any more
    Revoke(One),
}

/// `task create`.
#[derive(Args)]
pub struct Create {
    /// Whom to sign in: a user id, e-mail address, phone number or username
    #[arg(long = "for", value_name = "WHO")]
    who: String,
    /// Where the visit lands [default: in development, Standin's own page]
    #[arg(long, value_name = "URL")]
    redirect: Option<String>,
    /// Who will act
    #[arg(long, value_name = "NAME", default_value = "cli")]
    agent: String,
    /// What for; it is kept on record
    #[arg(long, value_name = "TEXT", default_value = "made on the command line")]
    why: String,
    /// How long the session lasts, as in 30m or 2h [default: 30m]
    #[arg(long, value_name = "TIME")]
    session: Option<Seconds>,
    /// How long the URL can be opened, as in 10m [default: as the server is set, usually 10m]
    #[arg(long, value_name = "TIME")]
    expires: Option<Seconds>,
    /// Open the URL in the browser
    #[arg(long)]
    open: bool,
    /// Sign in at once, without a browser, and keep what one would be left with in this file, for Playwright
    #[arg(long, value_name = "FILE", conflicts_with = "open")]
    storage_state: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

/// One task.
#[derive(Args)]
pub struct One {
    /// The task's id
    #[arg(value_name = "TASK")]
    id: String,
    #[command(flatten)]
    place: Where,
}

/// The states of a task.
#[derive(Clone, Copy, ValueEnum)]
enum Status {
    Pending,
    Used,
    Revoked,
    Expired,
}

/// `task list`.
#[derive(Args)]
pub struct List {
    /// Those in this state only
    #[arg(long)]
    status: Option<Status>,
    /// Those for this user only
    #[arg(long = "for", value_name = "WHO")]
    who: Option<String>,
    /// Those of this agent only: its name or id
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    #[command(flatten)]
    page: crate::client::Page,
    #[command(flatten)]
    place: Where,
}

/// Runs one of them.
pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::Create(create) => create.run(json).await,
        Command::List(list) => list.run(json).await,
        Command::Show(one) => show(&one, json).await,
        Command::Revoke(one) => revoke(&one, json).await,
    }
}

impl Create {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.place)?;
        let redirect = match &self.redirect {
            Some(url) => url.clone(),
            None => own_page(&client).await?,
        };
        let who = if self.who.starts_with("user_") {
            "user_id"
        } else {
            "identifier"
        };
        let mut wish = json!({
            "on_behalf_of": { who: self.who },
            "permissions": "*",
            "agent_name": self.agent,
            "task_description": self.why,
            "redirect_url": redirect,
        });
        if let Some(Seconds(seconds)) = self.session {
            wish["session_max_duration_in_seconds"] = seconds.into();
        }
        if let Some(Seconds(seconds)) = self.expires {
            wish["expires_in_seconds"] = seconds.into();
        }
        let made = match client.post("/v1/agents/tasks", Some(&wish)).await {
            Ok(made) => made,
            Err(refusal) => return Err(explain(&client, refusal, &self.who).await),
        };
        let task = with_record(&client, made).await;
        let url = task["url"].as_str().unwrap_or_default().to_owned();
        if let Some(file) = &self.storage_state {
            return keep(&client.redeem(&url).await?, file, json);
        }
        if json {
            terminal::print(&task);
        } else {
            terminal::print(&url);
            terminal::say(remark(&task, &self));
        }
        if self.open && !browser::open(&url).await {
            terminal::note("no browser could be started; open the URL by hand");
        }
        Ok(())
    }
}

/// Writes the state of a signed-in browser. It is as good as a password, so its owner alone may read the file.
fn keep(told: &Value, file: &Path, json: bool) -> Result<()> {
    write_private(file, &format!("{:#}\n", told["storage_state"]))?;
    if json {
        terminal::print(told);
        return Ok(());
    }
    terminal::print(file.display());
    let session = told["session"]["id"].as_str().unwrap_or_default();
    let until = told["session"]["expire_at"]
        .as_i64()
        .map(moment)
        .unwrap_or_default();
    terminal::say(format!(
        "{DIM}signed in until {until}. End it:{DIM:#} standin session revoke {session}"
    ));
    Ok(())
}

/// Creates a task that lands on Standin's own page and gives back its URL.
pub async fn create_own(client: &Client, who: &str) -> Result<String> {
    let wish = json!({
        "on_behalf_of": { "user_id": who },
        "permissions": "*",
        "agent_name": "cli",
        "task_description": "standin dev --open",
        "redirect_url": own_page(client).await?,
    });
    let made = client.post("/v1/agents/tasks", Some(&wish)).await?;
    Ok(made["url"].as_str().unwrap_or_default().to_owned())
}

/// The page that a development server has of its own.
async fn own_page(client: &Client) -> Result<String> {
    let url = client
        .public_url()
        .await
        .filter(|_| !client.target.secret_key.starts_with("sk_live_"));
    url.map(|url| format!("{url}/")).ok_or_else(|| {
        Failure::usage(
            "say where the visit shall land: only a development server has a page of its own",
        )
        .hint("as in", "--redirect https://app.example.com/")
    })
}

async fn explain(client: &Client, refusal: Failure, who: &str) -> Failure {
    match refusal.code.as_str() {
        "agent_task_subject_not_found" => {
            let sentence = if who.starts_with("user_") {
                format!("no user has the id {who}")
            } else {
                format!("no user has the identifier {who}")
            };
            client::with_suggestions(
                client,
                Failure {
                    sentence,
                    ..refusal
                },
                who,
            )
            .await
        }
        "user_banned" => refusal.hint("let them back in", format!("standin user unban {who}")),
        "user_locked" => refusal.hint("let them back in", format!("standin user unlock {who}")),
        _ => refusal,
    }
}

/// Adds what the server knows about a task it has just made. A server without Standin's own calls knows no more, and
/// the URL is worth having all the same.
async fn with_record(client: &Client, mut made: Value) -> Value {
    let id = made["agent_task_id"].as_str().unwrap_or_default();
    let record = client.get(&format!("/v1/agents/tasks/{id}"), &[]).await;
    if let (Ok(Value::Object(record)), Value::Object(made)) = (record, &mut made) {
        for (name, value) in record {
            made.entry(name).or_insert(value);
        }
    }
    made
}

fn remark(task: &Value, asked: &Create) -> String {
    let until = task["expires_at"]
        .as_i64()
        .map(|at| format!(", until {}", moment(at)))
        .unwrap_or_default();
    let who = terminal::plain(&asked.who);
    let id = task["agent_task_id"].as_str().unwrap_or_default();
    let data = asked.place.data.as_ref();
    let data = data
        .map(|folder| format!(" --data {}", folder.display()))
        .unwrap_or_default();
    format!(
        "{DIM}for {who}, opens once{until}. Take it back:{DIM:#} standin task revoke {id}{data}"
    )
}

impl List {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.place)?;
        let mut query = self.page.query();
        if let Some(status) = self.status.and_then(|status| status.to_possible_value()) {
            query.push(("status", status.get_name().to_owned()));
        }
        if let Some(who) = &self.who {
            query.push(("user_id", client::user_id(&client, who).await?));
        }
        if let Some(agent) = &self.agent {
            query.push(("agent_id", crate::agent::id(&client, agent).await?));
        }
        let list = client.get("/v1/agents/tasks", &query).await?;
        if json {
            terminal::print(list);
            return Ok(());
        }
        let rows = self.page.rows(&list, |task| {
            let text = |field: &str| task[field].as_str().unwrap_or_default().to_owned();
            [
                text("agent_task_id"),
                text("status"),
                text("user_id"),
                text("agent_name"),
                moment(task["created_at"].as_i64().unwrap_or_default()),
                text("task_description"),
            ]
        });
        terminal::table(["TASK", "STATUS", "USER", "AGENT", "CREATED", "WHY"], &rows);
        Ok(())
    }
}

async fn show(one: &One, json: bool) -> Result<()> {
    let client = Client::of(&one.place)?;
    let task = client.get(&one.path(""), &[]).await?;
    if json {
        terminal::print(task);
        return Ok(());
    }
    let text = |field: &str| task[field].as_str().map(ToOwned::to_owned);
    let at = |field: &str| task[field].as_i64().map(moment);
    let from = &task["used_from"];
    let seconds = task["session_max_duration_in_seconds"].as_i64();
    terminal::facts(&[
        ("Task", text("agent_task_id")),
        ("Status", text("status")),
        ("User", text("user_id")),
        (
            "Agent",
            text("agent_name")
                .map(|name| format!("{name} ({})", text("agent_id").unwrap_or_default())),
        ),
        ("Why", text("task_description")),
        ("Lands on", text("redirect_url")),
        (
            "Session lasts",
            seconds.map(|seconds| format!("{} min", seconds / 60)),
        ),
        ("Created", at("created_at")),
        (
            "Opens until",
            at("expires_at").filter(|_| task["status"] == "pending"),
        ),
        ("Used", at("used_at")),
        (
            "Used from",
            from["ip_address"].as_str().map(ToOwned::to_owned),
        ),
        (
            "Used with",
            from["user_agent"].as_str().map(ToOwned::to_owned),
        ),
        ("Session", text("session_id")),
        ("Revoked", at("revoked_at")),
    ]);
    Ok(())
}

async fn revoke(one: &One, json: bool) -> Result<()> {
    let client = Client::of(&one.place)?;
    let revoked = client.post(&one.path("/revoke"), None).await;
    let revoked = revoked.map_err(|refusal| match refusal.code.as_str() {
        "agent_task_cannot_be_revoked" => refusal.hint(
            "end its session",
            format!("standin session revoke --task {}", one.id),
        ),
        "agent_task_not_found" => refusal.hint("those there are", "standin task list"),
        _ => refusal,
    })?;
    if json {
        terminal::print(revoked);
    } else {
        terminal::say("taken back: its URL opens nothing any more");
    }
    Ok(())
}

impl One {
    fn path(&self, rest: &str) -> String {
        format!("/v1/agents/tasks/{}{rest}", client::path_part(&self.id))
    }
}

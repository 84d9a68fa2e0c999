//! `standin task`: make a link that signs a browser in, see what became of it, take it back.

mod storage_states;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};
use standin::agent_tasks::{Confirm, CreateAgentTask, CreatedAgentTask, TaskStatus};
use standin::{AgentTaskId, NewAgentTask, OnBehalfOf, OrganizationId, UserId};
use standin_server::origin;
use url::Url;

use crate::browser;
use crate::client::{self, Client, PageOptions, ServerOptions};
use crate::data::write_private;
use crate::duration::{Seconds, moment};
use crate::failure::{Failure, Result};
use crate::terminal::{self, DIM};

#[derive(Subcommand)]
pub enum Command {
    /// Make a one-time URL that signs a browser in as a user; it is printed alone on stdout
    Create(Create),
    /// Sign several users in at once, without a browser, each into a file for Playwright; all of them or nobody
    StorageStates(storage_states::StorageStates),
    /// List tasks, newest first
    List(List),
    /// Show one task: its state, and what it opened
    Show(One),
    /// Take a pending task back: its URL opens nothing any more
    Revoke(One),
}

#[derive(Args)]
pub struct Create {
    /// Whom to sign in: a user id, e-mail address, phone number or username
    #[arg(long = "for", value_name = "WHO")]
    who: String,
    #[command(flatten)]
    wish: Wish,
    /// How long the URL can be opened, as in 10m [default: as the server is set, usually 10m]
    #[arg(long, value_name = "TIME")]
    expires: Option<Seconds>,
    /// Ask whoever opens the URL first, on a page that says who would act as whom
    #[arg(long, conflicts_with = "storage_state")]
    confirm: bool,
    /// Open the URL in the browser
    #[arg(long)]
    open: bool,
    /// Sign in at once, without a browser, and keep what one would be left with in this file, for Playwright
    #[arg(long, value_name = "FILE", conflicts_with = "open")]
    storage_state: Option<PathBuf>,
    #[command(flatten)]
    server: ServerOptions,
}

/// What a task shall be, whomever it is for.
#[derive(Args)]
struct Wish {
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
    /// The user's organization that the session begins in, by its id
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// Pages of the session may use it and nothing more: not sign out, nor change its organization
    #[arg(long)]
    restricted: bool,
}

#[derive(Args)]
pub struct One {
    /// The task's id
    #[arg(value_name = "TASK")]
    id: AgentTaskId,
    #[command(flatten)]
    server: ServerOptions,
}

/// The states of a task.
#[derive(Clone, Copy, ValueEnum)]
enum Status {
    Pending,
    Used,
    Revoked,
    Expired,
}

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
    page: PageOptions,
    #[command(flatten)]
    server: ServerOptions,
}

pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::Create(create) => create.run(json).await,
        Command::StorageStates(all) => all.run(json).await,
        Command::List(list) => list.run(json).await,
        Command::Show(one) => show(&one, json).await,
        Command::Revoke(one) => revoke(&one, json).await,
    }
}

impl Create {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let redirect = self.wish.landing(&client).await?;
        let more = |mut task: CreateAgentTask| {
            if let Some(Seconds(length)) = self.expires {
                task = task.expires_in(length);
            }
            if self.confirm {
                task = task.confirm(Confirm::Visitor);
            }
            task
        };
        let made = self.wish.create(&client, &self.who, &redirect, more);
        let made = made.await?;
        if let Some(file) = &self.storage_state {
            let redeem = client.api.agent_tasks().redeem(&made.url);
            return keep(&client.ask(redeem.json()).await?, file, json);
        }
        // A server without Standin's own calls knows no more, and the URL is worth having all the same.
        let record = client.api.agent_tasks().get(&made.id);
        if json {
            let record = record.json().await.unwrap_or_else(|_| json!({}));
            terminal::print(with_url(record, &made));
        } else {
            terminal::print(&made.url);
            let until = record.await.ok().map(|record| record.expires_at);
            let until = until.map(|at| format!(", until {}", moment(at)));
            terminal::say(self.remark(&made.id, &until.unwrap_or_default()));
        }
        if self.open && !browser::open(&made.url).await {
            terminal::note("no browser could be started; open the URL by hand");
        }
        Ok(())
    }

    fn remark(&self, id: &AgentTaskId, until: &str) -> String {
        let who = terminal::plain(&self.who);
        let data = self.server.data.as_ref();
        let data = data.map(|folder| format!(" --data {}", folder.display()));
        let data = data.unwrap_or_default();
        format!(
            "{DIM}for {who}, opens once{until}. Take it back:{DIM:#} standin task revoke {id}{data}"
        )
    }
}

impl Wish {
    /// Where the visit lands.
    async fn landing(&self, client: &Client) -> Result<String> {
        match &self.redirect {
            Some(url) => sound(client, url).await,
            None => own_page(client).await,
        }
    }

    /// Creates the task: for the user with this id, if it may be one and there is one, else with this identifier.
    ///
    /// # Errors
    /// What the server refuses, with the user that was probably meant.
    async fn create(
        &self,
        client: &Client,
        who: &str,
        redirect: &str,
        more: impl Fn(CreateAgentTask) -> CreateAgentTask,
    ) -> Result<CreatedAgentTask> {
        let create = |on_behalf_of| {
            let mut task = client.api.agent_tasks().create(NewAgentTask {
                on_behalf_of,
                agent_name: &self.agent,
                task_description: &self.why,
                redirect_url: redirect,
            });
            if let Some(Seconds(length)) = self.session {
                task = task.session_max_duration(length);
            }
            if let Some(id) = &self.organization {
                task = task.organization(id);
            }
            if self.restricted {
                task = task.restricted(true);
            }
            client.ask(more(task))
        };
        let made = match client::as_id(who) {
            Some(id) => create(OnBehalfOf::User(id)).await,
            None => create(OnBehalfOf::identifier(who)).await,
        };
        let made = match made {
            // A username may look like an id.
            Err(refusal) if refusal.code == SUBJECT_NOT_FOUND && client::as_id(who).is_some() => {
                create(OnBehalfOf::identifier(who)).await
            }
            made => made,
        };
        match made {
            Err(refusal) => Err(explain(client, refusal, who).await),
            made => made,
        }
    }
}

/// The address to land on, if it is one; warns of one at which pages would be signed out.
async fn sound(client: &Client, text: &str) -> Result<String> {
    let Some(url) = Url::parse(text).ok().filter(Url::has_host) else {
        let whole = text.trim_start_matches('/');
        let meant = if text.starts_with('/') {
            format!("http://localhost:3000/{whole}")
        } else {
            format!("http://{whole}")
        };
        let failure = Failure::usage(format!("{text} is no absolute URL"));
        return Err(match Url::parse(&meant) {
            Ok(meant) => failure.hint("did you mean", format!("--redirect {meant}")),
            Err(_) => failure.hint("as in", "--redirect http://localhost:3000/dashboard"),
        });
    };
    let own = client.public_url().await;
    let own = own.and_then(|own| Url::parse(&own).ok());
    if let Some(own) = own.filter(|own| !origin::is_same_site(own, &url)) {
        let mut meant = url.clone();
        let _ = meant.set_scheme(own.scheme());
        let _ = meant.set_host(own.host_str());
        terminal::note(format!(
            "{} and {} are two sites to a browser, so clerk-js will sign the page out; \
             open the application at its own name and land there: --redirect {meant}",
            url.origin().ascii_serialization(),
            own.origin().ascii_serialization(),
        ));
    }
    Ok(text.to_owned())
}

const SUBJECT_NOT_FOUND: &str = "agent_task_subject_not_found";

/// The record of a task with what only its creation tells.
fn with_url(mut record: Value, made: &CreatedAgentTask) -> Value {
    record["agent_task_id"] = json!(made.id);
    record["agent_id"] = json!(made.agent_id);
    record["url"] = json!(made.url);
    record
}

/// Writes the state of a signed-in browser. It is as good as a password, so its owner alone may read the file.
fn keep(signed_in: &Value, file: &Path, json: bool) -> Result<()> {
    let session = &signed_in["session"];
    let revoke = format!(
        "standin session revoke {}",
        session["id"].as_str().unwrap_or_default()
    );
    write_private(file, &format!("{:#}\n", signed_in["storage_state"]))
        .map_err(|failure| failure.hint("the session is open; end it", &revoke))?;
    if json {
        terminal::print(signed_in);
        return Ok(());
    }
    terminal::print(file.display());
    let until = session["expire_at"].as_i64();
    let until = until.and_then(|at| Timestamp::from_millisecond(at).ok());
    let until = until.map(moment).unwrap_or_default();
    terminal::say(format!(
        "{DIM}signed in until {until}. End it:{DIM:#} {revoke}"
    ));
    Ok(())
}

/// Creates a task that lands on Standin's own page and gives back its URL.
pub async fn create_own(client: &Client, user: &UserId) -> Result<String> {
    let redirect = own_page(client).await?;
    let created = client.api.agent_tasks().create(NewAgentTask {
        on_behalf_of: user.into(),
        agent_name: "cli",
        task_description: "standin dev --open",
        redirect_url: &redirect,
    });
    Ok(client.ask(created).await?.url)
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

async fn explain(client: &Client, mut refusal: Failure, who: &str) -> Failure {
    match refusal.code.as_str() {
        SUBJECT_NOT_FOUND => {
            let what = if client::as_id(who).is_some() {
                "id"
            } else {
                "identifier"
            };
            refusal.sentence = format!("no user has the {what} {who}");
            client::with_suggestions(client, refusal, who).await
        }
        "user_banned" => refusal.hint("let them back in", format!("standin user unban {who}")),
        "user_locked" => refusal.hint("let them back in", format!("standin user unlock {who}")),
        _ => refusal,
    }
}

impl List {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let page = &self.page;
        let mut tasks = client.api.agent_tasks().list();
        tasks = tasks.limit(page.limit).offset(page.offset);
        if let Some(status) = self.status {
            tasks = tasks.status(status);
        }
        if let Some(who) = &self.who {
            tasks = tasks.user(&client::user_id(&client, who).await?);
        }
        if let Some(agent) = &self.agent {
            tasks = tasks.agent(&crate::agent::id(&client, agent).await?);
        }
        if json {
            return client.print(tasks.json()).await;
        }
        let tasks = client.ask(tasks).await?;
        let people = client::names(&client, tasks.data.iter().map(|task| &task.user_id)).await;
        let names = ["TASK", "STATUS", "USER", "AGENT", "CREATED", "WHY"];
        page.show(names, &tasks, |task| {
            [
                task.id.to_string(),
                task.status.to_string(),
                people.of(&task.user_id),
                task.agent_name.clone(),
                moment(task.created_at),
                task.task_description.clone(),
            ]
        });
        Ok(())
    }
}

impl From<Status> for TaskStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Used => Self::Used,
            Status::Revoked => Self::Revoked,
            Status::Expired => Self::Expired,
        }
    }
}

async fn show(one: &One, json: bool) -> Result<()> {
    let client = Client::of(&one.server)?;
    let call = client.api.agent_tasks().get(&one.id);
    if json {
        return client.print(call.json()).await;
    }
    let task = client.ask(call).await?;
    let pending = task.status == TaskStatus::Pending;
    let minutes = task.session_max_duration.as_secs() / 60;
    let (address, program) = match task.used_from {
        Some(from) => (from.ip_address, from.user_agent),
        None => (None, None),
    };
    terminal::facts(&[
        ("Task", Some(task.id.to_string())),
        ("Status", Some(task.status.to_string())),
        ("User", Some(task.user_id.to_string())),
        (
            "Agent",
            Some(format!("{} ({})", task.agent_name, task.agent_id)),
        ),
        ("Why", Some(task.task_description)),
        ("Lands on", Some(task.redirect_url)),
        ("Session lasts", Some(format!("{minutes} min"))),
        ("Created", Some(moment(task.created_at))),
        ("Opens until", pending.then(|| moment(task.expires_at))),
        ("Used", task.used_at.map(moment)),
        ("Used from", address),
        ("Used with", program),
        ("Session", task.session_id.map(|id| id.to_string())),
        ("Revoked", task.revoked_at.map(moment)),
    ]);
    Ok(())
}

async fn revoke(one: &One, json: bool) -> Result<()> {
    let client = Client::of(&one.server)?;
    let revoked = client
        .ask(client.api.agent_tasks().revoke(&one.id).json())
        .await;
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

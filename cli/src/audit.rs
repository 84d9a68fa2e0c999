//! `standin audit`: what happened. `list` asks the server; the others read the database itself, so that they also work when no
//! server runs, and beside one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use standin::audit_logs::AuditLog;
use standin::{AgentTaskId, SessionId};
use standin_server::audit::{self, Filter, Finding, Record, Verification};
use standin_server::db::{Db, Page};

use crate::client::{self, Client, PageOptions, ServerOptions};
use crate::duration::{exact_moment, of_the_server};
use crate::failure::{Exit, Failure, Result};
use crate::key::Data;
use crate::terminal;

/// What to do with the record.
#[derive(Subcommand)]
pub enum Command {
    /// List what happened, newest first
    List(List),
    /// Print the newest records, oldest first, and those to come
    Tail(Tail),
    /// Write all records as JSON Lines, oldest first
    Export(Export),
    /// Find out whether anybody changed, removed, inserted or moved a record
    Verify(Verify),
}

#[derive(Args)]
pub struct List {
    /// What concerns this task only
    #[arg(long, value_name = "TASK")]
    task: Option<AgentTaskId>,
    /// What concerns this user only
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// What concerns this agent only: its name or id
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// What concerns this session only
    #[arg(long, value_name = "SESSION")]
    session: Option<SessionId>,
    /// What this one did only: the id of a secret key, an agent or a user, `cli`, `standin` or `anyone`
    #[arg(long, value_name = "ID")]
    by: Option<String>,
    /// This only, as `task.create`
    #[arg(long)]
    action: Option<String>,
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct Tail {
    /// How many of the newest
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=500))]
    lines: u32,
    /// End after them
    #[arg(long)]
    no_follow: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub struct Export {
    /// The file to write; stdout without one
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub struct Verify {
    /// A seal that was printed or logged at an earlier time, as NUMBER:DIGEST; it must still be there
    #[arg(long, value_name = "SEAL", value_parser = seal)]
    head: Option<(i64, String)>,
    #[command(flatten)]
    data: Data,
}

fn seal(text: &str) -> std::result::Result<(i64, String), String> {
    let parts = text.split_once(':');
    let seal = parts.and_then(|(number, digest)| Some((number.parse().ok()?, digest.to_owned())));
    seal.ok_or_else(|| format!("`{text}` is no seal; write NUMBER:DIGEST"))
}

pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::List(list) => list.run(json).await,
        Command::Tail(tail) => tail.run(json).await,
        Command::Export(export) => export.run().await,
        Command::Verify(verify) => verify.run(json).await,
    }
}

impl List {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let page = &self.page;
        let mut records = client.api.audit_logs();
        records = records.limit(page.limit).offset(page.offset);
        if let Some(task) = &self.task {
            records = records.agent_task(task);
        }
        if let Some(who) = &self.user {
            records = records.user(&client::user_id(&client, who).await?);
        }
        if let Some(agent) = &self.agent {
            records = records.agent(&crate::agent::id(&client, agent).await?);
        }
        if let Some(session) = &self.session {
            records = records.session(session);
        }
        if let Some(actor) = &self.by {
            records = records.actor(actor);
        }
        if let Some(action) = &self.action {
            records = records.action(action);
        }
        if json {
            return client.print(records.json()).await;
        }
        let records = client.ask(records).await?;
        let names = ["WHEN", "WHAT", "RESULT", "BY", "FROM", "CONCERNS"];
        page.show(names, &records, |record| {
            [
                exact_moment(record.at),
                record.action.clone(),
                record.result.clone(),
                record.actor.clone(),
                record.ip_address.clone().unwrap_or_default(),
                concerns(record).unwrap_or_default().to_owned(),
            ]
        });
        Ok(())
    }
}

/// The most special thing a record is about.
fn concerns(record: &AuditLog) -> Option<&str> {
    let task = record.agent_task_id.as_ref().map(AsRef::as_ref);
    let session = || record.session_id.as_ref().map(AsRef::as_ref);
    let user = || record.user_id.as_ref().map(AsRef::as_ref);
    let agent = || record.agent_id.as_ref().map(AsRef::as_ref);
    task.or_else(session)
        .or_else(user)
        .or_else(agent)
        .or(record.detail.as_deref())
}

/// How many records are read at once.
const SLICE: i64 = 500;

/// Records after this number.
async fn after(db: &Db, seq: i64) -> Result<Vec<Record>> {
    Ok(db.search(move |tx| audit::after(tx, seq, SLICE)).await?)
}

fn line(record: &Record) -> Result<String> {
    serde_json::to_string(record).map_err(|error| Failure::new(Exit::Failed, "bug", error))
}

impl Tail {
    async fn run(self, json: bool) -> Result<()> {
        /// How often to look for more.
        const LOOK: Duration = Duration::from_millis(500);
        let (db, limit) = (self.data.open().await?, i64::from(self.lines));
        let newest = move |tx: &mut standin_server::db::Read<'_>| {
            let page = Page { limit, offset: 0 };
            Ok((
                audit::newest(tx)?,
                audit::list(tx, &Filter::default(), page)?,
            ))
        };
        let (mut seen, mut records) = db.search(newest).await?;
        records.retain(|record| record.seq <= seen);
        records.reverse();
        let mut looks = tokio::time::interval(LOOK);
        loop {
            for record in &records {
                let text = if json {
                    line(record)?
                } else {
                    sentence(record)
                };
                if let Err(error) = writeln!(io::stdout(), "{text}") {
                    return match error.kind() {
                        // Whoever read it has seen enough.
                        io::ErrorKind::BrokenPipe => Ok(()),
                        _ => Err(Failure::io("write to stdout", &error)),
                    };
                }
                seen = seen.max(record.seq);
            }
            if self.no_follow {
                return Ok(());
            }
            looks.tick().await;
            records = after(&db, seen).await?;
        }
    }
}

fn sentence(record: &Record) -> String {
    let about = [
        &record.user_id,
        &record.agent_id,
        &record.task_id,
        &record.session_id,
        &record.detail,
    ];
    let about: Vec<&str> = about.into_iter().flatten().map(String::as_str).collect();
    let text = format!(
        "{} {} {} by {} {}",
        exact_moment(of_the_server(record.at)),
        record.action,
        record.result,
        record.actor,
        about.join(" ")
    );
    terminal::plain(&text)
}

impl Export {
    async fn run(self) -> Result<()> {
        let db = self.data.open().await?;
        let name = self
            .file
            .as_ref()
            .map_or("stdout".into(), |path| path.display().to_string());
        let failed = |error: io::Error| Failure::io(format!("write {name}"), &error);
        let mut out: Box<dyn Write> = match &self.file {
            Some(path) => Box::new(BufWriter::new(File::create_new(path).map_err(failed)?)),
            None => Box::new(BufWriter::new(io::stdout())),
        };
        let (mut seen, mut count) = (0, 0);
        loop {
            let records = after(&db, seen).await?;
            let Some(last) = records.last() else {
                break;
            };
            seen = last.seq;
            count += records.len();
            for record in &records {
                writeln!(out, "{}", line(record)?).map_err(failed)?;
            }
        }
        out.flush().map_err(failed)?;
        terminal::say(format!("{count} records"));
        Ok(())
    }
}

impl Verify {
    async fn run(self, json: bool) -> Result<()> {
        let db = self.data.open().await?;
        let mut verification = Verification::expecting(self.head);
        loop {
            let went = db.search(move |tx| {
                let goes_on = verification.go_on(tx)?;
                Ok((std::mem::take(&mut verification), goes_on))
            });
            let goes_on;
            (verification, goes_on) = went.await?;
            if !goes_on {
                break;
            }
        }
        let ended = db.search(move |tx| {
            let rest = verification.end(tx)?;
            Ok((std::mem::take(&mut verification), rest))
        });
        let (verification, (unsealed, since)) = ended.await?;
        let findings = &verification.findings;
        let head = verification.head.as_ref();
        let head = head.map(|seal| format!("{}:{}", seal.number, seal.digest));
        if json {
            terminal::print(json!({
                "records": verification.records, "head": head, "unsealed": unsealed, "unsealed_since": since,
                "findings": findings,
            }));
        } else {
            for found in findings {
                terminal::print(told(found));
            }
            let head = head.unwrap_or_else(|| "none".into());
            terminal::say(format!(
                "{} records are sealed, the newest seal is {head}",
                verification.records
            ));
            if let Some(since) = since {
                let since = exact_moment(of_the_server(since));
                terminal::say(format!("{unsealed} since {since} are not sealed yet"));
            }
        }
        match findings.len() {
            0 => Ok(()),
            count => Err(Failure::new(
                Exit::Failed,
                "audit_altered",
                format!("the audit trail is not as it was sealed, in {count} places"),
            )),
        }
    }
}

pub fn told(found: &Finding) -> String {
    match found {
        Finding::Changed { seq } => format!("record {seq} was changed"),
        Finding::Moved { seq, from } => format!("record {seq} was record {from}"),
        Finding::Removed { seq } => format!("record {seq} is gone"),
        Finding::Inserted { seq } => format!("record {seq} was inserted"),
        Finding::SealBroken { seal } => format!("seal {seal} does not fit to its records"),
        Finding::SealRemoved { seal } => format!("seal {seal} is gone"),
    }
}

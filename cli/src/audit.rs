//! `standin audit`: what happened, newest first.

use clap::{Args, Subcommand};
use standin::AgentTaskId;
use standin::audit_logs::AuditLog;

use crate::client::{Client, PageOptions, ServerOptions};
use crate::duration::exact_moment;
use crate::failure::Result;

/// What to do with the record.
#[derive(Subcommand)]
pub enum Command {
    /// List what happened, newest first
    List(List),
}

#[derive(Args)]
pub struct List {
    /// What concerns this task only
    #[arg(long, value_name = "TASK")]
    task: Option<AgentTaskId>,
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    server: ServerOptions,
}

pub async fn run(Command::List(list): Command, json: bool) -> Result<()> {
    let client = Client::of(&list.server)?;
    let page = &list.page;
    let mut records = client.api.audit_logs();
    records = records.limit(page.limit).offset(page.offset);
    if let Some(task) = &list.task {
        records = records.agent_task(task);
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

//! `standin audit`: what happened, newest first.

use clap::{Args, Subcommand};

use crate::client::{Client, Page, Where};
use crate::duration::exact_moment;
use crate::failure::Result;
use crate::terminal;

/// What to do with the record.
#[derive(Subcommand)]
pub enum Command {
    /// List what happened, newest first
    List(List),
}

/// `audit list`.
#[derive(Args)]
pub struct List {
    /// What concerns this task only
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    place: Where,
}

/// Runs it.
pub async fn run(Command::List(list): Command, json: bool) -> Result<()> {
    let client = Client::of(&list.place)?;
    let mut query = list.page.query();
    if let Some(task) = &list.task {
        query.push(("agent_task_id", task.clone()));
    }
    let records = client.get("/v1/audit_logs", &query).await?;
    if json {
        terminal::print(records);
        return Ok(());
    }
    let rows = list.page.rows(&records, |record| {
        let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
        let concerns = [
            "agent_task_id",
            "session_id",
            "user_id",
            "agent_id",
            "detail",
        ];
        let concerns = concerns.map(text).into_iter().find(|id| !id.is_empty());
        [
            exact_moment(record["at"].as_i64().unwrap_or_default()),
            text("action"),
            text("result"),
            text("actor"),
            text("ip_address"),
            concerns.unwrap_or_default(),
        ]
    });
    terminal::table(["WHEN", "WHAT", "RESULT", "BY", "FROM", "CONCERNS"], &rows);
    Ok(())
}

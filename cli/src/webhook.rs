//! `standin webhook`: where events are sent to, and what became of them.

use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use standin::id::WebhookId;
use standin::webhooks::{Delivery, Webhook};

use crate::client::{Client, PageOptions, ServerOptions};
use crate::duration::{Seconds, exact_moment};
use crate::failure::Result;
use crate::terminal;

#[derive(Subcommand)]
pub enum Command {
    /// Have events sent to an address; prints the secret that they are signed with
    Add(Add),
    /// List where events are sent to
    List(ServerOptions),
    /// Send nothing there any more
    Remove(One),
    /// List what was sent and what waits, newest first
    Deliveries(Deliveries),
    /// Send again what was sent before
    Replay(Replay),
}

#[derive(Args)]
pub struct Add {
    /// Where, as in `https://app.example.com/api/webhooks`
    url: String,
    /// Which events: types, `user.*` for all of one object [default: all]
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    events: Vec<String>,
    /// A remark for those who read the list
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct One {
    /// The webhook's id
    #[arg(value_name = "WEBHOOK")]
    id: WebhookId,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct Deliveries {
    /// The webhook's id
    #[arg(value_name = "WEBHOOK")]
    id: WebhookId,
    /// Only those that have come so far
    #[arg(long, value_parser = ["waiting", "delivered", "dead"])]
    status: Option<String>,
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct Replay {
    /// The webhook's id
    #[arg(value_name = "WEBHOOK")]
    id: WebhookId,
    /// The number of one delivery
    #[arg(value_name = "DELIVERY", required_unless_present = "since")]
    delivery: Option<i64>,
    /// All of the time up to now, as in `2h`, instead of one
    #[arg(long, value_name = "TIME", conflicts_with = "delivery")]
    since: Option<Seconds>,
    /// With --since: only those of which nobody tries any more
    #[arg(long, requires = "since")]
    dead: bool,
    #[command(flatten)]
    server: ServerOptions,
}

pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::Add(add) => add.run(json).await,
        Command::List(server) => list(&server, json).await,
        Command::Remove(one) => one.remove(json).await,
        Command::Deliveries(deliveries) => deliveries.run(json).await,
        Command::Replay(replay) => replay.run(json).await,
    }
}

impl Add {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let webhooks = client.api.webhooks();
        let events = self.events.iter().map(String::as_str);
        let add = webhooks.create(&self.url).events(events);
        let add = add.description(&self.description);
        if json {
            return client.print(add.json()).await;
        }
        let made = client.ask(add).await?;
        terminal::print(made.signing_secret.unwrap_or_default());
        terminal::say(format!(
            "{} hears of {}; its application verifies with this as CLERK_WEBHOOK_SIGNING_SECRET",
            made.id,
            made.events.join(", ")
        ));
        Ok(())
    }
}

async fn list(server: &ServerOptions, json: bool) -> Result<()> {
    let client = Client::of(server)?;
    let all = client.api.webhooks().list();
    if json {
        return client.print(all.json()).await;
    }
    let row = |one: Webhook| {
        let state = if one.disabled { "disabled" } else { "enabled" };
        let id = one.id.to_string();
        [
            id,
            one.url,
            one.events.join(", "),
            state.to_owned(),
            one.description,
        ]
    };
    let rows: Vec<_> = client.ask(all).await?.into_iter().map(row).collect();
    terminal::table(["WEBHOOK", "URL", "EVENTS", "STATE", "DESCRIPTION"], &rows);
    Ok(())
}

impl One {
    async fn remove(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let remove = client.api.webhooks().delete(&self.id);
        if json {
            return client.print(remove).await;
        }
        client.ask(remove).await?;
        terminal::say(format!("nothing is sent to {} any more", self.id));
        Ok(())
    }
}

impl Deliveries {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let mut some = client.api.webhooks().deliveries(&self.id);
        some = some.limit(self.page.limit).offset(self.page.offset);
        if let Some(status) = &self.status {
            some = some.status(status);
        }
        if json {
            return client.print(some.json()).await;
        }
        let page = client.ask(some).await?;
        let names = ["DELIVERY", "WHEN", "WHAT", "ABOUT", "STATE"];
        self.page.show(names, &page, |one| {
            [
                one.id.to_string(),
                exact_moment(one.created_at),
                one.kind.clone(),
                one.object_id.clone(),
                state(one),
            ]
        });
        Ok(())
    }
}

/// How far a delivery has come, in words.
pub fn state(delivery: &Delivery) -> String {
    let times = match delivery.attempts {
        0 => String::new(),
        1 => " after 1 attempt".to_owned(),
        count => format!(" after {count} attempts"),
    };
    format!("{}{times}", delivery.status)
}

impl Replay {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let webhooks = client.api.webhooks();
        if let Some(number) = self.delivery {
            let again = webhooks.replay(&self.id, number);
            if json {
                return client.print(again.json()).await;
            }
            let found = client.ask(again).await?;
            terminal::say(format!("{} {} is sent again", found.kind, found.message_id));
            return Ok(());
        }
        let Seconds(ago) = self.since.unwrap_or(Seconds(Duration::ZERO));
        let since = Timestamp::now().checked_sub(ago).unwrap_or(Timestamp::MIN);
        let mut again = webhooks.replay_since(&self.id, since);
        if self.dead {
            again = again.only_dead();
        }
        if json {
            return client.print(again.json()).await;
        }
        let done = client.ask(again).await?;
        let rest = match done.continue_since {
            Some(at) => format!("; those since {} are left", exact_moment(at)),
            None => String::new(),
        };
        terminal::say(format!("{} are sent again{rest}", done.count));
        Ok(())
    }
}

//! `standin listen`: has events sent to an application on this machine, and prints each as it arrives there.
//!
//! The endpoint stays, disabled, when the command ends: the next run takes it again, with the same secret.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use standin::webhooks::{Delivery, Webhook};

use crate::client::{Client, ServerOptions};
use crate::duration::exact_moment;
use crate::failure::Result;
use crate::terminal::{self, BOLD, DIM, GREEN, RED};
use crate::{signals, webhook};

#[derive(Args)]
pub struct Listen {
    /// Where the application takes events, as in `http://localhost:3000/api/webhooks`
    #[arg(long, value_name = "URL")]
    forward_to: String,
    /// Which events: types, `user.*` for all of one object [default: all]
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    events: Vec<String>,
    #[command(flatten)]
    server: ServerOptions,
}

/// By which the endpoint is found again.
const OWN: &str = "standin listen";
const LOOK: Duration = Duration::from_millis(300);
/// How many of the newest deliveries are looked at each time.
const NEWEST: u32 = 100;

pub async fn run(listen: Listen, json: bool) -> Result<ExitCode> {
    let client = Client::of(&listen.server)?;
    let endpoint = listen.begin(&client).await?;
    let seen = tried(&newest(&client, &endpoint).await?);
    let secret = endpoint.signing_secret.clone().unwrap_or_default();
    if json {
        terminal::print(json!({ "webhook_id": endpoint.id, "signing_secret": secret }));
    } else {
        terminal::say(format!(
            "{BOLD}{}{BOLD:#} hears of {}",
            terminal::plain(&endpoint.url),
            endpoint.events.join(", ")
        ));
        terminal::say(format!("CLERK_WEBHOOK_SIGNING_SECRET={secret}"));
    }
    let code = tokio::select! {
        failed = follow(&client, &endpoint, seen, json) => return failed,
        request = signals::stop_requested() => request?.exit_code(),
    };
    let end = client.api.webhooks().update(&endpoint.id).disabled(true);
    client.ask(end).await?;
    Ok(code)
}

impl Listen {
    /// The endpoint of the run before, or a new one, with its secret.
    async fn begin(&self, client: &Client) -> Result<Webhook> {
        let webhooks = client.api.webhooks();
        let events = || self.events.iter().map(String::as_str);
        let known = client.ask(webhooks.list()).await?.into_iter();
        let mut known = known.filter(|one| one.description == OWN);
        let Some(own) = known.find(|one| one.url == self.forward_to) else {
            let new = webhooks.create(&self.forward_to).events(events());
            return client.ask(new.description(OWN)).await;
        };
        let again = webhooks.update(&own.id).events(events()).disabled(false);
        client.ask(again).await?;
        client.ask(webhooks.secret(&own.id)).await
    }
}

/// How often each of the newest deliveries was tried, by its number.
type Seen = HashMap<i64, u32>;

fn tried<'a>(page: impl IntoIterator<Item = &'a Delivery>) -> Seen {
    let each = page.into_iter().map(|one| (one.id, one.attempts));
    each.collect()
}

/// The newest deliveries, the oldest of them first.
async fn newest(client: &Client, endpoint: &Webhook) -> Result<Vec<Delivery>> {
    let newest = client.api.webhooks().deliveries(&endpoint.id).limit(NEWEST);
    let mut page = client.ask(newest).await?.data;
    page.reverse();
    Ok(page)
}

/// Prints what comes, until the server is gone.
async fn follow(
    client: &Client,
    endpoint: &Webhook,
    mut seen: Seen,
    json: bool,
) -> Result<ExitCode> {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let page = newest(client, endpoint).await?;
        let before = |one: &Delivery| seen.get(&one.id).copied().unwrap_or_default();
        let news = page.iter().filter(|one| one.attempts > before(one));
        news.for_each(|one| show(one, json));
        seen = tried(&page);
    }
}

fn show(one: &Delivery, json: bool) {
    if json {
        let (id, kind, about) = (&one.message_id, &one.kind, &one.object_id);
        terminal::print(json!({
            "message_id": id, "type": kind, "object_id": about, "status": one.status, "attempts": one.attempts,
        }));
        return;
    }
    let color = if one.status == "delivered" {
        GREEN
    } else {
        RED
    };
    let again = match one.next_attempt_at {
        Some(at) => format!(", again {}", exact_moment(at)),
        None => String::new(),
    };
    terminal::print(format!(
        "{DIM}{}{DIM:#} {} {} {color}{}{again}{color:#}",
        exact_moment(one.created_at),
        terminal::plain(&one.kind),
        terminal::plain(&one.object_id),
        webhook::state(one),
    ));
}

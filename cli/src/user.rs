//! `standin user`: who can be signed in.

mod clerk_csv;
mod export;
#[cfg(test)]
mod fuzzed;
mod import;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use standin::users::{CreateUser, User};
use standin::{Call, UserId};

use crate::client::{self, Client, PageOptions, ServerOptions, identifiers};
use crate::duration::moment;
use crate::failure::{Failure, Result};
use crate::terminal;

#[derive(Subcommand)]
pub enum Command {
    /// Make a user; the id is printed alone on stdout
    Create(Create),
    /// List users, newest first
    List(List),
    /// Show one user
    Show(One),
    /// Refuse a user from now on and end all their sessions
    Ban(One),
    /// Let a banned user in again
    Unban(One),
    /// Refuse a user for a while
    Lock(One),
    /// Let a locked user in again
    Unlock(One),
    /// Remove a user for good and end all their sessions; the record of tasks and sessions stays
    Delete(One),
    /// Bring users from a file, into the data itself; a server may run on it meanwhile
    Import(import::Import),
    /// Write all users to a file that `import` reads
    Export(export::Export),
}

#[derive(Args)]
pub struct Create {
    /// E-mail address
    #[arg(long)]
    email: Vec<String>,
    /// Phone number, as in +15555550100
    #[arg(long)]
    phone: Vec<String>,
    /// Username
    #[arg(long)]
    username: Option<String>,
    /// First name
    #[arg(long)]
    first_name: Option<String>,
    /// Last name
    #[arg(long)]
    last_name: Option<String>,
    /// Password, for backends that check one
    #[arg(long)]
    password: Option<String>,
    /// The application's own id of the user
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// Public metadata, a JSON object
    #[arg(long, value_name = "JSON", value_parser = object)]
    public_metadata: Option<Map<String, Value>>,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct List {
    /// Those whose names, addresses or ids hold this text
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    #[command(flatten)]
    page: PageOptions,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct One {
    /// A user id, e-mail address, phone number or username
    #[arg(value_name = "WHO")]
    who: String,
    #[command(flatten)]
    server: ServerOptions,
}

/// Reads a JSON object.
fn object(text: &str) -> std::result::Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|_| format!("`{text}` is no JSON object"))
}

pub async fn run(command: Command, json: bool) -> Result<ExitCode> {
    let done = match command {
        Command::Import(import) => return import.run(json).await,
        Command::Export(export) => export.run(json).await,
        Command::Create(create) => create.run(json).await,
        Command::List(list) => list.run(json).await,
        Command::Show(one) => show(&one, json).await,
        Command::Ban(one) => {
            let outcome = "is banned; all sessions have ended";
            one.change(|api, id| api.users().ban(id), outcome, json)
                .await
        }
        Command::Unban(one) => {
            one.change(|api, id| api.users().unban(id), "may sign in again", json)
                .await
        }
        Command::Lock(one) => {
            one.change(|api, id| api.users().lock(id), "is locked", json)
                .await
        }
        Command::Unlock(one) => {
            one.change(|api, id| api.users().unlock(id), "may sign in again", json)
                .await
        }
        Command::Delete(one) => delete(&one, json).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

impl Create {
    async fn run(self, json: bool) -> Result<()> {
        if self.email.is_empty() && self.phone.is_empty() && self.username.is_none() {
            return Err(Failure::usage("a user needs something to be called by")
                .hint("as in", "standin user create --email bob@example.com"));
        }
        let client = Client::of(&self.server)?;
        let call = self.fill(client.api.users().create());
        if json {
            return client.print(call.json()).await;
        }
        let user = client.ask(call).await?;
        terminal::print(&user.id);
        if let Some(name) = identifiers(&user).first() {
            terminal::say(format!(
                "sign in as them: standin task create --for {}",
                terminal::plain(name)
            ));
        }
        Ok(())
    }

    fn fill(&self, mut user: CreateUser) -> CreateUser {
        for address in &self.email {
            user = user.email_address(address);
        }
        for number in &self.phone {
            user = user.phone_number(number);
        }
        if let Some(name) = &self.username {
            user = user.username(name);
        }
        if let Some(name) = &self.first_name {
            user = user.first_name(name);
        }
        if let Some(name) = &self.last_name {
            user = user.last_name(name);
        }
        if let Some(password) = &self.password {
            user = user.password(password);
        }
        if let Some(id) = &self.external_id {
            user = user.external_id(id);
        }
        if let Some(metadata) = &self.public_metadata {
            user = user.public_metadata(metadata);
        }
        user
    }
}

impl List {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let page = &self.page;
        let users = client.api.users();
        let (mut list, mut count) = (users.list(), users.count());
        list = list.limit(page.limit).offset(page.offset);
        if let Some(text) = &self.query {
            (list, count) = (list.query(text), count.query(text));
        }
        // Clerk's list of users is bare; this one says, as all others, how many there are.
        let total_count = client.ask(count).await?;
        if json {
            let data = client.ask(list.json()).await?;
            terminal::print(json!({ "data": data, "total_count": total_count }));
            return Ok(());
        }
        let mut users = client.ask(list).await?;
        users.total_count = Some(total_count);
        let names = ["USER", "CALLED BY", "NAME", "STATE", "CREATED"];
        page.show(names, &users, |user| {
            [
                user.id.to_string(),
                identifiers(user).first().map_or("", |name| name).to_owned(),
                user.full_name().unwrap_or_default(),
                state(user).to_owned(),
                moment(user.created_at),
            ]
        });
        Ok(())
    }
}

fn state(user: &User) -> &'static str {
    match (user.banned, user.locked) {
        (true, _) => "banned",
        (_, true) => "locked",
        _ => "active",
    }
}

async fn show(one: &One, json: bool) -> Result<()> {
    let (client, id) = one.find().await?;
    let call = client.api.users().get(&id);
    if json {
        return client.print(call.json()).await;
    }
    let user = client.ask(call).await?;
    let names = identifiers(&user).join(", ");
    terminal::facts(&[
        ("User", Some(user.id.to_string())),
        ("Name", user.full_name()),
        ("Called by", Some(names).filter(|text| !text.is_empty())),
        ("State", Some(state(&user).to_owned())),
        ("External id", user.external_id),
        ("Created", Some(moment(user.created_at))),
        ("Last sign-in", user.last_sign_in_at.map(moment)),
    ]);
    Ok(())
}

async fn delete(one: &One, json: bool) -> Result<()> {
    let (client, id) = one.find().await?;
    client.ask(client.api.users().delete(&id)).await?;
    if json {
        terminal::print(json!({ "object": "user", "id": id, "deleted": true }));
    } else {
        terminal::say(format!("{} is gone", terminal::plain(&one.who)));
    }
    Ok(())
}

impl One {
    async fn find(&self) -> Result<(Client, UserId)> {
        let client = Client::of(&self.server)?;
        let id = client::user_id(&client, &self.who).await?;
        Ok((client, id))
    }

    async fn change(
        &self,
        call: impl FnOnce(&standin::Client, &UserId) -> Call<User>,
        outcome: &str,
        json: bool,
    ) -> Result<()> {
        let (client, id) = self.find().await?;
        let call = call(&client.api, &id);
        if json {
            return client.print(call.json()).await;
        }
        client.ask(call).await?;
        terminal::say(format!("{} {outcome}", terminal::plain(&self.who)));
        Ok(())
    }
}

//! `standin user`: who can be signed in.

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use crate::client::{self, Client, Page, Where, identifiers, path_part};
use crate::duration::moment;
use crate::failure::{Failure, Result};
use crate::terminal;

/// What to do with users.
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
    /// Remove a user for good, with their sessions and tasks
    Delete(One),
}

/// `user create`.
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
    #[command(flatten)]
    place: Where,
}

/// `user list`.
#[derive(Args)]
pub struct List {
    /// Those whose names, addresses or ids hold this text
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    place: Where,
}

/// One user.
#[derive(Args)]
pub struct One {
    /// A user id, e-mail address, phone number or username
    #[arg(value_name = "WHO")]
    who: String,
    #[command(flatten)]
    place: Where,
}

/// Runs one of them.
pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::Create(create) => create.run(json).await,
        Command::List(list) => list.run(json).await,
        Command::Show(one) => show(&one, json).await,
        Command::Ban(one) => {
            one.change("ban", "is banned; all sessions have ended", json)
                .await
        }
        Command::Unban(one) => one.change("unban", "may sign in again", json).await,
        Command::Lock(one) => one.change("lock", "is locked", json).await,
        Command::Unlock(one) => one.change("unlock", "may sign in again", json).await,
        Command::Delete(one) => delete(&one, json).await,
    }
}

impl Create {
    async fn run(self, json: bool) -> Result<()> {
        if self.email.is_empty() && self.phone.is_empty() && self.username.is_none() {
            return Err(Failure::usage("a user needs something to be called by")
                .hint("as in", "standin user create --email bob@example.com"));
        }
        let client = Client::of(&self.place)?;
        let user = client.post("/v1/users", Some(&self.wish())).await?;
        if json {
            terminal::print(user);
            return Ok(());
        }
        terminal::print(user["id"].as_str().unwrap_or_default());
        if let Some(name) = identifiers(&user).first() {
            terminal::say(format!(
                "sign in as them: standin task create --for {}",
                terminal::plain(name)
            ));
        }
        Ok(())
    }

    fn wish(&self) -> Value {
        let lists = [
            ("email_address", &self.email),
            ("phone_number", &self.phone),
        ];
        let texts = [
            ("username", &self.username),
            ("first_name", &self.first_name),
            ("last_name", &self.last_name),
        ];
        let lists = lists
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| (name.to_owned(), Value::from(list.clone())));
        let texts = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), Value::from(text.clone()?))));
        Value::Object(lists.chain(texts).collect::<Map<_, _>>())
    }
}

impl List {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.place)?;
        let mut filter = Vec::new();
        if let Some(text) = &self.query {
            filter.push(("query", text.clone()));
        }
        let query = [self.page.query(), filter.clone()].concat();
        let users = client.get("/v1/users", &query).await?;
        let count = client.get("/v1/users/count", &filter).await?;
        let list = serde_json::json!({ "data": users, "total_count": count["total_count"] });
        if json {
            terminal::print(list);
            return Ok(());
        }
        let rows = self.page.rows(&list, |user| {
            [
                user["id"].as_str().unwrap_or_default().to_owned(),
                identifiers(user)
                    .first()
                    .copied()
                    .unwrap_or_default()
                    .to_owned(),
                name(user),
                state(user).to_owned(),
                moment(user["created_at"].as_i64().unwrap_or_default()),
            ]
        });
        terminal::table(["USER", "CALLED BY", "NAME", "STATE", "CREATED"], &rows);
        Ok(())
    }
}

/// First and last name, as far as they are known.
fn name(user: &Value) -> String {
    let parts = [user["first_name"].as_str(), user["last_name"].as_str()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn state(user: &Value) -> &'static str {
    match (user["banned"].as_bool(), user["locked"].as_bool()) {
        (Some(true), _) => "banned",
        (_, Some(true)) => "locked",
        _ => "active",
    }
}

async fn show(one: &One, json: bool) -> Result<()> {
    let (client, id) = one.find().await?;
    let user = client.get(&format!("/v1/users/{id}"), &[]).await?;
    if json {
        terminal::print(user);
        return Ok(());
    }
    let at = |field: &str| user[field].as_i64().map(moment);
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    terminal::facts(&[
        ("User", user["id"].as_str().map(ToOwned::to_owned)),
        ("Name", text(name(&user))),
        ("Called by", text(identifiers(&user).join(", "))),
        ("State", Some(state(&user).to_owned())),
        (
            "External id",
            user["external_id"].as_str().map(ToOwned::to_owned),
        ),
        ("Created", at("created_at")),
        ("Last sign-in", at("last_sign_in_at")),
    ]);
    Ok(())
}

async fn delete(one: &One, json: bool) -> Result<()> {
    let (client, id) = one.find().await?;
    let gone = client.delete(&format!("/v1/users/{id}")).await?;
    if json {
        terminal::print(gone);
    } else {
        terminal::say(format!("{} is gone", terminal::plain(&one.who)));
    }
    Ok(())
}

impl One {
    /// The server and the user's id, safe in a path.
    async fn find(&self) -> Result<(Client, String)> {
        let client = Client::of(&self.place)?;
        let id = client::user_id(&client, &self.who).await?;
        Ok((client, path_part(&id)))
    }

    async fn change(&self, action: &str, outcome: &str, json: bool) -> Result<()> {
        let (client, id) = self.find().await?;
        let user = client
            .post(&format!("/v1/users/{id}/{action}"), None)
            .await?;
        if json {
            terminal::print(user);
        } else {
            terminal::say(format!("{} {outcome}", terminal::plain(&self.who)));
        }
        Ok(())
    }
}

//! `standin jwks`: the keys that sign session tokens, and how one takes the place of another. These commands work on the
//! database itself, and servers on it notice within a second; only `pem` asks a server.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use standin::jwks::Jwk;
use standin_server::clock::{Clock, Time};
use standin_server::keys::{self, Published, Retired, Rotated, Rotation};
use standin_server::secret::MasterKey;

use crate::client::{Client, ServerOptions};
use crate::duration::{Seconds, moment, of_the_server};
use crate::failure::{Exit, Failure, Result};
use crate::key::{Data, caller};
use crate::terminal;

/// Which keys there are, and which comes next.
#[derive(Subcommand)]
pub enum Command {
    /// List the keys that are published, and which of them signs
    List(Data),
    /// Print a published key as PEM: `CLERK_JWT_KEY`, for applications that verify tokens without asking the server
    Pem(Pem),
    /// Let a new key take over: published now, it signs later, and the one before it stays published longer than its tokens live
    Rotate(Rotate),
    /// Take a key out of the published ones at once; what it signed verifies no more
    Retire(Retire),
}

#[derive(Args)]
pub struct Pem {
    /// The key's name, where more than one is published
    #[arg(value_name = "KID")]
    kid: Option<String>,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(Args)]
pub struct Rotate {
    /// How long the new key is published before it signs; verifiers keep what they fetched for up to so long
    #[arg(long, value_name = "TIME", default_value = "15m")]
    lead: Seconds,
    /// How long the one before it stays published after that: a session's tokens may live as long as it does
    #[arg(long, value_name = "TIME", default_value = "30d")]
    keep: Seconds,
    /// Let it sign in five seconds: the one before it is in the wrong hands
    #[arg(long, conflicts_with = "lead")]
    now: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub struct Retire {
    /// The key's name, as in `standin jwks list`
    #[arg(value_name = "KID")]
    kid: String,
    #[command(flatten)]
    data: Data,
}

/// By then every server on the database has read of a new key, and publishes it.
const NOTICED: Seconds = Seconds(Duration::from_secs(5));

pub async fn run(command: Command, json: bool) -> Result<()> {
    match command {
        Command::List(data) => list(&data, json).await,
        Command::Pem(pem) => pem.run(json).await,
        Command::Rotate(rotate) => rotate.run(json).await,
        Command::Retire(retire) => retire.run(json).await,
    }
}

async fn list(data: &Data, json: bool) -> Result<()> {
    let db = data.open().await?;
    let (keys, now) = (db.read(keys::list).await?, Clock::System.now());
    if json {
        let keys: Vec<_> = keys.iter().map(|key| shown(key, &keys, now)).collect();
        terminal::print(json!({ "data": keys, "total_count": keys.len() }));
        return Ok(());
    }
    let at = |time| moment(of_the_server(time));
    let rows: Vec<[String; 4]> = keys
        .iter()
        .map(|key| {
            let until = key.retired_at.map_or("further notice".into(), at);
            let state = state(key, &keys, now).to_owned();
            [key.kid.clone(), state, at(key.active_at), until]
        })
        .collect();
    terminal::table(["KEY", "STATE", "SIGNS FROM", "PUBLISHED UNTIL"], &rows);
    Ok(())
}

fn state(key: &Published, all: &[Published], now: Time) -> &'static str {
    let (signs, _) = keys::next(all, now);
    if signs.is_some_and(|signs| signs.kid == key.kid) {
        "signs"
    } else if key.retired_at.is_some_and(|at| at <= now) {
        "retired"
    } else if key.active_at > now {
        "next"
    } else {
        "kept"
    }
}

fn shown(key: &Published, all: &[Published], now: Time) -> serde_json::Value {
    json!({
        "kid": key.kid, "state": state(key, all, now), "created_at": key.created_at,
        "active_at": key.active_at, "retired_at": key.retired_at,
    })
}

impl Pem {
    async fn run(self, json: bool) -> Result<()> {
        let client = Client::of(&self.server)?;
        let keys = client.ask(client.api.jwks()).await?.keys;
        let name = |key: &Jwk| key.kid.clone().unwrap_or_default();
        let key = match (&self.kid, &keys[..]) {
            (Some(kid), keys) => keys.iter().find(|key| key.kid.as_ref() == Some(kid)),
            (None, [key]) => Some(key),
            (None, _) => {
                let names: Vec<String> = keys.iter().map(name).collect();
                let sentence = format!("{} keys are published", keys.len());
                return Err(Failure::usage(sentence).hint(
                    "name one",
                    format!("standin jwks pem {}", names.join(" | ")),
                ));
            }
        };
        let Some((key, pem)) = key.and_then(|key| Some((key, key.pem()?))) else {
            let kid = self.kid.unwrap_or_default();
            let sentence = format!("no key {kid} is published");
            return Err(Failure::new(Exit::Denied, "key_not_found", sentence)
                .hint("those there are", "standin jwks list"));
        };
        if json {
            terminal::print(json!({ "kid": key.kid, "pem": pem }));
        } else {
            terminal::print(pem.trim_end());
        }
        Ok(())
    }
}

impl Rotate {
    async fn run(self, json: bool) -> Result<()> {
        let (db, now) = (self.data.open().await?, Clock::System.now());
        // What a server could not open would leave it without a key.
        let master = self.data.master_key()?;
        let master = MasterKey::parse(&master)?;
        if let Some(sealed) = db.read(keys::sealed).await?.first()
            && !sealed.opens_with(&master)
        {
            return Err(Failure::new(
                Exit::Failed,
                "master_key_invalid",
                "the keys in this database were sealed with another master key",
            )
            .hint(
                "give the servers' one",
                "STANDIN_MASTER_KEY, or --data with its master.key",
            ));
        }
        let (kid, sealed) = keys::generate(&master, now)?;
        let seconds = |length: Seconds| i64::try_from(length.0.as_secs()).unwrap_or(i64::MAX);
        let rotation = Rotation {
            kid,
            sealed,
            lead: seconds(if self.now { NOTICED } else { self.lead }),
            keep: seconds(self.keep),
            is_urgent: self.now,
        };
        let rotated = db
            .write(caller(now), move |tx| keys::rotate(tx, &rotation))
            .await?;
        let at = |time| moment(of_the_server(time));
        let key = match rotated {
            Rotated::Done(key) => key,
            Rotated::UnderWay(key) => {
                let (kid, from) = (key.kid, at(key.active_at));
                let sentence = format!("{kid} is about to take over already, at {from}");
                return Err(Failure::new(Exit::Denied, "rotation_under_way", sentence)
                    .hint("at once", "standin jwks rotate --now")
                    .hint("or not at all", format!("standin jwks retire {kid}")));
            }
        };
        if json {
            terminal::print(shown(&key, std::slice::from_ref(&key), now));
            return Ok(());
        }
        terminal::print(&key.kid);
        terminal::say(format!(
            "published now, signs from {}. Applications that were given CLERK_JWT_KEY need the new one until then",
            at(key.active_at)
        ));
        Ok(())
    }
}

impl Retire {
    async fn run(self, json: bool) -> Result<()> {
        let (db, now) = (self.data.open().await?, Clock::System.now());
        let kid = self.kid.clone();
        let retired = db
            .write(caller(now), move |tx| keys::retire(tx, &kid))
            .await
            .map_err(|error| Failure::from(error).hint("those there are", "standin jwks list"))?;
        let kid = self.kid;
        match retired {
            Retired::Signs => {
                let sentence = format!("{kid} is the one that signs");
                Err(
                    Failure::new(Exit::Denied, "signing_key_in_use", sentence).hint(
                        "let another one take over first",
                        "standin jwks rotate --now",
                    ),
                )
            }
            Retired::Done if json => {
                terminal::print(json!({ "kid": kid, "retired_at": now }));
                Ok(())
            }
            Retired::Done => {
                terminal::say(
                    "retired: what it signed verifies no more, where nobody kept the key",
                );
                Ok(())
            }
        }
    }
}

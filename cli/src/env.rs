//! `standin env`: the settings an application needs to use this server, printed or merged into its `.env` file.

pub mod dotenv;
mod framework;
mod merge;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use standin_server::id::InstanceId;
use standin_server::instance::Instance;
use standin_server::stage::Stage;
use url::Url;

use crate::client::{Client, ServerOptions};
use crate::failure::{Exit, Failure, Result};
use crate::sdk::Scripts;
use crate::terminal;
pub use framework::{Choice, Framework, depends_on, is_key, package};
pub use merge::{Lent, keep, lend, merge, read, say, write};

/// How the settings are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// NAME=value
    Dotenv,
    /// export NAME='value', for eval
    Shell,
    /// One JSON object
    Json,
    /// For `>> "$GITHUB_ENV"`
    Github,
}

#[derive(Args)]
pub struct Env {
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Dotenv, conflicts_with = "file")]
    format: Format,
    /// Merge them into this file instead; everything else in it stays as it is
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Replace the keys of another instance in the file
    #[arg(long, requires = "file")]
    force: bool,
    /// Whose names to use
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    framework: Choice,
    #[command(flatten)]
    server: ServerOptions,
}

pub struct Values {
    /// `pk_test_…`
    pub publishable_key: String,
    /// `sk_test_…`
    pub secret_key: String,
    pub api_url: String,
    pub public_url: String,
    /// Which clerk-js the application's pages load.
    pub scripts: Scripts,
}

impl Values {
    /// The address of one of Clerk's scripts. SDKs would ask for it by https wherever the server is, so they are told.
    fn script(&self, path: &str) -> String {
        format!("{}/npm/@clerk/{path}", self.public_url)
    }

    /// Names and values for these frameworks.
    pub fn settings(&self, frameworks: &[Framework]) -> Vec<(String, String)> {
        framework::settings(frameworks, self)
    }

    /// What is known of the server a client talks to, its keys derived from its public address where need be, for the
    /// application in `folder`.
    pub async fn of(client: &Client, folder: &Path) -> Result<Self> {
        let target = &client.target;
        let public_url = client.public_url().await;
        let public_url = public_url.ok_or_else(|| {
            let sentence = format!("{} does not say where browsers reach it", target.api_url);
            Failure::new(Exit::Failed, "public_url_unknown", sentence)
                .hint("say it", "CLERK_PROXY_URL=https://…")
        })?;
        let publishable_key = match &target.publishable_key {
            Some(key) => key.clone(),
            None => publishable_key(&public_url, &target.secret_key)?,
        };
        Ok(Self {
            publishable_key,
            secret_key: target.secret_key.clone(),
            api_url: target.api_url.clone(),
            public_url,
            scripts: Scripts::of(folder),
        })
    }

    #[cfg(test)]
    fn example() -> Self {
        Self {
            publishable_key: "pk_test_MTI3LjAuMC4xOjQ3NDck".into(),
            secret_key: "sk_test_secret".into(),
            api_url: "http://127.0.0.1:4747".into(),
            public_url: "http://localhost:4747".into(),
            scripts: Scripts::Today,
        }
    }
}

/// The publishable key of the instance at this address.
pub fn publishable_key(public_url: &str, secret_key: &str) -> Result<String> {
    let url = Url::parse(public_url)
        .map_err(|_| Failure::usage(format!("{public_url} is no address")))?;
    let live = secret_key.starts_with("sk_live_");
    let kind = if live {
        Stage::Production
    } else {
        Stage::Development
    };
    Ok(Instance::new(InstanceId::from("ins_"), kind, url).publishable_key)
}

pub async fn run(env: Env, json: bool) -> Result<()> {
    let client = Client::of(&env.server)?;
    let here = Path::new(".");
    let values = Values::of(&client, here).await?;
    let frameworks = env.framework.frameworks(here);
    let settings = values.settings(&frameworks);
    if let Some(file) = &env.file {
        let changes = merge(file, &settings, env.force)?;
        if json {
            terminal::print(
                json!({ "file": file, "added": changes.added, "changed": changes.changed, "unchanged": changes.unchanged }),
            );
        } else {
            say(file, &changes);
        }
    } else {
        print(
            &settings,
            &values,
            if json { Format::Json } else { env.format },
        );
    }
    if !json {
        remarks(&values, &frameworks, here);
        if let Some(file) = &env.file {
            loading(file, &frameworks, here);
        }
    }
    Ok(())
}

fn print(settings: &[(String, String)], values: &Values, format: Format) {
    if format == Format::Json {
        // Programs can rely on the plain names, whatever the framework.
        let plain = Framework::Plain.settings(values);
        let all = plain.iter().chain(settings);
        let all: Map<String, Value> = all
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        terminal::print(Value::Object(all));
        return;
    }
    if format == Format::Github && std::env::var_os("GITHUB_ACTIONS").is_some() {
        // stdout goes into a file here; the runner reads its commands from stderr as well.
        terminal::say(format!("::add-mask::{}", values.secret_key));
    }
    for (name, value) in settings {
        terminal::print(match format {
            Format::Shell => format!("export {name}='{}'", value.replace('\'', r"'\''")),
            _ => format!("{name}={value}"),
        });
    }
}

/// What the settings alone do not achieve.
fn remarks(values: &Values, frameworks: &[Framework], folder: &Path) {
    if let Some(text) = same_site(values) {
        terminal::note(text);
    }
    if frameworks.contains(&Framework::Fastify) || depends_on(&package(folder), "@clerk/fastify") {
        terminal::note(
            "@clerk/fastify reads neither CLERK_API_URL nor CLERK_PROXY_URL; pass them: \
             fastify.register(clerkPlugin, { apiUrl: process.env.CLERK_API_URL, proxyUrl: process.env.CLERK_PROXY_URL })",
        );
    }
    if frameworks == [Framework::Svelte] && values.public_url.starts_with("http:") {
        terminal::note(
            "svelte-clerk asks for @clerk/ui by https alone: standin trust localhost --install, and then \
             standin dev --tls-cert ./.standin/tls.pem --tls-key ./.standin/tls.key; or <ClerkProvider prefetchUI={false}>, \
             which draws no components",
        );
    }
    for framework in frameworks {
        if let Some(name) = framework.built_in() {
            let public = framework.public();
            terminal::note(format!(
                "{name} takes {public}… into the build: build again after a change"
            ));
        }
    }
}

/// Who does not read the file by itself, and how it gets there.
fn loading(file: &Path, frameworks: &[Framework], folder: &Path) {
    let package = package(folder);
    let uses = |name| depends_on(&package, name);
    let mut deaf = Vec::new();
    if frameworks.iter().any(|one| one.is_plain_node()) {
        deaf.push("Node");
    }
    if uses("@playwright/test") || uses("playwright") || uses("@clerk/testing") {
        deaf.push("Playwright");
    }
    if !deaf.is_empty() {
        let (deaf, file) = (deaf.join(" and "), file.display());
        terminal::note(format!(
            "{deaf} read {file} only when told: node --env-file={file} …, process.loadEnvFile('{file}') at the top of a \
             configuration, or standin dev -- COMMAND, which needs no file"
        ));
    }
}

/// Where the application must be reached for its pages to be signed in. Cookies belong to a site: scheme and host name,
/// whatever the port.
fn same_site(values: &Values) -> Option<String> {
    let url = Url::parse(&values.public_url).ok()?;
    let (scheme, host) = (url.scheme(), url.host_str()?);
    let other = match host {
        "localhost" => "127.0.0.1",
        "127.0.0.1" => "localhost",
        _ => return None,
    };
    Some(format!(
        "open your application at {scheme}://{host}:PORT; at {scheme}://{other}:PORT its pages would be signed out, \
         because browsers keep the cookies of the two apart"
    ))
}

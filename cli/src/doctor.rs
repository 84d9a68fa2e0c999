//! `standin doctor`: looks for what usually goes wrong between an application and its server, and names the remedy.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::Args;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Response;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use standin_server::clock::Clock;
use standin_server::origin;
use url::Url;

use crate::client::{Client, ServerOptions};
use crate::data::Folder;
use crate::env::{self, Choice, Values, depends_on, package};
use crate::failure::Result;
use crate::terminal::{self, DIM, GREEN, RED, YELLOW};

#[derive(Args)]
pub struct Doctor {
    /// Where browsers reach the application, as in `http://localhost:3000`
    #[arg(long, value_name = "URL")]
    app: Option<Url>,
    /// The application's folder: its package.json, .env and .env.local are read
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    server: ServerOptions,
}

/// How much something matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grade {
    Ok,
    Note,
    Wrong,
}

/// One thing that was looked at.
struct Finding {
    grade: Grade,
    about: &'static str,
    text: String,
    remedy: Option<String>,
}

impl Finding {
    fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self {
            grade: Grade::Ok,
            about,
            text: text.into(),
            remedy: None,
        }
    }

    fn note(about: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            grade: Grade::Note,
            remedy: Some(remedy.into()),
            ..Self::ok(about, text)
        }
    }

    fn wrong(about: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            grade: Grade::Wrong,
            ..Self::note(about, text, remedy)
        }
    }

    fn show(&self) {
        let (color, word) = match self.grade {
            Grade::Ok => (GREEN, "ok"),
            Grade::Note => (YELLOW, "note"),
            Grade::Wrong => (RED, "wrong"),
        };
        let (about, text) = (self.about, terminal::plain(&self.text));
        terminal::print(format!("{color}{word:5}{color:#}  {about:10}  {text}"));
        if let Some(remedy) = &self.remedy {
            terminal::print(format!(
                "                   {DIM}→{DIM:#} {}",
                terminal::plain(remedy)
            ));
        }
    }
}

/// Looks at everything; the exit code is 1 when something is wrong.
pub async fn run(doctor: Doctor, json: bool) -> Result<ExitCode> {
    let client = Client::of(&doctor.server)?;
    let settings = Settings::of(&doctor.folder)?;
    let mut findings = Vec::new();
    findings.extend(data(&doctor.server.folder()));
    let answers = client.ask(client.api.users().count()).await;
    let is_there = answers.is_ok();
    match answers {
        Ok(_) => findings.push(Finding::ok(
            "server",
            format!("{} answers to the key", client.target.api_url),
        )),
        Err(failure) => {
            let remedy = failure
                .hints
                .first()
                .map_or("standin dev", |(_, next)| next);
            findings.push(Finding::wrong("server", &failure.sentence, remedy));
        }
    }
    if is_there {
        let values = Values::of(&client).await?;
        findings.extend(clock(&client).await);
        findings.extend(keys(&settings, &values, &doctor.folder));
        findings.extend(jwt_key(&client, &settings).await);
        findings.extend(site(&values, doctor.app.as_ref()));
        findings.extend(scripts(&values).await);
        findings.extend(pitfalls(&doctor.folder, &values));
    }
    let wrong = findings.iter().any(|finding| finding.grade == Grade::Wrong);
    if json {
        terminal::print(report(&findings));
    } else {
        findings.iter().for_each(Finding::show);
    }
    Ok(ExitCode::from(u8::from(wrong)))
}

fn report(findings: &[Finding]) -> Value {
    let one = |finding: &Finding| {
        let grade = match finding.grade {
            Grade::Ok => "ok",
            Grade::Note => "note",
            Grade::Wrong => "wrong",
        };
        json!({ "grade": grade, "about": finding.about, "text": finding.text, "remedy": finding.remedy })
    };
    json!({ "findings": findings.iter().map(one).collect::<Vec<_>>() })
}

/// What the application is told: its environment, and its `.env` files, the more special one first.
struct Settings(Vec<(String, String, String)>);

impl Settings {
    fn of(folder: &Path) -> Result<Self> {
        let mut all: Vec<_> = std::env::vars()
            .map(|(name, value)| ("the environment".to_owned(), name, value))
            .collect();
        for name in [".env.local", ".env"] {
            let text = env::read(&folder.join(name))?;
            all.extend(
                env::dotenv::read(&text)
                    .into_iter()
                    .map(|(key, value)| (name.to_owned(), key, value)),
            );
        }
        Ok(Self(all))
    }

    /// The value in effect, and where it stands.
    fn get(&self, name: &str) -> Option<(&str, &str)> {
        let found = self
            .0
            .iter()
            .find(|(_, key, value)| key == name && !value.is_empty());
        found.map(|(place, _, value)| (place.as_str(), value.as_str()))
    }
}

/// Whether the data folder, if there is one, is its owner's alone and stays out of repositories.
fn data(folder: &Folder) -> Vec<Finding> {
    let path = folder.path().display();
    if !folder.path().is_dir() {
        return Vec::new();
    }
    let mut found: Vec<Finding> = folder
        .open_to_others()
        .into_iter()
        .map(|(open, mode)| {
            let open = open.display();
            let text = format!("others can get at {open} (mode {mode:o})");
            Finding::wrong("data", text, format!("chmod go= {open}"))
        })
        .collect();
    if !folder.path().join(".gitignore").exists() {
        let text = format!("git would take {path} into a repository, keys and all");
        let remedy = format!("echo '*' > {path}/.gitignore");
        found.push(Finding::note("data", text, remedy));
    }
    if found.is_empty() {
        found.push(Finding::ok("data", format!("{path} is yours alone")));
    }
    found
}

/// The settings of the application against those of the server.
fn keys(settings: &Settings, values: &Values, folder: &Path) -> Vec<Finding> {
    let wanted = values.settings(&Choice::Auto.frameworks(folder));
    let mut found = Vec::new();
    let mut agreeing = 0;
    for (name, value) in &wanted {
        match settings.get(name) {
            Some((_, held)) if held == value => agreeing += 1,
            Some((place, _)) => found.push(Finding::wrong(
                "settings",
                format!("{name} in {place} is not this server's"),
                "standin env --file .env.local --force",
            )),
            None => {}
        }
    }
    if found.is_empty() && agreeing == 0 {
        found.push(Finding::note(
            "settings",
            "the application has no settings for this server",
            "standin env --file .env.local, or standin dev -- COMMAND",
        ));
    } else if found.is_empty() {
        found.push(Finding::ok(
            "settings",
            format!("{agreeing} of {} agree, none differs", wanted.len()),
        ));
    }
    found
}

/// A verification key that was copied: damaged, or of another instance, it makes every token invalid.
async fn jwt_key(client: &Client, settings: &Settings) -> Option<Finding> {
    let names = ["CLERK_JWT_KEY", "NUXT_CLERK_JWT_KEY"];
    let (name, (place, pem)) = names
        .iter()
        .find_map(|name| Some((name, settings.get(name)?)))?;
    let remedy = format!("remove {name}: the SDK then asks the server for its keys");
    if pem.contains("\\n") {
        let text = format!(
            "{name} in {place} holds a backslash and an n where lines should end: every token will be refused"
        );
        return Some(Finding::wrong("JWT key", text, remedy));
    }
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let body = body
        .replace("-----BEGIN PUBLIC KEY-----", "")
        .replace("-----END PUBLIC KEY-----", "");
    let key = STANDARD
        .decode(body.split_whitespace().collect::<String>())
        .unwrap_or_default();
    let jwks = client.api.jwks().await.map(|set| set.keys);
    let moduli = jwks.iter().flatten();
    let known = moduli
        .filter_map(|jwk| URL_SAFE_NO_PAD.decode(jwk.n.as_ref()?).ok())
        .any(|modulus| key.windows(modulus.len()).any(|part| part == modulus));
    Some(if known {
        Finding::ok("JWT key", format!("{name} is this server's"))
    } else {
        Finding::wrong(
            "JWT key",
            format!("{name} in {place} is not this server's: every token will be refused"),
            remedy,
        )
    })
}

/// What a page or a program sees at an address that is not the Backend API's.
async fn look(address: &str) -> Option<Response> {
    let url = Url::parse(address).ok()?;
    let builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(10));
    // Proxies of the environment lead away from this machine.
    let builder = if origin::is_loopback(&url) {
        builder.no_proxy()
    } else {
        builder
    };
    builder.build().ok()?.get(url).send().await.ok()
}

/// Whether the two clocks agree: SDKs refuse tokens that are a few seconds from the future.
async fn clock(client: &Client) -> Option<Finding> {
    let answer = look(&format!("{}/v1/health", client.target.api_url)).await?;
    let date = answer.headers().get("date")?.to_str().ok()?;
    let theirs: Timestamp = rfc2822::parse(date).ok()?.timestamp();
    let apart = Clock::System.now().seconds() - theirs.as_second();
    Some(if apart.abs() <= 3 {
        Finding::ok("clock", "this machine and the server agree on the time")
    } else {
        let text = format!(
            "this machine and the server are {} s apart; SDKs refuse tokens from 5 s on",
            apart.abs()
        );
        Finding::wrong(
            "clock",
            text,
            "synchronise both with a time server (timedatectl set-ntp true)",
        )
    })
}

/// Whether browsers see application and server as one site: scheme and registrable domain, whatever the port.
fn site(values: &Values, app: Option<&Url>) -> Option<Finding> {
    let server = Url::parse(&values.public_url).ok()?;
    let Some(app) = app else {
        let text = format!(
            "open the application at {}://{}:PORT, and not at another name of this machine",
            server.scheme(),
            server.host_str()?
        );
        return Some(Finding::note(
            "site",
            text,
            "standin doctor --app URL checks it",
        ));
    };
    let domain = origin::cookie_domain(&server);
    let shared = domain.is_some_and(|domain| {
        app.host_str()
            .is_some_and(|host| host == domain || host.ends_with(&format!(".{domain}")))
    });
    let same = app.scheme() == server.scheme() && (shared || app.host_str() == server.host_str());
    Some(if same {
        Finding::ok(
            "site",
            format!("{app} and {} are one site", values.public_url),
        )
    } else {
        let text = format!(
            "{app} and {} are two sites to a browser: clerk-js finds no cookie and signs the page out",
            values.public_url
        );
        let remedy = format!(
            "open the application at {}://{}",
            server.scheme(),
            server.host_str()?
        );
        Finding::wrong("site", text, format!("{remedy} with its own port"))
    })
}

/// Whether the server has clerk-js to give: pages load it from there.
async fn scripts(values: &Values) -> Option<Finding> {
    let url = format!(
        "{}/npm/@clerk/clerk-js@6/dist/clerk.browser.js",
        values.public_url
    );
    let answer = look(&url).await?;
    Some(if answer.status().is_success() {
        Finding::ok("clerk-js", "the server has it to give")
    } else {
        let text = "the server has no clerk-js to give, and pages load it from there";
        Finding::note(
            "clerk-js",
            text,
            "npm install --save-dev @clerk/clerk-js @clerk/ui, where standin dev runs",
        )
    })
}

/// What cannot be seen from outside and is forgotten most.
fn pitfalls(folder: &Path, values: &Values) -> Vec<Finding> {
    let package = package(folder);
    let mut found = Vec::new();
    if depends_on(&package, "@clerk/fastify") {
        let text = "@clerk/fastify reads neither CLERK_API_URL nor CLERK_PROXY_URL and would ask Clerk's cloud";
        let remedy = format!(
            "fastify.register(clerkPlugin, {{ apiUrl: '{}', proxyUrl: '{}' }})",
            values.api_url, values.public_url
        );
        found.push(Finding::note("Fastify", text, remedy));
    }
    if depends_on(&package, "next") {
        let text = "Next.js takes NEXT_PUBLIC_… into the build; `next start -H 127.0.0.1` hangs behind clerkMiddleware";
        found.push(Finding::note(
            "Next.js",
            text,
            "build again after a change; start with -H localhost",
        ));
    }
    found
}

//! `standin doctor`: looks for what usually goes wrong between an application and its server, and names the remedy. With
//! `--fix` it mends what is proven to be wrong and lies in a file.

mod application;
mod by_hand;
mod files;
mod jwt_key;
mod mend;
mod server;
mod settings;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reqwest::Response;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use standin_server::origin;
use url::Url;

use crate::client::{Client, ServerOptions};
use crate::env::Values;
use crate::failure::{Failure, Result};
use crate::terminal::{self, DIM, GREEN, RED, YELLOW};
use application::{application, landings, pitfalls, site};
use by_hand::by_hand;
use mend::Mend;
use server::{clock, data, public, scripts, unanswered};
use settings::{Settings, keys};

#[derive(Args)]
pub struct Doctor {
    /// Where browsers reach the application, as in `http://localhost:3000`
    #[arg(long, value_name = "URL")]
    app: Option<Url>,
    /// The application's folder: its package.json, .env and .env.local are read
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Mend what is proven to be wrong in files; what a file held is kept beside it
    #[arg(long)]
    fix: bool,
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
    /// What `--fix` does about it.
    mends: Vec<Mend>,
}

impl Finding {
    fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self {
            grade: Grade::Ok,
            about,
            text: text.into(),
            remedy: None,
            mends: Vec::new(),
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

    /// Adds what `--fix` does about it.
    fn mend(mut self, mend: Mend) -> Self {
        self.mends.push(mend);
        self
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

/// Looks at everything, and mends what it may; the exit code is 1 when something is wrong then.
pub async fn run(doctor: Doctor, json: bool) -> Result<ExitCode> {
    if !doctor.folder.is_dir() {
        let sentence = format!("there is no folder {}", doctor.folder.display());
        return Err(Failure::usage(sentence).hint("the application's", "--folder DIR"));
    }
    let mut findings = doctor.examine().await?;
    let mut mended = Vec::new();
    if doctor.fix {
        mended = mend::all(&findings)?;
        findings = doctor.examine().await?;
    }
    let wrong = findings.iter().any(|finding| finding.grade == Grade::Wrong);
    if json {
        let mut report = report(&findings);
        if doctor.fix {
            report["mended"] = mended.iter().map(mend::Mended::json).collect();
        }
        terminal::print(report);
    } else {
        mended.iter().for_each(mend::Mended::show);
        findings.iter().for_each(Finding::show);
        if findings.iter().any(|finding| !finding.mends.is_empty()) {
            terminal::say(format!(
                "{DIM}standin doctor --fix mends what lies in files{DIM:#}"
            ));
        }
    }
    Ok(ExitCode::from(u8::from(wrong)))
}

impl Doctor {
    async fn examine(&self) -> Result<Vec<Finding>> {
        let client = Client::of(&self.server)?;
        let settings = Settings::of(&self.folder)?;
        let mut findings = data(&self.server.folder());
        findings.extend(files::secrets(&self.folder)?);
        let answers = client.ask(client.api.users().count()).await;
        if let Err(failure) = answers {
            findings.push(unanswered(&failure, &client));
            return Ok(findings);
        }
        let text = format!("{} answers to the key", client.target.api_url);
        findings.push(Finding::ok("server", text));
        let values = Values::of(&client, &self.folder).await?;
        findings.extend(clock(&client).await);
        findings.extend(by_hand(&client).await);
        findings.extend(public(&values).await);
        findings.extend(keys(&settings, &values));
        findings.extend(jwt_key::jwt_key(&client, &settings).await);
        findings.extend(site(&values, self.app.as_ref()));
        if let Some(app) = &self.app {
            findings.push(application(app).await);
        }
        findings.extend(landings(&client, &values).await);
        findings.extend(scripts(&values).await);
        findings.extend(pitfalls(&self.folder, &values));
        findings.extend(files::tests(&self.folder));
        Ok(findings)
    }
}

fn report(findings: &[Finding]) -> Value {
    let one = |finding: &Finding| {
        let grade = match finding.grade {
            Grade::Ok => "ok",
            Grade::Note => "note",
            Grade::Wrong => "wrong",
        };
        json!({
            "grade": grade, "about": finding.about, "text": finding.text, "remedy": finding.remedy,
            "can_fix": !finding.mends.is_empty(),
        })
    };
    json!({ "findings": findings.iter().map(one).collect::<Vec<_>>() })
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

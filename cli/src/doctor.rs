//! `standin doctor`: looks for what usually goes wrong between an application and its server, and names the remedy.

mod application;
mod by_hand;
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
use server::{clock, data, public, scripts, unanswered};
use settings::{Settings, jwt_key, keys};

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
    if !doctor.folder.is_dir() {
        let sentence = format!("there is no folder {}", doctor.folder.display());
        return Err(Failure::usage(sentence).hint("the application's", "--folder DIR"));
    }
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
        Err(failure) => findings.push(unanswered(&failure, &client)),
    }
    if is_there {
        let values = Values::of(&client).await?;
        findings.extend(clock(&client).await);
        findings.extend(by_hand(&client).await);
        findings.extend(public(&values).await);
        findings.extend(keys(&settings, &values, &doctor.folder));
        findings.extend(jwt_key(&client, &settings).await);
        findings.extend(site(&values, doctor.app.as_ref()));
        if let Some(app) = &doctor.app {
            findings.push(application(app).await);
        }
        findings.extend(landings(&client, &values).await);
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

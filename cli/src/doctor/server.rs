//! The server: its data, its answers, its clock, and what it has for pages.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use standin_server::clock::Clock;

use super::mend::Mend;
use super::{Finding, look};
use crate::client::Client;
use crate::data::Folder;
use crate::env::Values;
use crate::failure::Failure;

/// Whether the data folder, if there is one, is its owner's alone and stays out of repositories.
pub(super) fn data(folder: &Folder) -> Vec<Finding> {
    let path = folder.path().display();
    if !folder.path().is_dir() {
        return Vec::new();
    }
    let mut found: Vec<Finding> = folder
        .open_to_others()
        .into_iter()
        .map(|(path, mode)| {
            let open = path.display();
            let text = format!("others can get at {open} (mode {mode:o})");
            let finding = Finding::wrong("data", text, format!("chmod go= {open}"));
            // A project's own folder is not closed because it holds data, too.
            if path == folder.path() && folder.foreign().is_some() {
                finding
            } else {
                finding.mend(Mend::close(path))
            }
        })
        .collect();
    if !folder.path().join(".gitignore").exists() {
        let text = format!("git would take {path} into a repository, keys and all");
        let remedy = format!("echo '*' > {path}/.gitignore");
        let ignore = Mend::ignore(folder.path().join(".gitignore"), "*".to_owned());
        let finding = Finding::note("data", text, remedy);
        found.push(if folder.foreign().is_some() {
            finding
        } else {
            finding.mend(ignore)
        });
    }
    if found.is_empty() {
        found.push(Finding::ok("data", format!("{path} is yours alone")));
    }
    found
}

/// A server that does not take the key, or does not answer.
pub(super) fn unanswered(failure: &Failure, client: &Client) -> Finding {
    if failure.code == "clerk_key_invalid" {
        let text = format!(
            "{} does not know the key from {}",
            client.target.api_url, client.target.key_from
        );
        let remedy = if client.target.publishable_key.is_some() {
            "standin env, beside the server, prints its key"
        } else {
            "standin key create --data DIR, beside the server, makes one"
        };
        return Finding::wrong("server", text, remedy);
    }
    let remedy = failure.hints.first();
    let remedy = remedy.map_or("standin dev", |(_, next)| next);
    Finding::wrong("server", &failure.sentence, remedy)
}

/// Whether browsers of this machine reach the server where it says that they do.
pub(super) async fn public(values: &Values) -> Option<Finding> {
    let url = &values.public_url;
    let answer = look(&format!("{url}/v1/health")).await;
    Some(match answer.map(|answer| answer.status()) {
        Some(status) if status.is_success() => {
            Finding::ok("address", format!("browsers reach the server at {url}"))
        }
        Some(status) => Finding::wrong(
            "address",
            format!(
                "{url}/v1/health answers {status}: something else is at the server's public address"
            ),
            "compare the proxy's settings with --public-url",
        ),
        None => Finding::note(
            "address",
            format!("{url} does not answer from this machine"),
            "if browsers of others reach it, all is well; else compare DNS, proxy and --public-url",
        ),
    })
}

/// Whether the two clocks agree: SDKs refuse tokens that are a few seconds from the future.
pub(super) async fn clock(client: &Client) -> Option<Finding> {
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

/// Whether the server has clerk-js to give: pages load it from there.
pub(super) async fn scripts(values: &Values) -> Option<Finding> {
    let url = format!(
        "{}/npm/@clerk/{}",
        values.public_url,
        values.scripts.clerk_js()
    );
    let answer = look(&url).await?;
    Some(if answer.status().is_success() {
        Finding::ok("clerk-js", "the server has it to give")
    } else {
        let text = format!(
            "the server has no {} to give, and pages load it from there",
            values.scripts.name()
        );
        let install = format!("{}, where standin dev runs", values.scripts.install());
        Finding::wrong("clerk-js", text, install)
    })
}

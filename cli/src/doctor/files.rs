//! The application's files: who can read its keys, what is in its tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::mend::Mend;
use super::{Finding, settings};
use crate::data::open_mode;
use crate::env::{self, depends_on, package};
use crate::failure::Result;

/// Whether a file with a secret key is its owner's alone, and stays out of repositories.
pub(super) fn secrets(folder: &Path) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for name in settings::FILES {
        let file = folder.join(name);
        let held = env::dotenv::read(&env::read(&file)?);
        if !held.iter().any(|(_, value)| value.starts_with("sk_")) {
            continue;
        }
        let shown = file.display();
        if let Some(mode) = fs::metadata(&file).ok().as_ref().and_then(open_mode) {
            let text = format!("{name} holds a secret key, and others can read it (mode {mode:o})");
            found.push(
                Finding::wrong("secrets", text, format!("chmod 600 {shown}"))
                    .mend(Mend::close(file.clone())),
            );
        }
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.arg("-C").arg(folder).args(arguments).arg(name);
            let quiet = git
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            quiet.status().ok().and_then(|status| status.code())
        };
        if git(&["ls-files", "--error-unmatch"]) == Some(0) {
            let text = format!("{name} holds a secret key and is in the repository");
            found.push(Finding::wrong(
                "secrets",
                text,
                format!("git rm --cached {name}, and ignore it"),
            ));
        } else if git(&["check-ignore", "-q"]) == Some(1) {
            let text =
                format!("{name} holds a secret key, and git would take it into the repository");
            let remedy = format!("echo {name} >> .gitignore");
            let ignore = Mend::ignore(folder.join(".gitignore"), name.to_owned());
            found.push(Finding::wrong("secrets", text, remedy).mend(ignore));
        }
    }
    Ok(found)
}

/// What an application's tests are known to stumble over.
pub(super) fn tests(folder: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    let package = package(folder);
    let uses = |name| depends_on(&package, name);
    let sources = sources(folder);
    if uses("@playwright/test") || uses("playwright") {
        let config = sources.iter().find(|(file, _)| is_config(file));
        let is_told = |text: &str| {
            ["loadEnvFile", "dotenv", "env-file"]
                .iter()
                .any(|word| text.contains(word))
        };
        if folder.join(".env.local").exists()
            && let Some((file, text)) = config
            && !is_told(text)
        {
            let text =
                format!("Playwright does not read .env.local, and {file} does not tell it to");
            let remedy = format!(
                "process.loadEnvFile('.env.local') at the top of {file}, or standin dev -- npx playwright test"
            );
            found.push(Finding::note("tests", text, remedy));
        }
        if let Some((file, _)) = config.filter(|(_, text)| text.contains("://127.0.0.1")) {
            let text = format!(
                "{file} names 127.0.0.1; pages opened there are another site than localhost, and signed out"
            );
            found.push(Finding::note("tests", text, "write localhost"));
        }
    }
    let cloud = sources.iter().find(|(_, text)| signs_in_by_address(text));
    if let Some((file, _)) = cloud {
        let text = format!(
            "{file} calls clerk.signIn with emailAddress: @clerk/testing asks api.clerk.com for that, whatever CLERK_API_URL says"
        );
        let remedy = "createAgentTestingTask of @clerk/testing/playwright, or signInParams: { strategy: 'email_code', identifier }";
        found.push(Finding::note("tests", text, remedy));
    }
    found
}

fn is_config(file: &str) -> bool {
    file.starts_with("playwright.config.")
}

/// Whether a text has `signIn({ … emailAddress`.
fn signs_in_by_address(text: &str) -> bool {
    let calls = text.split("clerk.signIn(").skip(1);
    let mut arguments = calls.map(|after| after.split(");").next().unwrap_or_default());
    arguments.any(|arguments| arguments.contains("emailAddress"))
}

/// Scripts that may be tests or their configuration, with their paths below the folder; as many as are read in no time.
fn sources(folder: &Path) -> Vec<(String, String)> {
    const FILES: usize = 500;
    const BYTES: u64 = 200_000;
    let mut sources = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((next, depth)) = folders.pop() {
        let entries = fs::read_dir(&next).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let is_folder = path.is_dir() && !path.is_symlink();
            if is_folder && depth < 4 && !name.starts_with('.') && name != "node_modules" {
                folders.push((path, depth + 1));
            } else if is_test(&name)
                && sources.len() < FILES
                && fs::metadata(&path).is_ok_and(|found| found.len() < BYTES)
                && let Ok(text) = fs::read_to_string(&path)
            {
                let below = path.strip_prefix(folder).unwrap_or(&path);
                sources.push((below.display().to_string(), text));
            }
        }
    }
    sources
}

fn is_test(name: &str) -> bool {
    let is_script = ["ts", "tsx", "mts", "js", "jsx", "mjs", "cjs"]
        .iter()
        .any(|end| name.ends_with(&format!(".{end}")));
    is_script
        && ["spec", "test", "setup", "config", "e2e"]
            .iter()
            .any(|word| name.contains(word))
}

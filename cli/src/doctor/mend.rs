//! `standin doctor --fix`: takes away what was proven to be wrong. What a file held is kept beside it, once a run; a second run
//! finds nothing to do.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Finding;
use crate::env::{self, dotenv};
use crate::failure::{Failure, Result};
use crate::terminal::{self, DIM, GREEN};

/// A change that takes a mistake away, and where.
#[derive(Debug)]
pub(super) struct Mend {
    file: PathBuf,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Set(Vec<(String, String)>),
    Remove(String),
    Close,
    Ignore(String),
}

/// What a mend changed.
pub(super) struct Mended {
    about: &'static str,
    file: PathBuf,
    changes: Vec<String>,
    kept: Option<PathBuf>,
}

/// Mends what the findings say can be.
pub(super) fn all(findings: &[Finding]) -> Result<Vec<Mended>> {
    let mut mended: Vec<Mended> = Vec::new();
    for finding in findings {
        for mend in &finding.mends {
            let is_kept = mended
                .iter()
                .any(|one| one.file == mend.file && one.kept.is_some());
            if let Some((changes, kept)) = mend.apply(is_kept)? {
                let (about, file) = (finding.about, mend.file.clone());
                mended.push(Mended {
                    about,
                    file,
                    changes,
                    kept,
                });
            }
        }
    }
    Ok(mended)
}

type Applied = Option<(Vec<String>, Option<PathBuf>)>;

impl Mend {
    /// Puts settings into one of the application's files.
    pub(super) fn set(file: PathBuf, settings: Vec<(String, String)>) -> Self {
        let way = Way::Set(settings);
        Self { file, way }
    }

    /// Takes a setting out of one.
    pub(super) fn remove(file: PathBuf, name: String) -> Self {
        let way = Way::Remove(name);
        Self { file, way }
    }

    /// Makes a file or folder its owner's alone.
    pub(super) fn close(file: PathBuf) -> Self {
        let way = Way::Close;
        Self { file, way }
    }

    /// Adds a line to a `.gitignore`.
    pub(super) fn ignore(file: PathBuf, line: String) -> Self {
        let way = Way::Ignore(line);
        Self { file, way }
    }

    /// Does it; nothing where an earlier one did already.
    fn apply(&self, is_kept: bool) -> Result<Applied> {
        let file = &self.file;
        match &self.way {
            Way::Close => close(file),
            Way::Set(settings) => {
                let merged = |before: &str| dotenv::merge(before, settings).0;
                rewrite(file, is_kept, merged, env::write)
            }
            Way::Remove(name) => rewrite(
                file,
                is_kept,
                |before| dotenv::remove(before, name),
                env::write,
            ),
            // Everybody may know it.
            Way::Ignore(line) => rewrite(
                file,
                is_kept,
                |before| with_line(before, line),
                |file, after| {
                    fs::write(file, after)
                        .map_err(|error| Failure::io(format!("write {}", file.display()), &error))
                },
            ),
        }
    }
}

/// Changes what a file holds, and keeps what it held where nothing of it is kept yet.
fn rewrite(
    file: &Path,
    is_kept: bool,
    change: impl Fn(&str) -> String,
    write: impl Fn(&Path, &str) -> Result<()>,
) -> Result<Applied> {
    let before = env::read(file)?;
    let after = change(&before);
    if after == before {
        return Ok(None);
    }
    let kept = (file.exists() && !is_kept)
        .then(|| env::keep(file, &before))
        .transpose()?;
    write(file, &after)?;
    Ok(Some((changes(&before, &after), kept)))
}

fn close(path: &Path) -> Result<Applied> {
    let failed = |error: &std::io::Error| Failure::io(format!("close {}", path.display()), error);
    let mode = fs::metadata(path)
        .map_err(|error| failed(&error))?
        .permissions()
        .mode()
        & 0o7777;
    let own = mode & !0o077;
    if own == mode {
        return Ok(None);
    }
    fs::set_permissions(path, Permissions::from_mode(own)).map_err(|error| failed(&error))?;
    Ok(Some((vec![format!("mode {mode:o} is {own:o} now")], None)))
}

fn with_line(text: &str, line: &str) -> String {
    if text.lines().any(|known| known.trim() == line) {
        return text.to_owned();
    }
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{end}{line}\n")
}

/// The lines that went and those that came; keys and what belongs to them are named only.
fn changes(before: &str, after: &str) -> Vec<String> {
    let lines = |text: &str| -> Vec<String> { text.lines().map(ToOwned::to_owned).collect() };
    let (before, after) = (lines(before), lines(after));
    let gone = before
        .iter()
        .filter(|line| !after.contains(line))
        .map(|line| ("-", line));
    let come = after
        .iter()
        .filter(|line| !before.contains(line))
        .map(|line| ("+", line));
    let shown = gone.chain(come).filter(|(_, line)| !line.trim().is_empty());
    shown
        .map(|(sign, line)| format!("{sign} {}", hidden(line)))
        .collect()
}

/// A line without what nobody should read over a shoulder or in a log.
fn hidden(line: &str) -> String {
    match line.split_once('=') {
        Some((name, _)) if name.contains("SECRET") || name.contains("JWT_KEY") => {
            format!("{name}=…")
        }
        // Within a value of several lines.
        None if line.len() > 40 => "…".to_owned(),
        _ => line.to_owned(),
    }
}

impl Mended {
    pub(super) fn show(&self) {
        let file = self.file.display().to_string();
        terminal::print(format!(
            "{GREEN}mended{GREEN:#} {:10}  {}",
            self.about,
            terminal::plain(&file)
        ));
        for change in &self.changes {
            terminal::print(format!("                   {}", terminal::plain(change)));
        }
        if let Some(kept) = &self.kept {
            let kept = kept.display().to_string();
            terminal::print(format!(
                "                   {DIM}what it held is in {}{DIM:#}",
                terminal::plain(&kept)
            ));
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({ "about": self.about, "file": self.file, "changes": self.changes, "kept": self.kept })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_among_the_changes() {
        let before = "CLERK_SECRET_KEY=sk_live_old\nCLERK_JWT_KEY=\"-----BEGIN\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n\"\nA=1\n";
        let after = "CLERK_SECRET_KEY=sk_test_new\nA=2\n";
        let shown = changes(before, after);
        assert_eq!(shown[0], "- CLERK_SECRET_KEY=…");
        assert!(shown.contains(&"+ A=2".to_owned()));
        assert!(
            !shown
                .iter()
                .any(|line| line.contains("sk_") || line.contains("MIIB")),
            "{shown:?}"
        );
    }
}

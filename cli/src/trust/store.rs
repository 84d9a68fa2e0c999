//! Where programs look for the authorities they trust: the system's store, and the one that Chromium keeps for a user.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Exit, Failure, Result};

/// Where Debian and its kin take more authorities from.
const SYSTEM: &str = "/usr/local/share/ca-certificates";
const SYSTEM_FILE: &str = "/usr/local/share/ca-certificates/standin.crt";
/// The name of the authority in Chromium's store.
const NICKNAME: &str = "Standin";

/// Adds the authority to the stores, or takes it out; says which were changed.
///
/// # Errors
/// A failure naming the commands to run by hand where no store could be changed.
pub fn change(authority: &Path, install: bool) -> Result<Vec<&'static str>> {
    let mut changed = Vec::new();
    if system(authority, install) {
        changed.push("system");
    }
    if chromium(authority, install) {
        changed.push("chromium");
    }
    if changed.is_empty() {
        return Err(by_hand(authority, install));
    }
    Ok(changed)
}

fn system(authority: &Path, install: bool) -> bool {
    if !Path::new(SYSTEM).is_dir() {
        return false;
    }
    let placed = if install {
        std::fs::copy(authority, SYSTEM_FILE).is_ok()
    } else {
        std::fs::remove_file(SYSTEM_FILE).is_ok()
    };
    placed && runs(Command::new("update-ca-certificates").arg("--fresh"))
}

fn chromium(authority: &Path, install: bool) -> bool {
    let Some(home) = std::env::var_os("HOME").map(PathBuf::from) else {
        return false;
    };
    let store = home.join(".pki/nssdb");
    let database = format!("sql:{}", store.display());
    let certutil = |arguments: &[&str]| {
        let mut command = Command::new("certutil");
        runs(command.args(["-d", &database]).args(arguments))
    };
    if install && !store.is_dir() {
        let made = std::fs::create_dir_all(&store).is_ok();
        if !made || !certutil(&["-N", "--empty-password"]) {
            return false;
        }
    }
    if !install {
        return certutil(&["-D", "-n", NICKNAME]);
    }
    let file = authority.to_string_lossy();
    certutil(&["-A", "-t", "C,,", "-n", NICKNAME, "-i", &file])
}

/// Whether a command is there and does its work.
fn runs(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn by_hand(authority: &Path, install: bool) -> Failure {
    let word = if install { "added to" } else { "taken out of" };
    let sentence = format!("the authority could not be {word} any trust store");
    let failure = Failure::new(Exit::Failed, "trust_store_unchanged", sentence);
    if !install {
        return failure.hint(
            "by hand",
            format!("rm {SYSTEM_FILE} && update-ca-certificates --fresh"),
        );
    }
    let file = authority.display();
    failure
        .hint(
            "the system, as root",
            format!("cp {file} {SYSTEM_FILE} && update-ca-certificates"),
        )
        .hint(
            "Chromium, with libnss3-tools",
            format!("certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n {NICKNAME} -i {file}"),
        )
        .hint("Node", format!("NODE_EXTRA_CA_CERTS={file}"))
}

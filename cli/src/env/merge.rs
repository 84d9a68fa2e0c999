//! Puts the settings into the application's `.env` file, unless that would throw away the keys of another instance.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::dotenv::{self, Changes};
use super::framework::is_key;
use crate::data::{open_mode, write_private};
use crate::failure::{Exit, Failure, Result};
use crate::terminal::{self, BOLD};

/// Merges `settings` into `file`.
///
/// # Errors
/// `env_file_of_another_instance` where the file holds other keys, unless `force` is given.
pub fn merge(file: &Path, settings: &[(String, String)], force: bool) -> Result<Changes> {
    let file = &target(file);
    let before = read(file)?;
    if !force {
        refuse_foreign(file, &before, settings)?;
    }
    let (after, changes) = dotenv::merge(&before, settings);
    // Before the key is in it; what is written anew is its owner's alone.
    close(file)?;
    if after != before {
        write_private(file, &after)?;
    }
    Ok(changes)
}

/// The file itself, where `file` is a link to it: the link stays.
fn target(file: &Path) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
}

/// The file's text; nothing where there is no file.
pub fn read(file: &Path) -> Result<String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::io(format!("read {}", file.display()), &error)),
    }
}

/// The secret key tells instances apart. The publishable key follows from the server's address and may have moved with
/// it, so that it counts only where the file holds no secret key.
fn refuse_foreign(file: &Path, text: &str, settings: &[(String, String)]) -> Result<()> {
    let ours: Vec<&str> = settings.iter().map(|(_, value)| value.as_str()).collect();
    let held = dotenv::read(text);
    let keys: Vec<&(String, String)> = held.iter().filter(|(name, _)| is_key(name)).collect();
    let secrets: Vec<&&(String, String)> = keys
        .iter()
        .filter(|(_, key)| key.starts_with("sk_"))
        .collect();
    let foreign = if secrets.is_empty() {
        keys.iter()
            .find(|(_, key)| key.starts_with("pk_") && !ours.contains(&key.as_str()))
    } else {
        secrets
            .into_iter()
            .find(|(_, key)| !ours.contains(&key.as_str()))
    };
    match foreign {
        None => Ok(()),
        Some((name, _)) => Err(Failure::new(
            Exit::Failed,
            "env_file_of_another_instance",
            format!(
                "{} holds the {name} of another instance; nothing was changed",
                file.display()
            ),
        )
        .hint(
            "replace it",
            format!("standin env --file {} --force", file.display()),
        )
        .hint("or print instead", "standin env")),
    }
}

/// Closes a file that others can read: there is a secret key in it.
fn close(file: &Path) -> Result<()> {
    let Some(mode) = fs::metadata(file).ok().as_ref().and_then(open_mode) else {
        return Ok(());
    };
    fs::set_permissions(file, Permissions::from_mode(0o600))
        .map_err(|error| Failure::io(format!("close {}", file.display()), &error))?;
    terminal::note(format!(
        "others could read {} (mode {mode:o}); with a secret key in it, it is yours alone now",
        file.display()
    ));
    Ok(())
}

/// Says what became of the file.
pub fn say(file: &Path, changes: &Changes) {
    let parts = [
        ("added", &changes.added),
        ("changed", &changes.changed),
        ("unchanged", &changes.unchanged),
    ];
    terminal::say(format!("{BOLD}{}{BOLD:#}", file.display()));
    for (what, names) in parts.into_iter().filter(|(_, names)| !names.is_empty()) {
        terminal::say(format!("  {what:9}  {}", names.join(" ")));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn settings(secret: &str, publishable: &str) -> Vec<(String, String)> {
        vec![
            (
                "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY".into(),
                publishable.into(),
            ),
            ("CLERK_SECRET_KEY".into(), secret.into()),
        ]
    }

    #[test]
    fn another_instances_keys_are_not_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env.local");
        let ours = settings("sk_test_ours", "pk_test_ours");
        for held in [
            "CLERK_SECRET_KEY=sk_live_theirs\n",
            "VITE_CLERK_PUBLISHABLE_KEY='pk_test_theirs'\n",
        ] {
            fs::write(&file, held).unwrap();
            let refused = merge(&file, &ours, false).unwrap_err();
            assert_eq!(refused.code, "env_file_of_another_instance");
            assert_eq!(fs::read_to_string(&file).unwrap(), held);
            merge(&file, &ours, true).unwrap();
        }
        fs::write(
            &file,
            "CLERK_SECRET_KEY=\nNEXT_PUBLIC_CLERK_PUBLISHABLE_KEY=your-key-here\n",
        )
        .unwrap();
        merge(&file, &ours, false).unwrap();
        let moved = settings("sk_test_ours", "pk_test_elsewhere");
        let changes = merge(&file, &moved, false).unwrap();
        assert_eq!(changes.changed, ["NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"]);
    }

    #[test]
    fn a_file_with_a_secret_key_is_its_owners_alone_and_keeps_its_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real"), folder.path().join("link"));
        let ours = settings("sk_test_ours", "pk_test_ours");
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
        merge(&file, &ours, false).unwrap();
        assert_eq!(mode(&file), 0o600);
        fs::write(&file, "A=1\n").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        merge(&link, &ours, false).unwrap();
        assert_eq!(mode(&file), 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&file).unwrap().starts_with("A=1\n"));
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let changes = merge(&file, &ours, false).unwrap();
        assert_eq!((changes.unchanged.len(), mode(&file)), (2, 0o600));
    }
}

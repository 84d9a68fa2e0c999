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
    match refuse_foreign(file, &before, settings) {
        Ok(()) => {}
        Err(_) if force => {
            let kept = keep(file, &before)?;
            terminal::note(format!("what it held is in {}", kept.display()));
        }
        Err(refusal) => return Err(refusal),
    }
    let (after, changes) = dotenv::merge(&without_mark(&before), settings);
    // Before the key is in it; what is written anew is its owner's alone.
    close(file)?;
    if after != before {
        write_private(file, &after)?;
    }
    Ok(changes)
}

/// Merges the settings of a server that keeps nothing, for as long as it runs: the file is put back when what is returned is
/// dropped. Should nobody be left to do that, a mark in the file lets the next one replace the keys.
///
/// # Errors
/// As [`merge`].
pub fn lend(file: &Path, settings: &[(String, String)]) -> Result<(Changes, Lent)> {
    let file = target(file);
    let before = file.exists().then(|| read(&file)).transpose()?;
    let changes = merge(&file, settings, false)?;
    let secret = settings.iter().find(|(_, value)| value.starts_with("sk_"));
    let ending = secret.map_or("", |(_, key)| ending(key));
    let mut written = read(&file)?;
    written.extend([MARK, ending, "\n"]);
    write_private(&file, &written)?;
    let lent = Lent {
        file,
        before,
        written,
    };
    Ok((changes, lent))
}

/// A file that holds settings for a while.
pub struct Lent {
    file: PathBuf,
    before: Option<String>,
    written: String,
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Somebody else's change since then is worth more.
        if read(&self.file).ok().as_ref() != Some(&self.written) {
            return;
        }
        let put_back = match &self.before {
            Some(text) => write_private(&self.file, text),
            None => fs::remove_file(&self.file)
                .map_err(|error| Failure::io(format!("remove {}", self.file.display()), &error)),
        };
        if let Err(failure) = put_back {
            failure.show(false);
        }
    }
}

/// Stands before the end of the key of a server that keeps nothing.
const MARK: &str = "# standin dev --ephemeral wrote the secret key that ends in ";

/// Enough of a key to know it again, and not enough to use it.
fn ending(key: &str) -> &str {
    let start = key.len().saturating_sub(6);
    key.get(start..).unwrap_or_default()
}

/// The end of the key that a server wrote which is gone by now, or will be.
fn marked(text: &str) -> Option<&str> {
    let mut marks = text.lines().filter_map(|line| line.strip_prefix(MARK));
    marks.next_back().filter(|ending| !ending.is_empty())
}

fn without_mark(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !line.starts_with(MARK)).collect()
}

/// Keeps what will be replaced, beside the file and under a name that repositories ignore as they do the file's. What is kept
/// there already stays.
pub fn keep(file: &Path, text: &str) -> Result<PathBuf> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let (name, end) = match name.strip_suffix(".local") {
        Some(name) => (name, ".local"),
        None => (&*name, ""),
    };
    let names = (1..).map(|count| match count {
        1 => format!("{name}.backup{end}"),
        count => format!("{name}.backup-{count}{end}"),
    });
    let mut paths = names.map(|name| file.with_file_name(name));
    let free = paths.find(|path| !path.exists() || read(path).is_ok_and(|kept| kept == text));
    let kept = free.unwrap_or_else(|| file.with_extension("backup"));
    write_private(&kept, text)?;
    Ok(kept)
}

/// Replaces the text of a file of settings: of the file itself where `file` is a link to it.
pub fn write(file: &Path, text: &str) -> Result<()> {
    write_private(&target(file), text)
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
    // Keys of a server that kept nothing open nothing any more, and those of its pages went with them.
    let gone = |key: &str| {
        marked(text).is_some_and(|ending| key.starts_with("sk_test_") && key.ends_with(ending))
    };
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
            .find(|(_, key)| !ours.contains(&key.as_str()) && !gone(key))
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

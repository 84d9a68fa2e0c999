//! Files and folders for their owner alone. Files are written beside their place and moved into it, so that a reader finds
//! the old text or the new one and nothing in between.

use std::fs::{self, Metadata, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::failure::{Exit, Failure, Result};
use crate::terminal;

/// The permissions of the group and of others.
const OTHERS: u32 = 0o077;

/// The mode of what the group or others can get at.
pub fn open_mode(found: &Metadata) -> Option<u32> {
    let mode = found.permissions().mode();
    (mode & OTHERS != 0).then_some(mode & 0o7777)
}

/// The text of a file that holds secrets, if it is there.
///
/// # Errors
/// A failure naming `chmod` where the group or others may read or write it.
pub fn read_private(file: &Path) -> Result<Option<String>> {
    let unreadable =
        |error: &std::io::Error| Failure::io(format!("read {}", file.display()), error);
    let found = match fs::metadata(file) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    if let Some(mode) = open_mode(&found) {
        let sentence = format!(
            "{} holds secrets and others can read it (mode {mode:o})",
            file.display()
        );
        return Err(Failure::new(Exit::Failed, "file_not_private", sentence)
            .hint("close it", format!("chmod 600 {}", file.display())));
    }
    fs::read_to_string(file)
        .map(Some)
        .map_err(|error| unreadable(&error))
}

/// Replaces a file's text; only its owner may read it.
pub fn write_private(file: &Path, text: &str) -> Result<()> {
    let written = temporary(file, text)?.persist(file);
    written
        .map(|_| ())
        .map_err(|error| Failure::io(format!("write {}", file.display()), &error.error))
}

/// A file with this text, on the disk, beside the place it is meant for; tempfile makes it for its owner alone.
pub fn temporary(file: &Path, text: &str) -> Result<NamedTempFile> {
    let beside = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let write = || {
        let mut temporary = NamedTempFile::new_in(beside)?;
        temporary.write_all(text.as_bytes())?;
        temporary.as_file().sync_all()?;
        Ok(temporary)
    };
    write().map_err(|error: std::io::Error| {
        // The temporary file's own name would only confuse.
        unwritable(file, &error.kind().into(), beside)
    })
}

fn unwritable(file: &Path, error: &std::io::Error, closed: &Path) -> Failure {
    let failure = Failure::io(format!("write {}", file.display()), error);
    match error.kind() {
        ErrorKind::PermissionDenied => {
            failure.hint("if it is yours", format!("chmod u+w {}", closed.display()))
        }
        _ => failure,
    }
}

/// Makes an empty file for its owner alone if it is not there, and sees that it can be written.
pub fn make_private(file: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    let opened = options.open(file);
    opened
        .map(|_| ())
        .map_err(|error| unwritable(file, &error, file))
}

/// Takes the group's and others' permissions away, and says so.
///
/// # Errors
/// `not_private` with the remedy where it is somebody else's.
pub fn close(path: &Path, found: &Metadata) -> Result<()> {
    let Some(mode) = open_mode(found) else {
        return Ok(());
    };
    if found.uid() != rustix::process::geteuid().as_raw() {
        let sentence = format!(
            "others can get at {} (mode {mode:o}), and it is not yours to close",
            path.display()
        );
        return Err(Failure::new(Exit::Failed, "not_private", sentence)
            .hint("take a folder of your own", "--data DIR"));
    }
    let own = Permissions::from_mode(mode & !OTHERS);
    fs::set_permissions(path, own)
        .map_err(|error| Failure::io(format!("close {}", path.display()), &error))?;
    terminal::note(format!(
        "others could get at {} (mode {mode:o}); it is yours alone now",
        path.display()
    ));
    Ok(())
}

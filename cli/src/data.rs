//! The data folder: `standin.db`, `master.key`, and in development `dev.json`.
//!
//! The folder is made for its owner alone, and so is every file in it. Files are written beside their place and moved
//! into it, so that a reader finds the old text or the new one and nothing in between.

mod notes;

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use standin_server::db::Database;
use standin_server::secret::Secret;
use tempfile::NamedTempFile;

use crate::failure::{Exit, Failure, Result};
pub use notes::Notes;

/// Where development keeps its data unless told otherwise.
pub const FOLDER: &str = "./.standin";

/// The variable that holds the master key and wins over the file.
pub const MASTER_KEY: &str = "STANDIN_MASTER_KEY";

/// A data folder.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, there or not.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes the folder, for its owner alone, if it is not there.
    pub fn make(&self) -> Result<()> {
        if self.0.is_dir() {
            return Ok(());
        }
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0);
        made.map_err(|error| {
            Failure::io(format!("make the data folder {}", self.0.display()), &error)
        })?;
        // Keys and sessions have no business in anybody's repository.
        write_private(&self.0.join(".gitignore"), "*\n")
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The SQLite file.
    pub fn database_file(&self) -> PathBuf {
        self.0.join("standin.db")
    }

    fn master_key_file(&self) -> PathBuf {
        self.0.join("master.key")
    }

    /// The data of `database_url`, or the SQLite file of this folder.
    pub fn database(&self, database_url: Option<&str>) -> Result<Database> {
        match database_url {
            None => Ok(Database::Sqlite(self.database_file())),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Database::Postgres(url.to_owned()))
            }
            // The text is not shown: it may hold a password.
            Some(_) => Err(
                Failure::usage("the database URL must begin with postgres://")
                    .hint("for SQLite", "leave it out and name a folder with --data"),
            ),
        }
    }

    /// The master key: the variable's, the file's, or, where there is no data yet that another key may have sealed, a new
    /// one, kept in the file.
    pub fn master_key(&self, database: &Database) -> Result<Secret> {
        if let Ok(key) = std::env::var(MASTER_KEY)
            && !key.trim().is_empty()
        {
            return Ok(Secret::from(key.trim()));
        }
        let file = self.master_key_file();
        if let Some(key) = read_private(&file)? {
            return Ok(Secret::from(key.trim()));
        }
        if matches!(database, Database::Sqlite(path) if !path.exists()) {
            return self.new_master_key();
        }
        let missing = Failure::new(
            Exit::Failed,
            "master_key_missing",
            format!(
                "there is data, and no master key to read it with: neither {MASTER_KEY} nor {}",
                file.display()
            ),
        );
        Err(match database {
            Database::Sqlite(_) => missing.hint("put it back", file.display()),
            Database::Postgres(_) => missing.hint("make one, for all nodes", "standin key master"),
        })
    }

    /// Like [`Folder::master_key`] for development, where a PostgreSQL database is this machine's own.
    pub fn development_master_key(&self, database: &Database) -> Result<Secret> {
        match database {
            Database::Postgres(_)
                if !self.master_key_file().exists() && std::env::var_os(MASTER_KEY).is_none() =>
            {
                self.new_master_key()
            }
            _ => self.master_key(database),
        }
    }

    fn new_master_key(&self) -> Result<Secret> {
        let (file, key) = (self.master_key_file(), Secret::random());
        let written = temporary(&file, &format!("{}\n", key.expose()))?.persist_noclobber(&file);
        match written {
            Ok(_) => Ok(key),
            // Another start was faster; its key is the one.
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => read_private(&file)?
                .map(|key| Secret::from(key.trim()))
                .ok_or_else(|| Failure::io(format!("read {}", file.display()), &error.error)),
            Err(error) => Err(Failure::io(
                format!("write {}", file.display()),
                &error.error,
            )),
        }
    }
}

/// The text of a file that holds secrets, if it is there.
///
/// # Errors
/// A failure naming `chmod` where the group or others may read or write it.
pub fn read_private(file: &Path) -> Result<Option<String>> {
    let unreadable =
        |error: &std::io::Error| Failure::io(format!("read {}", file.display()), error);
    let mode = match fs::metadata(file) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    if mode & 0o077 != 0 {
        let sentence = format!(
            "{} holds secrets and others can read it (mode {:o})",
            file.display(),
            mode & 0o777
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
    write().map_err(|error| Failure::io(format!("write beside {}", file.display()), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_key_is_made_once_and_only_before_there_is_data() {
        let folder = tempfile::tempdir().unwrap();
        let data = Folder::at(folder.path().join("deep/data"));
        data.make().unwrap();
        let mode = fs::metadata(data.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let database = data.database(None).unwrap();
        let key = data.master_key(&database).unwrap();
        fs::write(data.database_file(), "").unwrap();
        assert_eq!(data.master_key(&database).unwrap(), key);

        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(data.master_key_file(), open).unwrap();
        let refused = data.master_key(&database).unwrap_err();
        assert!(refused.hints[0].1.starts_with("chmod 600 "), "{refused:?}");

        fs::remove_file(data.master_key_file()).unwrap();
        let refused = data.master_key(&database).unwrap_err();
        assert_eq!(refused.code, "master_key_missing");
        let elsewhere = data.database(Some("postgres://somewhere/standin")).unwrap();
        let refused = data.master_key(&elsewhere).unwrap_err();
        assert_eq!(refused.hints[0].1, "standin key master");
        assert!(data.database(Some("mysql://root:secret@x")).is_err());
    }
}

//! The data folder: `standin.db`, `master.key`, and in development `dev.json`.
//!
//! The folder and all data in it are their owner's alone, whoever made them and with whatever permissions.

mod dev_json;
mod private;

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use standin_server::db::Database;
use standin_server::secret::{MasterKey, Secret};

use crate::failure::{Exit, Failure, Result};
pub use dev_json::DevJson;
pub use private::{open_mode, read_private, temporary, write_private};

/// Where development keeps its data unless told otherwise.
pub const FOLDER: &str = "./.standin";

/// The variable that holds the master key and wins over the file.
pub const MASTER_KEY: &str = "STANDIN_MASTER_KEY";

/// The variable of a second master key, which opens what it sealed; it wins over the file, too.
const MASTER_KEY_ALSO: &str = "STANDIN_MASTER_KEY_ALSO";

/// SQLite's file, and the two that it keeps beside it while it is open.
const DATABASE: [&str; 3] = ["standin.db", "standin.db-wal", "standin.db-shm"];

/// What else a data folder may hold, beside names that begin with a dot.
const OTHER_FILES: [&str; 9] = [
    "master.key",
    "master.key.also",
    "dev.json",
    "tls.pem",
    "tls.key",
    "ca.pem",
    "ca.key",
    "snapshots",
    "lost+found",
];

#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, there or not.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes the folder, for its owner alone. One that was there is closed to others, and says so.
    ///
    /// # Errors
    /// A failure with the remedy where the folder is somebody else's, or holds more than data: a project's or the system's
    /// own folder is not closed because somebody mistyped.
    pub fn make(&self) -> Result<()> {
        match fs::metadata(&self.0) {
            Ok(found) if found.is_dir() => {
                if let (Some(mode), Some(other)) = (open_mode(&found), self.foreign()) {
                    let path = self.0.display();
                    let sentence = format!(
                        "others can look into {path} (mode {mode:o}), and it is more than a data folder: it holds {other}"
                    );
                    return Err(Failure::new(Exit::Failed, "not_private", sentence)
                        .hint("take one of its own", format!("--data {path}/standin"))
                        .hint("or close this one", format!("chmod 700 {path}")));
                }
                private::close(&self.0, &found)?;
            }
            _ => {
                let mut builder = fs::DirBuilder::new();
                let made = builder.recursive(true).mode(0o700).create(&self.0);
                made.map_err(|error| {
                    Failure::io(format!("make the data folder {}", self.0.display()), &error)
                })?;
            }
        }
        // Keys and sessions have no business in anybody's repository; a whole repository has.
        let ignore = self.0.join(".gitignore");
        if ignore.exists() || self.0.join(".git").exists() {
            return Ok(());
        }
        write_private(&ignore, "*\n")
    }

    /// The name of something in the folder that does not belong to Standin.
    pub fn foreign(&self) -> Option<String> {
        let names = fs::read_dir(&self.0).ok()?.flatten();
        let mut names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.find(|name| {
            !name.starts_with('.')
                && !DATABASE.contains(&name.as_str())
                && !OTHER_FILES.contains(&name.as_str())
        })
    }

    /// Makes the SQLite file before SQLite would, for its owner alone: what SQLite keeps beside it gets the same
    /// permissions. Files that are there already are closed to others.
    ///
    /// # Errors
    /// A failure that names the file where it cannot be written, or others can read it and it is not ours to close.
    pub fn make_database(&self, database: &Database) -> Result<()> {
        if !matches!(database, Database::Sqlite(_)) {
            return Ok(());
        }
        private::make_private(&self.database_file())?;
        for path in DATABASE.map(|name| self.0.join(name)) {
            if let Ok(found) = fs::metadata(&path) {
                private::close(&path, &found)?;
            }
        }
        Ok(())
    }

    /// Refuses a folder that has a database, or what one left behind: SQLite would take an old log for the new file's.
    pub fn is_without_data(&self) -> Result<()> {
        let mut there = DATABASE
            .iter()
            .map(|name| self.0.join(name))
            .filter(|path| path.exists());
        let Some(found) = there.next() else {
            return Ok(());
        };
        let path = self.0.display();
        let sentence = format!(
            "{} is there, perhaps in use, and nothing is written over",
            found.display()
        );
        Err(Failure::new(Exit::Denied, "data_in_the_way", sentence)
            .hint("take another folder", "--data DIR")
            .hint(
                "or stop its server and put it aside",
                format!("mv {path} {path}.before"),
            ))
    }

    /// What of the folder others can get at, with its mode.
    pub fn open_to_others(&self) -> Vec<(PathBuf, u32)> {
        let secret = [
            "master.key",
            "master.key.also",
            "dev.json",
            "tls.key",
            "ca.key",
        ];
        let files = DATABASE.into_iter().chain(secret);
        let paths = files.map(|name| self.0.join(name));
        std::iter::once(self.0.clone())
            .chain(paths)
            .filter_map(|path| {
                let mode = open_mode(&fs::metadata(&path).ok()?)?;
                Some((path, mode))
            })
            .collect()
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where it is, whatever name it was given by.
    pub fn resolved(&self) -> Option<PathBuf> {
        fs::canonicalize(&self.0).ok()
    }

    pub fn database_file(&self) -> PathBuf {
        self.0.join(DATABASE[0])
    }

    pub fn master_key_file(&self) -> PathBuf {
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
            return checked(Secret::from(key.trim()), MASTER_KEY);
        }
        let file = self.master_key_file();
        if let Some(key) = read_private(&file)? {
            return checked(Secret::from(key.trim()), &file.display().to_string());
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

    /// The second master key, while one takes the place of another.
    pub fn master_key_also(&self) -> Result<Option<Secret>> {
        if let Ok(key) = std::env::var(MASTER_KEY_ALSO)
            && !key.trim().is_empty()
        {
            return checked(Secret::from(key.trim()), MASTER_KEY_ALSO).map(Some);
        }
        let file = self.0.join("master.key.also");
        let key = read_private(&file)?;
        key.map(|key| checked(Secret::from(key.trim()), &file.display().to_string()))
            .transpose()
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

/// A master key that can be one, from where it says.
fn checked(key: Secret, from: &str) -> Result<Secret> {
    match MasterKey::parse(&key) {
        Ok(_) => Ok(key),
        Err(error) => {
            let sentence = format!("{from} holds no master key: {error}");
            Err(
                Failure::new(Exit::Failed, "master_key_invalid", sentence).hint(
                    "put the right one back",
                    "without it the data cannot be read; `standin key master` makes one for new data",
                ),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn open(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_that_others_could_read_is_closed_with_all_data_in_it() {
        let parent = tempfile::tempdir().unwrap();
        let data = Folder::at(parent.path().join("data"));
        fs::create_dir(data.path()).unwrap();
        open(data.path(), 0o755);
        let wal = data.path().join("standin.db-wal");
        for file in [&data.database_file(), &wal] {
            fs::write(file, "").unwrap();
            open(file, 0o644);
        }
        assert_eq!(data.open_to_others().len(), 3);
        data.make().unwrap();
        data.make_database(&data.database(None).unwrap()).unwrap();
        assert_eq!(data.open_to_others(), []);
        assert_eq!(mode(data.path()), 0o700);
        assert_eq!((mode(&data.database_file()), mode(&wal)), (0o600, 0o600));
        let ignore = fs::read_to_string(data.path().join(".gitignore")).unwrap();
        assert_eq!(ignore, "*\n");
    }

    #[test]
    fn what_the_user_wrote_into_gitignore_stays() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join(".gitignore"), "standin.db*\n").unwrap();
        Folder::at(data.path()).make().unwrap();
        let ignore = fs::read_to_string(data.path().join(".gitignore")).unwrap();
        assert_eq!(ignore, "standin.db*\n");
    }

    #[test]
    fn a_folder_of_other_things_is_neither_closed_nor_used() {
        let project = tempfile::tempdir().unwrap();
        fs::write(project.path().join("package.json"), "{}").unwrap();
        open(project.path(), 0o755);
        let refused = Folder::at(project.path()).make().unwrap_err();
        assert!(refused.sentence.contains("package.json"), "{refused:?}");
        assert_eq!(refused.hints.len(), 2);
        assert_eq!(mode(project.path()), 0o755);
        assert!(!project.path().join(".gitignore").exists());
        open(project.path(), 0o700);
        Folder::at(project.path()).make().unwrap();
    }

    #[test]
    fn a_new_database_is_private_before_sqlite_opens_it() {
        let parent = tempfile::tempdir().unwrap();
        let data = Folder::at(parent.path());
        let elsewhere = parent.path().join("elsewhere.db");
        symlink(&elsewhere, data.database_file()).unwrap();
        data.make_database(&data.database(None).unwrap()).unwrap();
        assert_eq!(mode(&elsewhere), 0o600);
    }

    #[test]
    fn a_database_that_cannot_be_written_is_named() {
        let data = tempfile::tempdir().unwrap();
        let data = Folder::at(data.path());
        fs::create_dir(data.database_file()).unwrap();
        let refused = data.make_database(&data.database(None).unwrap());
        let file = data.database_file().display().to_string();
        assert!(refused.unwrap_err().sentence.contains(&file));
    }

    #[test]
    fn a_broken_master_key_is_told_with_its_file() {
        let data = tempfile::tempdir().unwrap();
        let data = Folder::at(data.path());
        write_private(&data.master_key_file(), "not a key\n").unwrap();
        let refused = data.master_key(&data.database(None).unwrap()).unwrap_err();
        assert_eq!(refused.code, "master_key_invalid");
        assert!(refused.sentence.contains("master.key"), "{refused:?}");
    }

    #[test]
    fn a_master_key_is_made_once_and_only_before_there_is_data() {
        let folder = tempfile::tempdir().unwrap();
        let data = Folder::at(folder.path().join("deep/data"));
        data.make().unwrap();
        assert_eq!(mode(data.path()), 0o700);
        let database = data.database(None).unwrap();
        let key = data.master_key(&database).unwrap();
        fs::write(data.database_file(), "").unwrap();
        assert_eq!(data.master_key(&database).unwrap(), key);

        open(&data.master_key_file(), 0o644);
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

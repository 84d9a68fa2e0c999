//! A server whose writes to its database are counted and kept, and stop where a test wants it. SQLite only.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use crate::process::Spawn;

/// Compiles a library that stands before the C library.
pub fn library(folder: &Path, source: &str) -> PathBuf {
    let library = folder.join(source).with_extension("so");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &tests.join(source)])
        .status();
    assert!(compiled.unwrap().success());
    library
}

/// What `watched_disk.c` shares with the test.
pub struct WatchedDisk {
    folder: TempDir,
    library: PathBuf,
    numbers: Arc<File>,
}

const COUNT: u64 = 0;
const LEFT: u64 = 8;
const TORN: u64 = 16;

impl WatchedDisk {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("numbers");
        fs::write(&path, [0; 24]).unwrap();
        let numbers = File::options().read(true).write(true).open(path);
        Self {
            library: library(folder.path(), "watched_disk.c"),
            numbers: Arc::new(numbers.unwrap()),
            folder,
        }
    }

    /// Variables of the environment under which a program is watched.
    pub fn environment(&self) -> [(&'static str, PathBuf); 2] {
        let numbers = self.folder.path().join("numbers");
        [
            ("LD_PRELOAD", self.library.clone()),
            ("STANDIN_DISK", numbers),
        ]
    }

    /// The file that keeps what is written.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub fn watch<'a>(&self, spawn: Spawn<'a>) -> Spawn<'a> {
        let names = self.environment().into_iter();
        names.fold(spawn, |spawn, (name, value)| spawn.env(name, &value))
    }

    fn get(numbers: &File, at: u64) -> i64 {
        let mut bytes = [0; 8];
        numbers.read_exact_at(&mut bytes, at).unwrap();
        i64::from_ne_bytes(bytes)
    }

    fn set(&self, at: u64, number: i64) {
        self.numbers
            .write_all_at(&number.to_ne_bytes(), at)
            .unwrap();
    }

    /// How many writes, truncations and syncs there were; also for those who ask later.
    pub fn counter(&self) -> impl Fn() -> i64 + Send + Sync + use<> {
        let numbers = self.numbers.clone();
        move || Self::get(&numbers, COUNT)
    }

    pub fn count(&self) -> i64 {
        self.counter()()
    }

    /// Lets the process die before the `nth` of them from now on, or in the middle of it.
    pub fn die_before(&self, nth: i64, is_torn: bool) {
        self.set(TORN, is_torn.into());
        self.set(LEFT, nth);
    }

    /// Lets it live. True if it would have.
    pub fn forgive(&self) -> bool {
        let is_alive = Self::get(&self.numbers, LEFT) > 0;
        self.set(LEFT, 0);
        is_alive
    }
}

//! Disks that fail: one that says so when it should keep what was written, one that is full, and one that takes no more writes.
//! SQLite only.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use standin_proof::{Told, Trial};
use tempfile::TempDir;

use crate::calls::{Calls, SIGNED_IN, Task, unavailable};
use crate::process::{Spawn, free_port};
use crate::watched_disk::library;

const EMAIL: &str = "ada@example.com";

async fn health(calls: &Calls) -> u16 {
    calls.send(reqwest::Method::GET, "/v1/health", None).await.0
}

/// What is read goes on whatever the disk does, and so do tokens of sessions that are there.
async fn assert_reads_go_on(calls: &Calls, session: &str) {
    let get = async |path: &str| calls.send(reqwest::Method::GET, path, None).await.0;
    assert_eq!(get("/v1/client").await, 200);
    assert_eq!(get("/.well-known/jwks.json").await, 200);
    let path = format!("/v1/sessions/{session}/tokens");
    let token = calls.send(reqwest::Method::POST, &path, Some(serde_json::json!({})));
    assert_eq!(token.await.0, 200);
}

/// A session that is there.
async fn session(calls: &Calls) -> String {
    let task = calls.create(EMAIL).await.unwrap();
    assert_eq!(calls.visit(&task).await, SIGNED_IN);
    let shown = calls.get(&format!("/v1/agents/tasks/{}", task.id)).await;
    shown["session_id"].as_str().unwrap().to_owned()
}

/// How long it takes until a write is done again.
async fn heal(calls: &Calls) -> Duration {
    let started = Instant::now();
    while calls.create(EMAIL).await.is_none() {
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(health(calls).await, 200);
    started.elapsed()
}

fn assert_whole(data: &Path) {
    let file = Connection::open(data.join("standin.db")).unwrap();
    let said = file.query_row("pragma integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(said.as_deref(), Ok("ok"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_sync_the_outcome_is_unknown_and_nothing_is_written_until_the_next_start() {
    let mut trial = Trial::begin("R10", "a sync fails, and the process is killed").on("SQLite");
    let cycles = trial.size(2, 20);
    let (data, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let fails = tools.path().join("fails");
    let (library, port) = (library(tools.path(), "failing_disk.c"), free_port());
    let spawn = Spawn::new(data.path(), port)
        .env("LD_PRELOAD", &library)
        .env("STANDIN_SYNCS_FAIL_WHILE", &fails);
    let process = spawn.start().await;
    process.calls.user(EMAIL).await;
    process.kill();
    let history = std::sync::Arc::default();
    let mut unsure: Vec<Task> = Vec::new();
    for _ in 0..cycles {
        let process = spawn.start().await;
        let calls = process.calls.of(&history);
        // What was unknown was done wholly or not at all.
        for task in &unsure {
            assert_ne!(calls.visit(task).await, Told::Nothing);
        }
        let session = session(&calls).await;
        let first = calls.create(EMAIL).await.unwrap();
        let second = calls.create(EMAIL).await.unwrap();
        std::fs::write(&fails, "").unwrap();
        assert_eq!(calls.visit(&first).await, Told::Nothing, "it is not known");
        // The disk works again; what it lost meanwhile nobody knows.
        std::fs::remove_file(&fails).unwrap();
        for _ in 0..3 {
            let refused = calls.created(EMAIL).await;
            assert_eq!(refused.unwrap_err(), unavailable());
            assert_eq!(calls.visit(&second).await, unavailable());
            assert_eq!(health(&calls).await, 503);
        }
        assert_reads_go_on(&calls, &session).await;
        process.kill();
        unsure.extend([first, second]);
    }
    let process = spawn.start().await;
    let held = process.calls.of(&history).hold().await;
    process.kill();
    assert_whole(data.path());
    trial.end(format_args!("{cycles} failed syncs: {held}"));
}

/// A file system of eight megabytes, where this process may make one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mounted() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.0.path())
            .status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_changes_nothing_and_writes_go_on_when_there_is_room_again() {
    let Some(disk) = SmallDisk::mounted() else {
        eprintln!("SKIPPED: this process may not mount a file system");
        return;
    };
    let mut trial = Trial::begin("R9", "a disk of 8 MB is full").on("SQLite");
    let cycles = trial.size(3, 50);
    let (data, port) = (disk.0.path().join("data"), free_port());
    let process = Spawn::new(&data, port).start().await;
    let calls = &process.calls;
    calls.user(EMAIL).await;
    let session = session(calls).await;
    let ballast = disk.0.path().join("ballast");
    let (mut refused, mut healed) = (0, Duration::ZERO);
    for _ in 0..cycles {
        let task = calls.create(EMAIL).await.unwrap();
        // As much as there is room for, and not a byte is left.
        let _ = std::fs::write(&ballast, vec![1; 16 << 20]);
        let before = refused;
        // A small write may still find room where a larger one did not, and health tries a small one.
        while health(calls).await == 200 {
            if let Err(told) = calls.created(EMAIL).await {
                assert_eq!(told, unavailable());
                refused += 1;
            }
            assert!(refused < before + 5000, "and health is well");
        }
        assert!(refused > before);
        assert_eq!(calls.visit(&task).await, unavailable());
        assert_reads_go_on(calls, &session).await;

        std::fs::remove_file(&ballast).unwrap();
        healed = healed.max(heal(calls).await);
        assert_eq!(calls.visit(&task).await, SIGNED_IN);
    }
    let held = calls.hold().await;
    process.kill();
    assert_whole(&data);
    trial.end(format_args!(
        "{cycles} times full, {refused} creates refused: {held}; a write was done {healed:.1?} after there was room, at most"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_writes_changes_nothing_and_reads_go_on() {
    let mut trial = Trial::begin("R11", "a disk becomes read-only").on("SQLite");
    let cycles = trial.size(3, 50);
    let (data, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let fails = tools.path().join("fails");
    let (library, port) = (library(tools.path(), "failing_disk.c"), free_port());
    let spawn = Spawn::new(data.path(), port)
        .env("LD_PRELOAD", &library)
        .env("STANDIN_WRITES_FAIL_WHILE", &fails);
    let process = spawn.start().await;
    let calls = &process.calls;
    calls.user(EMAIL).await;
    let session = session(calls).await;
    let mut healed = Duration::ZERO;
    for _ in 0..cycles {
        let task = calls.create(EMAIL).await.unwrap();
        std::fs::write(&fails, "").unwrap();
        for _ in 0..3 {
            assert_eq!(calls.visit(&task).await, unavailable());
            assert_eq!(calls.take_back(&task).await, unavailable());
            let refused = calls.created(EMAIL).await;
            assert_eq!(refused.unwrap_err(), unavailable());
            assert_eq!(health(calls).await, 503);
        }
        assert_reads_go_on(calls, &session).await;
        std::fs::remove_file(&fails).unwrap();
        healed = healed.max(heal(calls).await);
        assert_eq!(calls.visit(&task).await, SIGNED_IN);
    }
    let held = calls.hold().await;
    process.kill();
    assert_whole(data.path());
    trial.end(format_args!(
        "{cycles} times read-only: {held}; a write was done {healed:.1?} after that, at most"
    ));
}

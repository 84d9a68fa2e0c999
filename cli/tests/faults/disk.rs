//! Disks that fail: one that says so when it should keep what was written, and one that is full. SQLite only.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Calls, SIGNED_IN, Spawn, Task, already_used, free_port};

const EMAIL: &str = "ada@example.com";
const UNKNOWN: &str = "Whether this was done is not known";
const NOTHING: &str = "Nothing was changed";

/// A library that stands before the C library's `fsync` and `fdatasync`: as long as a file is there that the environment
/// names, they fail with EIO. The kernel itself says nothing else of a disk that lost a page.
fn failing_syncs(folder: &Path) -> PathBuf {
    let library = folder.join("failing_syncs.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/failing_syncs.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    assert!(compiled.unwrap().success());
    library
}

/// What a call came to, in words: its answer's long message, or that it was done.
async fn said(calls: &Calls, method: reqwest::Method, path: &str) -> String {
    let answer = calls.send(method, path, None).await;
    sentence(answer)
}

fn sentence((status, body): (u16, Value)) -> String {
    match body["errors"][0]["long_message"].as_str() {
        Some(sentence) => format!("{status} {sentence}"),
        None => status.to_string(),
    }
}

async fn create(calls: &Calls) -> String {
    let body = Calls::task_body(EMAIL);
    let answer = calls.send(reqwest::Method::POST, "/v1/agents/tasks", Some(body));
    sentence(answer.await)
}

async fn health(calls: &Calls) -> u16 {
    calls.send(reqwest::Method::GET, "/v1/health", None).await.0
}

/// Reads, which go on whatever the disk does.
async fn assert_reads_go_on(calls: &Calls, tasks: usize) {
    let all = calls.all("/v1/agents/tasks?paginated=true").await;
    assert_eq!(all.len(), tasks);
    assert_eq!(said(calls, reqwest::Method::GET, "/v1/client").await, "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_sync_the_outcome_is_unknown_and_nothing_is_written_until_the_next_start() {
    let (data, tools) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let fails = tools.path().join("fails");
    let (library, port) = (failing_syncs(tools.path()), free_port());
    let spawn = Spawn::new(data.path(), port)
        .env("LD_PRELOAD", &library)
        .env("STANDIN_SYNCS_FAIL_WHILE", &fails);
    let process = spawn.start().await;
    let calls = process.calls.clone();
    calls.user(EMAIL).await;
    let mut tasks: Vec<Task> = Vec::new();
    for _ in 0..4 {
        tasks.push(calls.create(EMAIL).await.unwrap());
    }
    std::fs::write(&fails, "").unwrap();
    let unsure = said(&calls, reqwest::Method::GET, &tasks[0].path).await;
    assert!(unsure.starts_with(&format!("503 {UNKNOWN}")), "{unsure}");
    // The disk works again; what it lost meanwhile nobody knows.
    std::fs::remove_file(&fails).unwrap();
    for _ in 0..3 {
        let refused = create(&calls).await;
        assert!(refused.starts_with(&format!("503 {NOTHING}")), "{refused}");
        let refused = said(&calls, reqwest::Method::GET, &tasks[1].path).await;
        assert!(refused.starts_with(&format!("503 {NOTHING}")), "{refused}");
        assert_eq!(health(&calls).await, 503);
    }
    assert_reads_go_on(&calls, 4).await;
    process.kill();

    let process = spawn.start().await;
    let calls = &process.calls;
    assert_eq!(health(calls).await, 200);
    assert_eq!(calls.all("/v1/agents/tasks?paginated=true").await.len(), 4);
    // What was refused was not done; what was unknown was done wholly or not at all.
    assert_eq!(calls.visit(&tasks[1]).await, SIGNED_IN);
    let opened = calls
        .all(&format!("/v1/audit_logs?agent_task_id={}", tasks[0].id))
        .await;
    let accepted = opened
        .iter()
        .filter(|record| record["action"] == "task.accept")
        .count();
    let path = format!("/v1/agents/tasks/{}", tasks[0].id);
    let shown = calls.get(&path).await;
    let used = usize::from(shown["status"] == "used");
    assert_eq!(accepted, used, "{shown}");
    let now = calls.visit(&tasks[0]).await;
    let expected = if used == 1 { already_used() } else { SIGNED_IN };
    assert_eq!(now, expected);
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
        eprintln!("skipped: this process may not mount a file system");
        return;
    };
    let (data, port) = (disk.0.path().join("data"), free_port());
    let process = Spawn::new(&data, port).start().await;
    let calls = &process.calls;
    calls.user(EMAIL).await;
    let task = calls.create(EMAIL).await.unwrap();
    let ballast = disk.0.path().join("ballast");
    // As much as there is room for, and not a byte is left.
    let _ = std::fs::write(&ballast, vec![1; 16 << 20]);

    // A small write may still find room where a larger one did not, and health tries a small one.
    let (mut made, mut refused) = (1, 0);
    while health(calls).await == 200 {
        match create(calls).await.as_str() {
            "200" => made += 1,
            told => {
                assert!(told.starts_with(&format!("503 {NOTHING}")), "{told}");
                refused += 1;
            }
        }
        assert!(
            made + refused < 5000,
            "{made} made, {refused} refused, and health is well"
        );
    }
    assert!(refused > 0);
    let told = said(calls, reqwest::Method::GET, &task.path).await;
    assert!(told.starts_with(&format!("503 {NOTHING}")), "{told}");
    assert_reads_go_on(calls, made).await;

    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(health(calls).await, 200);
    assert_eq!(create(calls).await, "200");
    assert_eq!(calls.visit(&task).await, SIGNED_IN);
    assert_reads_go_on(calls, made + 1).await;
}

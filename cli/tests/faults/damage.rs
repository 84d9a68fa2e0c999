//! Databases that are not what was written: bits that flipped, ends that are gone, pages in each other's places. A server says
//! what is wrong and does not start, or answers, but never for another user. SQLite only.

use std::fs;
use std::path::Path;

use standin_proof::{Chance, Trial};

use crate::calls::{Calls, Task};
use crate::process::{Process, Spawn, free_port};

const USERS: usize = 8;
const PAGE: usize = 4096;

fn email(user: usize) -> String {
    format!("user{user}@example.com")
}

/// A database with eight users, each with a task that is pending and one that was visited.
async fn made(data: &Path) -> (Vec<(String, Task)>, Vec<u8>) {
    let port = free_port();
    let process = Process::start(data, None, port, port).await;
    let calls = &process.calls;
    let mut tasks = Vec::new();
    for user in 0..USERS {
        calls.user(&email(user)).await;
        let used = calls.create(&email(user)).await.unwrap();
        calls.visit(&used).await;
        let pending = calls.create(&email(user)).await.unwrap();
        let path = format!("/v1/users?email_address={}", email(user));
        let id = calls.get(&path).await[0]["id"].as_str().unwrap().to_owned();
        tasks.push((id, pending));
    }
    process.kill();
    let file = data.join("standin.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    let moved = connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0));
    assert_eq!(moved, Ok(0));
    drop(connection);
    (tasks, fs::read(file).unwrap())
}

/// One of the ways in which files go bad.
fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) -> &'static str {
    let pages = bytes.len() / PAGE;
    let (one, other) = (chance.below(pages) * PAGE, chance.below(pages) * PAGE);
    match chance.below(5) {
        0 => {
            for _ in 0..=chance.below(64) {
                let at = chance.below(bytes.len());
                bytes[at] ^= 1 << chance.below(8);
            }
            "bits flipped"
        }
        1 => {
            bytes.truncate(chance.below(bytes.len()));
            "cut off"
        }
        2 => {
            for at in 0..PAGE {
                bytes.swap(one + at, other + at);
            }
            "pages swapped"
        }
        3 => {
            bytes[one..one + PAGE].fill(0);
            "a page of nothing"
        }
        _ => {
            let page = bytes[one..one + PAGE].to_vec();
            bytes[other..other + PAGE].copy_from_slice(&page);
            "a page twice"
        }
    }
}

/// Opens every link that is pending; how many opened a session.
async fn visited(calls: &Calls, tasks: &[(String, Task)]) -> usize {
    let mut opened = 0;
    for (user, task) in tasks {
        let visit = calls.http.get(format!("{}{}", calls.base, task.path));
        if visit.send().await.unwrap().status() != 307 {
            continue;
        }
        opened += 1;
        let session = calls.get(&format!("/v1/agents/tasks/{}", task.id)).await;
        let Some(session) = session["session_id"].as_str() else {
            continue;
        };
        let shown = calls.get(&format!("/v1/sessions/{session}")).await;
        if let Some(whose) = shown["user_id"].as_str() {
            assert_eq!(whose, user, "a ticket opened another user's session");
        }
    }
    for path in [
        "/v1/users",
        "/v1/sessions?paginated=true",
        "/v1/agents/tasks",
    ] {
        calls.get(path).await;
    }
    opened
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused_or_served_but_never_for_another_user() {
    let mut trial = Trial::begin("R12", "damaged copies of a database").on("SQLite");
    let (copies, seed) = (trial.size(12, 500), trial.seed());
    let mut chance = Chance::of(seed);
    let made_in = tempfile::tempdir().unwrap();
    let (tasks, whole) = made(made_in.path()).await;
    let (mut named, mut served, mut opened) = (0, 0, 0);
    for copy in 0..copies {
        let (data, port) = (tempfile::tempdir().unwrap(), free_port());
        for file in ["master.key", "dev.json"] {
            fs::copy(made_in.path().join(file), data.path().join(file)).unwrap();
        }
        let mut bytes = whole.clone();
        let how = damage(&mut bytes, &mut chance);
        fs::write(data.path().join("standin.db"), bytes).unwrap();
        let log = made_in.path().join(".said");
        let process = Spawn::new(data.path(), port).said_to(&log).attempt().await;
        if let Some(process) = process {
            served += 1;
            opened += visited(&process.calls, &tasks).await;
            process.kill();
        } else {
            named += 1;
            let said = fs::read_to_string(&log).unwrap();
            assert!(said.contains("error["), "copy {copy}, {how}: {said}");
        }
        let said = fs::read_to_string(log).unwrap();
        assert!(!said.contains("panicked"), "copy {copy}, {how}: {said}");
    }
    trial.end(format_args!(
        "{copies} copies: {named} refused by name, {served} served, {opened} tickets opened their own user's session, 0 panics"
    ));
}

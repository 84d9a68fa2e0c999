//! `kill -9` before each single write, truncation and sync that an operation makes, and in the middle of it. SQLite only.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;
use standin_proof::{Held, History, Told, Trial};
use tempfile::TempDir;

use crate::calls::{Calls, SIGNED_IN, Task};
use crate::crash::EMAIL;
use crate::process::{Process, Spawn, free_port};
use crate::watched_disk::WatchedDisk;

/// An operation that a server is asked for; `task` is there for it.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Create,
    Visit,
    TakeBack,
    SignOut,
}

impl Deed {
    const ALL: [Self; 4] = [Self::Create, Self::Visit, Self::TakeBack, Self::SignOut];

    async fn prepare(self, calls: &Calls) -> Task {
        let task = calls.create(EMAIL).await.unwrap();
        if matches!(self, Self::SignOut) {
            calls.visit(&task).await;
        }
        task
    }

    async fn ask(self, calls: &Calls, task: &Task) -> Told {
        match self {
            Self::Create => match calls.created(EMAIL).await {
                Ok(_) => Told::Done,
                Err(told) => told,
            },
            Self::Visit => calls.visit(task).await,
            Self::TakeBack => calls.take_back(task).await,
            Self::SignOut => calls.sign_out(task).await,
        }
    }
}

/// At most so many of the moments before `count` steps, the first and the last among them.
fn moments(count: i64, most: usize) -> Vec<i64> {
    let most = i64::try_from(most).unwrap().clamp(2, count.max(2));
    let mut moments: Vec<i64> = (0..most)
        .map(|n| 1 + n * (count - 1).max(0) / (most - 1))
        .collect();
    moments.dedup();
    moments
}

/// Kills a server at each of its moments in one operation. How often.
async fn kill_in(deed: Deed, data: &Path, most: usize, history: &Arc<History>) -> usize {
    let (disk, port) = (WatchedDisk::new(), free_port());
    let spawn = disk.watch(Spawn::new(data, port));
    let process = spawn.start().await;
    let calls = process.calls.of(history);
    calls.user(EMAIL).await;
    let task = deed.prepare(&calls).await;
    let before = disk.count();
    assert_ne!(deed.ask(&calls, &task).await, Told::Nothing);
    let moments = moments(disk.count() - before, most);
    process.kill();
    let mut kills = 0;
    for (turn, moment) in moments.into_iter().enumerate() {
        let process = spawn.start().await;
        let calls = process.calls.of(history);
        let task = deed.prepare(&calls).await;
        disk.die_before(moment, turn % 2 == 1);
        let told = deed.ask(&calls, &task).await;
        // It may have needed fewer steps this time.
        if disk.forgive() {
            process.kill();
        } else {
            process.wait_for_its_end();
            kills += usize::from(told == Told::Nothing);
        }
    }
    kills
}

async fn hold(data: &Path, history: &Arc<History>) -> Held {
    let port = free_port();
    let process = Process::start(data, None, port, port).await;
    process.calls.of(history).hold().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_is_killed_at_any_step_was_done_wholly_or_not_at_all() {
    let mut trial =
        Trial::begin("R2", "`kill -9` at each write and sync of an operation").on("SQLite");
    let most = trial.size(4, 1000);
    let (data, history) = (tempfile::tempdir().unwrap(), Arc::default());
    let mut kills = Vec::new();
    for deed in Deed::ALL {
        kills.push(kill_in(deed, data.path(), most, &history).await);
    }
    let held = hold(data.path(), &history).await;
    assert!(kills.iter().all(|kills| *kills > 0), "{kills:?}");
    trial.end(format_args!(
        "create {}, visit {}, take back {}, sign out {} kills: {held}",
        kills[0], kills[1], kills[2], kills[3]
    ));
}

fn rotate(data: &Path, disk: &WatchedDisk) -> bool {
    let done = Command::new(env!("CARGO_BIN_EXE_standin"))
        .args(["jwks", "rotate", "--now", "--data"])
        .arg(data)
        .envs(disk.environment())
        .stdout(Stdio::null())
        .status();
    done.unwrap().success()
}

fn keys(data: &Path) -> i64 {
    let file = Connection::open(data.join("standin.db")).unwrap();
    let sql = "select count(*) from signing_keys";
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A copy of a data folder, as it stands.
fn copy(data: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(data).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

/// A server on this folder still lets people in; what was held against the laws.
async fn serves(data: &Path, port: u16) -> Held {
    let process = Process::start(data, None, port, port).await;
    let calls = &process.calls;
    calls.user(EMAIL).await;
    let task = calls.create(EMAIL).await.unwrap();
    assert_eq!(calls.visit(&task).await, SIGNED_IN);
    let shown = calls.get(&format!("/v1/agents/tasks/{}", task.id)).await;
    let path = format!(
        "/v1/sessions/{}/tokens",
        shown["session_id"].as_str().unwrap()
    );
    let token = calls.send(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(token.0, 200);
    calls.hold().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_at_any_step_leaves_the_old_keys_or_the_new_one_and_a_server_that_signs()
 {
    let mut trial =
        Trial::begin("R2", "`kill -9` at each write and sync of a rotation").on("SQLite");
    let (most, disk, port) = (trial.size(4, 1000), WatchedDisk::new(), free_port());
    let data = tempfile::tempdir().unwrap();
    serves(data.path(), port).await;
    let there = keys(data.path());
    let (whole, before) = (copy(data.path()), disk.count());
    assert!(rotate(whole.path(), &disk));
    let (mut kills, mut made) = (0, 0);
    for (turn, moment) in moments(disk.count() - before, most).into_iter().enumerate() {
        let data = copy(data.path());
        disk.die_before(moment, turn % 2 == 1);
        let done = rotate(data.path(), &disk);
        kills += usize::from(!disk.forgive());
        let now = keys(data.path());
        assert!(now == there + 1 || !done && now == there, "{there} {now}");
        made += now - there;
        serves(data.path(), port).await;
    }
    assert!(kills > 0);
    trial.end(format_args!(
        "{kills} kills, after {made} of which the new key was there; every server signs"
    ));
}

/// What the first release left behind.
const OLD: &str = "
    create table migrations (version bigint primary key);
    insert into migrations values (1);
    insert into instance (slot, id, kind, created_at) values (1, 'ins_old', 'development', 1);
    insert into agents (id, name, created_at) values ('agent_old', 'PT', 1);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 300)
    insert into users (id, first_name, last_name, public_metadata, private_metadata, unsafe_metadata, delete_self_enabled,
                       create_organization_enabled, created_at, updated_at)
    select 'user_' || i, 'Émile', 'Nr ' || i, '{}', '{}', '{}', 1, 1, i, i from n;";

fn old(data: &Path) {
    let first = include_str!("../../../server/migrations/0001_init.sql");
    let first = first.replace("bigserial primary key", "integer primary key");
    let file = Connection::open(data.join("standin.db")).unwrap();
    file.execute_batch(&format!("pragma journal_mode = wal; {first}; {OLD}"))
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_killed_at_any_step_is_made_by_the_next_start() {
    let mut trial =
        Trial::begin("R2", "`kill -9` at each write and sync of a migration").on("SQLite");
    let (most, disk, port) = (trial.size(6, 100), WatchedDisk::new(), free_port());
    // A key to seal with is all that this takes from a server of today.
    let made = tempfile::tempdir().unwrap();
    serves(made.path(), port).await;
    let folder = || {
        let data = tempfile::tempdir().unwrap();
        fs::copy(
            made.path().join("master.key"),
            data.path().join("master.key"),
        )
        .unwrap();
        old(data.path());
        data
    };
    let (data, before) = (folder(), disk.count());
    let spawn = disk.watch(Spawn::new(data.path(), port));
    spawn.start().await.kill();
    let (moments, mut kills) = (moments(disk.count() - before, most), 0);
    for (turn, moment) in moments.into_iter().enumerate() {
        let data = folder();
        let spawn = disk.watch(Spawn::new(data.path(), port));
        disk.die_before(moment, turn % 2 == 1);
        let process = spawn.attempt().await;
        kills += usize::from(!disk.forgive());
        drop(process);
        let process = spawn.start().await;
        let users = process.calls.get("/v1/users?name_query=nr 300").await;
        assert_eq!(users[0]["id"], "user_300", "{users}");
        process.kill();
        serves(data.path(), port).await;
    }
    assert!(kills > 0);
    trial.end(format_args!(
        "{kills} kills, every next start made it whole"
    ));
}

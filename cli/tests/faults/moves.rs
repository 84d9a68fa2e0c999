//! A move to another database that is killed in the middle, again and again, and the same command once more to the end.
//!
//! Under `scripts/with-postgres` from SQLite to PostgreSQL and back; elsewhere from one file to another.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use serde_json::Value;
use standin_proof::Trial;
use tempfile::TempDir;

use crate::calls::{SIGNED_IN, already_used};
use crate::load::pause;
use crate::process::{Process, database, free_port};

fn standin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
    command
        .args(arguments)
        .arg("--json")
        .stderr(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn done(arguments: &[&str]) -> Value {
    let Output { status, stdout, .. } = standin(arguments).output().unwrap();
    let text = String::from_utf8(stdout).unwrap();
    assert!(status.success(), "{arguments:?}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = standin(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    let text: Value = serde_json::from_slice(&output.stdout).unwrap();
    text["error"]["message"].as_str().unwrap().to_owned()
}

/// A place for data: a folder, and perhaps a database of PostgreSQL's.
struct Place {
    folder: TempDir,
    url: Option<String>,
}

impl Place {
    fn new(url: Option<String>, key: Option<&Path>) -> Self {
        let folder = TempDir::new().unwrap();
        if let Some(key) = key {
            std::fs::copy(key, folder.path().join("master.key")).unwrap();
        }
        Self { folder, url }
    }

    fn name(&self) -> String {
        let folder = self.folder.path().display().to_string();
        self.url.clone().unwrap_or(folder)
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("master.key")
    }

    /// The options of a command that works on it.
    fn options<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        let mut all = command.to_vec();
        all.extend(["--data", self.folder.path().to_str().unwrap()]);
        all.extend(
            self.url
                .iter()
                .flat_map(|url| ["--database-url", url.as_str()]),
        );
        all
    }

    /// Whether it says of itself that it takes part in a move.
    fn is_moving(&self) -> bool {
        let status = standin(&self.options(&["db", "status"])).output().unwrap();
        let Ok(status) = serde_json::from_slice::<Value>(&status.stdout) else {
            return false;
        };
        let tables = status["tables"].as_array();
        let mut moves = tables
            .into_iter()
            .flatten()
            .filter(|one| one["table"] == "moves");
        moves.any(|one| one["rows"] == 1)
    }

    async fn serve(&self) -> Process {
        let port = free_port();
        Process::start(self.folder.path(), self.url.as_deref(), port, port).await
    }
}

/// Moves and is killed so often while rows are on their way, then moves to the end.
async fn interrupted(from: &Place, to: &Place, kills: usize) -> Value {
    let (here, there) = (from.name(), to.name());
    let arguments = ["db", "move", &here, &there];
    // A connection to PostgreSQL and the schema there take their time.
    let first = if to.url.is_some() { 150 } else { 20 };
    let (mut killed, mut begun, mut moment) = (0, 0, first);
    while begun < kills {
        let mut child = standin(&arguments).spawn().unwrap();
        pause(moment).await;
        let is_over = child
            .try_wait()
            .unwrap()
            .is_some_and(|status| status.success());
        child.kill().unwrap();
        child.wait().unwrap();
        if is_over {
            break;
        }
        killed += 1;
        if !from.is_moving() {
            moment += 20;
            continue;
        }
        (begun, moment) = (begun + 1, moment + 15);
        // Whatever has arrived by then, neither side serves.
        for place in [from, to].into_iter().filter(|place| place.is_moving()) {
            let said = refused(&place.options(&["key", "list"]));
            assert!(
                said.contains("db move") || said.contains("was moved"),
                "{said}"
            );
        }
    }
    println!("{killed} kills, {begun} of them with rows on their way");
    assert!(begun > 0, "every kill came too early or too late");
    let moved = standin(&arguments).output().unwrap();
    if !moved.status.success() {
        // It was over before.
        assert_eq!(refused(&arguments), "the data was moved from there already");
    }
    done(&to.options(&["db", "status"]))
}

/// How many rows each table has, apart from those that a database has for itself.
fn rows(status: &Value) -> Vec<String> {
    let tables = status["tables"].as_array().unwrap();
    let all = tables.iter().filter(|one| {
        let name = one["table"].as_str().unwrap();
        !["migrations", "writers", "moves", "arrivals"].contains(&name)
    });
    all.map(|one| format!("{} {} {}", one["table"], one["rows"], one["newest"]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_goes_on_and_one_database_serves_in_the_end() {
    const USERS: usize = 3000;
    let mut trial = Trial::begin("R18", "a move to another database is killed");
    let first = Place::new(None, None);
    let process = first.serve().await;
    let (spent, open) = {
        process.calls.user("ada@example.com").await;
        let spent = process.calls.create("ada@example.com").await.unwrap();
        process.calls.visit(&spent).await;
        (
            spent,
            process.calls.create("ada@example.com").await.unwrap(),
        )
    };
    let second = Place::new(database(), Some(&first.key()));
    let (here, there) = (first.name(), second.name());
    let said = refused(&["db", "move", &here, &there]);
    assert!(said.contains("stop the server"), "{said}");
    process.kill();
    let mut text = String::new();
    for n in 0..USERS {
        let letter = ["a", "B", "b", "Z", "_"][n % 5];
        writeln!(
            text,
            r#"{{"id":"user_{letter}{n}","email_address":["u{n}@example.com"]}}"#
        )
        .unwrap();
    }
    let file = first.folder.path().join(".users.jsonl");
    std::fs::write(&file, text).unwrap();
    done(&first.options(&["user", "import", file.to_str().unwrap()]));
    let before = rows(&done(&first.options(&["db", "status"])));

    let kills = trial.size(2, 100);
    let arrived = interrupted(&first, &second, kills).await;
    assert_eq!(rows(&arrived), before);
    done(&second.options(&["db", "check"]));
    assert_eq!(
        refused(&first.options(&["key", "list"])),
        "this data was moved to another database; name that one"
    );

    // Back again, without an interruption, into a new folder; and served there.
    let third = Place::new(None, Some(&first.key()));
    let (here, there) = (second.name(), third.name());
    let moved = done(&["db", "move", &here, &there]);
    assert!(moved["rows"].as_u64().unwrap() > 6000, "{moved}");
    assert_eq!(rows(&done(&third.options(&["db", "status"]))), before);
    done(&third.options(&["db", "check"]));
    let process = third.serve().await;
    assert_eq!(process.calls.visit(&spent).await, already_used());
    assert_eq!(process.calls.visit(&open).await, SIGNED_IN);
    // Numbers go on after those that arrived.
    let records = process.calls.all("/v1/audit_logs?").await;
    assert!(records[0]["seq"].as_u64().unwrap() > 6);
    trial.end(format_args!(
        "at most {kills} kills, every row there and back"
    ));
}

const MANY: &str = "
    insert into agents (id, name, created_at) values ('agent_many', 'many', 1);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < MANY)
    insert into users (id, first_name, name_folded, public_metadata, private_metadata, unsafe_metadata, delete_self_enabled,
                       create_organization_enabled, created_at, updated_at)
    select 'user_many_' || i, 'Émile ' || i, 'émile ' || i, '{}', '{}', '{}', 1, 1, i, i from n;
    insert into clients (id, secret_digest, created_at, updated_at)
    select 'client_' || id, id, 1, 1 from users where first_name like 'Émile%';
    insert into tasks (id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds,
                       ticket_digest, created_at, expires_at, used_at, session_id, used_ip, used_agent)
    select 'agttsk_' || id, 'agent_many', id, 'key_1', 'many', '*', 'http://localhost:3000/', 1800, id, 1, 2, 1,
           'sess_' || id, '10.0.0.1', 'curl/8' from users where first_name like 'Émile%';
    insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at)
    select session_id, 'client_' || user_id, user_id, agent_id, id, 1, 1, 2, 1 from tasks where agent_id = 'agent_many';";

#[tokio::test(flavor = "multi_thread")]
async fn very_many_rows_arrive_and_the_move_says_so() {
    let mut trial = Trial::begin("R18", "very many rows are moved");
    let many = trial.size(2000, 500_000);
    let first = Place::new(None, None);
    let process = first.serve().await;
    process.calls.user("ada@example.com").await;
    let open = process.calls.create("ada@example.com").await.unwrap();
    process.kill();
    let file = rusqlite::Connection::open(first.folder.path().join("standin.db")).unwrap();
    file.execute_batch(&format!(
        "begin; {}; commit",
        MANY.replace("MANY", &many.to_string())
    ))
    .unwrap();
    drop(file);
    let before = rows(&done(&first.options(&["db", "status"])));

    let second = Place::new(database(), Some(&first.key()));
    let third = Place::new(None, Some(&first.key()));
    let mut took = Vec::new();
    for (from, to) in [(&first, &second), (&second, &third)] {
        let started = Instant::now();
        let moved = done(&["db", "move", &from.name(), &to.name()]);
        took.push(started.elapsed());
        assert!(moved["rows"].as_u64().unwrap() > 4 * many as u64, "{moved}");
        assert_eq!(rows(&done(&to.options(&["db", "status"]))), before);
    }
    let process = third.serve().await;
    assert_eq!(process.calls.visit(&open).await, SIGNED_IN);
    let [there, back] = took[..] else {
        unreachable!()
    };
    trial.end(format_args!(
        "{} rows there in {there:.1?}, back in {back:.1?}",
        4 * many
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_given_up_leaves_what_was_there_serving() {
    let first = Place::new(None, None);
    first.serve().await.kill();
    let second = Place::new(database(), Some(&first.key()));
    second.serve().await.kill();
    let (here, there) = (first.name(), second.name());
    let said = refused(&["db", "move", &here, &there]);
    assert!(said.contains("has data of its own"), "{said}");
    first.serve().await.kill();

    // As it is left behind by an interruption at the very beginning.
    let file = rusqlite::Connection::open(first.folder.path().join("standin.db")).unwrap();
    file.execute(
        "insert into moves (slot, id, state) values (1, 'm', 'leaving')",
        [],
    )
    .unwrap();
    drop(file);
    let said = refused(&first.options(&["key", "list"]));
    assert!(said.contains("being moved"), "{said}");
    let gave_up = standin(&["db", "move", &here, "--give-up"])
        .status()
        .unwrap();
    assert!(gave_up.success());
    first.serve().await.kill();
    let said = refused(&["db", "move", &here, "--give-up"]);
    assert!(said.contains("not being moved"), "{said}");
}

//! `kill -9` in the middle of an import, again and again, and the same command once more to the end.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use standin_proof::Trial;

use crate::process::{Process, database, free_port};

fn user(what: &str, data: &Path, database: Option<&str>, file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
    command
        .args(["user", what])
        .arg(file)
        .arg("--data")
        .arg(data);
    if let Some(url) = database {
        command.args(["--database-url", url]);
    }
    command
        .arg("--json")
        .stderr(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// Everybody who was imported.
fn exported(data: &Path, database: Option<&str>) -> Vec<Value> {
    let all = data.join(".all.jsonl");
    let output = user("export", data, database, &all).output().unwrap();
    assert!(output.status.success());
    let text = std::fs::read_to_string(&all).unwrap();
    let users = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    users
        .filter(|user| user["email_address"][0].as_str().unwrap().starts_with('u'))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_leaves_whole_users_and_is_completed_by_the_same_command() {
    const ROWS: usize = 10_000;
    let mut trial = Trial::begin("R1", "`kill -9` in an import");
    let (data, database, port) = (tempfile::tempdir().unwrap(), database(), free_port());
    // Makes the data, with one user of its own.
    let process = Process::start(data.path(), database.as_deref(), port, port).await;
    process.kill();
    let mut text = String::new();
    for n in 0..ROWS {
        writeln!(
            text,
            r#"{{"id":"user_{n}","email_address":["u{n}@example.com","v{n}@example.com"]}}"#
        )
        .unwrap();
    }
    let file = data.path().join(".users.jsonl");
    std::fs::write(&file, text).unwrap();
    let kills = u64::try_from(trial.size(4, 100)).unwrap();
    for life in 0..kills {
        let mut child = user("import", data.path(), database.as_deref(), &file)
            .spawn()
            .unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "the moment of the crash is what is chosen"
        )]
        tokio::time::sleep(Duration::from_millis(250 + life * 200 % 830)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = user("import", data.path(), database.as_deref(), &file)
        .output()
        .unwrap();
    assert!(output.status.success());
    let counts: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (made, there) = (
        counts["made"].as_u64().unwrap(),
        counts["already_there"].as_u64().unwrap(),
    );
    assert_eq!(usize::try_from(made + there).unwrap(), ROWS);

    let imported = exported(data.path(), database.as_deref());
    let ids: HashSet<&str> = imported
        .iter()
        .map(|user| user["id"].as_str().unwrap())
        .collect();
    assert_eq!((imported.len(), ids.len()), (ROWS, ROWS));
    assert!(
        imported
            .iter()
            .all(|user| user["email_address"].as_array().unwrap().len() == 2)
    );
    trial.end(format_args!(
        "{kills} kills, {there} users were there, {made} made by the last run"
    ));
}

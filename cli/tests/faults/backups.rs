//! Backups of a server that goes on writing, each restored after the server is gone. What was acknowledged before the backup
//! began is there; what came later is lost, and no ticket of all those opens anything again.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use standin_proof::{Asked, Held, History, Told, Trial, Whose};
use standin_server::clock::Clock;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::calls::SIGNED_IN;
use crate::cluster::programs;
use crate::crash::{EMAIL, call};
use crate::load::pause;
use crate::process::{Process, database, free_port};

fn ran(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

fn standin(arguments: &[&str], data: &Path, database: Option<&str>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
    command.arg("db").args(arguments).arg("--data").arg(data);
    if let Some(url) = database {
        command.args(["--database-url", url]);
    }
    ran(&mut command);
}

fn postgres(program: &str) -> Command {
    Command::new(programs().unwrap().join(program))
}

fn back_up(file: &str, data: &Path, database: Option<&str>) {
    match database {
        None => standin(&["backup", file], data, None),
        Some(url) => ran(postgres("pg_dump").args(["--format=custom", "--file", file, url])),
    }
}

fn restore(file: &str, data: &Path, database: Option<&str>) {
    match database {
        None => standin(&["restore", file], data, None),
        Some(url) => {
            let into = format!("--dbname={url}");
            ran(postgres("pg_restore").args(["--exit-on-error", "--no-owner", &into, file]));
            standin(&["restored"], data, database);
        }
    }
    standin(&["check"], data, database);
}

/// One server's life until its end, and the next one's on the backup.
async fn round(turn: u64) -> Held {
    let (first, second, folder) = (
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
    );
    let file = folder.path().join("copy").display().to_string();
    let (before, port) = (database(), free_port());
    let process = Process::start(first.path(), before.as_deref(), port, port).await;
    process.calls.user(EMAIL).await;
    let (history, tasks) = (
        Arc::new(History::default()),
        Arc::new(Mutex::new(Vec::new())),
    );
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        callers.spawn(call(process.calls.of(&history), tasks.clone(), usize::MAX));
    }
    pause(200 + turn * 37 % 200).await;
    let begun = history.events_so_far();
    let (copy, data, url) = (file.clone(), first.path().to_owned(), before.clone());
    let copying = move || back_up(&copy, &data, url.as_deref());
    tokio::task::spawn_blocking(copying).await.unwrap();
    // A busy machine can take longer over one answer than the backup over everything.
    for _ in 0..100 {
        pause(100).await;
        if history.events_so_far() > begun {
            break;
        }
    }
    process.kill();
    callers.join_all().await;
    assert!(history.events_so_far() > begun, "nobody wrote meanwhile");

    std::fs::copy(
        first.path().join("master.key"),
        second.path().join("master.key"),
    )
    .unwrap();
    let after = database();
    restore(&file, second.path(), after.as_deref());
    let process = Process::start(second.path(), after.as_deref(), port, port).await;
    let told = Arc::new(history.as_of(begun));
    let calls = process.calls.of(&told);
    let tasks = std::mem::take(&mut *tasks.lock().unwrap());
    let now = || Clock::System.now().0;
    let everyone = told.ask(Asked::SignOut(Whose::Everyone), now());
    told.tell(everyone, Told::Done, now());
    for task in &tasks {
        let task = task.id.clone();
        let _ = told.ask(Asked::TakeBack { task }, now());
    }
    for task in &tasks {
        let answer = calls.visit(task).await;
        assert!(matches!(answer, Told::Refused(_)), "{answer:?}");
    }
    let next = calls.create(EMAIL).await.unwrap();
    assert_eq!(calls.visit(&next).await, SIGNED_IN);
    calls.hold().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_backup_under_load_holds_keeps_every_law_and_no_ticket_opens_again() {
    let mut trial = Trial::begin("R19", "backups under load are restored");
    let (rounds, mut all) = (trial.size(2, 20), Held::default());
    for turn in 0..rounds {
        let held = round(u64::try_from(turn).unwrap()).await;
        assert!(held.tasks > 10, "{held}");
        all += held;
    }
    trial.end(format_args!("{rounds} backups: {all}"));
}

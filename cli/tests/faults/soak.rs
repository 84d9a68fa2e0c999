//! The same work for a long time, while what is past its time is removed: memory, files and the database stay as they are, and
//! all of it is held against the laws.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use standin_proof::{Held, Kept, Told, Trial};
use tokio::task::JoinSet;

use crate::calls::{Calls, SIGNED_IN};
use crate::load::pause;
use crate::pressure::{EMAIL, server};
use crate::process::Process;

/// What a process takes up: memory and files.
struct Taken {
    at: Instant,
    memory: u64,
    files: usize,
}

/// Four callers do the same again and again, about half of what they could.
async fn season(process: &Process, calls: &Calls, time: Duration, taken: &mut Vec<Taken>) {
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let calls = calls.clone();
        callers.spawn(async move {
            while started.elapsed() < time {
                let task = calls.create(EMAIL).await.unwrap();
                assert_eq!(calls.visit(&task).await, SIGNED_IN);
                assert_eq!(calls.sign_out(&task).await, Told::Done);
                pause(40).await;
            }
        });
    }
    while !callers.is_empty() {
        taken.push(Taken {
            at: Instant::now(),
            memory: process.memory(),
            files: process.open_files(),
        });
        pause(200).await;
        while let Some(done) = callers.try_join_next() {
            done.unwrap();
        }
    }
}

/// Puts the server's clock on by so much that everything is past its time, and waits until it is gone.
async fn years_later(calls: &Calls) {
    let clock = format!("{}/v1/development/clock", calls.base);
    let by = json!({ "by_seconds": 2 * 365 * 86_400 });
    let request = calls.http.patch(clock).bearer_auth(&calls.key).json(&by);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let started = Instant::now();
    for list in ["agents/tasks", "sessions"] {
        let list = format!("/v1/{list}?paginated=true&limit=1");
        while calls.get(&list).await["total_count"] != 0 {
            assert!(started.elapsed() < Duration::from_mins(5), "{list}");
            pause(20).await;
        }
    }
}

/// Holds a season against the laws. Records stay a while longer than what they tell of, so those of earlier seasons are left out.
async fn hold(calls: &Calls, newest: &mut i64) -> Held {
    let mut records = calls.all("/v1/audit_logs?").await;
    let number = |record: &Value| record["seq"].as_i64().unwrap();
    records.retain(|record| number(record) > *newest);
    *newest = records.iter().map(number).max().unwrap();
    let kept = Kept::of(
        &calls.all("/v1/agents/tasks?paginated=true").await,
        &calls.all("/v1/sessions?paginated=true").await,
        &records,
    );
    let held = calls.history.check(&kept);
    held.unwrap_or_else(|broken| panic!("{broken:#?}"))
}

/// How large the database is, in kilobytes, where it is a file.
fn kilobytes(data: &Path) -> Option<u64> {
    let file = data.join("standin.db").metadata().ok()?;
    Some(file.len() >> 10)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_work_for_a_long_time_takes_no_more_memory_files_and_disk() {
    let mut trial = Trial::begin("R20", "the same work for a long time");
    let seconds = trial.size(2, 1200);
    let seasons = if seconds < 60 { 3 } else { 12 };
    let (data, port, process) = server().await;
    let (mut taken, mut sizes, mut held) =
        (Vec::new(), vec![kilobytes(data.path())], Held::default());
    let mut newest = 0;
    for number in 1..=seasons {
        let calls = Calls::new(port, process.calls.key.clone());
        let time = Duration::from_secs(seconds as u64) / seasons;
        season(&process, &calls, time, &mut taken).await;
        held += hold(&calls, &mut newest).await;
        sizes.push(kilobytes(data.path()));
        if number < seasons {
            years_later(&calls).await;
        }
    }
    // Caches fill at first.
    let (half, last) = (&taken[taken.len() / 2], taken.last().unwrap());
    let grown = last.memory.saturating_sub(half.memory) / 1024;
    let minutes = (last.at - half.at).as_secs_f64() / 60.0;
    let most = taken.iter().map(|taken| taken.files).max().unwrap();
    assert!(most < half.files + 20, "{most} files");
    if minutes > 5.0 {
        #[expect(clippy::cast_precision_loss, reason = "there are not 2^52 of them")]
        let in_ten = grown as f64 / minutes * 10.0;
        assert!(in_ten < 1024.0, "{in_ten} KB in ten minutes");
    }
    // Nothing of PostgreSQL's, which tidies up when it sees fit.
    let sizes: Vec<u64> = sizes.into_iter().flatten().collect();
    let file = match (sizes.first(), sizes.get(seasons as usize / 2), sizes.last()) {
        (Some(first), Some(half), Some(last)) => {
            let grown = [half - first, last - half];
            assert!(seconds < 60 || grown[1] < grown[0] / 4, "{sizes:?}");
            format!(
                "; the database {} KB larger after half of it, and {} KB after the rest",
                grown[0], grown[1]
            )
        }
        _ => String::new(),
    };
    trial.end(format_args!(
        "{seconds} s in {seasons} seasons two years apart: {grown} KB more memory in the last {minutes:.1} minutes, at most {most} files open{file}; {held}"
    ));
}

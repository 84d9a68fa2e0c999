//! `cargo run --release -p standin-bench`: what Standin does on this machine, next to what the machine itself can do,
//! measured in the same run. Absolute figures of a shared machine mean little; the ratios are what to look at.
//!
//! The server is the release binary in a process of its own (`cargo build --release` first), on SQLite with every commit
//! on the disk before it is acknowledged; the load runs beside it, at 32 connections.

mod load;
mod machine;
mod server;

use std::time::Duration;

use load::{Run, drive};
use server::Server;

/// How long each measurement runs; `STANDIN_BENCH_SECONDS` for another length.
fn length() -> Duration {
    let seconds = std::env::var("STANDIN_BENCH_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(5))
}

#[tokio::main]
async fn main() {
    let length = length();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = Server::start(folder.path());
    let made_keys = first.ready_in;
    first.stop();
    let server = Server::start(folder.path());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let idle = server.resident_mib();
    println!(
        "start        {:>7.0} ms with keys to make, {:.0} ms with keys",
        ms(made_keys),
        ms(server.ready_in)
    );
    println!("idle memory  {idle:>7.1} MiB\n");

    let sign = machine::signatures(length);
    let commit = machine::commits(folder.path(), length, 1);
    let batched = machine::commits(folder.path(), length, 100);
    println!("this machine, one thread");
    println!("  RS256 signatures, 2048 bits          {sign:>8.0} /CPU-s");
    println!("  SQLite commits, one row, FULL        {commit:>8.0} /s");
    println!("  SQLite rows, 100 a commit, FULL      {batched:>8.0} /s\n");

    println!("standin, 32 connections, durable          /s    /CPU-s    p50 ms    p99 ms");
    let creates = drive(&server, load::create, length).await;
    show("create a task", &creates);
    let visits = drive(&server, load::visit, length).await;
    show("create and visit", &visits);
    let refreshes = drive(&server, load::refresh, length).await;
    show("refresh a token", &refreshes);
    let keys = drive(&server, load::keys, length).await;
    show("read the keys", &keys);

    println!("\nratios");
    println!(
        "  creates to one-row commits           {:>8.2}",
        creates.per_second / commit
    );
    println!(
        "  visits to one-row commits            {:>8.2}",
        visits.per_second / commit
    );
    println!(
        "  refreshes per CPU-s to signatures    {:>8.2}",
        refreshes.per_cpu_second / sign
    );
    println!(
        "  memory after the load                {:>8.1} MiB",
        server.resident_mib()
    );
    server.stop();
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn show(what: &str, run: &Run) {
    println!(
        "  {what:<34} {:>8.0}  {:>8.0}  {:>8.1}  {:>8.1}",
        run.per_second,
        run.per_cpu_second,
        ms(run.median),
        ms(run.p99)
    );
}

//! What the machine can do at all: signatures and durable commits, by the very libraries the server uses.

use std::path::Path;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;

/// How often `work` runs in a second, over `length`; `work` says how many units one turn was.
fn rate(length: Duration, mut work: impl FnMut() -> u32) -> f64 {
    let started = Instant::now();
    let mut done = 0.0;
    while started.elapsed() < length {
        done += f64::from(work());
    }
    done / started.elapsed().as_secs_f64()
}

/// CPU time this thread has used, in seconds (`schedstat` counts nanoseconds).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let spent = stat
        .split_whitespace()
        .next()
        .and_then(|text| text.parse::<f64>().ok());
    spent.unwrap_or_default() / 1e9
}

/// RS256 signatures for each second of CPU time, over a text as long as a session token.
pub fn signatures(length: Duration) -> f64 {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let (random, message) = (SystemRandom::new(), [7; 600]);
    let mut signature = vec![0; key.public_modulus_len()];
    let before = cpu_seconds();
    let started = Instant::now();
    let mut done = 0.0;
    while started.elapsed() < length {
        key.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature)
            .expect("a signature");
        done += 1.0;
    }
    done / (cpu_seconds() - before)
}

/// Rows a second into a SQLite table under the server's settings, so many rows a commit, on one thread.
pub fn commits(folder: &Path, length: Duration, rows: u32) -> f64 {
    let database = rusqlite::Connection::open(folder.join(format!("yardstick-{rows}.db")))
        .expect("a database");
    database
        .execute_batch("pragma journal_mode = wal; pragma synchronous = full; create table t (id integer primary key, x text);")
        .expect("a table");
    rate(length, || {
        database.execute_batch("begin immediate").expect("begin");
        for _ in 0..rows {
            let mut insert = database
                .prepare_cached("insert into t (x) values (?1)")
                .expect("a statement");
            insert
                .execute(["a row about as long as the digest of a ticket"])
                .expect("a row");
        }
        database.execute_batch("commit").expect("commit");
        rows
    })
}

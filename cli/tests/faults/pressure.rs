//! Callers who want too much: a flood of tickets that nobody gave out, requests that never end, bodies that never end. What others are told meanwhile is held against the laws; memory and files are looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use standin_proof::{Chance, Trial};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::calls::{Calls, SIGNED_IN};
use crate::load::pause;
use crate::process::{Process, database, free_port};

pub const EMAIL: &str = "ada@example.com";
const MEGABYTE: u64 = 1 << 20;

pub async fn server() -> (tempfile::TempDir, u16, Process) {
    let (data, port) = (tempfile::tempdir().unwrap(), free_port());
    let process = Process::start(data.path(), database().as_deref(), port, port).await;
    process.calls.user(EMAIL).await;
    (data, port, process)
}

/// What somebody has to wait for who behaves, each time.
struct Beside {
    enough: Arc<AtomicBool>,
    visits: tokio::task::JoinHandle<Vec<Duration>>,
}

impl Beside {
    /// Creates a task and visits it, now and again.
    fn on(calls: &Calls) -> Self {
        let (enough, calls) = (Arc::<AtomicBool>::default(), calls.clone());
        let stop = enough.clone();
        let visits = tokio::spawn(async move {
            let mut took = Vec::new();
            while !stop.load(Ordering::Relaxed) || took.len() < 20 {
                let task = calls.create(EMAIL).await.unwrap();
                let started = Instant::now();
                assert_eq!(calls.visit(&task).await, SIGNED_IN);
                took.push(started.elapsed());
                pause(20).await;
            }
            took
        });
        Self { enough, visits }
    }

    /// How many visits there were, and what the slowest one in a hundred took. Of a few visits that is the slowest, beside
    /// whatever else the machine did at that moment.
    async fn end(self) -> (usize, Duration) {
        self.enough.store(true, Ordering::Relaxed);
        let mut took = self.visits.await.unwrap();
        took.sort_unstable();
        let slowest = took[took.len() * 99 / 100];
        let most = if took.len() > 500 { 250 } else { 1000 };
        assert!(slowest < Duration::from_millis(most), "{slowest:?}");
        (took.len(), slowest)
    }
}

/// A ticket like the others, that nobody gave out.
fn ticket(chance: &mut Chance) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letters = (0..43).map(|_| char::from(LETTERS[chance.below(64)]));
    letters.collect()
}

/// A connection that stays open, for requests without a body; it gives the status of each answer.
struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    async fn to(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let buffer = Vec::new();
        Self { stream, buffer }
    }

    async fn get(&mut self, path: &str) -> u16 {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await.unwrap();
        loop {
            if let Some((status, length)) = whole(&self.buffer) {
                self.buffer.drain(..length);
                return status;
            }
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the server hung up");
        }
    }
}

/// Status and length of the answer at the beginning, once it is whole.
fn whole(bytes: &[u8]) -> Option<(u16, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (bytes.len() >= end + length).then_some((status, end + length))
}

async fn records(calls: &Calls) -> usize {
    calls.all("/v1/audit_logs?").await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_tickets_that_nobody_gave_out_opens_nothing_and_holds_nobody_up() {
    let mut trial = Trial::begin("R8", "a flood of wrong tickets");
    let (flood, seed) = (trial.size(4_000, 1_000_000), trial.seed());
    let (_data, port, process) = server().await;
    let calls = &process.calls;
    for _ in 0..50 {
        calls.create(EMAIL).await.unwrap();
    }
    let (memory, before) = (process.memory(), records(calls).await);
    let beside = Beside::on(calls);
    let mut floods = JoinSet::new();
    for caller in 0..8_u64 {
        floods.spawn(async move {
            let (mut wire, mut chance) = (Wire::to(port).await, Chance::of(seed + caller));
            for _ in 0..flood / 8 {
                let path = format!("/v1/agents/tasks?ticket={}", ticket(&mut chance));
                let status = wire.get(&path).await;
                assert!([400, 404, 429].contains(&status), "{status}");
            }
        });
    }
    floods.join_all().await;
    let grown = process.memory().saturating_sub(memory) / MEGABYTE;
    let (visits, slowest) = beside.end().await;
    // Each visit beside it has three records of its own.
    let left = records(calls).await - before - 3 * visits;
    let held = calls.hold().await;
    assert!(left < 100, "{left} records");
    assert!(grown < 20, "{grown} MB");
    trial.end(format_args!(
        "{flood} wrong tickets: 0 sessions, {left} records, {grown} MB more; {visits} visits beside them, the 99th percentile {slowest:.1?}; {held}"
    ));
}

/// Mean and variance.
fn spread(times: &[f64]) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "there are not 2^52 of them")]
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let squares = times.iter().map(|time| (time - mean).powi(2));
    (mean, squares.sum::<f64>() / (count - 1.0) / count)
}

/// Welch's t of two samples without their slowest tenth, which is the machine's doing.
fn welch(mut samples: [Vec<f64>; 2]) -> f64 {
    let mut all = samples.concat();
    all.sort_by(f64::total_cmp);
    let bound = all[all.len() * 9 / 10];
    for sample in &mut samples {
        sample.retain(|time| *time <= bound);
    }
    let [(one, of_one), (other, of_other)] = samples.map(|sample| spread(&sample));
    (one - other) / (of_one + of_other).sqrt()
}

#[tokio::test(flavor = "multi_thread")]
async fn how_much_of_a_ticket_is_right_does_not_show_in_the_time_of_its_refusal() {
    let mut trial = Trial::begin(
        "R8",
        "timing of tickets with a wrong beginning and a wrong end",
    );
    let (samples, seed) = (trial.size(1_500, 100_000), trial.seed());
    let (_data, port, process) = server().await;
    let task = process.calls.created(EMAIL).await.unwrap();
    let (path, right) = task.path.split_once("ticket=").unwrap();
    let other = |letter: &str| if letter == "A" { "B" } else { "A" };
    let end = right.len() - 1;
    let begins_wrong = format!("{path}ticket={}{}", other(&right[..1]), &right[1..]);
    // Not the last letter, of which some bits mean nothing.
    let ends_wrong = format!(
        "{path}ticket={}{}{}",
        &right[..end - 1],
        other(&right[end - 1..end]),
        &right[end..]
    );
    let (mut wire, mut chance) = (Wire::to(port).await, Chance::of(seed));
    let mut times = [Vec::new(), Vec::new()];
    while times.iter().any(|times| times.len() < samples) {
        let which = chance.below(2);
        let started = Instant::now();
        let status = wire.get([&begins_wrong, &ends_wrong][which]).await;
        times[which].push(started.elapsed().as_secs_f64());
        assert!([400, 404].contains(&status), "{status}");
    }
    let t = welch(times);
    assert!(t.abs() < 4.5, "{t}");
    trial.end(format_args!("{samples} of each: Welch's t is {t:.2}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_half_sent_hold_nobody_up_and_are_let_go() {
    let mut trial = Trial::begin("R15", "half-sent requests are held open");
    let count = trial.size(400, 5_000);
    let (_data, port, process) = server().await;
    let (calls, before) = (&process.calls, process.open_files());
    let (mut halves, mut longest) = (Vec::new(), Duration::ZERO);
    for n in 0..count {
        let started = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        longest = longest.max(started.elapsed());
        let half = [
            "POST /v1/agents/tasks HTTP/1.1\r\nHost: lo",
            "POST /v1/client/sign_ins HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{",
        ];
        stream.write_all(half[n % 2].as_bytes()).await.unwrap();
        halves.push(stream);
    }
    // A client that finds the queue of the socket full asks again after a second.
    assert!(
        longest < Duration::from_millis(900),
        "{longest:?} to connect"
    );
    let beside = Beside::on(calls);
    pause(1000).await;
    let held_open = process.open_files() - before;
    let (visits, slowest) = beside.end().await;
    assert!(held_open >= count, "{held_open} are open");
    let let_go = if count < 5_000 {
        drop(halves);
        "when their clients are gone"
    } else {
        "after the time that headers and bodies have"
    };
    let started = Instant::now();
    while process.open_files() > before + 20 {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "they are still open"
        );
        pause(50).await;
    }
    let held = calls.hold().await;
    trial.end(format_args!(
        "{count} held, {longest:.1?} to connect at most: {visits} visits beside them, the 99th percentile {slowest:.1?}; all let go {let_go}; {held}"
    ));
}

/// The status of the answer; none where the server hung up without one.
async fn answer(wire: &mut Wire) -> Option<u16> {
    while whole(&wire.buffer).is_none() {
        let read = wire.stream.read_buf(&mut wire.buffer).await;
        if read.unwrap_or_default() == 0 {
            break;
        }
    }
    whole(&wire.buffer).map(|(status, _)| status)
}

/// What comes back to a request.
async fn told(port: u16, bytes: &str) -> Option<u16> {
    let mut wire = Wire::to(port).await;
    // The server need not read what it refuses.
    let _ = wire.stream.write_all(bytes.as_bytes()).await;
    answer(&mut wire).await
}

/// Sends a body of so many megabytes, as far as the server takes it. What it said, and how many it took.
async fn endless(port: u16, head: &str, megabytes: usize) -> (Option<u16>, usize) {
    let mut wire = Wire::to(port).await;
    wire.stream.write_all(head.as_bytes()).await.unwrap();
    let mut piece = vec![b' '; 1 << 20];
    if head.contains("chunked") {
        piece.splice(0..0, *b"100000\r\n");
        piece.extend(b"\r\n");
    }
    let mut sent = 0;
    while sent < megabytes && wire.stream.write_all(&piece).await.is_ok() {
        sent += 1;
    }
    (answer(&mut wire).await, sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let mut trial = Trial::begin("R16", "bodies and headers without end");
    let megabytes = trial.size(32, 1024);
    let (_data, port, process) = server().await;
    let calls = &process.calls;
    let head = format!(
        "POST /v1/agents/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
        calls.key
    );
    calls.create(EMAIL).await.unwrap();
    let memory = process.memory();
    let mut taken = 0;
    for framing in [
        format!("Content-Length: {}", megabytes << 20),
        "Transfer-Encoding: chunked".to_owned(),
    ] {
        let (status, sent) = endless(port, &format!("{head}{framing}\r\n\r\n"), megabytes).await;
        // Whoever goes on sending may miss the answer when the server hangs up.
        assert!(matches!(status, Some(413) | None), "{framing}: {status:?}");
        taken = taken.max(sent);
    }
    let grown = process.memory().saturating_sub(memory);
    assert!(
        grown < 5 * MEGABYTE && taken < megabytes,
        "{grown} bytes, {taken} MB"
    );
    let long = "x".repeat(33 << 10);
    let headers = format!("GET /v1/client HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n");
    let with_body = |body: &str| format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let deep = with_body(&format!("{}1{}", "[".repeat(65), "]".repeat(65)));
    let twice = with_body("{\"permissions\":\"*\",\"permissions\":\"*\"}");
    assert_eq!(told(port, &headers).await, Some(431));
    assert_eq!(told(port, &deep).await, Some(400));
    assert_eq!(told(port, &twice).await, Some(422));
    assert_eq!(calls.hold().await.tasks, 1);
    trial.end(format_args!(
        "of {megabytes} MB {taken} left their sender, {} KB more memory; headers of 33 KB 431, 65 levels of JSON 400, a key twice 422",
        grown >> 10
    ));
}

//! The load: connections that each ask one thing after the other and read the whole answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::population::scatter;
use crate::process::CpuTimes;

/// How many connections there are.
pub const CONNECTIONS: usize = 32;
/// How many are left where one request takes so long that the others would only stand in a queue.
const FEW_CONNECTIONS: usize = 2;

/// One request.
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Header names and values, without `host`.
    pub headers: Vec<(&'static str, String)>,
    /// What it carries.
    pub body: String,
    /// What must be answered, or the run ends: a refusal is quick.
    pub expected: StatusCode,
}

/// What is asked of whom, and at whose cost.
#[derive(Clone)]
pub struct Plan {
    /// A port on loopback.
    pub port: u16,
    /// The processes that work for the answer.
    pub processes: Vec<u32>,
    /// Makes a request from a random number; `None` when there is nothing left to ask.
    pub next: Arc<dyn Fn(u64) -> Option<Call> + Send + Sync>,
    /// How long no connection begins another request.
    pub length: Duration,
}

/// What one round found.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Answers a second.
    pub per_second: f64,
    /// Answers for each second of CPU time of the processes.
    pub per_cpu_second: f64,
    /// Half took no longer.
    pub median: Duration,
    /// Of a hundred, ninety-nine took no longer.
    pub p99: Duration,
    /// The longest, requests that were cut off without an answer among them.
    pub longest: Duration,
    /// At how many connections.
    pub connections: usize,
}

/// An answer.
pub struct Answer {
    /// Its headers.
    pub headers: HeaderMap,
    /// What it carried.
    pub body: Bytes,
}

struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    async fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        Self(sender)
    }

    /// The answer, unless the connection was cut.
    async fn ask(&mut self, call: Call) -> hyper::Result<Answer> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(&call.path)
            .header("host", "localhost");
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::from(call.body)).expect("a request");
        self.0.ready().await?;
        let (head, body) = self.0.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        assert_eq!(head.status, call.expected, "{}: {body:?}", call.path);
        let headers = head.headers;
        Ok(Answer { headers, body })
    }
}

/// Where the load runs: threads of this process, beside the server's.
pub struct Load(Runtime);

impl Load {
    /// Starts the threads.
    pub fn new() -> Self {
        Self(Runtime::new().expect("threads"))
    }

    /// Lets a server come to rest.
    pub fn pause(&self, length: Duration) {
        #[expect(clippy::disallowed_methods, reason = "the load goes on for this long")]
        self.0.block_on(async { tokio::time::sleep(length).await });
    }

    /// Asks for some things over one connection, uncounted.
    pub fn ask(&self, port: u16, calls: impl IntoIterator<Item = Call>) -> Vec<Answer> {
        self.0.block_on(async {
            let mut connection = Connection::open(port).await;
            let mut answers = Vec::new();
            for call in calls {
                answers.push(connection.ask(call).await.expect("an answer"));
            }
            answers
        })
    }

    /// One request while a plan is carried out: its answer and how long that took (`None` when the connection was cut),
    /// and the plan's round.
    pub fn ask_during(&self, plan: &Plan, call: Call) -> (Option<(Answer, Duration)>, Round) {
        let plan = plan.clone();
        self.0.block_on(async move {
            let mut connection = Connection::open(plan.port).await;
            let warm = warm(&plan).await;
            let under_way = tokio::spawn(round(plan, warm));
            #[expect(
                clippy::disallowed_methods,
                reason = "what is measured is a server that was left alone"
            )]
            tokio::time::sleep(Duration::from_millis(500)).await;
            let asked = Instant::now();
            let answer = connection.ask(call).await.ok();
            let answered = answer.map(|answer| (answer, asked.elapsed()));
            (answered, under_way.await.expect("a round"))
        })
    }

    /// Carries out a plan.
    pub fn drive(&self, plan: &Plan) -> Round {
        self.0.block_on(async {
            let warm = warm(plan).await;
            round(plan.clone(), warm).await
        })
    }
}

/// Opens the connections and lets each have one turn that is not counted.
async fn warm(plan: &Plan) -> Vec<Connection> {
    let mut first = Connection::open(plan.port).await;
    // The first turn finds cold caches, and any turn may find a busy machine: the quickest tells how long it takes.
    let mut alone = Duration::MAX;
    for turn in 0..3_u64 {
        let asked = Instant::now();
        if let Some(call) = (plan.next)(scatter(turn)) {
            first.ask(call).await.expect("an answer");
        }
        alone = alone.min(asked.elapsed());
    }
    let slow = alone > plan.length / 16;
    let connections = if slow { FEW_CONNECTIONS } else { CONNECTIONS };
    let mut warm = JoinSet::new();
    for number in 0..connections {
        let (port, next) = (plan.port, plan.next.clone());
        warm.spawn(async move {
            let mut connection = Connection::open(port).await;
            if !slow && let Some(call) = next(scatter(number as u64)) {
                connection.ask(call).await.expect("an answer");
            }
            connection
        });
    }
    warm.join_all().await
}

/// Lets every connection have one turn after the other.
async fn round(plan: Plan, warm: Vec<Connection>) -> Round {
    let (cpu, started) = (CpuTimes::of(&plan.processes), Instant::now());
    let mut running = JoinSet::new();
    for (number, connection) in warm.into_iter().enumerate() {
        let (next, length) = (plan.next.clone(), plan.length);
        let seed = scatter(number as u64) ^ scatter(plan.port.into());
        running.spawn(turns(connection, next, seed, started + length));
    }
    let turns = running.join_all().await;
    let elapsed = started.elapsed();
    let cpu = CpuTimes::of(&plan.processes).since(&cpu);
    Round::of(turns, elapsed, cpu)
}

/// One connection's turns: how long each took, and the one after which the connection was cut.
#[derive(Default)]
struct Turns {
    answered: Vec<Duration>,
    cut: Option<Duration>,
}

async fn turns(
    mut connection: Connection,
    next: Arc<dyn Fn(u64) -> Option<Call> + Send + Sync>,
    seed: u64,
    until: Instant,
) -> Turns {
    let mut turns = Turns::default();
    let mut turn = seed;
    while Instant::now() < until {
        turn = turn.wrapping_add(1);
        let Some(call) = next(scatter(turn)) else {
            break;
        };
        let asked = Instant::now();
        if let Err(error) = connection.ask(call).await {
            eprintln!("no answer within {:?}: {error}", asked.elapsed());
            turns.cut = Some(asked.elapsed());
            break;
        }
        turns.answered.push(asked.elapsed());
    }
    turns
}

impl Round {
    fn of(turns: Vec<Turns>, elapsed: Duration, cpu: f64) -> Self {
        let connections = turns.len();
        let cut = turns.iter().filter_map(|turns| turns.cut).max();
        let answered = turns.into_iter().flat_map(|turns| turns.answered);
        let mut times: Vec<Duration> = answered.collect();
        times.sort_unstable();
        assert!(!times.is_empty(), "there was nothing to ask");
        let done = u32::try_from(times.len()).map_or(f64::INFINITY, f64::from);
        Self {
            per_second: done / elapsed.as_secs_f64(),
            per_cpu_second: done / cpu,
            median: times[times.len() / 2],
            p99: times[times.len() * 99 / 100],
            longest: times[times.len() - 1].max(cut.unwrap_or_default()),
            connections,
        }
    }
}

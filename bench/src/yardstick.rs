//! What the machine can do at all, by the very libraries the server uses: signatures, answers and durable commits.
//!
//! Signatures and answers are measured as the server is, in a process of their own and over the same connections, with
//! nothing behind hyper but the thing itself.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::load::{Call, Load, Plan, Round};
use crate::process::{Running, own_cpu_seconds};

/// The word that makes this program the yardstick's process.
pub const COMMAND: &str = "yardstick";
const SIGN: &str = "/sign";
/// As long as header and claims of a session token.
const CLAIMS: usize = 450;

/// The yardstick's process.
pub struct Yardstick {
    process: Running,
    port: u16,
}

impl Yardstick {
    /// Starts it.
    pub fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program again");
        let mut port = String::new();
        BufReader::new(process.stdout.take().expect("its output"))
            .read_line(&mut port)
            .expect("a line");
        Self {
            process: Running(process),
            port: port.trim().parse().expect("a port"),
        }
    }

    /// Answers with a signature in each.
    pub fn sign(&self, load: &Load, length: Duration) -> Round {
        self.round(load, Method::POST, SIGN, length)
    }

    /// Answers that say nothing.
    pub fn answer(&self, load: &Load, length: Duration) -> Round {
        self.round(load, Method::GET, "/", length)
    }

    fn round(&self, load: &Load, method: Method, path: &'static str, length: Duration) -> Round {
        let next = move |_| {
            Some(Call {
                method: method.clone(),
                path: path.to_owned(),
                headers: Vec::new(),
                body: String::new(),
                expected: StatusCode::OK,
            })
        };
        load.drive(&Plan {
            port: self.port,
            processes: vec![self.process.0.id()],
            next: Arc::new(next),
            length,
        })
    }
}

/// A key, and how much it has signed.
struct Signer {
    pair: KeyPair,
    signed: AtomicU64,
}

impl Signer {
    fn new() -> Self {
        Self {
            pair: KeyPair::generate(KeySize::Rsa2048).expect("a key"),
            signed: AtomicU64::new(0),
        }
    }

    /// A token whose claims nobody had before.
    fn token(&self) -> String {
        let mut claims = [b'c'; CLAIMS];
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        claims[..8].copy_from_slice(&number.to_be_bytes());
        let mut token = URL_SAFE_NO_PAD.encode(claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .expect("a signature");
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}

fn respond(signer: &Signer, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let body = if request.uri().path() == SIGN {
        format!(r#"{{"object":"token","jwt":"{}"}}"#, signer.token())
    } else {
        "{}".to_owned()
    };
    let response = Response::builder().header("content-type", "application/json");
    response.body(Full::from(body)).expect("an answer")
}

/// Serves until its standard input ends, as it does when whoever started it is gone. Prints its port.
pub fn serve() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("its address").port());
        let signer = Arc::new(Signer::new());
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("no delay");
            let signer = signer.clone();
            let service = service_fn(move |request| {
                let response = respond(&signer, &request);
                async { Ok::<_, Infallible>(response) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    });
}

/// RS256 signatures for each second of CPU time, on one thread, with nothing around them.
pub fn bare_signatures(length: Duration) -> f64 {
    let signer = Signer::new();
    let (before, started) = (own_cpu_seconds(), Instant::now());
    let mut done = 0.0;
    while started.elapsed() < length {
        std::hint::black_box(signer.token());
        done += 1.0;
    }
    done / (own_cpu_seconds() - before)
}

/// Rows a second into a SQLite table under the server's settings, so many a commit, on one thread.
pub fn commits(folder: &Path, length: Duration, rows: u32) -> f64 {
    let database =
        rusqlite::Connection::open(folder.join(format!("commits-{rows}.db"))).expect("a database");
    database
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; create table t (id integer primary key, x text);",
        )
        .expect("a table");
    let commit = || -> rusqlite::Result<()> {
        database.execute_batch("begin immediate")?;
        for _ in 0..rows {
            database
                .prepare_cached("insert into t (x) values (?1)")?
                .execute(["a row about as long as the digest of a ticket"])?;
        }
        database.execute_batch("commit")
    };
    let (started, mut done) = (Instant::now(), 0.0);
    while started.elapsed() < length {
        commit().expect("a commit");
        done += f64::from(rows);
    }
    done / started.elapsed().as_secs_f64()
}

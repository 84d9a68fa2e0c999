//! The server under measurement: the release binary, in a process of its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{Running, resident_mib};

/// A running `standin dev`. It is stopped when it goes out of scope.
pub struct Server {
    process: Running,
    /// Its port on loopback.
    pub port: u16,
    /// Its secret key.
    pub key: String,
    /// How long it took from its start until it answered.
    pub ready_in: Duration,
}

fn binary() -> PathBuf {
    let given = std::env::var_os("STANDIN_BIN").map(PathBuf::from);
    given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/standin"))
}

fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("its address").port()
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let request = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

impl Server {
    /// Starts the server on a data folder, and on a PostgreSQL database where one is named; waits until it answers.
    pub fn start(data: &Path, database_url: Option<&str>) -> Self {
        let port = free_port();
        let started = Instant::now();
        let mut command = Command::new(binary());
        command
            .args(["dev", "--port", &port.to_string(), "--data"])
            .arg(data)
            .args(database_url.iter().flat_map(|url| ["--database-url", url]))
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = command
            .spawn()
            .expect("the release binary; run `cargo build --release` first");
        while !answers(port) {
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "the server does not start"
            );
            std::thread::yield_now();
        }
        let ready_in = started.elapsed();
        let notes = std::fs::read_to_string(data.join("dev.json")).expect("dev.json");
        let notes: serde_json::Value = serde_json::from_str(&notes).expect("JSON in dev.json");
        let key = notes["secret_key"].as_str().expect("a secret key");
        Self {
            process: Running(process),
            port,
            key: key.to_owned(),
            ready_in,
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// Memory the process holds, in MiB.
    pub fn resident_mib(&self) -> f64 {
        resident_mib(self.id())
    }
}

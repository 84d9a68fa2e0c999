//! The server under measurement: the release binary, in a process of its own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running `standin dev`.
pub struct Server {
    process: Child,
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
    /// Starts the server on a data folder and waits until it answers.
    pub fn start(data: &Path) -> Self {
        let port = free_port();
        let started = Instant::now();
        let process = Command::new(binary())
            .args(["dev", "--port", &port.to_string(), "--data"])
            .arg(data)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the release binary; run `cargo build --release` first");
        while !answers(port) {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "the server does not start"
            );
            std::thread::yield_now();
        }
        let ready_in = started.elapsed();
        let notes = std::fs::read_to_string(data.join("dev.json")).expect("dev.json");
        let notes: serde_json::Value = serde_json::from_str(&notes).expect("JSON in dev.json");
        let key = notes["secret_key"]
            .as_str()
            .expect("a secret key")
            .to_owned();
        Self {
            process,
            port,
            key,
            ready_in,
        }
    }

    /// Memory the process holds, in MiB (`VmRSS`).
    pub fn resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .unwrap_or_default();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse::<f64>().ok())
            .unwrap_or_default()
            / 1024.0
    }

    /// CPU time the process has used, in seconds (user and system; `/proc/PID/stat` counts hundredths).
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))
            .unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks = |field: usize| {
            after_name
                .split_whitespace()
                .nth(field)
                .and_then(|text| text.parse::<f64>().ok())
        };
        (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()) / 100.0
    }

    /// Ends the process.
    pub fn stop(mut self) {
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let _ = self.process.wait();
    }
}

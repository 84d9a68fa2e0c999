//! Processes that serve.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::calls::{Calls, client};

pub struct Process {
    child: Child,
    pub calls: Calls,
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A database nobody else uses, where the tests run on PostgreSQL.
pub fn database() -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let url = std::env::var("TEST_DATABASE_URL").ok()?;
    let name = format!(
        "f{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::SeqCst)
    );
    let created = Command::new("psql")
        .args([
            &format!("{url}/postgres"),
            "-qc",
            &format!("create database {name}"),
        ])
        .status();
    assert!(created.unwrap().success());
    Some(format!("{url}/{name}"))
}

/// How a server is started on SQLite, with more environment than others have.
pub struct Spawn<'a> {
    data: &'a Path,
    port: u16,
    environment: Vec<(&'a str, PathBuf)>,
    log: Option<PathBuf>,
}

impl<'a> Spawn<'a> {
    pub fn new(data: &'a Path, port: u16) -> Self {
        Self {
            data,
            port,
            environment: Vec::new(),
            log: None,
        }
    }

    pub fn env(mut self, name: &'a str, value: &Path) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Keeps what it says.
    pub fn said_to(mut self, file: &Path) -> Self {
        self.log = Some(file.to_owned());
        self
    }

    /// Starts a server and waits until it answers.
    pub async fn start(&self) -> Process {
        self.attempt().await.expect("the server gave up")
    }

    /// The same; `None` where it dies before it answers.
    pub async fn attempt(&self) -> Option<Process> {
        let mut command = command(self.data, None, self.port, self.port);
        command.envs(self.environment.iter().cloned());
        if let Some(log) = &self.log {
            command.stderr(std::fs::File::create(log).unwrap());
        }
        Process::wait(command, self.data, self.port).await
    }
}

fn command(data: &Path, database: Option<&str>, port: u16, public_port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
    command
        .args(["dev", "--port", &port.to_string(), "--data"])
        .arg(data);
    command.args(["--public-url", &format!("http://localhost:{public_port}")]);
    command.stderr(Stdio::null());
    if let Some(url) = database {
        command.args(["--database-url", url]);
    }
    command
}

/// How nodes in production are started on one database.
pub struct Shared {
    folder: TempDir,
    database: String,
    master_key: String,
    /// Their secret key.
    key: String,
}

impl Shared {
    /// Limits are lifted: all who call, call from here.
    const SETTINGS: &str = "\
public_url = 'https://clerk.example.com'
allow_origin = ['https://localhost:3000']
[limits]
per_key = 0
per_ip = 0
per_agent_or_user = 0
";

    pub fn new(database: String) -> Self {
        let mut shared = Self {
            folder: TempDir::new().unwrap(),
            database,
            master_key: String::new(),
            key: String::new(),
        };
        std::fs::write(shared.folder.path().join("settings.toml"), Self::SETTINGS).unwrap();
        shared.master_key = shared.line(&["key", "master"]);
        shared.key = shared.line(&["key", "create", "--database-url", &shared.database]);
        shared
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
        command
            .args(arguments)
            .env("STANDIN_MASTER_KEY", &self.master_key)
            .current_dir(self.folder.path())
            .stderr(Stdio::null());
        command
    }

    fn line(&self, arguments: &[&str]) -> String {
        let done = self.command(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// Starts a node and waits until it answers.
    pub async fn node(&self, port: u16) -> Process {
        let listen = format!("127.0.0.1:{port}");
        let command = self.command(&[
            "serve",
            "--config",
            "settings.toml",
            "--database-url",
            &self.database,
            "--listen",
            &listen,
        ]);
        let child = answering(command, port).await;
        Process {
            child: child.expect("the server gave up"),
            calls: self.calls(port),
        }
    }

    /// Calls to whoever listens there.
    pub fn calls(&self, port: u16) -> Calls {
        Calls::new(port, self.key.clone())
    }
}

/// Starts a server and waits until it answers.
async fn answering(mut command: Command, port: u16) -> Option<Child> {
    command.env("RUST_LOG", "error").stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (http, health) = (client(), format!("http://localhost:{port}/v1/health"));
    let started = Instant::now();
    while http.get(&health).send().await.is_err() {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the server does not answer"
        );
        #[expect(
            clippy::disallowed_methods,
            reason = "the condition itself is asked, in another process"
        )]
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Some(child)
}

impl Process {
    /// Starts a server and waits until it answers.
    pub async fn start(data: &Path, database: Option<&str>, port: u16, public_port: u16) -> Self {
        let command = command(data, database, port, public_port);
        let process = Self::wait(command, data, port).await;
        process.expect("the server gave up")
    }

    async fn wait(command: Command, data: &Path, port: u16) -> Option<Self> {
        let child = answering(command, port).await?;
        let notes: Value =
            serde_json::from_slice(&std::fs::read(data.join("dev.json")).unwrap()).unwrap();
        let key = notes["secret_key"].as_str().unwrap().to_owned();
        Some(Self {
            child,
            calls: Calls::new(port, key),
        })
    }

    /// Memory that is its own, in bytes.
    pub fn memory(&self) -> u64 {
        let file = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(file).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap() * 1024
    }

    /// How many files and sockets it has open.
    pub fn open_files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// Waits until it is gone; somebody else sees to that.
    pub fn wait_for_its_end(mut self) {
        self.child.wait().unwrap();
    }

    /// `kill -9`: nothing is written after this.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

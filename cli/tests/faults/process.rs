//! Processes that serve, and the calls the tests make to them.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use standin_proof::{Asked, Held, History, Kept, Told, Whose};
use standin_server::clock::Clock;
use tempfile::TempDir;

pub struct Process {
    child: Child,
    pub calls: Calls,
}

/// Everything needed to speak to a process; outlives it.
#[derive(Clone)]
pub struct Calls {
    http: Client,
    pub base: String,
    key: String,
    /// What was asked through these calls, and told.
    pub history: Arc<History>,
}

/// A task as its creator was told of it.
#[derive(Clone, Debug)]
pub struct Task {
    pub id: String,
    /// Path and query of its URL.
    pub path: String,
}

/// What a visitor is told who is let in: a browser does not know its session yet.
pub const SIGNED_IN: Told = Told::Opened { session: None };

/// What whoever comes with a spent ticket is told.
pub fn already_used() -> Told {
    Told::Refused("agent_task_already_used".into())
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn done(status: u16, _: &Value) -> Told {
    if status == 200 {
        Told::Done
    } else {
        Told::Nothing
    }
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

pub fn count(variable: &str, usual: usize) -> usize {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

/// How a server is started on SQLite, with more environment than others have.
pub struct Spawn<'a> {
    data: &'a Path,
    port: u16,
    environment: Vec<(&'a str, &'a Path)>,
}

impl<'a> Spawn<'a> {
    pub fn new(data: &'a Path, port: u16) -> Self {
        Self {
            data,
            port,
            environment: Vec::new(),
        }
    }

    pub fn env(mut self, name: &'a str, value: &'a Path) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Starts a server and waits until it answers.
    pub async fn start(&self) -> Process {
        let mut command = command(self.data, None, self.port, self.port);
        command.envs(self.environment.iter().copied());
        Process::wait(command, self.data, self.port).await
    }
}

fn command(data: &Path, database: Option<&str>, port: u16, public_port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
    command
        .args(["dev", "--port", &port.to_string(), "--data"])
        .arg(data);
    command.args(["--public-url", &format!("http://localhost:{public_port}")]);
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
            .current_dir(self.folder.path());
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
            child,
            calls: self.calls(port),
        }
    }

    /// Calls to whoever listens there.
    pub fn calls(&self, port: u16) -> Calls {
        Calls::new(port, self.key.clone())
    }
}

/// Starts a server and waits until it answers.
async fn answering(mut command: Command, port: u16) -> Child {
    command
        .env("RUST_LOG", "error")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (http, health) = (client(), format!("http://localhost:{port}/v1/health"));
    let started = Instant::now();
    while http.get(&health).send().await.is_err() {
        assert!(child.try_wait().unwrap().is_none(), "the server gave up");
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
    child
}

fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

impl Process {
    /// Starts a server and waits until it answers.
    pub async fn start(data: &Path, database: Option<&str>, port: u16, public_port: u16) -> Self {
        let command = command(data, database, port, public_port);
        Self::wait(command, data, port).await
    }

    async fn wait(command: Command, data: &Path, port: u16) -> Self {
        let child = answering(command, port).await;
        let notes: Value =
            serde_json::from_slice(&std::fs::read(data.join("dev.json")).unwrap()).unwrap();
        let key = notes["secret_key"].as_str().unwrap().to_owned();
        Self {
            child,
            calls: Calls::new(port, key),
        }
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

impl Calls {
    fn new(port: u16, key: String) -> Self {
        Self {
            http: client(),
            base: format!("http://localhost:{port}"),
            key,
            history: Arc::default(),
        }
    }

    /// Makes sure there is somebody to act for.
    pub async fn user(&self, email: &str) {
        let body = json!({ "email_address": [email] });
        self.http
            .post(format!("{}/v1/users", self.base))
            .bearer_auth(&self.key)
            .json(&body)
            .send()
            .await
            .unwrap();
    }

    pub fn task_body(email: &str) -> Value {
        json!({
            "on_behalf_of": { "identifier": email },
            "permissions": "*",
            "agent_name": "faults",
            "task_description": "dies young",
            "redirect_url": "https://localhost:3000/",
            "expires_in_seconds": 86_400,
        })
    }

    /// Status and body of an answer. A body goes with the key; without one the call is a browser's.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = match body {
            Some(body) => request.bearer_auth(&self.key).json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// The same, going on with another history.
    pub fn of(&self, history: &Arc<History>) -> Self {
        Self {
            history: history.clone(),
            ..self.clone()
        }
    }

    /// Asks, and keeps what was asked and told.
    async fn ask(
        &self,
        asked: Asked,
        request: RequestBuilder,
        read: impl Fn(u16, &Value) -> Told,
    ) -> (Told, Value) {
        let clock = || Clock::System.now().0;
        let open = self.history.ask(asked, clock());
        let (mut told, mut body) = (Told::Nothing, Value::Null);
        if let Ok(answer) = request.send().await {
            let status = answer.status();
            body = answer.json().await.unwrap_or_default();
            told = match body["errors"][0]["code"].as_str() {
                // It may have been done all the same.
                _ if status.is_server_error() => Told::Nothing,
                Some(code) => Told::Refused(code.to_owned()),
                None => read(status.as_u16(), &body),
            };
        }
        self.history.tell(open, told.clone(), clock());
        (told, body)
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.http.post(url).bearer_auth(&self.key).json(body)
    }

    /// Creates a task for `email`; `None` when it was not acknowledged.
    pub async fn create(&self, email: &str) -> Option<Task> {
        let body = Self::task_body(email);
        let agent = word(&body["agent_name"]);
        let request = self.post("/v1/agents/tasks", &body);
        let made = self.ask(Asked::Create { agent }, request, |_, made| {
            if made.is_null() {
                return Told::Nothing;
            }
            Told::Created {
                task: word(&made["agent_task_id"]),
                agent: word(&made["agent_id"]),
            }
        });
        let (told, made) = made.await;
        assert!(!matches!(told, Told::Refused(_)), "{told:?}");
        let Told::Created { task, .. } = told else {
            return None;
        };
        let url = word(&made["url"]);
        let path = url[url.find("/v1/").unwrap()..].to_owned();
        Some(Task { id: task, path })
    }

    /// Creates a task under an `Idempotency-Key`, or tells in a few words why not.
    pub async fn create_under(&self, email: &str, key: &str) -> Result<Task, String> {
        let request = self
            .http
            .post(format!("{}/v1/agents/tasks", self.base))
            .bearer_auth(&self.key)
            .header("idempotency-key", key)
            .json(&Self::task_body(email));
        let made = Self::said(request.send().await).await?;
        let url = made["url"].as_str().unwrap();
        let path = url[url.find("/v1/").unwrap()..].to_owned();
        let id = made["agent_task_id"].as_str().unwrap().to_owned();
        Ok(Task { id, path })
    }

    /// Visits a task, or tells in a few words why not.
    pub async fn visit_said(&self, task: &Task) -> Result<(), String> {
        let request = self.http.get(format!("{}{}", self.base, task.path));
        Self::said(request.send().await).await.map(|_| ())
    }

    /// The body of a good answer, or the message of another one; that nobody knows where there is none.
    async fn said(answer: reqwest::Result<reqwest::Response>) -> Result<Value, String> {
        let Ok(answer) = answer else {
            return Err("outcome unknown".into());
        };
        let status = answer.status();
        if status == StatusCode::TEMPORARY_REDIRECT {
            return Ok(Value::Null);
        }
        match answer.json::<Value>().await {
            Ok(body) if status.is_success() => Ok(body),
            Ok(body) => Err(body["errors"][0]["message"].as_str().unwrap().to_owned()),
            Err(_) => Err("outcome unknown".into()),
        }
    }

    /// Opens a task's link.
    pub async fn visit(&self, task: &Task) -> Told {
        let asked = Asked::Visit {
            task: task.id.clone(),
        };
        let request = self.http.get(format!("{}{}", self.base, task.path));
        let read = |status, _: &Value| match status {
            307 => SIGNED_IN,
            _ => Told::Nothing,
        };
        self.ask(asked, request, read).await.0
    }

    /// Takes a task back.
    pub async fn take_back(&self, task: &Task) -> Told {
        let asked = Asked::TakeBack {
            task: task.id.clone(),
        };
        let request = self.post(&format!("/v1/agents/tasks/{}/revoke", task.id), &json!({}));
        self.ask(asked, request, done).await.0
    }

    /// Takes back the session that a task opened.
    pub async fn sign_out(&self, task: &Task) -> Told {
        let asked = Asked::SignOut(Whose::Task(task.id.clone()));
        let body = json!({ "agent_task_id": task.id });
        let request = self.post("/v1/sessions/revoke", &body);
        self.ask(asked, request, done).await.0
    }

    /// Holds everything that was told, and everything there is, against the laws.
    pub async fn hold(&self) -> Held {
        let kept = Kept::of(
            &self.all("/v1/agents/tasks?paginated=true").await,
            &self.all("/v1/sessions?paginated=true").await,
            &self.all("/v1/audit_logs?").await,
        );
        let held = self.history.check(&kept);
        held.unwrap_or_else(|broken| panic!("{broken:#?}"))
    }

    pub async fn get(&self, path: &str) -> Value {
        let request = self
            .http
            .get(format!("{}{path}", self.base))
            .bearer_auth(&self.key);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Everything a list has, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page = self
                .get(&format!("{path}&limit=500&offset={}", all.len()).replace("?&", "?"))
                .await;
            let data = page["data"].as_array().unwrap();
            if data.is_empty() {
                return all;
            }
            all.extend(data.iter().cloned());
        }
    }
}

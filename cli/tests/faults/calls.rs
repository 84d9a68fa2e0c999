//! The calls that the tests make, and the history of them.

use std::sync::Arc;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use standin_proof::{Asked, Held, History, Kept, Told, Whose};
use standin_server::clock::Clock;

use crate::load::pause;

/// Everything needed to speak to a process; outlives it.
#[derive(Clone)]
pub struct Calls {
    pub http: Client,
    pub base: String,
    pub key: String,
    /// What was asked through these calls, and told.
    pub history: Arc<History>,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
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

/// What is told where nothing was changed.
pub fn unavailable() -> Told {
    Told::Refused("service_unavailable".into())
}

/// What whoever comes with a spent ticket is told.
pub fn already_used() -> Told {
    Told::Refused("agent_task_already_used".into())
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn made(_: u16, made: &Value) -> Told {
    // Cut off in the middle.
    if made.is_null() {
        return Told::Nothing;
    }
    Told::Created {
        task: word(&made["agent_task_id"]),
        agent: word(&made["agent_id"]),
    }
}

impl Task {
    fn of(made: &Value) -> Self {
        let url = word(&made["url"]);
        Self {
            id: word(&made["agent_task_id"]),
            path: url[url.find("/v1/").unwrap()..].to_owned(),
        }
    }
}

fn done(status: u16, _: &Value) -> Told {
    if status == 200 {
        Told::Done
    } else {
        Told::Nothing
    }
}

pub fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

impl Calls {
    pub fn new(port: u16, key: String) -> Self {
        Self {
            http: client(),
            base: format!("http://localhost:{port}"),
            key,
            history: Arc::default(),
            clock: Arc::new(|| Clock::System.now().0),
        }
    }

    /// The same, whose history goes by another clock.
    pub fn by(&self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            ..self.clone()
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
        let open = self.history.ask(asked, (self.clock)());
        let (told, body) = Self::sent(request, read).await;
        self.history.tell(open, told.clone(), (self.clock)());
        (told, body)
    }

    /// Sends, and reads what came back.
    async fn sent(request: RequestBuilder, read: impl Fn(u16, &Value) -> Told) -> (Told, Value) {
        let Ok(answer) = request.send().await else {
            return (Told::Nothing, Value::Null);
        };
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        let error = &body["errors"][0];
        let told = match error["code"].as_str() {
            Some(_) if error["message"] == "outcome unknown" => Told::Nothing,
            Some(code) => Told::Refused(code.to_owned()),
            None if status.is_server_error() => Told::Nothing,
            None => read(status.as_u16(), &body),
        };
        (told, body)
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.http.post(url).bearer_auth(&self.key).json(body)
    }

    /// Creates a task for `email`; `None` when it was not acknowledged.
    pub async fn create(&self, email: &str) -> Option<Task> {
        self.created(email).await.ok()
    }

    /// Creates a task, or says what was told instead.
    pub async fn created(&self, email: &str) -> Result<Task, Told> {
        let body = Self::task_body(email);
        let agent = word(&body["agent_name"]);
        let request = self.post("/v1/agents/tasks", &body);
        match self.ask(Asked::Create { agent }, request, made).await {
            (Told::Created { .. }, made) => Ok(Task::of(&made)),
            (told, _) => Err(told),
        }
    }

    /// Creates a task under an `Idempotency-Key`: one call, however often it has to be sent. `again` hears what was told where
    /// it has to be.
    pub async fn create_once(&self, email: &str, key: &str, again: impl Fn(&Told)) -> Task {
        let body = Self::task_body(email);
        let agent = word(&body["agent_name"]);
        let open = self.history.ask(Asked::Create { agent }, (self.clock)());
        loop {
            let request = self.post("/v1/agents/tasks", &body);
            let request = request.header("idempotency-key", key);
            let (told, body) = Self::sent(request, made).await;
            if matches!(told, Told::Created { .. }) {
                self.history.tell(open, told, (self.clock)());
                return Task::of(&body);
            }
            again(&told);
            pause(50).await;
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

//! A run that keeps its history, so that it can be held against the laws.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use standin_proof::{Asked, Held, History, Kept, Told, Whose};
use standin_server::clock::Clock;

use crate::world::{Backend, Task, World};

/// Calls to a world, and what came of them.
#[derive(Clone)]
pub struct Run {
    backend: Backend,
    http: reqwest::Client,
    clock: Clock,
    history: Arc<History>,
}

impl Run {
    pub fn new(world: &World) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        Self {
            backend: world.backend.clone(),
            http: http.build().unwrap(),
            clock: world.clock.clone(),
            history: Arc::default(),
        }
    }

    /// Asks; `read` says what an answer that is no refusal means.
    async fn ask(
        &self,
        asked: Asked,
        request: RequestBuilder,
        read: impl Fn(&Value) -> Told,
    ) -> (Told, Value) {
        let open = self.history.ask(asked, self.clock.now().0);
        let answer = self.backend.send(request).await;
        let told = match answer.json["errors"][0]["code"].as_str() {
            _ if answer.status.is_server_error() => Told::Nothing,
            Some(code) => Told::Refused(code.to_owned()),
            None => read(&answer.json),
        };
        self.history.tell(open, told.clone(), self.clock.now().0);
        (told, answer.json)
    }

    pub async fn create(&self) -> Task {
        let body = Backend::task_body();
        let agent = body["agent_name"].as_str().unwrap().to_owned();
        let request = self.backend.request(Method::POST, "/v1/agents/tasks");
        let made = self.ask(Asked::Create { agent }, request.json(&body), |made| {
            let Task { id, agent, .. } = Task::read(made);
            Told::Created { task: id, agent }
        });
        Task::read(&made.await.1)
    }

    /// Somebody who has nothing but a link opens it, at this address.
    pub async fn visit(&self, task: &Task, url: &str) -> Told {
        let asked = Asked::Visit {
            task: task.id.clone(),
        };
        let opened = |_: &Value| Told::Opened { session: None };
        self.ask(asked, self.http.get(url), opened).await.0
    }

    pub async fn take_back(&self, task: &Task) -> Told {
        let asked = Asked::TakeBack {
            task: task.id.clone(),
        };
        let path = format!("/v1/agents/tasks/{}/revoke", task.id);
        let request = self.backend.request(Method::POST, &path);
        self.ask(asked, request.json(&json!({})), |_| Told::Done)
            .await
            .0
    }

    /// The session that a task opened.
    pub async fn session(&self, task: &Task) -> String {
        let path = format!("/v1/agents/tasks/{}", task.id);
        let shown = self.backend.get(&path).await.ok().json;
        shown["session_id"].as_str().unwrap().to_owned()
    }

    pub async fn sign_out(&self, session: &str) -> Told {
        let asked = Asked::SignOut(Whose::Session(session.to_owned()));
        let path = format!("/v1/sessions/{session}/revoke");
        let request = self.backend.request(Method::POST, &path).json(&json!({}));
        self.ask(asked, request, |_| Told::Done).await.0
    }

    pub async fn token(&self, session: &str) -> Told {
        let asked = Asked::Token {
            session: session.to_owned(),
        };
        let path = format!("/v1/sessions/{session}/tokens");
        let request = self.backend.request(Method::POST, &path).json(&json!({}));
        let made = self.ask(asked, request, |made| Told::Token { until: until(made) });
        made.await.0
    }

    /// Holds everything that was told, and everything there is, against the laws.
    pub async fn hold(&self) -> Held {
        let kept = Kept::of(
            &self.all("/v1/agents/tasks?paginated=true&").await,
            &self.all("/v1/sessions?paginated=true&").await,
            &self.all("/v1/audit_logs?").await,
        );
        let held = self.history.check(&kept);
        held.unwrap_or_else(|broken| panic!("{broken:#?}"))
    }

    /// Everything a list has, page by page.
    async fn all(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let path = format!("{path}limit=500&offset={}", all.len());
            let page = self.backend.get(&path).await.ok().json;
            match page["data"].as_array() {
                Some(data) if !data.is_empty() => all.extend(data.iter().cloned()),
                _ => return all,
            }
        }
    }
}

/// The second at which a token ends.
fn until(made: &Value) -> i64 {
    let claims = made["jwt"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["exp"].as_i64().unwrap()
}

//! A run that keeps its history, so that it can be held against the laws.

use std::sync::Arc;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use standin_proof::{Asked, Held, History, Kept, Told};
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
        let request = self
            .backend
            .request(reqwest::Method::POST, "/v1/agents/tasks");
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
        let request = self.backend.request(reqwest::Method::POST, &path);
        self.ask(asked, request.json(&json!({})), |_| Told::Done)
            .await
            .0
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

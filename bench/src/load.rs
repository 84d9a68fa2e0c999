//! The load: 32 connections that each do one thing after the other.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::server::Server;

/// How many connections.
const CONNECTIONS: usize = 32;

/// What a measurement found.
pub struct Run {
    /// Things done a second.
    pub per_second: f64,
    /// Things done for each second of the server's CPU time.
    pub per_cpu_second: f64,
    /// Half took no longer.
    pub median: Duration,
    /// Of a hundred, ninety-nine took no longer.
    pub p99: Duration,
}

/// One connection and what it knows.
pub struct Caller {
    sender: SendRequest<Full<Bytes>>,
    key: Arc<str>,
    user: Arc<str>,
    session: Option<(String, String)>,
}

impl Caller {
    async fn open(port: u16, key: Arc<str>, user: Arc<str>) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        Self {
            sender,
            key,
            user,
            session: None,
        }
    }

    async fn send(
        &mut self,
        request: hyper::http::request::Builder,
        body: String,
    ) -> (Response<()>, Bytes) {
        let request: Request<Full<Bytes>> = request
            .header("host", "localhost")
            .body(Full::from(body))
            .expect("a request");
        self.sender.ready().await.expect("a free connection");
        let response = self.sender.send_request(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        (
            Response::from_parts(head, ()),
            body.collect().await.expect("a whole answer").to_bytes(),
        )
    }

    /// Creates a task and returns path and query of its URL.
    async fn task(&mut self) -> String {
        let body = json!({
            "on_behalf_of": { "user_id": &*self.user },
            "permissions": "*",
            "agent_name": "bench",
            "task_description": "Measures",
            "redirect_url": "http://localhost:3000/dashboard",
        });
        let request = Request::post("/v1/agents/tasks")
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        let (head, body) = self.send(request, body.to_string()).await;
        assert_eq!(head.status(), StatusCode::OK);
        let made: Value = serde_json::from_slice(&body).expect("JSON");
        let url = made["url"].as_str().expect("a URL");
        url[url.find("/v1/").expect("a path")..].to_owned()
    }

    /// Creates and visits a task; keeps the cookie.
    async fn sign_in(&mut self) {
        let path = self.task().await;
        let (head, _) = self.send(Request::get(path), String::new()).await;
        assert_eq!(head.status(), StatusCode::TEMPORARY_REDIRECT);
        let cookies = head
            .headers()
            .get_all("set-cookie")
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        let cookie = cookies
            .filter_map(|text| text.split(';').next())
            .find(|text| text.starts_with("__client="));
        let cookie = cookie.expect("a client cookie").to_owned();
        let request = Request::get("/v1/client").header("cookie", &cookie);
        let (_, body) = self.send(request, String::new()).await;
        let client: Value = serde_json::from_slice(&body).expect("JSON");
        let session = client["response"]["sessions"][0]["id"]
            .as_str()
            .expect("a session")
            .to_owned();
        self.session = Some((session, cookie));
    }
}

/// Creates a task.
pub async fn create(mut caller: Caller) -> Caller {
    caller.task().await;
    caller
}

/// Creates a task and spends its ticket: two durable writes.
pub async fn visit(mut caller: Caller) -> Caller {
    let path = caller.task().await;
    let (head, _) = caller.send(Request::get(path), String::new()).await;
    assert_eq!(head.status(), StatusCode::TEMPORARY_REDIRECT);
    caller
}

/// Makes a session token. Each connection has a session of its own, so that no two tokens are alike.
pub async fn refresh(mut caller: Caller) -> Caller {
    if caller.session.is_none() {
        caller.sign_in().await;
    }
    let (session, cookie) = caller.session.clone().expect("a session");
    let request = Request::post(format!("/v1/client/sessions/{session}/tokens"))
        .header("cookie", cookie)
        .header("origin", "http://localhost:3000");
    let (head, _) = caller.send(request, String::new()).await;
    assert_eq!(head.status(), StatusCode::OK);
    caller
}

/// Reads the public keys.
pub async fn keys(mut caller: Caller) -> Caller {
    let (head, _) = caller
        .send(Request::get("/.well-known/jwks.json"), String::new())
        .await;
    assert_eq!(head.status(), StatusCode::OK);
    caller
}

async fn first_user(server: &Server) -> Arc<str> {
    let key: Arc<str> = server.key.as_str().into();
    let mut caller = Caller::open(server.port, key, "".into()).await;
    let request =
        Request::get("/v1/users").header("authorization", format!("Bearer {}", server.key));
    let (_, body) = caller.send(request, String::new()).await;
    let users: Value = serde_json::from_slice(&body).expect("JSON");
    users[0]["id"].as_str().expect("a first user").into()
}

/// Lets every connection do `work` again and again for `length`, after one turn that is not counted.
pub async fn drive<F, W>(server: &Server, work: W, length: Duration) -> Run
where
    W: Fn(Caller) -> F + Copy + Send + 'static,
    F: Future<Output = Caller> + Send,
{
    let (key, user): (Arc<str>, _) = (server.key.as_str().into(), first_user(server).await);
    let mut warm = Vec::new();
    for _ in 0..CONNECTIONS {
        warm.push(work(Caller::open(server.port, key.clone(), user.clone()).await).await);
    }
    let (cpu, started) = (server.cpu_seconds(), Instant::now());
    let mut running = JoinSet::new();
    for mut caller in warm {
        running.spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < length {
                let turn = Instant::now();
                caller = work(caller).await;
                times.push(turn.elapsed());
            }
            times
        });
    }
    let mut times: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
    let (elapsed, cpu) = (started.elapsed().as_secs_f64(), server.cpu_seconds() - cpu);
    times.sort_unstable();
    let done = u32::try_from(times.len()).map_or(f64::INFINITY, f64::from);
    Run {
        per_second: done / elapsed,
        per_cpu_second: done / cpu,
        median: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
    }
}

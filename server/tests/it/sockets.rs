//! Clients that are slow, silent or gone, and a server that stops.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{SECRET_KEY, World};

async fn connect(world: &World) -> TcpStream {
    let address = world.server.as_ref().unwrap().local_addr();
    TcpStream::connect(address).await.unwrap()
}

/// The head of a request that promises a body, and the body's beginning.
fn half_a_request() -> String {
    format!(
        "POST /v1/users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {SECRET_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    )
}

/// Sends what is given and reads until the server closes.
async fn tell(world: &World, text: &str) -> String {
    let mut stream = connect(world).await;
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

fn body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect(answer);
    serde_json::from_str(body).expect(answer)
}

/// The log of everything that runs on this test's thread.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let lines = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(log.clone());
        let guard = tracing::subscriber::set_default(lines.finish());
        (log, guard)
    }

    pub fn lines(&self, with: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter(|line| line.contains(with));
        lines.map(ToOwned::to_owned).collect()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_waited_for_so_long_and_then_refused_in_words() {
    let world = World::with(|config| config.connections.body = Duration::from_millis(300)).await;
    let answer = tell(&world, &half_a_request()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(body(&answer)["errors"][0]["code"], "request_timeout");
    assert_eq!(world.count("users").await, 1);
}

#[tokio::test]
async fn a_request_that_runs_out_of_time_is_answered_and_logged() {
    let (log, _guard) = Log::begin();
    let world = World::with(|config| config.connections.request = Duration::from_millis(700)).await;
    let answer = tell(&world, &half_a_request()).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.to_lowercase().contains("retry-after: 1"), "{answer}");
    let body = body(&answer);
    assert_eq!(body["errors"][0]["code"], "service_unavailable");
    let lines = log.lines(body["clerk_trace_id"].as_str().unwrap());
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("ERROR") && lines[0].contains("status=503"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_a_line_in_the_log() {
    let (log, _guard) = Log::begin();
    let world = World::new().await;
    let hang_up = async |request: String| {
        let mut stream = connect(&world).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        // Answered on another connection: by now the first request is being worked on.
        world.browser().get("/v1/health").await.ok();
    };
    let logged = async |with: &str| {
        let line = async {
            while log.lines(with).is_empty() {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), line).await;
        assert!(waited.is_ok(), "no {with} in {:?}", log.lines(""));
        log.lines(with)
    };
    // In the middle of its request.
    hang_up(half_a_request()).await;
    assert_eq!(logged("request_body_invalid").await.len(), 1);

    // In the middle of the work: a hash that takes a second.
    let wish = serde_json::json!({
        "email_address": ["slow@example.com"],
        "password_hasher": "argon2id",
        "password_digest": format!("$argon2id$v=19$m=65536,t=16,p=1$c29tZXNhbHRzb21lc2FsdA${}", "A".repeat(43)),
    });
    let user = world.backend.post("/v1/users", wish).await.ok().json["id"].clone();
    let path = format!("/v1/users/{}/verify_password", user.as_str().unwrap());
    let body = "{\"password\": \"wrong\"}";
    hang_up(format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {SECRET_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    let lines = logged("connection_closed").await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let expected = format!("method=POST path=\"{path}\" status=499");
    assert!(lines[0].contains(&expected), "{lines:?}");
}

#[tokio::test]
async fn a_ticket_in_a_path_is_not_logged() {
    let (log, _guard) = Log::begin();
    let world = World::new().await;
    let task = world.backend.task().await;
    let (_, ticket) = task.path.split_once("ticket=").unwrap();
    world
        .browser()
        .get(&format!("/v1/agents/tasks/{ticket}"))
        .await;
    world.browser().visit(&task).await.location();
    assert!(!log.lines("path=\"/v1/agents/tasks\"").is_empty());
    assert_eq!(log.lines(ticket), [""; 0]);
}

#[tokio::test]
async fn more_connections_than_there_is_room_for_wait_and_get_in() {
    let world = World::with(|config| {
        config.connections.open = 3;
        config.connections.headers = Duration::from_millis(500);
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(connect(&world).await);
    }
    world.browser().get("/v1/health").await.ok();
}

/// How long a server takes to stop.
async fn stop(world: &mut World) -> Duration {
    let started = Instant::now();
    world.server.take().unwrap().stop().await;
    started.elapsed()
}

#[tokio::test]
async fn who_has_said_nothing_does_not_hold_up_a_stop() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let tls = standin_server::tls::Tls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    for tls in [None, Some(tls)] {
        let mut world = World::with(|config| config.tls = tls).await;
        let _silent = connect(&world).await;
        let mut begun = connect(&world).await;
        // A TLS handshake that goes no further.
        begun.write_all(&[22, 3, 1]).await.unwrap();
        world.browser().get("/v1/health").await.ok();
        let took = stop(&mut world).await;
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[tokio::test]
async fn both_doors_stop_together() {
    let mut world = World::with(|config| {
        config.backend_listen = Some(([127, 0, 0, 1], 0).into());
        config.connections.stop = Duration::from_secs(1);
    })
    .await;
    let server = world.server.as_ref().unwrap();
    let (front, back) = (server.local_addr(), server.backend_addr());
    let form = "POST /v1/client/sign_ins HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n";
    let mut kept = Vec::new();
    for (address, text) in [(front, form.to_owned()), (back, half_a_request())] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        kept.push(stream);
    }
    world.browser().get("/v1/health").await.ok();
    world.backend.get("/v1/health").await.ok();
    let took = stop(&mut world).await;
    assert!((900..1900).contains(&took.as_millis()), "{took:?}");
    for mut stream in kept {
        assert_eq!(
            stream.read(&mut [0]).await.unwrap_or_default(),
            0,
            "cut off at the end"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_about_to_write_is_answered_and_told_that_the_connection_ends() {
    let mut world = World::new().await;
    let address = world.server.as_ref().unwrap().local_addr();
    let request = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut kept = connect(&world).await;
    let mut buffer = [0; 4096];
    kept.write_all(request).await.unwrap();
    let read = kept.read(&mut buffer).await.unwrap();
    let first = String::from_utf8_lossy(&buffer[..read]).to_lowercase();
    assert!(
        first.contains("200 ok") && !first.contains("connection: close"),
        "{first}"
    );

    let server = world.server.take().unwrap();
    let stopping = tokio::spawn(server.stop());
    // Nobody new comes in any more: the stop has begun.
    while TcpStream::connect(address).await.is_ok() {}
    kept.write_all(request).await.unwrap();
    let mut last = String::new();
    kept.read_to_string(&mut last).await.unwrap();
    let last = last.to_lowercase();
    assert!(
        last.contains("200 ok") && last.contains("connection: close"),
        "{last}"
    );
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_server_stops() {
    let mut world = World::new().await;
    let mut stream = connect(&world).await;
    let head = half_a_request();
    stream.write_all(head.as_bytes()).await.unwrap();
    world.browser().get("/v1/health").await.ok();
    let server = world.server.take().unwrap();
    let stopping = tokio::spawn(server.stop());
    tokio::task::yield_now().await;
    let rest = format!(
        "{:<99}",
        "\"first_name\": \"Grace\", \"email_address\": [\"grace@example.com\"]}"
    );
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stopping.await.unwrap();
    assert_eq!(world.count("users").await, 2);
}

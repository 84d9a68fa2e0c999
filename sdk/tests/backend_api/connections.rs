//! What happens below HTTP, with a server made of a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::failures::client;
use crate::retries::create;

const KEYS: &str = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"keys\": []}";
/// Ends before it is as long as it says.
const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"keys";

/// How often the server was connected to, and asked.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// A server that gives these answers in turn, and the last one from then on; after half an answer it hangs up.
async fn server(answers: &'static [&'static str]) -> (String, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Seen::default());
    let counts = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            counts.connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(socket, answers, Arc::clone(&counts)));
        }
    });
    (url, seen)
}

async fn serve(mut socket: TcpStream, answers: &[&str], seen: Arc<Seen>) {
    let mut request = vec![0; 4096];
    while let Ok(1..) = socket.read(&mut request).await {
        let number = seen.requests.fetch_add(1, Ordering::SeqCst);
        let answer = answers[number.min(answers.len() - 1)];
        socket.write_all(answer.as_bytes()).await.unwrap();
        if answer == HALF {
            return;
        }
    }
}

#[tokio::test]
async fn clones_share_a_connection() {
    let (url, seen) = server(&[KEYS]).await;
    let client = client(&url).build().unwrap();
    for _ in 0..5 {
        client.clone().jwks().await.unwrap();
    }
    assert_eq!(seen.requests.load(Ordering::SeqCst), 5);
    assert_eq!(seen.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn reading_is_tried_again_when_the_answer_breaks_off() {
    let (url, seen) = server(&[HALF, KEYS]).await;
    client(&url)
        .retries(2)
        .build()
        .unwrap()
        .jwks()
        .await
        .unwrap();
    assert_eq!(seen.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_change_whose_answer_broke_off_is_left_to_the_caller() {
    let (url, seen) = server(&[HALF]).await;
    let error = create(&client(&url).retries(2).build().unwrap())
        .await
        .unwrap_err();
    assert!(!error.is_connect() && !error.is_timeout() && error.status().is_none());
    assert_eq!(
        error.to_string(),
        format!("POST /v1/agents/tasks got no whole answer from {url}")
    );
    assert_eq!(seen.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_looked_for_again() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let started = Instant::now();
    let error = create(&client(&url).retries(2).build().unwrap())
        .await
        .unwrap_err();
    assert!(error.is_connect());
    // Half of 100 ms and half of 200 ms, at the least.
    assert!(started.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn the_longest_times_are_no_trouble() {
    let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 18446744073709551615\r\ncontent-length: 0\r\n\r\n";
    let (url, _) = server(&[KEYS]).await;
    let patient = client(&url)
        .timeout(Duration::MAX)
        .connect_timeout(Duration::MAX);
    patient.build().unwrap().jwks().await.unwrap();
    let (url, _) = server(Box::leak(Box::new([busy]))).await;
    let patient = client(&url).timeout(Duration::MAX).retries(3);
    let error = patient.build().unwrap().jwks().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(u64::MAX)));
}

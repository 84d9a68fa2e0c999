//! `kill -9` while events are on their way: none is lost.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use standin_proof::Trial;

use crate::process::{Process, database, free_port};

/// An application that keeps the ids of what it is told.
struct Sink {
    url: String,
    heard: Arc<Mutex<HashSet<String>>>,
}

impl Sink {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let heard: Arc<Mutex<HashSet<String>>> = Arc::default();
        let hearing = heard.clone();
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let hearing = hearing.clone();
                std::thread::spawn(move || {
                    let (mut request, mut part) = (Vec::new(), [0; 4096]);
                    loop {
                        match connection.read(&mut part) {
                            Ok(0) | Err(_) => return,
                            Ok(read) => request.extend_from_slice(&part[..read]),
                        }
                        let text = String::from_utf8_lossy(&request);
                        if let Some((_, body)) = text.split_once("\r\n\r\n")
                            && let Ok(event) = serde_json::from_str::<Value>(body)
                        {
                            let id = event["data"]["id"].as_str().unwrap().to_owned();
                            hearing.lock().unwrap().insert(id);
                            break;
                        }
                    }
                    let _ = connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
                });
            }
        });
        Self { url, heard }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_server_that_is_killed_are_sent_by_the_next_one() {
    const EACH: usize = 40;
    let (data, database, port) = (tempfile::tempdir().unwrap(), database(), free_port());
    let sink = Sink::new();
    let start = || Process::start(data.path(), database.as_deref(), port, port);
    let mut process = start().await;
    let ask = async |process: &Process, path: &str, body: Value| {
        let (status, answer) = process.calls.send(Method::POST, path, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    };
    let listens = json!({ "url": sink.url, "events": ["user.created"] });
    ask(&process, "/v1/webhook_endpoints", listens).await;
    let mut trial = Trial::begin("R17", "`kill -9` while events are on their way");
    let kills = trial.size(3, 100);
    let mut made = HashSet::new();
    for life in 0..kills {
        for n in 0..EACH {
            let body = json!({ "external_id": format!("{life}-{n}"), "email_address": [format!("u{life}-{n}@example.com")] });
            made.insert(ask(&process, "/v1/users", body).await);
        }
        process.kill();
        process = start().await;
    }
    // What was under way when a server died waits until its lease of half a minute is over.
    let started = Instant::now();
    loop {
        let heard = sink.heard.lock().unwrap().clone();
        if made.is_subset(&heard) {
            trial.end(format_args!(
                "{kills} kills, {} events, none lost",
                made.len()
            ));
            return;
        }
        let lost = made.difference(&heard).count();
        assert!(started.elapsed() < Duration::from_secs(90), "{lost} lost");
        #[expect(
            clippy::disallowed_methods,
            reason = "the condition itself is asked, in another process"
        )]
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

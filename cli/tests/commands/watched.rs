//! Nothing that a server writes for its operators holds a secret.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::world::{run, standin};

const PASSWORD: &str = "correct-horse-battery-staple";

/// A server whose log says everything, and all that it wrote.
struct Running {
    server: Child,
    written: Vec<JoinHandle<String>>,
    first: String,
}

impl Running {
    /// Starts it, and waits for the line that holds a word.
    fn start(mut command: Command, word: &'static str) -> Self {
        let mut server = command
            .env("RUST_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = server.stderr.take().unwrap();
        let stdout = server.stdout.take().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let out = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = BufReader::new(stdout).read_to_string(&mut text);
            text
        });
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            for line in BufReader::new(stderr).lines() {
                let line = line.unwrap();
                if line.contains(word) {
                    let _ = tell.send(line.clone());
                }
                text.push_str(&line);
                text.push('\n');
            }
            text
        });
        Self {
            server,
            written: vec![out, err],
            first: told.recv().unwrap_or_default(),
        }
    }

    /// Everything it wrote, after it was asked to stop.
    fn end(mut self) -> String {
        let pid = self.server.id().to_string();
        Command::new("kill").arg(pid).status().unwrap();
        self.server.wait().unwrap();
        let written = self.written.drain(..);
        written.map(|text| text.join().unwrap()).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Sends a request as it stands here, and returns the whole answer.
fn ask(address: &str, request: &str) -> String {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

struct Caller<'a> {
    address: &'a str,
    host: &'a str,
}

impl Caller<'_> {
    fn send(&self, line: &str, headers: &str, body: &str) -> String {
        let (host, length) = (self.host, body.len());
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        ask(self.address, &request)
    }

    fn json(&self, line: &str, key: &str, body: &Value) -> Value {
        let headers = format!("Authorization: Bearer {key}\r\nContent-Type: application/json\r\n");
        let answer = self.send(line, &headers, &body.to_string());
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }
}

/// Does what there is to do with secrets, rightly and wrongly, and returns them all.
fn use_secrets(caller: &Caller<'_>, key: &str, page: &str) -> Vec<String> {
    let mut secrets = vec![key.to_owned(), PASSWORD.to_owned()];
    let user = json!({ "email_address": ["grace@example.com"], "password": PASSWORD });
    let user = caller.json("POST /v1/users", key, &user);
    let user_id = user["id"].as_str().unwrap();
    let wrong = json!({ "password": "wrong-horse-battery-staple" });
    caller.json(
        &format!("POST /v1/users/{user_id}/verify_password"),
        key,
        &wrong,
    );
    secrets.push("wrong-horse-battery-staple".into());

    let task = json!({
        "on_behalf_of": { "identifier": "grace@example.com" }, "permissions": "*", "agent_name": "a",
        "task_description": "d", "redirect_url": page,
    });
    let task = caller.json("POST /v1/agents/tasks", key, &task);
    let url = url::Url::parse(task["url"].as_str().unwrap()).unwrap();
    let (path, query) = (url.path(), url.query().unwrap());
    let ticket = query.split('=').next_back().unwrap();
    secrets.push(ticket.into());
    // In a path, in a header, and then where it belongs.
    caller.send(&format!("GET /v1/agents/tasks/{ticket}"), "", "");
    caller.send(
        "GET /v1/environment",
        &format!("X-Ticket: {ticket}\r\n"),
        "",
    );
    let visit = caller.send(
        &format!("GET {path}?{query}"),
        "Accept: application/json\r\n",
        "",
    );
    let visit: Value = serde_json::from_str(visit.split_once("\r\n\r\n").unwrap().1)
        .unwrap_or_else(|_| panic!("{visit}"));
    let state = &visit["storage_state"]["cookies"];
    let cookies: Vec<(&str, &str)> = state
        .as_array()
        .unwrap()
        .iter()
        .map(|cookie| {
            (
                cookie["name"].as_str().unwrap(),
                cookie["value"].as_str().unwrap(),
            )
        })
        .collect();
    let long = cookies.iter().filter(|(_, value)| value.len() > 20);
    secrets.extend(long.map(|(_, value)| (*value).to_owned()));
    let header: Vec<_> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let header = format!("Cookie: {}\r\n", header.join("; "));
    let answer = caller.send("GET /v1/client", &header, "");
    assert!(answer.contains("grace@example.com"), "{answer}");
    secrets.push(visit["jwt"].as_str().unwrap().to_owned());
    caller.send(&format!("GET {path}?{query}"), "", "");

    secrets.extend(guess(caller));
    secrets
}

/// Shows what opens nothing, wherever it may stand, and the right password.
fn guess(caller: &Caller<'_>) -> Vec<String> {
    let wrong = ["sk_live_wrong0123456789", "sk_test_wrong0123456789"];
    for wrong in wrong {
        caller.json("GET /v1/users", wrong, &json!({}));
        caller.send(&format!("GET /v1/{wrong}"), "", "");
    }
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let sign_in = format!("strategy=password&identifier=grace%40example.com&password={PASSWORD}");
    caller.send("POST /v1/client/sign_ins", form, &sign_in);
    wrong.map(ToOwned::to_owned).into()
}

fn holds_none(written: &str, secrets: &[String]) {
    assert!(
        written.contains("/v1/agents/tasks"),
        "the log says too little to be a test: {written}"
    );
    assert!(secrets.len() >= 8, "{secrets:?}");
    for secret in secrets {
        let found = written.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(found, None, "{secret}");
    }
}

#[test]
fn neither_the_log_nor_the_figures_of_a_production_server_hold_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let host = "clerk.example.com";
    let serve = [
        "serve",
        "--data",
        "d",
        "--public-url",
        "https://clerk.example.com",
        "--listen",
        "127.0.0.1:0",
        "--metrics-listen",
        "127.0.0.1:0",
        "--allow-origin",
        "https://app.example.com",
    ];
    let server = Running::start(standin(folder.path(), &serve), "metrics_address");
    let ready: Value = serde_json::from_str(&server.first).unwrap();
    let key = run(standin(folder.path(), &["key", "create", "--data", "d"])).ok();
    let address = ready["address"].as_str().unwrap();
    let secrets = use_secrets(
        &Caller { address, host },
        key.line(),
        "https://app.example.com/",
    );
    let metrics = ready["metrics_address"].as_str().unwrap();
    let figures = Caller {
        address: metrics,
        host: "anything",
    };
    let figures = figures.send("GET /metrics", "", "");
    assert!(
        figures.contains("standin_http_requests_total{"),
        "{figures}"
    );
    let master = std::fs::read_to_string(folder.path().join("d/master.key")).unwrap();
    let secrets = [secrets, vec![master.trim().to_owned()]].concat();
    holds_none(&format!("{}{figures}", server.end()), &secrets);
}

#[test]
fn neither_does_the_log_of_a_development_server() {
    let folder = tempfile::tempdir().unwrap();
    let dev = standin(folder.path(), &["dev", "--port", "0"]);
    let server = Running::start(dev, "Address");
    let (_, host) = server.first.split_once("http://").unwrap();
    let host = host.trim();
    let env = run(standin(folder.path(), &["env", "--json"])).ok().json();
    let key = env["CLERK_SECRET_KEY"].as_str().unwrap();
    let address = host.replace("localhost", "127.0.0.1");
    let caller = Caller {
        address: &address,
        host,
    };
    let secrets = use_secrets(&caller, key, "http://localhost:3000/");
    holds_none(&server.end(), &secrets);
}

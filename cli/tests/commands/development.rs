//! What one may do to a development server, and nobody to one in production.

use std::time::{Duration, Instant};

use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::{Production, World, run, standin};

#[test]
fn the_clock_is_moved_shown_and_put_right_and_a_restart_puts_it_right_too() {
    let mut world = World::new();
    let shown = |world: &World| world.run(&["clock", "--json"]).ok().json();
    assert_eq!(shown(&world)["ahead_ms"], 0);
    let state = ["--storage-state", "state.json", "--session", "30m"];
    world.task("ada@example.com", &state).ok();
    let sessions = |world: &World, status: &str| {
        let list = ["session", "list", "--status", status, "--json"];
        let list = world.run(&list).ok().json();
        list["data"].as_array().unwrap().len()
    };
    assert_eq!(sessions(&world, "active"), 1);
    let moved = world.run(&["clock", "+31m"]).ok();
    assert!(
        moved.stderr.contains("31m ahead of the real clock"),
        "{moved:?}"
    );
    assert!(moved.stderr.contains("SDKs refuse them"), "{moved:?}");
    assert_eq!(sessions(&world, "active"), 0);
    assert_eq!(sessions(&world, "expired"), 1);
    let doctor = world.run(&["doctor"]);
    assert!(doctor.stdout.contains("standin clock real"), "{doctor:?}");
    world.run(&["clock", "real"]).ok();
    assert_eq!(sessions(&world, "active"), 1);

    world.run(&["clock", "-2d"]).ok();
    assert_eq!(shown(&world)["ahead_ms"], -2 * 86_400_000);
    let set = world
        .run(&["clock", "set", "2026-12-24T10:00:00Z", "--json"])
        .ok();
    let now = set.json()["now"].as_i64().unwrap();
    assert!((0..60_000).contains(&(now - 1_798_106_400_000)), "{set:?}");
    world = world.again(&[]);
    assert_eq!(shown(&world)["ahead_ms"], 0);
    assert_eq!(sessions(&world, "active"), 1);
    for wrong in [
        &["tomorrow"][..],
        &["set", "noon"],
        &["+31"],
        &["31m"],
        &["set"],
    ] {
        let refused = world.run(&[&["clock"], wrong].concat());
        assert_eq!(refused.code, 2, "{refused:?}");
    }
}

#[test]
fn faults_are_added_listed_and_removed() {
    let world = World::new();
    let fault = [
        "fault",
        "add",
        "GET /v1/users*",
        "503",
        "--times",
        "1",
        "--delay",
        "200ms",
    ];
    let added = world.run(&fault).ok();
    assert_eq!(added.line(), "flt_1");
    let api = world.told("api_url");
    let ask = || {
        let url = format!("{api}/v1/users");
        let status = format!(
            "curl -s -w '%{{http_code}}' -o /dev/null -H 'Authorization: Bearer {}' {url}",
            world.told("secret_key")
        );
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &status]);
        let started = Instant::now();
        (
            run(command).stdout,
            started.elapsed() >= Duration::from_millis(200),
        )
    };
    assert_eq!(ask(), ("503".to_owned(), true));
    assert_eq!(ask().0, "200");
    let listed = world.run(&["fault", "list"]).ok().stdout;
    assert!(
        listed.contains("GET /v1/users*") && listed.contains("503 after 200ms"),
        "{listed}"
    );
    let removed = world.run(&["fault", "remove", "flt_1"]).ok();
    assert!(
        removed.stderr.contains("came upon it 1 times"),
        "{removed:?}"
    );
    assert_eq!(world.run(&["fault", "remove", "flt_1"]).code, 3);
    world
        .run(&["fault", "add", "* /v1/client*", "--delay", "2s"])
        .ok();
    let doctor = world.run(&["doctor"]);
    assert!(doctor.stdout.contains("come upon a fault"), "{doctor:?}");
    let removed = world
        .run(&["fault", "remove", "--all", "--json"])
        .ok()
        .json();
    assert_eq!(removed["total_count"], 1, "{removed}");
    for wrong in [
        &["/v1/users", "503"][..],
        &["GET /v1/users"],
        &["GET /v1/users", "200"],
        &["GET /v1/health", "503"],
    ] {
        let refused = world.run(&[&["fault", "add"], wrong].concat());
        assert_eq!(refused.code, 2, "{refused:?}");
    }
}

#[tokio::test]
async fn a_server_in_production_has_no_such_address_whatever_it_is_started_with() {
    let folder = tempfile::tempdir().unwrap();
    let server = Production::start(folder.path());
    let key = run(standin(folder.path(), &["key", "create", "--data", "d"])).ok();
    let key = key.line().to_owned();
    let http = Client::builder().no_proxy().build().unwrap();
    let ask = async |method: Method, path: &str| {
        let asked = http.request(method, format!("{}{path}", server.url));
        let asked = asked.bearer_auth(&key).json(&json!({ "by_seconds": 60 }));
        let answer = asked.send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        (status, body["errors"].clone())
    };
    let unknown = ask(Method::GET, "/v1/nothing/lives/here").await;
    assert_eq!(unknown.0, StatusCode::NOT_FOUND);
    for path in [
        "/v1/development",
        "/v1/development/clock",
        "/v1/development/faults",
    ] {
        for method in [Method::GET, Method::POST, Method::PATCH, Method::DELETE] {
            assert_eq!(ask(method.clone(), path).await, unknown, "{method} {path}");
        }
    }
    for command in [&["clock", "+31m"][..], &["fault", "add", "* *", "503"]] {
        let at = ["--api-url", &server.url, "--secret-key", &key];
        let refused = run(standin(folder.path(), &[command, &at].concat()));
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.stderr.contains("in production"), "{refused:?}");
    }
}

/// One worker of a suite.
#[derive(Clone)]
struct Worker {
    http: Client,
    api: String,
    key: String,
}

impl Worker {
    /// A task is made, and its link opened as a program does or as a browser. Gives what was not as it should be.
    async fn sign_in(&self, as_json: bool) -> Option<StatusCode> {
        let made = self
            .http
            .post(format!("{}/v1/agents/tasks", self.api))
            .bearer_auth(&self.key)
            .json(&json!({
                "on_behalf_of": { "identifier": "ada@example.com" }, "permissions": "*", "agent_name": "e2e",
                "task_description": "Crowd", "redirect_url": "http://localhost:3000/dashboard",
            }))
            .send();
        let made = made.await.unwrap();
        if made.status() != 200 {
            return Some(made.status());
        }
        let task: Value = made.json().await.unwrap();
        let mut visit = self.http.get(task["url"].as_str().unwrap());
        if as_json {
            visit = visit.header(ACCEPT, "application/json");
        }
        let status = visit.send().await.unwrap().status();
        let wanted = if as_json { 200 } else { 307 };
        (status != wanted).then_some(status)
    }
}

#[tokio::test]
async fn eight_workers_sign_in_again_and_again_and_nobody_is_told_to_slow_down() {
    let is_full = std::env::var_os("STANDIN_FULL").is_some();
    let each = if is_full { 200 } else { 40 };
    let (world, started) = (World::new(), Instant::now());
    let http = Client::builder().no_proxy().redirect(Policy::none());
    let worker = Worker {
        http: http.build().unwrap(),
        api: world.told("api_url").to_owned(),
        key: world.told("secret_key").to_owned(),
    };
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let worker = worker.clone();
        workers.spawn(async move {
            let mut wrong = Vec::new();
            for turn in 0..each {
                wrong.extend(worker.sign_in(turn % 2 == 0).await);
            }
            wrong
        });
    }
    let wrong = workers.join_all().await.concat();
    assert_eq!(wrong, Vec::<StatusCode>::new());
    println!("{} sign-ins took {:?}", 8 * each, started.elapsed());
}

//! Endpoints by hand, and events on their way to an application that is being written.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::{World, standin};

/// An application that takes whatever comes.
fn application() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/webhooks", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = connection.read(&mut vec![0; 65_536]);
            let _ = connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
    });
    url
}

#[test]
fn an_endpoint_is_added_listed_replayed_and_removed() {
    let (world, url) = (World::new(), application());
    let added = world.run(&["webhook", "add", &url, "--events", "user.created,session.*"]);
    let added = added.ok();
    assert!(added.line().starts_with("whsec_"));
    let listed = world.run(&["webhook", "list", "--json"]).ok().json();
    let id = listed["data"][0]["id"].as_str().unwrap();
    assert_eq!(
        listed["data"][0]["events"],
        serde_json::json!(["user.created", "session.*"])
    );
    world.run(&["user", "create", "--username", "grace"]).ok();
    let sent = world
        .run(&["webhook", "deliveries", id, "--json"])
        .ok()
        .json();
    assert_eq!(sent["data"][0]["type"], "user.created");
    let number = sent["data"][0]["id"].to_string();
    world.run(&["webhook", "replay", id, &number]).ok();
    let again = world
        .run(&["webhook", "replay", id, "--since", "1h", "--json"])
        .ok()
        .json();
    assert!(again["count"].as_u64().unwrap() <= 1);
    assert_eq!(world.run(&["webhook", "replay", id]).code, 2);
    let wrong = world.run(&["webhook", "add", "http://app.example.com/", "--json"]);
    assert_eq!(
        (
            wrong.code,
            wrong.stdout.contains("form_param_value_invalid")
        ),
        (2, true)
    );
    world.run(&["webhook", "remove", id]).ok();
    assert_eq!(world.run(&["webhook", "remove", id]).code, 3);
}

#[test]
fn listen_prints_what_arrives_and_has_the_same_secret_the_next_time() {
    let (world, url) = (World::new(), application());
    let mut secrets = Vec::new();
    for name in ["grace", "hedy"] {
        let arguments = [
            "listen",
            "--forward-to",
            &url,
            "--events",
            "user.created",
            "--json",
        ];
        let mut command = standin(world.folder.path(), &arguments);
        let mut listening = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(listening.stdout.take().unwrap()).lines();
        let mut next =
            || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
        secrets.push(next()["signing_secret"].clone());
        let made = world.run(&["user", "create", "--username", name]).ok();
        let told = next();
        assert_eq!(
            (told["type"].as_str(), told["status"].as_str()),
            (Some("user.created"), Some("delivered"))
        );
        assert_eq!(told["object_id"], made.line());
        let asked = Command::new("kill")
            .args(["-INT", &listening.id().to_string()])
            .status();
        assert!(asked.unwrap().success());
        assert_eq!(listening.wait().unwrap().code(), Some(130));
        let listed = world.run(&["webhook", "list", "--json"]).ok().json();
        assert_eq!(
            (
                listed["data"].as_array().unwrap().len(),
                &listed["data"][0]["disabled"]
            ),
            (1, &true.into())
        );
    }
    assert_eq!(secrets[0], secrets[1]);
    assert!(secrets[0].as_str().unwrap().starts_with("whsec_"));
}

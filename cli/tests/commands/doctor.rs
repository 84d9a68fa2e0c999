use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use crate::world::{Done, World, run, standin};

/// An application that answers, at its address.
fn application() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    format!("http://localhost:{port}")
}

/// What it says of `about`: grades and sentences.
fn said(done: &Done, about: &str) -> Vec<(String, String)> {
    let json = done.json();
    let all = json["findings"].as_array().unwrap();
    let about = all.iter().filter(|one| one["about"] == about);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    about
        .map(|one| {
            (
                text(&one["grade"]),
                format!("{} → {}", text(&one["text"]), text(&one["remedy"])),
            )
        })
        .collect()
}

fn is_wrong(done: &Done, about: &str, word: &str) {
    assert_eq!(done.code, 1, "{done:?}");
    let said = said(done, about);
    assert!(
        said.iter()
            .any(|(grade, text)| grade == "wrong" && text.contains(word)),
        "{said:?}"
    );
}

#[test]
fn a_sound_setup_passes() {
    let world = World::new();
    world.install_scripts();
    world.run(&["env", "--file", ".env.local"]).ok();
    world.task("ada@example.com", &[]).ok();
    let done = world
        .run(&["doctor", "--app", &application(), "--json"])
        .ok();
    for about in [
        "server", "address", "clock", "settings", "site", "app", "clerk-js",
    ] {
        assert_eq!(said(&done, about)[0].0, "ok", "{done:?}");
    }
}

#[test]
fn an_application_on_another_site_is_found() {
    let world = World::new();
    let done = world.run(&["doctor", "--app", "http://127.0.0.1:3000", "--json"]);
    is_wrong(&done, "site", "http://localhost");
}

#[test]
fn settings_of_another_instance_are_found() {
    let world = World::new();
    world.write(".env", "CLERK_PUBLISHABLE_KEY=pk_test_MTI3LjAuMC4xOjEk\n");
    is_wrong(&world.run(&["doctor", "--json"]), "settings", "standin env");
}

#[test]
fn a_damaged_or_foreign_verification_key_is_found() {
    let world = World::new();
    world.write(
        ".env",
        "CLERK_JWT_KEY='-----BEGIN PUBLIC KEY-----\\nMIIB\\n-----END PUBLIC KEY-----'\n",
    );
    is_wrong(&world.run(&["doctor", "--json"]), "JWT key", "backslash");
    world.write(".env", "CLERK_JWT_KEY=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n");
    is_wrong(
        &world.run(&["doctor", "--json"]),
        "JWT key",
        "not this server",
    );
}

#[test]
fn what_a_framework_ignores_is_said() {
    let world = World::new();
    world.write(
        "package.json",
        r#"{ "dependencies": { "@clerk/fastify": "3" } }"#,
    );
    let done = world.run(&["doctor", "--json"]);
    assert!(
        said(&done, "Fastify")[0].1.contains("clerkPlugin"),
        "{done:?}"
    );
}

#[test]
fn a_server_that_does_not_answer_is_found() {
    let world = World::new();
    let done = world.run(&[
        "doctor",
        "--api-url",
        "http://127.0.0.1:1",
        "--secret-key",
        "sk_test_x",
        "--json",
    ]);
    is_wrong(&done, "server", "standin dev");
}

#[test]
fn what_a_page_would_not_see_or_see_wrongly_is_found() {
    let world = World::new();
    let doctor = || world.run(&["doctor", "--json"]);
    // Under the plain name, where the framework wants its prefix.
    world.write(
        "package.json",
        r#"{ "dependencies": { "@clerk/nextjs": "7" } }"#,
    );
    world.write(
        ".env.local",
        &format!("CLERK_PUBLISHABLE_KEY={}\n", world.told("publishable_key")),
    );
    is_wrong(&doctor(), "settings", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY");
    // Another port.
    world.write(".env.local", "CLERK_API_URL=http://localhost:1\n");
    is_wrong(&doctor(), "settings", "it says http://localhost:1");
    // A key that some framework reads, of another instance.
    world.run(&["env", "--file", ".env.local", "--force"]).ok();
    world.write(
        ".env",
        "VITE_CLERK_PUBLISHABLE_KEY=pk_test_MTI3LjAuMC4xOjEk\n",
    );
    is_wrong(
        &doctor(),
        "settings",
        "remove VITE_CLERK_PUBLISHABLE_KEY from .env",
    );
    is_wrong(&doctor(), "clerk-js", "npm install");
}

#[test]
fn an_application_that_is_not_there_and_a_folder_that_is_not_are_found() {
    let world = World::new();
    let done = world.run(&["doctor", "--app", "http://localhost:1", "--json"]);
    is_wrong(&done, "app", "start the application");
    let nowhere = world.run(&["doctor", "--folder", "/nope"]);
    assert_eq!(nowhere.code, 2, "{nowhere:?}");
    assert!(nowhere.stderr.contains("/nope"), "{nowhere:?}");
}

#[test]
fn a_task_that_lands_on_another_site_is_found() {
    let world = World::new();
    let create = [
        "task",
        "create",
        "--for",
        "ada@example.com",
        "--redirect",
        "http://127.0.0.1:3000/x",
    ];
    let made = world.run(&create).ok();
    assert!(
        made.stderr.contains("--redirect http://localhost:3000/x"),
        "{made:?}"
    );
    is_wrong(
        &world.run(&["doctor", "--json"]),
        "tasks",
        "http://localhost",
    );
    world.task("ada@example.com", &[]).ok();
    let near = world.task("ada@example.com", &[]).ok();
    assert!(!near.stderr.contains("two sites"), "{near:?}");
}

#[test]
fn a_key_that_is_not_known_is_named_with_where_it_came_from_and_a_command() {
    let world = World::new();
    let done = world.run(&["doctor", "--secret-key", "sk_test_wrong", "--json"]);
    is_wrong(&done, "server", "--secret-key");
    is_wrong(&done, "server", "standin env");
    let mut command = standin(world.folder.path(), &["user", "list"]);
    command.env("CLERK_SECRET_KEY", "sk_test_zz");
    let alone = run(command).ok();
    assert!(
        alone
            .stderr
            .contains("CLERK_SECRET_KEY is set and not used"),
        "{alone:?}"
    );
    let mut command = standin(world.folder.path(), &["user", "list"]);
    command
        .env("CLERK_SECRET_KEY", "sk_test_zz")
        .env("CLERK_API_URL", world.told("api_url"));
    let both = run(command);
    assert_eq!(both.code, 3, "{both:?}");
    assert!(
        both.stderr.contains("CLERK_SECRET_KEY in the environment"),
        "{both:?}"
    );
}

use serde_json::Value;

use crate::world::{Done, World};

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
    world.run(&["env", "--file", ".env.local"]).ok();
    let done = world
        .run(&["doctor", "--app", "http://localhost:3000", "--json"])
        .ok();
    for about in ["server", "clock", "settings", "site"] {
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

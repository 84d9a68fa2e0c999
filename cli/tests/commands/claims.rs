//! Custom claims that a server is started with.

use std::path::Path;

use serde_json::{Value, json};

use crate::world::{Done, World, run, standin};

const PUBLIC: &str = "https://clerk.example.com";

/// The claims of a token that an agent is given for Ada.
fn token(world: &World) -> Value {
    let state = world
        .task("ada@example.com", &["--storage-state", "state.json"])
        .ok();
    assert!(!state.stdout.is_empty() || !state.stderr.is_empty());
    let state: Value = serde_json::from_str(&world.read("state.json")).unwrap();
    let cookies = state["cookies"].as_array().unwrap();
    let session = cookies
        .iter()
        .find(|one| one["name"] == "__session")
        .unwrap();
    let claims = session["value"]
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap();
    serde_json::from_slice(&decoded(claims)).unwrap()
}

/// Base64url, which no crate of the command line's own reads.
fn decoded(text: &str) -> Vec<u8> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = text.chars().map(|c| alphabet.find(c).unwrap());
    let (mut held, mut count, mut bytes) = (0_usize, 0, Vec::new());
    for six in bits {
        held = (held << 6) | six;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((held >> count) & 0xff).unwrap());
        }
    }
    bytes
}

#[test]
fn a_file_of_claims_is_in_the_tokens_and_stays_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let claims = json!({ "aud": "convex", "email": "{{user.primary_email_address}}", "name": "{{user.full_name}}" });
    std::fs::write(folder.path().join("claims.json"), claims.to_string()).unwrap();
    let mut world = World::with(folder, &["--claims", "claims.json"]);
    for _ in 0..2 {
        let said = token(&world);
        assert_eq!(said["aud"], "convex");
        assert_eq!(said["email"], "ada@example.com");
        assert_eq!(said["name"], "Ada Lovelace");
        world = world.again(&[]);
    }
}

fn served(folder: &Path, options: &[&str]) -> Done {
    let serve = [
        "serve",
        "--data",
        "d",
        "--listen",
        "127.0.0.1:0",
        "--public-url",
        PUBLIC,
    ];
    run(standin(folder, &[&serve[..], options].concat()))
}

#[test]
fn claims_that_do_not_work_keep_a_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("list.json", "[1]");
    write("reserved.json", r#"{ "sub": "x" }"#);
    write(
        "open.json",
        r#"{ "email": "{{user.primary_email_address" }"#,
    );
    write("config.toml", "[claims]\nsid = \"x\"\n");
    for (options, said) in [
        (["--claims", "nowhere.json"], "nowhere.json"),
        (["--claims", "list.json"], "no JSON object"),
        (["--claims", "reserved.json"], "The claim sub"),
        (["--claims", "open.json"], "has no }}"),
        (["--config", "config.toml"], "The claim sid"),
    ] {
        let done = served(folder.path(), &options);
        assert_ne!(done.code, 0, "{done:?}");
        assert!(done.stderr.contains(said), "{said}: {done:?}");
        if options[0] == "--claims" {
            let dev = [&["dev", "--port", "0"][..], &options, &["--", "true"]].concat();
            let dev = run(standin(folder.path(), &dev));
            assert_ne!(dev.code, 0, "{dev:?}");
            assert!(dev.stderr.contains(said), "{said}: {dev:?}");
        }
    }
}

//! The OpenAPI document: every call is made, and what it reads and answers is what the document says. After a change
//! `scripts/pages` writes the document and `docs/http-api.md` anew.
#![cfg(feature = "observing")]

mod calls;
mod document;
mod page;
mod requests;
mod shapes;
mod things;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Value, json};
use standin_proof::check_page;
use standin_server::OPENAPI;
use standin_server::secret_keys::Scope;

use crate::keys::key;
use crate::world::World;
use requests::Seen;
use things::Things;

#[test]
fn every_call_has_an_entry_and_every_entry_is_a_call() {
    let calls = calls::all();
    let routes: BTreeSet<String> = calls::tables().into_iter().map(|(name, _)| name).collect();
    let guarded = calls.iter().filter(|call| call.scope.is_some());
    let entries: BTreeSet<String> = guarded.map(calls::Call::name).collect();
    assert_eq!(routes, entries);
    let open = calls.iter().filter(|call| call.scope.is_none());
    let open: Vec<&str> = open.map(|call| call.path).collect();
    assert_eq!(open, ["/v1/health", "/readyz", "/livez", "/openapi.json"]);
}

/// On one thread: what handlers ask for is noted by thread.
#[tokio::test]
async fn the_document_says_what_every_call_reads_and_answers() {
    let world = World::new().await;
    let all = calls::all();
    let things = Things {
        world: &world,
        calls: &all,
    };
    let domains = json!({ "domains_enabled": true });
    let settings = "/v1/instance/organization_settings";
    world.backend.patch(settings, domains).await.ok();
    let weak = world.backend.with_key(&key(&world, Scope::Read).await.1);
    let mut seen = Vec::new();
    for call in &all {
        seen.push(Seen::of(&things, call, &weak).await);
    }
    let calls: Vec<_> = all.into_iter().zip(seen).collect();
    let document = document::of(&calls);
    sound(&document);
    check_page("http-api.md", &page::of(&calls));
    let mut text = Vec::new();
    let indented = PrettyFormatter::with_indent(b" ");
    let mut to = Serializer::with_formatter(&mut text, indented);
    document.serialize(&mut to).unwrap();
    let text = String::from_utf8(text).unwrap() + "\n";
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/openapi.json");
    if std::env::var_os("STANDIN_WRITE_PAGES").is_some() {
        fs::write(&kept, &text).unwrap();
    }
    let kept = fs::read_to_string(kept).unwrap();
    let mut lines = kept.lines().zip(text.lines());
    let differs = lines.find(|(kept, made)| kept != made);
    assert!(
        kept == text,
        "openapi.json is not true any more; scripts/pages writes it anew: {differs:#?}"
    );
}

#[tokio::test]
async fn the_document_is_given_to_all() {
    for world in [World::new().await, World::production().await] {
        let address = format!("{}/openapi.json", world.backend.base);
        let client = reqwest::Client::new();
        let mut request = client.get(address);
        if world.config.development_key.is_none() {
            request = request.header("host", "clerk.example.com");
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(answer.text().await.unwrap(), OPENAPI);
    }
}

/// What a validator looks at: names are their own, references lead somewhere.
fn sound(document: &Value) {
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].to_string()), "{path}");
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

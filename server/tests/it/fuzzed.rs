//! What `scripts/fuzz` kept of the bytes that it made, once more; and addresses, as another parser reads them.
#![cfg(feature = "fuzzing")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use standin_server::fuzzing;
use standin_server::stage::Stage;

fn kept(property: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(property);
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn every_property_holds_for_all_bytes_that_were_kept_within_a_second() {
    for (name, property) in fuzzing::ALL {
        let kept = kept(name);
        assert!(kept.len() > 10, "{name}");
        for (path, bytes) in kept {
            // So that a failure names the file.
            println!("{path}");
            let started = Instant::now();
            property(&bytes);
            assert!(started.elapsed() < Duration::from_secs(1), "{path}");
        }
    }
}

/// Node's URL is what browsers have (WHATWG).
#[test]
fn an_address_that_lands_has_the_same_origin_for_a_browser() {
    const READ: &str = "const all = JSON.parse(require('fs').readFileSync(0));
        console.log(JSON.stringify(all.map((text) => new URL(text).origin)))";
    let (mut texts, mut origins) = (Vec::new(), Vec::new());
    for (_, bytes) in kept("redirect") {
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        for stage in [Stage::Development, Stage::Production] {
            if let Some(url) = fuzzing::lands(&text, stage) {
                texts.push(text.clone());
                origins.push(Value::from(url.origin().ascii_serialization()));
            }
        }
    }
    assert!(texts.len() > 10);
    let mut node = Command::new("node");
    let mut node = node
        .args(["-e", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(&texts).unwrap();
    node.stdin.take().unwrap().write_all(&input).unwrap();
    let output = node.wait_with_output().unwrap().stdout;
    assert_eq!(
        serde_json::from_slice::<Vec<Value>>(&output).unwrap(),
        origins
    );
}

//! The house as it is written: which module may know which.

use std::fs;
use std::path::{Path, PathBuf};

pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// The crate modules that a file names in its `use` lines and paths.
fn known(text: &str) -> Vec<&str> {
    let names = text.split("crate::").skip(1).flat_map(|rest| {
        let end = rest
            .find(|c: char| !c.is_ascii_lowercase() && c != '_')
            .unwrap_or(rest.len());
        [&rest[..end]]
    });
    names.filter(|name| !name.is_empty()).collect()
}

/// Every room of the server and its floor. An arrow runs within a floor or downwards; see ARCHITECTURE.md.
const FLOORS: [(&str, &[&str]); 5] = [
    (
        "ground",
        &[
            "caller", "clock", "config", "db", "error", "events", "id", "instance", "metrics",
            "origin", "policy", "reach", "secret", "stage", "text", "tls", "word",
        ],
    ),
    (
        "house",
        &[
            "agents",
            "audit",
            "claims",
            "clients",
            "codes",
            "consistency",
            "cookie",
            "handshake",
            "idempotency",
            "invitations",
            "jwt_templates",
            "keys",
            "organizations",
            "passwords",
            "restoring",
            "retention",
            "secret_keys",
            "sessions",
            "settings",
            "sign_in_tokens",
            "sign_ins",
            "sign_ups",
            "tasks",
            "tokens",
            "travel",
            "users",
            "waitlist",
            "webhooks",
        ],
    ),
    (
        "shared by the doors",
        &["app", "ledger", "limits", "views", "wire"],
    ),
    (
        "doors",
        &["backend_api", "dashboard", "development", "frontend_api"],
    ),
    (
        "front",
        &["fuzzing", "housekeeping", "lib", "listener", "sender"],
    ),
];

fn floor(room: &str) -> usize {
    let found = FLOORS.iter().position(|(_, rooms)| rooms.contains(&room));
    found.unwrap_or_else(|| panic!("{room} has no floor: give it one here and in ARCHITECTURE.md"))
}

#[test]
fn arrows_run_from_doors_to_house_to_ground() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&source) {
        let place = path.strip_prefix(&source).unwrap().to_str().unwrap();
        let room = place.split(['/', '.']).next().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for name in known(&text) {
            assert!(floor(name) <= floor(room), "{place} knows {name}");
            let is_other_door = floor(room) == 3 && floor(name) == 3 && name != room;
            assert!(!is_other_door, "{place} knows {name}");
        }
        if floor(room) < 2 {
            assert!(!text.contains("axum"), "{place} knows HTTP");
        }
        if floor(room) == 1 && room != "passwords" && room != "keys" {
            let waits = text.contains(".await") || text.contains("async fn");
            assert!(!waits, "{place} waits");
        }
    }
}

#[test]
fn files_stay_small_and_open_with_what_they_are_for() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&source) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{}", path.display());
        assert!(text.lines().count() <= 500, "{}", path.display());
    }
}

/// Nodes of the release before go on while the first new one changes the schema.
#[test]
fn a_migration_adds_and_leaves_what_there_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let is_comment = |line: &&str| line.trim_start().starts_with("--");
        let sql: Vec<&str> = text.lines().filter(|line| !is_comment(line)).collect();
        for statement in sql.join(" ").split(';') {
            for taken in ["drop table", "drop column", " rename ", "alter column"] {
                assert!(
                    !statement.contains(taken),
                    "{}: {statement}",
                    path.display()
                );
            }
            let is_demanding = statement.contains("add column")
                && statement.contains("not null")
                && !statement.contains("default");
            assert!(!is_demanding, "{}: {statement}", path.display());
        }
    }
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("docs/threat-model.md")).unwrap();
    let names = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.contains("::"));
    let mut count = 0;
    for name in names.filter(|name| *name != "file::test") {
        let (file, name_of_test) = name.split_once("::").unwrap();
        let path = if file.contains('/') {
            root.join(file)
        } else {
            root.join(format!("server/tests/it/{file}.rs"))
        };
        let source = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name}: no such file"));
        assert!(source.contains(&format!("fn {name_of_test}(")), "{name}");
        count += 1;
    }
    assert!(count > 40, "{count}");
}

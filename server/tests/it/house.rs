//! The house as it is written: which module may know which.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
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

const GROUND: [&str; 9] = [
    "db", "id", "secret", "clock", "error", "config", "origin", "instance", "text",
];
const HOUSE: [&str; 13] = [
    "tasks",
    "agents",
    "sessions",
    "clients",
    "users",
    "keys",
    "secret_keys",
    "sign_in_tokens",
    "tokens",
    "handshake",
    "audit",
    "cookie",
    "passwords",
];
const DOORS: [&str; 4] = ["backend_api", "frontend_api", "wire", "views"];

#[test]
fn arrows_run_from_doors_to_house_to_ground() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&source) {
        let place = path
            .strip_prefix(&source)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let room = place.split(['/', '.']).next().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for name in known(&text) {
            let stays = match room {
                _ if HOUSE.contains(&room) => !DOORS.contains(&name) && name != "app",
                _ if GROUND.contains(&room) => {
                    !DOORS.contains(&name) && !HOUSE.contains(&name) && name != "app"
                        || room == "instance" && name == "origin"
                }
                "backend_api" => name != "frontend_api",
                "frontend_api" => name != "backend_api",
                "wire" | "views" => name != "backend_api" && name != "frontend_api",
                _ => true,
            };
            assert!(stays, "{place} knows {name}");
        }
        if HOUSE.contains(&room) || GROUND.contains(&room) {
            assert!(!text.contains("axum"), "{place} knows HTTP");
        }
        if HOUSE.contains(&room) && room != "passwords" && room != "keys" {
            assert!(
                !text.contains(".await") && !text.contains("async fn"),
                "{place} waits"
            );
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

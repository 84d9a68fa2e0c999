//! The calls: what the tables beside the routes say of them, and `calls.txt`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::coverage::shape;

/// What is said of calls: sections, and in each for every call its purpose and requests that succeed. Requests are `?query`,
/// a JSON body, or `form` with the fields as JSON; `things.rs` knows what the words with `$` stand for.
const CALLS: &str = include_str!("calls.txt");

/// A call.
#[derive(Debug)]
pub struct Call {
    pub section: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    /// The least scope of the key that opens it; none where no key is needed.
    pub scope: Option<String>,
    /// Whether Clerk has none such.
    pub is_own: bool,
    pub summary: &'static str,
    pub examples: Vec<&'static str>,
}

impl Call {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn reads(&self) -> bool {
        self.method == "GET"
    }

    /// Whether only a development instance has it.
    pub fn is_for_development(&self) -> bool {
        self.section == "Development"
    }

    /// The names of the path's parts that differ.
    pub fn in_path(&self) -> Vec<&'static str> {
        let parts = self.path.split('{').skip(1);
        parts.map(|part| part.split('}').next().unwrap()).collect()
    }
}

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Scope, method and path of every call behind a key, as the tables beside the routes have them. Unit tests hold the tables
/// against the routes.
pub fn tables() -> Vec<(String, String)> {
    let mut calls = Vec::new();
    for door in ["src/backend_api.rs", "src/development.rs"] {
        let source = fs::read_to_string(file(door)).unwrap();
        let words: Vec<&str> = source.split_whitespace().collect();
        let rows = words.windows(3).filter(|row| {
            ["read", "tasks", "full"].contains(&row[0]) && row[2].starts_with("/v1/")
        });
        calls.extend(rows.map(|row| {
            let name = format!("{} {}", row[1].to_uppercase(), row[2]);
            (name, row[0].to_owned())
        }));
    }
    calls
}

/// All that `calls.txt` has, in its order.
pub fn all() -> Vec<Call> {
    let published = fs::read_to_string(file("tests/it/published.tsv")).unwrap();
    let published: Vec<String> = published
        .lines()
        .filter_map(|line| line.strip_prefix("backend\t"))
        .map(|line| shape(&line.split('\t').take(2).collect::<Vec<_>>().join(" ")))
        .collect();
    let tables = tables();
    let mut calls: Vec<Call> = Vec::new();
    let mut section = "";
    for line in CALLS.lines().filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("# ") {
            section = title;
        } else if let Some(said) = line.strip_prefix("    ") {
            let call = calls.last_mut().unwrap();
            if call.summary.is_empty() {
                call.summary = said;
            } else {
                call.examples.push(said);
            }
        } else {
            let (method, path) = line.split_once(' ').unwrap();
            let scope = tables.iter().find(|(name, _)| name == line);
            calls.push(Call {
                section,
                method,
                path,
                scope: scope.map(|(_, scope)| scope.clone()),
                is_own: !published.contains(&shape(line)),
                summary: "",
                examples: Vec::new(),
            });
        }
    }
    calls
}

//! `--claims FILE`: what session tokens say beside the claims that all have.

use std::path::Path;

use serde_json::{Map, Value};

use crate::failure::{Exit, Failure, Result};

/// Reads a file that holds a JSON object. Whether its members can be claims, the server says.
///
/// # Errors
/// A usage failure that names the place in the file.
pub fn read(path: &Path) -> Result<Map<String, Value>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::io(format!("read {}", path.display()), &error))?;
    serde_json::from_str(&text).map_err(|error| {
        let sentence = format!("{} holds no JSON object: {error}", path.display());
        Failure::new(Exit::Usage, "claims", sentence)
            .hint("as in", r#"{ "metadata": "{{user.public_metadata}}" }"#)
    })
}

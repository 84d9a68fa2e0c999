//! TOML that people write: every name known, and what is wrong told with its line and the name that was probably meant.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::failure::{Exit, Failure, Result};
use crate::nearest::nearest;

/// The text of a file.
///
/// # Errors
/// A usage failure that names it.
pub fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::io(format!("read {}", path.display()), &error))
}

/// Reads the text of a file, whose names are called `what`.
///
/// # Errors
/// A usage failure with the line, and what is wrong on it.
pub fn read<T: DeserializeOwned>(path: &Path, text: &str, what: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| misread(path, text, &error, what))
}

/// The number of the line that this byte is on, and the line.
pub fn line(text: &str, at: usize) -> (usize, &str) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    (line, text.lines().nth(line - 1).unwrap_or_default().trim())
}

/// What is wrong with a file: on which line, in one sentence, and the name that was probably meant.
fn misread(path: &Path, text: &str, error: &toml::de::Error, what: &str) -> Failure {
    let (line, shown) = line(text, error.span().map_or(0, |span| span.start));
    let why = error.message().lines().collect::<Vec<_>>().join("; ");
    let path = path.display();
    // The reader names in backticks what it met, and then all that it knows there: a longer list than anybody reads.
    let mut names = why.split('`').skip(1).step_by(2);
    let unknown = names.next().filter(|_| why.starts_with("unknown field"));
    let names: Vec<_> = names.collect();
    let (told, known) = match unknown {
        Some(name) => (
            format!("there is no {what} `{name}`"),
            nearest(&name.replace('-', "_"), names.iter().copied()),
        ),
        None => (why.clone(), None),
    };
    let sentence = format!("{path}, line {line}: {told} (`{shown}`)");
    let failure = Failure::new(Exit::Usage, "configuration", sentence);
    match (unknown, known) {
        (_, Some(known)) => failure.hint("did you mean", known),
        (Some(_), None) => failure.hint("those there are", names.join(" ")),
        (None, None) => failure,
    }
}

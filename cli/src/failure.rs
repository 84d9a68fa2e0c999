//! Why a command did not do what was asked: a code for programs, a sentence for people, the next commands to try, and
//! the exit code. Everything that goes wrong in this crate becomes a [`Failure`] and is shown in one place.

use std::fmt::Display;

use serde_json::{Value, json};
use standin_server::error::Error;

use crate::explain;
use crate::terminal::{self, BOLD, DIM, RED};

/// The result of anything in this crate.
pub type Result<T> = std::result::Result<T, Failure>;

/// What the shell is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was tried and failed.
    Failed = 1,
    /// The command line or a file it names cannot be understood.
    Usage = 2,
    /// Not found, not allowed, or used already.
    Denied = 3,
    /// No server answers.
    Unreachable = 4,
    /// The command that was to run cannot be run, as shells tell it.
    CommandNotRun = 126,
    /// There is no such command, likewise.
    CommandMissing = 127,
}

#[derive(Debug)]
pub struct Failure {
    /// For programs; the server's own code where the server refused.
    pub code: String,
    pub sentence: String,
    /// What to try next: a few words, and a command or a value.
    pub hints: Vec<(String, String)>,
    pub exit: Exit,
}

impl Failure {
    /// A failure without hints.
    pub fn new(exit: Exit, code: &str, sentence: impl Display) -> Self {
        Self {
            code: code.to_owned(),
            sentence: sentence.to_string(),
            hints: Vec::new(),
            exit,
        }
    }

    /// A command line that cannot be understood.
    pub fn usage(sentence: impl Display) -> Self {
        Failure::new(Exit::Usage, "usage", sentence)
    }

    /// Something the machine would not do: read, write, listen.
    pub fn io(doing: impl Display, error: &std::io::Error) -> Self {
        Failure::new(Exit::Failed, "io", format!("cannot {doing}: {error}"))
    }

    /// Adds a next step.
    #[must_use]
    pub fn hint(mut self, words: &str, next: impl Display) -> Self {
        self.hints.push((words.to_owned(), next.to_string()));
        self
    }

    /// Puts a next step before the others.
    pub fn first_hint(&mut self, words: &str, next: impl Display) {
        self.hints.insert(0, (words.to_owned(), next.to_string()));
    }

    /// Tells the caller: one JSON object on stdout, or lines on stderr.
    pub fn show(&self, json: bool) {
        if json {
            terminal::print(json!({ "error": self.json() }));
            return;
        }
        // The sentence may quote what somebody typed or stored.
        let (code, sentence) = (&self.code, terminal::plain(&self.sentence));
        terminal::say(format!(
            "{RED}error[{code}]{RED:#}: {BOLD}{sentence}{BOLD:#}"
        ));
        let more = ("more".to_owned(), format!("standin explain {code}"));
        let more = explain::adds_to(self).then_some(&more);
        let width = self.hints.iter().map(|(words, _)| words.len()).max();
        for (words, next) in self.hints.iter().chain(more) {
            let (width, next) = (width.unwrap_or_default(), terminal::plain(next));
            terminal::say(format!("  {DIM}{words:width$}{DIM:#}  {next}"));
        }
    }

    fn json(&self) -> Value {
        let hints: Vec<Value> = self
            .hints
            .iter()
            .map(|(words, next)| json!({ "text": words, "next": next }))
            .collect();
        json!({
            "code": self.code,
            "message": self.sentence,
            "hints": hints,
            "exit_code": self.exit as u8,
        })
    }
}

/// What the server library refuses when it runs inside this process; the start of a server has more to say, in
/// [`crate::startup`].
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Config(why) => Failure::new(Exit::Failed, "configuration", why),
            Error::Unavailable(why) => Failure::new(Exit::Failed, "database_unavailable", why),
            Error::NotFound(..) => Self::new(Exit::Denied, error.shown().code, error),
            other => Self::new(Exit::Failed, other.shown().code, other),
        }
    }
}

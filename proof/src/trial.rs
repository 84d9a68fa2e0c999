//! A run of the table in `docs/trust.md`: how large it is this time, and what came of it.
//!
//! Every run is a test, and small as such. `STANDIN_FULL=1` makes it as large as the table wants it, `STANDIN_SIZE=N` as large
//! as somebody wants it. Where `STANDIN_FIGURES` names a file, each run adds a line to it; `scripts/trust` makes the table of
//! those lines.

use std::fmt::Display;
use std::io::Write as _;
use std::time::Instant;

use serde_json::{Map, Value, json};

/// A run under way. One that never ends has no line.
#[derive(Debug)]
#[must_use = "a run that does not end has no figure"]
pub struct Trial {
    begun: Instant,
    engine: &'static str,
    line: Map<String, Value>,
}

fn given(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|text| !text.is_empty())
}

impl Trial {
    /// Begins one: its number in the table, and what is done in a few words.
    pub fn begin(run: &str, what: &str) -> Self {
        let line = [("run", run), ("what", what), ("form", "short")];
        let line = line.map(|(name, text)| (name.to_owned(), text.into()));
        let engine = match given("TEST_DATABASE_URL") {
            Some(_) => "PostgreSQL",
            None => "SQLite",
        };
        Self {
            begun: Instant::now(),
            engine,
            line: line.into_iter().collect(),
        }
    }

    /// The same on this engine, whatever the other tests run on.
    pub fn on(mut self, engine: &'static str) -> Self {
        self.engine = engine;
        self
    }

    /// How large it is: usually, and in its full form.
    ///
    /// # Panics
    /// If `STANDIN_SIZE` is not a number.
    pub fn size(&mut self, short: usize, full: usize) -> usize {
        let own = given("STANDIN_SIZE").map(|text| text.parse().expect("STANDIN_SIZE=NUMBER"));
        let (form, size) = match own {
            Some(size) if size != full => (format!("of {size}"), size),
            Some(_) => ("full".to_owned(), full),
            None if given("STANDIN_FULL").is_some() => ("full".to_owned(), full),
            None => ("short".to_owned(), short),
        };
        self.line.insert("form".into(), form.into());
        size
    }

    /// The number that its chance is made of: the one that `STANDIN_SEED` names, or always the same.
    ///
    /// # Panics
    /// If `STANDIN_SEED` is not a number.
    pub fn seed(&mut self) -> u64 {
        let own = given("STANDIN_SEED").map(|text| text.parse().expect("STANDIN_SEED=NUMBER"));
        let seed = own.unwrap_or(1);
        self.line.insert("seed".into(), seed.into());
        seed
    }

    /// It went well, and this is what is to be told of it.
    ///
    /// # Panics
    /// If the line cannot be written.
    pub fn end(mut self, figure: impl Display) {
        let seconds = self.begun.elapsed().as_secs_f64();
        println!("{figure}; {seconds:.1} s");
        let Some(file) = given("STANDIN_FIGURES") else {
            return;
        };
        self.line.insert("engine".into(), self.engine.into());
        let figure = figure.to_string();
        self.line.insert("figure".into(), figure.into());
        let seconds = (seconds * 10.0).round() / 10.0;
        self.line.insert("seconds".into(), json!(seconds));
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file);
        let line = format!("{}\n", Value::Object(self.line));
        // One write, so that tests that end at once do not mix their lines.
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("STANDIN_FIGURES cannot be written");
    }
}

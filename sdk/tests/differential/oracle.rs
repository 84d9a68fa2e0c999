//! Clerk's own SDK under Node: `compat/differential/oracle.js`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub struct Oracle {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../compat")
}

impl Oracle {
    /// Starts it; `Err` says what is missing.
    pub fn start() -> Result<Self, &'static str> {
        if !folder().join("node_modules/@clerk/backend").exists() {
            return Err("compat/node_modules is missing: run `npm ci` in compat/");
        }
        let mut child = Command::new("node")
            .arg("differential/oracle.js")
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|_| "node is missing")?;
        let (questions, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Ok(Self {
            child,
            questions,
            answers: BufReader::new(answers),
        })
    }

    pub fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("the oracle said {line:?}: {error}"))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

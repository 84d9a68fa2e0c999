//! The file of the rows that were refused, each with the reason, to be mended and imported again.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::failure::{Failure, Result};

/// Why a row was refused.
pub struct Refusal {
    /// The server's code.
    pub code: String,
    /// One sentence.
    pub reason: String,
    /// The row of the same file that has what this one asks for.
    pub collides_with: Option<u32>,
}

/// The file. It holds what the rows hold, so nobody but its owner can read it.
pub struct RefusedFile {
    path: PathBuf,
    file: BufWriter<File>,
    rows: u64,
}

impl RefusedFile {
    /// Begins the file anew.
    pub fn create(path: PathBuf) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = options
            .open(&path)
            .map_err(|error| Failure::io(format!("write {}", path.display()), &error))?;
        Ok(Self {
            path,
            file: BufWriter::new(file),
            rows: 0,
        })
    }

    /// Adds a row as it stands in the input.
    pub fn add(&mut self, row: u32, refusal: &Refusal, user: &Value) -> Result<()> {
        self.rows += 1;
        let mut line = json!({
            "row": row,
            "code": refusal.code,
            "reason": refusal.reason,
            "user": user,
        });
        if let Some(other) = refusal.collides_with {
            line["collides_with_row"] = other.into();
        }
        writeln!(self.file, "{line}").map_err(|error| self.lost(&error))
    }

    /// Brings to the file what was added so far.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(|error| self.lost(&error))
    }

    /// Ends it; an empty one is removed.
    pub fn finish(mut self) -> Result<Option<PathBuf>> {
        self.flush()?;
        if self.rows > 0 {
            return Ok(Some(self.path));
        }
        fs::remove_file(&self.path)
            .map_err(|error| Failure::io(format!("remove {}", self.path.display()), &error))?;
        Ok(None)
    }

    fn lost(&self, error: &std::io::Error) -> Failure {
        Failure::io(format!("write {}", self.path.display()), error)
    }
}

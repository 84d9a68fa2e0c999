//! The server's process: found, started, and ended whatever happens.
//!
//! The server runs around a `cat` whose input is a pipe from here. When the pipe closes, because it is dropped or because this
//! process is gone, `cat` ends, and the server with it: it removes its data and nothing is left over.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// How long a server may take until it is ready: a busy machine is no reason to fail.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a server may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(6);
/// How long what it said may take to arrive once it was killed: a program that it started can hold the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How much of what the server says is kept for an error, in bytes.
const TALK: usize = 2000;

/// A running server.
#[derive(Debug)]
#[must_use]
pub(super) struct Process {
    child: Child,
    /// Brings the first of what it says, once it has closed its output: it and everything it started are gone then, or
    /// about to be.
    said: Receiver<Vec<u8>>,
}

impl Process {
    /// Starts the binary and returns when it has said what it is.
    pub(super) async fn start<T>(binary: PathBuf, more: Vec<OsString>) -> Result<(Self, T)>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let mut command = Command::new(&binary);
        command
            .args(["dev", "--ephemeral", "--port", "0", "--json"])
            .args(more)
            .args(["--", "cat"])
            // Settings of a server that somebody else runs.
            .env_remove("STANDIN_DATA")
            .env_remove("STANDIN_DATABASE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            let sentence = format!("{} does not start: {error}", binary.display());
            Error::testing(sentence, Some(error.into()))
        })?;
        let said = listen(child.stderr.take());
        let output = child.stdout.take();
        let mut process = Self { child, said };
        let first_line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(output?).read_line(&mut line).ok()?;
            Some(serde_json::from_str::<T>(&line).map_err(|_| refusal(&line)))
        });
        let refused = match tokio::time::timeout(PATIENCE, first_line).await {
            Ok(Ok(Some(Ok(told)))) => return Ok((process, told)),
            Ok(Ok(Some(Err(refused)))) => refused,
            _ => None,
        };
        // It must have ended before what it said is complete.
        let talk = process.end();
        let talk = String::from_utf8_lossy(&talk);
        let talk = refused.unwrap_or_else(|| talk.trim().to_owned());
        let sentence = format!("{} did not get ready: {talk}", binary.display());
        Err(Error::testing(sentence, None))
    }
}

impl Process {
    /// Ends it and waits until it has ended; gives the first of what it said.
    fn end(&mut self) -> Vec<u8> {
        // Closes the pipe, and so ends it in its own way, which takes milliseconds; five seconds at most, when requests are
        // under way. A server in trouble is not waited for.
        drop(self.child.stdin.take());
        let said = self.said.recv_timeout(FAREWELL);
        // Whoever has closed its output is leaving already, and only the others notice this.
        let _ = self.child.kill();
        let _ = self.child.wait();
        said.or_else(|_| self.said.recv_timeout(LAST_WORDS))
            .unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Why it does not start, where it says so as programs are told: on stdout, as JSON.
fn refusal(line: &str) -> Option<String> {
    let told: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(told["error"]["message"].as_str()?.to_owned())
}

/// Reads all the server says, so that it never waits for a reader, and keeps the first of it.
fn listen(from: Option<ChildStderr>) -> Receiver<Vec<u8>> {
    let (sender, said) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut kept, mut chunk) = (Vec::new(), [0; 1024]);
        if let Some(mut from) = from {
            while let Ok(length @ 1..) = from.read(&mut chunk) {
                let room = TALK.saturating_sub(kept.len());
                kept.extend(&chunk[..length.min(room)]);
            }
        }
        // Nobody is left to hear it where the process was given up.
        let _ = sender.send(kept);
    });
    said
}

/// The binary: the one given, else what `STANDIN_BIN` names, else one that was built beside the test, else one in the `PATH`.
pub(super) fn find(given: Option<PathBuf>) -> Result<PathBuf> {
    let named = given.or_else(|| std::env::var_os("STANDIN_BIN").map(PathBuf::from));
    if let Some(path) = named {
        return Ok(path);
    }
    let test = std::env::current_exe().unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    look(&test, &path).ok_or_else(|| {
        let sentence = "there is no standin binary: install it, or set STANDIN_BIN to where it is";
        Error::testing(sentence, None)
    })
}

/// Looks beside the test's own program, which lies in `target/debug/deps`, and in the folders of a `PATH`.
fn look(test: &Path, path: &OsStr) -> Option<PathBuf> {
    let beside = test.ancestors().skip(1).take(2).map(Path::to_path_buf);
    let mut places = beside.chain(std::env::split_paths(path));
    places.find_map(|place| {
        let binary = place.join(format!("standin{}", std::env::consts::EXE_SUFFIX));
        binary.is_file().then_some(binary)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_of_the_own_target_folder_goes_before_the_installed_one() {
        let folder = tempfile::tempdir().unwrap();
        let (own, bin) = (
            folder.path().join("target/debug"),
            folder.path().join("bin"),
        );
        let test = own.join("deps/test-0123");
        std::fs::create_dir_all(own.join("deps/standin")).unwrap();
        std::fs::create_dir_all(&bin).unwrap();
        let path = std::env::join_paths([Path::new("/nowhere"), &bin]).unwrap();
        assert_eq!(look(&test, &path), None);
        std::fs::write(bin.join("standin"), "").unwrap();
        assert_eq!(look(&test, &path), Some(bin.join("standin")));
        std::fs::write(own.join("standin"), "").unwrap();
        assert_eq!(look(&test, &path), Some(own.join("standin")));
    }

    #[test]
    fn a_given_path_is_taken_as_it_is() {
        let path = PathBuf::from("/nowhere/standin");
        assert_eq!(find(Some(path.clone())).unwrap(), path);
    }
}

//! A development server with a data folder of its own, and commands run beside it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use serde_json::Value;
use tempfile::TempDir;

pub struct World {
    server: Child,
    /// What `standin dev --json` said when it was ready.
    pub ready: Value,
    /// Where commands run: an application's folder.
    pub folder: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// The one line of stdout.
    pub fn line(&self) -> &str {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        self.stdout.trim_end()
    }
}

/// Makes the data of a development server in `folder`, which is stopped again.
pub fn served_once(folder: &Path) -> Done {
    run(standin(folder, &["dev", "--port", "0", "--", "true"]))
}

/// The permissions of a file.
pub fn mode(file: &Path) -> u32 {
    file.metadata().unwrap().permissions().mode() & 0o777
}

/// The binary, in `folder`.
pub fn standin(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standin"));
    command.args(arguments);
    in_folder(command, folder)
}

/// A command in `folder`, without anything of the caller's own settings.
pub fn in_folder(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars() {
        if name.contains("CLERK") || name.starts_with("STANDIN") {
            command.env_remove(name);
        }
    }
    command
}

pub fn run(mut command: Command) -> Done {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done {
        // A signal ends a command without a code.
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A production server on the data in `d`, which ends however the test ends.
pub struct Production {
    server: Child,
    /// Where it listens.
    pub url: String,
    lines: Receiver<String>,
}

impl Production {
    pub const PUBLIC: &str = "https://clerk.example.com";

    pub fn start(folder: &Path) -> Self {
        let (public, listen) = (["--public-url", Self::PUBLIC], ["--listen", "127.0.0.1:0"]);
        let serve = ["serve", "--data", "d"];
        let mut command = standin(folder, &[&serve[..], &public, &listen].concat());
        let server = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut server = server.unwrap();
        let log = BufReader::new(server.stderr.take().unwrap()).lines();
        let (tell, lines) = mpsc::channel();
        // Read to its end whoever listens, or the server would stand still.
        std::thread::spawn(move || {
            for line in log {
                let _ = tell.send(line.unwrap());
            }
        });
        let ready: Value = serde_json::from_str(&lines.recv().unwrap()).unwrap();
        let url = format!("http://{}", ready["address"].as_str().unwrap());
        Self { server, url, lines }
    }

    /// The next line of its log after the one that says where it listens.
    pub fn line(&self) -> String {
        self.lines.recv().unwrap()
    }
}

impl Drop for Production {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(tempfile::tempdir().unwrap(), &[])
    }

    /// The same in a folder that is prepared, with more options.
    pub fn with(folder: TempDir, options: &[&str]) -> Self {
        let dev = ["dev", "--port", "0", "--json"];
        let mut command = standin(folder.path(), &[&dev, options].concat());
        let mut server = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(server.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self {
            server,
            ready,
            folder,
        }
    }

    /// The server started anew on the same data.
    pub fn again(mut self, options: &[&str]) -> Self {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        Self::with(folder, options)
    }

    /// Runs `standin task create` for somebody, to land on an application's page.
    pub fn task(&self, user: &str, more: &[&str]) -> Done {
        let page = "http://localhost:3000/dashboard";
        let create = ["task", "create", "--for", user, "--redirect", page];
        self.run(&[&create, more].concat())
    }

    /// Runs a command in the application's folder, where it finds the server by itself.
    pub fn run(&self, arguments: &[&str]) -> Done {
        run(standin(self.folder.path(), arguments))
    }

    /// Writes a file of the application.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Installs a clerk-js for pages to load.
    pub fn install_scripts(&self) {
        let package = self.folder.path().join("node_modules/@clerk/clerk-js");
        std::fs::create_dir_all(package.join("dist")).unwrap();
        std::fs::write(package.join("package.json"), r#"{"version":"6.40.0"}"#).unwrap();
        std::fs::write(package.join("dist/clerk.browser.js"), "").unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub fn told(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

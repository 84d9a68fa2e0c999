//! PostgreSQL servers of a test's own, which it can kill, cut off and promote.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::process::free_port;

/// Where PostgreSQL's programs are, as `scripts/with-postgres` found them.
pub fn programs() -> Option<PathBuf> {
    std::env::var_os("STANDIN_PG_BIN").map(PathBuf::from)
}

/// Whether servers can be started.
pub fn is_possible() -> bool {
    let is_possible = programs().is_some();
    if !is_possible {
        eprintln!("SKIPPED: runs on PostgreSQL servers of its own, under scripts/with-postgres");
    }
    is_possible
}

/// One of PostgreSQL's programs, as a user that PostgreSQL accepts: it refuses to run as root.
fn program(name: &str) -> Command {
    let path = programs().unwrap().join(name);
    if !rustix::process::geteuid().is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
        ])
        .arg(path);
    command
}

fn run(command: &mut Command) -> String {
    let done = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
    String::from_utf8(done.stdout).unwrap()
}

/// Tries until it is so.
fn patiently(log: &Path, complaint: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{complaint}: {}",
            std::fs::read_to_string(log).unwrap_or_default()
        );
        #[expect(
            clippy::disallowed_methods,
            reason = "the condition itself is asked, in another process"
        )]
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Gives a file to the user that PostgreSQL runs as.
pub fn give(path: &Path) {
    if rustix::process::geteuid().is_root() {
        run(Command::new("chown").arg("postgres:postgres").arg(path));
    }
}

/// A folder that PostgreSQL can use.
pub fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    give(folder.path());
    folder
}

/// One server and its data.
pub struct Node {
    pub data: PathBuf,
    pub port: u16,
    postmaster: Option<Child>,
}

impl Node {
    /// A fresh server that runs, with these settings.
    pub fn new(folder: &Path, name: &str, settings: &str) -> Self {
        let node = Self::stopped(folder, name);
        run(program("initdb")
            .args([
                "-U",
                "standin",
                "--auth=trust",
                "-E",
                "UTF8",
                "--no-sync",
                "-D",
            ])
            .arg(&node.data));
        node.started_with(settings)
    }

    /// A standby of `primary` that runs.
    pub fn standby(folder: &Path, name: &str, primary: &Self) -> Self {
        let node = Self::stopped(folder, name);
        node.copy(primary);
        node.started_with("")
    }

    fn stopped(folder: &Path, name: &str) -> Self {
        Self {
            data: folder.join(name),
            port: free_port(),
            postmaster: None,
        }
    }

    /// Copies a running primary, to follow it under the name of the folder.
    fn copy(&self, primary: &Self) {
        let name = self.data.file_name().unwrap().to_str().unwrap();
        let source = format!(
            "host=127.0.0.1 port={} user=standin application_name={name}",
            primary.port
        );
        run(program("pg_basebackup")
            .args([
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
                "-d",
                &source,
                "-D",
            ])
            .arg(&self.data));
    }

    /// Throws its data away and comes back as a standby of `primary`.
    pub fn rejoin(&mut self, primary: &Self) {
        self.kill();
        run(Command::new("rm").arg("-r").arg(&self.data));
        self.copy(primary);
        self.start();
    }

    /// Changes a setting and has it read.
    pub fn set(&self, setting: &str) {
        self.append("postgresql.auto.conf", setting);
        self.sql("select pg_reload_conf()");
    }

    /// Follows another primary from now on.
    pub fn follow(&self, primary: &Self) {
        let name = self.data.file_name().unwrap().to_str().unwrap();
        let port = primary.port;
        self.set(&format!(
            "primary_conninfo = 'host=127.0.0.1 port={port} user=standin application_name={name}'"
        ));
    }

    /// How far it has what its primary wrote.
    pub fn received(&self) -> u64 {
        let sql = "select pg_wal_lsn_diff(coalesce(pg_last_wal_receive_lsn(), '0/0'), '0/0')";
        self.sql(sql).parse().unwrap()
    }

    fn append(&self, file: &str, line: &str) {
        use std::io::Write as _;
        let file = std::fs::OpenOptions::new()
            .append(true)
            .open(self.data.join(file));
        writeln!(file.unwrap(), "{line}").unwrap();
    }

    fn started_with(mut self, settings: &str) -> Self {
        self.append("postgresql.conf", settings);
        self.start();
        self
    }

    /// Starts it and waits until it answers. One whose predecessor was killed ends at once while that one's children are still
    /// there, so it is started again.
    pub fn start(&mut self) {
        patiently(&self.log(), "it does not answer", || {
            let postmaster = self.postmaster.as_mut();
            if postmaster.is_none_or(|running| running.try_wait().unwrap().is_some()) {
                self.postmaster = Some(self.spawn());
            }
            self.try_sql("select 1").is_some()
        });
    }

    fn spawn(&self) -> Child {
        let sockets = self.data.parent().unwrap().display();
        let log = std::fs::File::create(self.log()).unwrap();
        let postmaster = program("postgres")
            .arg("-D")
            .arg(&self.data)
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", &format!("unix_socket_directories={sockets}")])
            .args(["-c", "max_connections=200"])
            .stderr(log)
            .stdout(Stdio::null())
            .spawn();
        postmaster.unwrap()
    }

    fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Asks until it says so.
    pub fn wait_for(&self, sql: &str, wanted: &str) {
        patiently(&self.log(), &format!("{sql} is not {wanted}"), || {
            self.try_sql(sql).as_deref() == Some(wanted)
        });
    }

    fn psql(&self, sql: &str) -> Command {
        let mut psql = Command::new(programs().unwrap().join("psql"));
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-U", "standin", "-d", "postgres", "-AtXq", "-c", sql])
            .stdin(Stdio::null());
        psql
    }

    fn try_sql(&self, sql: &str) -> Option<String> {
        let done = self.psql(sql).output().unwrap();
        let text = String::from_utf8(done.stdout).unwrap();
        done.status.success().then(|| text.trim().to_owned())
    }

    pub fn sql(&self, sql: &str) -> String {
        run(&mut self.psql(sql)).trim().to_owned()
    }

    /// Kills the postmaster and every one of its backends: nothing is written after this.
    pub fn kill(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else {
            return;
        };
        let id = postmaster.id();
        let kill = |id, how| kill_process(Pid::from_raw(id).unwrap(), how);
        // Held still first, so that it starts nothing in the place of what dies.
        kill(id.cast_signed(), Signal::STOP).unwrap();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        for child in children.unwrap().split_whitespace() {
            // It may have ended by itself.
            let _ = kill(child.parse().unwrap(), Signal::KILL);
        }
        postmaster.kill().unwrap();
        postmaster.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

//! Who can read what Standin keeps.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::world::{World, in_folder, mode, run, served_once, standin};

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_data_folder_that_was_made_beforehand_is_closed_and_ignored_by_git() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(".standin");
    fs::create_dir(&data).unwrap();
    open(&data, 0o755);
    let done = served_once(folder.path()).ok();
    assert!(done.stderr.contains("others could get at"), "{done:?}");
    assert_eq!(mode(&data), 0o700);
    let ignore = fs::read_to_string(data.join(".gitignore")).unwrap();
    assert_eq!(ignore, "*\n");
}

#[test]
fn every_file_of_a_running_server_is_its_owners_alone_whatever_the_umask() {
    let folder = tempfile::tempdir().unwrap();
    let script = "umask 000; exec \"$0\" dev --port 0 -- sh -c 'stat -c \"%a %n\" .standin/*'";
    let mut command = Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_standin");
    command
        .args(["-c", script, binary])
        .current_dir(folder.path());
    let listed = run(command).ok().stdout;
    for name in [
        "standin.db",
        "standin.db-wal",
        "standin.db-shm",
        "master.key",
        "dev.json",
    ] {
        let line = format!("600 .standin/{name}");
        assert!(listed.lines().any(|one| one == line), "{name}: {listed}");
    }
}

#[test]
fn a_database_that_others_could_read_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    served_once(folder.path()).ok();
    let database = folder.path().join(".standin/standin.db");
    open(&database, 0o644);
    let done = served_once(folder.path()).ok();
    assert!(done.stderr.contains("(mode 644)"), "{done:?}");
    assert_eq!(mode(&database), 0o600);
}

#[test]
fn a_project_is_not_taken_for_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("package.json"), "{}").unwrap();
    open(folder.path(), 0o755);
    let refused = run(standin(
        folder.path(),
        &["dev", "--port", "0", "--data", ".", "--", "true"],
    ));
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("--data"), "{refused:?}");
    assert_eq!(mode(folder.path()), 0o755);
}

#[test]
fn the_doctor_sees_data_that_others_can_read() {
    let world = World::new();
    let data = world.folder.path().join(".standin");
    open(&data, 0o755);
    fs::remove_file(data.join(".gitignore")).unwrap();
    let done = world.run(&["doctor"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.contains("chmod go= "), "{done:?}");
    assert!(done.stdout.contains("/.gitignore"), "{done:?}");
    open(&data, 0o700);
    world.install_scripts();
    let done = world.run(&["doctor"]).ok();
    assert!(!done.stdout.contains("chmod"), "{done:?}");
}

#[test]
fn a_log_file_does_not_get_the_secret_key() {
    let folder = tempfile::tempdir().unwrap();
    let done = served_once(folder.path()).ok();
    let left = fs::read_to_string(folder.path().join(".standin/dev.json")).unwrap();
    let left: serde_json::Value = serde_json::from_str(&left).unwrap();
    let key = left["secret_key"].as_str().unwrap();
    assert!(done.stderr.contains("CLERK_SECRET_KEY"), "{done:?}");
    assert!(
        !done.stderr.contains(key) && !done.stdout.contains(key),
        "{done:?}"
    );
}

#[test]
fn a_file_with_the_secret_key_is_closed_to_others() {
    let world = World::new();
    let file = world.folder.path().join(".env.local");
    fs::write(&file, "A=1\n").unwrap();
    open(&file, 0o644);
    let done = world.run(&["env", "--file", ".env.local"]).ok();
    assert!(done.stderr.contains("(mode 644)"), "{done:?}");
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn a_person_at_a_terminal_sees_the_secret_key() {
    let folder = tempfile::tempdir().unwrap();
    let dev = concat!(env!("CARGO_BIN_EXE_standin"), " dev --port 0 -- true");
    let mut command = std::process::Command::new("script");
    command.args(["--quiet", "--return", "--command", dev, "/dev/null"]);
    let done = run(in_folder(command, folder.path())).ok();
    assert!(done.stdout.contains("sk_test_"), "{done:?}");
}

#[test]
fn a_production_server_that_crashes_leaves_no_copy_of_its_memory() {
    let folder = tempfile::tempdir().unwrap();
    let killed = |script: &str| {
        let mut command = Command::new("sh");
        let script = format!("ulimit -c unlimited && {script}");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_standin")]);
        let mut child = in_folder(command, folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Its first line says that it is ready.
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let pid = child.id().to_string();
        Command::new("kill").args(["-ABRT", &pid]).status().unwrap();
        (line, child.wait().unwrap())
    };
    let (_, other) = killed("echo ready >&2 && exec sleep 60");
    let serve = "serve --data d --public-url https://clerk.example.com --listen 127.0.0.1:0";
    let (line, server) = killed(&format!("exec \"$0\" {serve}"));
    assert!(line.contains("ready"), "{line}");
    assert_eq!((server.signal(), server.core_dumped()), (Some(6), false));
    if !other.core_dumped() {
        println!("this machine keeps no copy of anything that crashes, so nothing was shown");
    }
}

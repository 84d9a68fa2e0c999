//! What keeps a server from starting is told with the file it is about.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::world::{Done, run, served_once, standin};

/// A folder with the data of a development server, and its database, whole in one file.
fn data() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    served_once(folder.path()).ok();
    let file = folder.path().join(".standin/standin.db");
    let connection = Connection::open(&file).unwrap();
    let moved = connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0));
    assert_eq!(moved, Ok(0));
    (folder, file)
}

fn is_told(done: &Done, words: &[&str]) {
    assert_eq!(done.code, 1, "{done:?}");
    for word in words {
        assert!(done.stderr.contains(word), "{word}: {done:?}");
    }
    assert!(!done.stderr.to_lowercase().contains("trace id"), "{done:?}");
}

fn serve(folder: &Path) -> Done {
    let url = ["--public-url", "https://clerk.example.com"];
    let serve = ["serve", "--data", ".standin", "--listen", "127.0.0.1:0"];
    run(standin(folder, &[&serve[..], &url].concat()))
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let (folder, file) = data();
    fs::write(&file, "x".repeat(8192)).unwrap();
    let words = ["error[database_unusable]", "standin.db", "integrity_check"];
    is_told(&served_once(folder.path()), &words);
    is_told(&serve(folder.path()), &words);
    let keys = ["key", "list", "--data", ".standin"];
    is_told(&run(standin(folder.path(), &keys)), &words);
}

#[test]
fn half_a_database_is_named() {
    let (folder, file) = data();
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    is_told(
        &served_once(folder.path()),
        &["standin.db", "integrity_check"],
    );
}

#[test]
fn a_database_whose_users_cannot_be_read_is_named() {
    let (folder, file) = data();
    let root = "select rootpage from sqlite_schema where name = 'users'";
    let connection = Connection::open(&file).unwrap();
    let root: u16 = connection.query_row(root, [], |row| row.get(0)).unwrap();
    let root = usize::from(root);
    drop(connection);
    let mut bytes = fs::read(&file).unwrap();
    bytes[4096 * (root - 1)..4096 * root].fill(0xff);
    fs::write(&file, bytes).unwrap();
    let done = served_once(folder.path());
    is_told(&done, &["malformed", "standin.db", "integrity_check"]);
}

#[test]
fn a_file_in_the_place_of_the_data_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".standin"), "").unwrap();
    is_told(&served_once(folder.path()), &[".standin"]);
}

#[test]
fn a_master_key_that_is_none_or_another_databases_is_named() {
    let (folder, _) = data();
    let file = folder.path().join(".standin/master.key");
    fs::write(&file, "not a key\n").unwrap();
    is_told(
        &served_once(folder.path()),
        &["error[master_key_invalid]", "master.key"],
    );
    let other = run(standin(folder.path(), &["key", "master"])).ok();
    fs::write(&file, &other.stdout).unwrap();
    let words = ["another master key", "standin.db", "master.key"];
    is_told(&served_once(folder.path()), &words);
}

#[test]
fn data_of_a_development_server_are_not_served_in_production() {
    let (folder, _) = data();
    is_told(
        &serve(folder.path()),
        &["development", ".standin/standin.db"],
    );
}

#[test]
fn a_dev_json_that_no_server_wrote_is_named() {
    let (folder, _) = data();
    let file = folder.path().join(".standin/dev.json");
    for text in ["", "{}", r#"{ "secret_key": "é" }"#, "\u{0}"] {
        fs::write(&file, text).unwrap();
        let words = ["error[dev_json_invalid]", "dev.json"];
        is_told(&served_once(folder.path()), &words);
        is_told(&run(standin(folder.path(), &["task", "list"])), &words);
    }
}

#[test]
fn a_public_address_that_browsers_do_not_trust_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let dev = |url: &str| {
        let dev = ["dev", "--port", "0", "--public-url", url, "--", "true"];
        run(standin(folder.path(), &dev))
    };
    let refused = dev("http://clerk.dev.test:4747");
    assert_eq!(refused.code, 2, "{refused:?}");
    for remedy in [
        "standin trust clerk.dev.test",
        "http://clerk.localhost:4747",
    ] {
        assert!(refused.stderr.contains(remedy), "{refused:?}");
    }
    let refused = dev("http://clerk.example.com");
    assert!(refused.stderr.contains("--tls-cert"), "{refused:?}");
    let refused = dev("http://192.168.0.7:4747");
    assert!(
        refused.stderr.contains("http://localhost:4747"),
        "{refused:?}"
    );
    assert!(!folder.path().join(".standin").exists(), "nothing is made");
    dev("http://clerk.localhost:4747").ok();
}

#[test]
fn a_copied_folder_starts_beside_its_running_original() {
    let folder = tempfile::tempdir().unwrap();
    let copy = "cp -a .standin copy && exec \"$STANDIN\" dev --port 0 --data copy -- true";
    let dev = ["dev", "--port", "0", "--", "sh", "-c", copy];
    let mut command = standin(folder.path(), &dev);
    command.env("STANDIN", env!("CARGO_BIN_EXE_standin"));
    run(command).ok();
}

#[test]
fn a_postgresql_that_does_not_answer_is_told_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://ada:secret@127.0.0.1:1/standin";
    let dev = ["dev", "--port", "0", "--database-url", url, "--", "true"];
    let refused = run(standin(folder.path(), &dev));
    is_told(&refused, &["error[database_unusable]", "psql"]);
    assert!(!refused.stderr.contains("secret"), "{refused:?}");
}

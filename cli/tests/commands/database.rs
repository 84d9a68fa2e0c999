//! `standin db`: copies, and what is done before one is used.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::world::{World, mode, run, served_once, standin};

fn refused(done: &crate::world::Done, code: &str) {
    assert_ne!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains(&format!("error[{code}]")), "{done:?}");
}

#[test]
fn a_backup_is_made_beside_a_running_server_and_comes_back_with_nothing_open() {
    let world = World::new();
    world.task("ada+clerk_test@example.com", &[]).ok();
    let backup = world
        .run(&["db", "backup", "copy.db", "--json"])
        .ok()
        .json();
    let copy = world.folder.path().join("copy.db");
    assert_eq!(mode(&copy), 0o600);
    assert_eq!(backup["bytes"], copy.metadata().unwrap().len());
    assert!(
        backup["needs"]["master_key"]
            .as_str()
            .unwrap()
            .ends_with("master.key")
    );
    refused(&world.run(&["db", "backup", "copy.db"]), "file_exists");
    world.run(&["db", "check"]).ok();
    world.run(&["db", "check", "copy.db"]).ok();
    refused(&world.run(&["db", "restore", "copy.db"]), "data_in_the_way");

    let restored = world.run(&["db", "restore", "copy.db", "--data", "there", "--json"]);
    let restored = restored.ok().json();
    assert_eq!(restored["taken_back"]["tasks"], 1);
    assert_eq!(restored["secret_keys"].as_array().unwrap().len(), 1);
    assert_eq!(restored["master_key"], false);
    let there = world.folder.path().join("there");
    let mut names: Vec<_> = fs::read_dir(&there)
        .unwrap()
        .map(|one| one.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [".gitignore", "standin.db"]);
    assert_eq!(mode(&there.join("standin.db")), 0o600);
    let key = ["db", "status", "--data", "there", "--json"];
    let tables = world.run(&key).ok().json()["tables"].clone();
    let rows = |name: &str| {
        let found = tables
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["table"] == name);
        found.unwrap()["rows"].as_i64().unwrap()
    };
    assert_eq!((rows("tasks"), rows("users")), (1, 1));
}

#[test]
fn what_is_restored_as_it_was_stays_open() {
    let world = World::new();
    let made = world
        .task("ada+clerk_test@example.com", &["--json"])
        .ok()
        .json();
    world.run(&["db", "backup", "copy.db"]).ok();
    let same = [
        "db",
        "restore",
        "copy.db",
        "--data",
        "same",
        "--as-it-was",
        "--json",
    ];
    assert!(world.run(&same).ok().json()["taken_back"].is_null());
    let database = rusqlite::Connection::open(world.folder.path().join("same/standin.db")).unwrap();
    let id = made["agent_task_id"].as_str().unwrap();
    let open = "select count(*) from tasks where id = ?1 and revoked_at is null";
    let open: i64 = database.query_row(open, [id], |row| row.get(0)).unwrap();
    assert_eq!(open, 1);
}

#[test]
fn what_cannot_be_restored_is_refused_and_leaves_no_data() {
    let folder = tempfile::tempdir().unwrap();
    served_once(folder.path()).ok();
    let db = |arguments: &[&str]| run(standin(folder.path(), &[&["db"], arguments].concat()));
    db(&["backup", "copy.db"]).ok();
    let there = folder.path().join("there");
    let is_empty = || !there.join("standin.db").exists();

    refused(
        &db(&["restore", "none.db", "--data", "there"]),
        "file_not_found",
    );
    fs::write(folder.path().join("text.db"), "not a database").unwrap();
    refused(
        &db(&["restore", "text.db", "--data", "there"]),
        "database_unavailable",
    );

    // Another master key than the one that sealed what is in it.
    let other = run(standin(folder.path(), &["key", "master"])).ok().stdout;
    fs::create_dir_all(&there).unwrap();
    fs::write(there.join("master.key"), other).unwrap();
    fs::set_permissions(there.join("master.key"), fs::Permissions::from_mode(0o600)).unwrap();
    refused(
        &db(&["restore", "copy.db", "--data", "there"]),
        "master_key_wrong",
    );
    assert!(is_empty());
    fs::copy(
        folder.path().join(".standin/master.key"),
        there.join("master.key"),
    )
    .unwrap();

    // What a log of another database would do to the file beside it.
    fs::write(there.join("standin.db-wal"), "").unwrap();
    refused(
        &db(&["restore", "copy.db", "--data", "there"]),
        "data_in_the_way",
    );
    fs::remove_file(there.join("standin.db-wal")).unwrap();

    // A record that was changed after it was sealed, and a page that was.
    let altered = folder.path().join("altered.db");
    fs::copy(folder.path().join("copy.db"), &altered).unwrap();
    let database = rusqlite::Connection::open(&altered).unwrap();
    database
        .execute("update audit set actor = 'nobody' where seq = 1", [])
        .unwrap();
    drop(database);
    let checked = db(&["check", "altered.db"]);
    assert_eq!((checked.code, checked.line()), (1, "record 1 was changed"));
    refused(
        &db(&["restore", "altered.db", "--data", "there"]),
        "backup_damaged",
    );
    assert!(is_empty());

    let done = db(&["restore", "copy.db", "--data", "there"]).ok();
    assert!(!done.stderr.contains("put the master key"), "{done:?}");
    run(standin(
        folder.path(),
        &["dev", "--port", "0", "--data", "there", "--", "true"],
    ))
    .ok();
}

#[test]
fn a_status_says_what_is_there_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    served_once(folder.path()).ok();
    let file = folder.path().join(".standin/standin.db");
    let before = fs::read(&file).unwrap();
    let status: Value = run(standin(folder.path(), &["db", "status", "--json"]))
        .ok()
        .json();
    assert!(
        status["engine"].as_str().unwrap().starts_with("SQLite 3."),
        "{status}"
    );
    assert_eq!(status["unsealed"], 0);
    let tables = status["tables"].as_array().unwrap();
    let instance = tables.iter().find(|one| one["table"] == "instance");
    assert_eq!(instance.unwrap()["rows"], 1);
    run(standin(folder.path(), &["db", "check"])).ok();
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn what_a_crash_has_left_half_written_is_undone_before_it_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    served_once(folder.path()).ok();
    let (whole, half) = (folder.path().join(".standin"), folder.path().join("half"));
    let database = rusqlite::Connection::open(whole.join("standin.db")).unwrap();
    // Pages go to the file before the end of the transaction; then everything is as a crash would leave it.
    let begun =
        "pragma journal_mode = delete; pragma cache_size = 1; begin; create table half_written (x);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
        insert into half_written select randomblob(1000) from n";
    database.execute_batch(begun).unwrap();
    fs::create_dir(&half).unwrap();
    for name in ["standin.db", "standin.db-journal"] {
        fs::copy(whole.join(name), half.join(name)).unwrap();
    }
    let db = |arguments: &[&str]| {
        let all = [&["db"], arguments, &["--data", "half"]].concat();
        run(standin(folder.path(), &all)).ok()
    };
    let status = db(&["status", "--json"]).json();
    let mut tables = status["tables"].as_array().unwrap().iter();
    assert!(tables.all(|one| one["table"] != "half_written"), "{status}");
    db(&["check"]);
}

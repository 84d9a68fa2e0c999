//! Databases that a server cannot work with: it does not start, and says which file it is about.

use std::fs;
use std::path::{Path, PathBuf};

use standin_server::Server;
use standin_server::config::Config;
use standin_server::db::Database;

use crate::world::World;

/// A stopped server's configuration and its SQLite file, which has everything in it.
async fn stopped() -> Option<(World, PathBuf)> {
    let mut world = World::new().await;
    world.backend.task().await;
    world.server.take().unwrap().stop().await;
    let Database::Sqlite(file) = world.config.database.clone() else {
        return None;
    };
    Some((world, file))
}

async fn refusal(config: &Config) -> String {
    let started = Server::start(config.clone()).await;
    started.err().expect("it started").to_string()
}

/// Changes bytes of a file in place.
fn patch(file: &Path, at: usize, with: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at..at + with.len()].copy_from_slice(with);
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_named_and_left_as_it_is() {
    let Some((world, file)) = stopped().await else {
        return;
    };
    let whole = fs::read(&file).unwrap();
    // No database at all; one whose list of tables is garbage.
    for (at, with) in [(0, [b'x'; 100]), (100, [0xff; 100])] {
        fs::write(&file, &whole).unwrap();
        patch(&file, at, &with);
        let damaged = fs::read(&file).unwrap();
        let said = refusal(&world.config).await;
        assert!(said.contains(&file.display().to_string()), "{said}");
        assert!(
            said.contains("not a database") || said.contains("malformed"),
            "{said}"
        );
        assert_eq!(fs::read(&file).unwrap(), damaged);
    }
    fs::write(&file, &whole).unwrap();
    let server = Server::start(world.config.clone()).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_named() {
    let Some((world, file)) = stopped().await else {
        return;
    };
    // Byte 18 is the version a program must know to write the file; SQLite knows 1 and 2, and reads beyond. Unlike the
    // file's mode this also holds for root.
    patch(&file, 18, &[3]);
    let said = refusal(&world.config).await;
    assert!(said.contains(&file.display().to_string()), "{said}");
    assert!(said.contains("readonly"), "{said}");
}

#[tokio::test]
async fn a_database_in_a_folder_that_is_not_there_is_named() {
    let world = World::new().await;
    let mut config = world.config.clone();
    let file = Path::new("/proc/nowhere/standin.db");
    config.database = Database::Sqlite(file.into());
    let said = refusal(&config).await;
    assert!(said.contains("/proc/nowhere/standin.db"), "{said}");
}

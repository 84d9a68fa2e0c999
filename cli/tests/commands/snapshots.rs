//! `standin snapshot` and `standin reset`: a development server taken back while it runs.

use std::fs;

use crate::world::{Production, World, mode, run, standin};

const SEED: &str =
    "[[users]]\nid = \"user_admin\"\nusername = \"admin\"\npassword = \"correct horse\"\n";

/// Who there is, by id.
fn ids(world: &World) -> Vec<String> {
    let users = world.run(&["user", "list", "--json"]).ok().json();
    let users = users["data"].as_array().unwrap().iter();
    let mut ids: Vec<_> = users
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn seeded(text: &str) -> World {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("seed.toml"), text).unwrap();
    World::with(folder, &["--seed", "seed.toml"])
}

#[test]
fn a_state_that_is_kept_comes_back_and_a_reset_begins_anew_with_the_seed() {
    let world = seeded(SEED);
    let more = world.run(&["user", "create", "--username", "more"]).ok();
    assert_eq!(
        world.run(&["snapshot", "save", "two-users"]).ok().stderr,
        "two-users is kept\n"
    );
    let file = world.folder.path().join(".standin/snapshots/two-users.db");
    assert_eq!(mode(&file), 0o600);
    world.run(&["user", "delete", "admin"]).ok();
    world.run(&["snapshot", "restore", "two-users"]).ok();
    assert_eq!(ids(&world), [more.line(), "user_admin"]);
    assert_eq!(
        world.run(&["seed", "seed.toml"]).ok().stderr,
        "seed: nothing to do\n"
    );

    let refused = world.run(&["snapshot", "restore", "two-user"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(
        refused.stderr.contains("did you mean  two-users"),
        "{refused:?}"
    );
    let told = world.run(&["reset"]).ok();
    assert!(told.stderr.contains("with admin"), "{told:?}");
    assert_eq!(ids(&world), ["user_admin"]);

    // It outlives the server, whose folder may hold it.
    let world = world.again(&[]);
    world.run(&["snapshot", "restore", "two-users"]).ok();
    assert_eq!(ids(&world).len(), 2);
    world.run(&["snapshot", "delete", "two-users"]).ok();
    let list = world.run(&["snapshot", "list", "--json"]).ok().json();
    assert_eq!(list["total_count"], 0);
    // Started without a seed, it begins with the first user.
    world.run(&["reset"]).ok();
    let user = world.run(&["user", "show", "ada@example.com"]).ok();
    assert!(user.stdout.contains("Ada Lovelace"), "{user:?}");
}

#[test]
fn a_seed_that_cannot_be_read_costs_no_state_and_production_has_no_reset() {
    let world = seeded(SEED);
    world.run(&["user", "create", "--username", "more"]).ok();
    world.write("seed.toml", "[[usres]]\n");
    let refused = world.run(&["reset"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_eq!(ids(&world).len(), 2);

    let folder = tempfile::tempdir().unwrap();
    let make = ["key", "create", "--data", "d", "--make"];
    let key = run(standin(folder.path(), &make)).ok().stdout;
    let server = Production::start(folder.path());
    let reach = ["--api-url", &server.url, "--secret-key", key.trim()];
    for command in [&["reset"][..], &["snapshot", "save", "x"]] {
        let refused = run(standin(folder.path(), &[command, &reach[..]].concat()));
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.stderr.contains("development_only"), "{refused:?}");
    }
}

//! `standin seed`, and a development server that begins with one.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::world::{Production, World, run, standin};

/// The example of docs/seed.md.
fn example() -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join("../docs/examples/seed.toml")).unwrap()
}

fn seeded(text: &str) -> World {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("seed.toml"), text).unwrap();
    World::with(folder, &["--seed", "seed.toml"])
}

#[test]
fn the_example_is_made_and_what_is_written_of_it_makes_the_same_elsewhere() {
    let world = seeded(&example());
    let again = world.run(&["seed", "seed.toml"]).ok();
    assert_eq!(
        (again.stdout.as_str(), again.stderr.as_str()),
        ("", "seed: nothing to do\n")
    );
    let users = world.run(&["user", "list", "--json"]).ok().json();
    assert_eq!(
        users["total_count"], 3,
        "the first user that dev makes is not made beside a seed's"
    );

    let written = world.run(&["seed", "--from-running"]).ok().stdout;
    world.write("written.toml", &written);
    assert_eq!(
        world.run(&["seed", "written.toml"]).ok().stderr,
        "seed: nothing to do\n"
    );
    let other = seeded(&written);
    assert_eq!(other.run(&["seed", "--from-running"]).ok().stdout, written);
    let task = other.task("admin", &["--storage-state", "state.json"]).ok();
    assert_eq!(task.line(), "state.json");
}

#[test]
fn what_differs_is_told_by_kind_and_a_seed_is_brought_about_at_each_start() {
    let world = seeded(&example());
    world.write("seed.toml", &example().replace("\"Ada\"", "\"Grace\""));
    let told = world.run(&["seed", "seed.toml"]).ok();
    assert_eq!(told.stderr, "users: 1 changed, 2 the same\n");
    world.write(
        "seed.toml",
        "[[users]]\nid = \"user_admin\"\nfirst_name = \"Hedy\"\nusername = \"admin\"\n",
    );
    let world = world.again(&["--seed", "seed.toml"]);
    let admin = world.run(&["user", "show", "admin", "--json"]).ok().json();
    assert_eq!(
        (&admin["first_name"], &admin["last_name"]),
        (&json!("Hedy"), &json!("Lovelace"))
    );
    let told = world.run(&["seed", "seed.toml", "--json"]).ok().json();
    let kinds = json!({ "data": [{ "kind": "users", "made": 0, "changed": 0, "same": 1 }] });
    assert_eq!(told, kinds);
}

#[test]
fn what_toml_cannot_say_is_json_in_a_text() {
    let text = "[[users]]\nusername = \"nobody\"\npublic_metadata = '{ \"a\": [null, 18446744073709551615] }'\n";
    let world = seeded(text);
    let nobody = world.run(&["user", "show", "nobody", "--json"]).ok().json();
    assert_eq!(nobody["public_metadata"], json!({ "a": [null, u64::MAX] }));
    let written = world.run(&["seed", "--from-running"]).ok().stdout;
    world.write("written.toml", &written);
    assert_eq!(
        world.run(&["seed", "written.toml"]).ok().stderr,
        "seed: nothing to do\n"
    );
}

/// What is wrong below a sound user, on which line of the file that is, what is said of it, and the next step.
const WRONG: [(&str, usize, &str, &str); 11] = [
    (
        "frist_name = \"A\"\n",
        4,
        "no key `frist_name`",
        "did you mean  first_name",
    ),
    (
        "[[usres]]\nid = \"x\"\n",
        4,
        "no key `usres`",
        "did you mean  users",
    ),
    ("password = 7\n", 4, "invalid type", ""),
    (
        "password = \"short\"\n",
        4,
        "at least 8 characters",
        "nothing was changed",
    ),
    ("private_metadata = '{'\n", 4, "holds no JSON", ""),
    (
        "public_metadata = 3\n",
        4,
        "must be an object",
        "nothing was changed",
    ),
    (
        "\n[[users]]\n\nusername = \"alone one\"\n",
        7,
        "letters, digits",
        "nothing was changed",
    ),
    (
        "\n[[users]]\nid = \"user_b\"\nemail_address = [\"a@example.com\"]\n",
        7,
        "belongs to another user",
        "",
    ),
    (
        "[[organizations]]\nslug = \"a\"\nname = \"A\"\nmembers = [\n  { user = \"user_amdin\", role = \"org:admin\" },\n]\n",
        8,
        "no user user_amdin",
        "user_admin",
    ),
    (
        "[[organizations]]\nslug = \"a\"\nname = \"A\"\n[[organizations.members]]\nuser = \"user_admin\"\nrole = \"org:amdin\"\n",
        9,
        "no organization role org:amdin",
        "org:admin",
    ),
    ("[claims]\nsub = \"x\"\n", 4, "The claim sub", ""),
];

#[test]
fn a_wrong_file_is_told_by_its_line_and_changes_nothing() {
    let world = seeded("[[users]]\nusername = \"alone\"\n");
    let one = "[[users]]\nid = \"user_admin\"\nemail_address = [\"a@example.com\"]\n";
    for (more, line, said, hint) in WRONG {
        world.write("wrong.toml", &format!("{one}{more}"));
        let refused = world.run(&["seed", "wrong.toml"]);
        assert_eq!(refused.code, 2, "{more}: {refused:?}");
        let place = format!("wrong.toml, line {line}");
        for part in [place.as_str(), said, hint] {
            assert!(refused.stderr.contains(part), "{more}: {part}: {refused:?}");
        }
        let users = world.run(&["user", "list", "--json"]).ok().json();
        assert_eq!(users["total_count"], 1, "{more}");
    }
    let dev = [
        "dev",
        "--ephemeral",
        "--port",
        "0",
        "--seed",
        "wrong.toml",
        "--",
        "true",
    ];
    let refused = run(standin(world.folder.path(), &dev));
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("wrong.toml, line 4"), "{refused:?}");
}

#[test]
fn a_production_server_takes_a_seed_and_gives_none() {
    let folder = tempfile::tempdir().unwrap();
    let make = ["key", "create", "--data", "d", "--make"];
    let key = run(standin(folder.path(), &make)).ok().stdout;
    let server = Production::start(folder.path());
    fs::write(
        folder.path().join("seed.toml"),
        "[[users]]\nid = \"user_fixed\"\nusername = \"fixed\"\n",
    )
    .unwrap();
    let reach = ["--api-url", &server.url, "--secret-key", key.trim()];
    let seed = |what: &str| {
        run(standin(
            folder.path(),
            &[&["seed", what], &reach[..]].concat(),
        ))
    };
    assert_eq!(seed("seed.toml").ok().stderr, "users: 1 made\n");
    let refused = seed("--from-running");
    assert_eq!(
        (refused.code, refused.stdout.as_str()),
        (1, ""),
        "{refused:?}"
    );
    assert!(
        refused.stderr.contains("standin user export"),
        "{refused:?}"
    );
}

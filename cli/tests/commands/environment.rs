use std::fs;
use std::path::Path;

use crate::world::{Done, World, run, standin};

#[test]
fn a_file_gets_the_frameworks_own_names_and_keeps_everything_else() {
    let world = World::new();
    world.write(
        "package.json",
        r#"{ "dependencies": { "next": "16", "@clerk/nextjs": "7" } }"#,
    );
    world.write(".env.local", "# mine\nDATABASE_URL=postgres://x\n");
    world.run(&["env", "--file", ".env.local"]).ok();
    let text = world.read(".env.local");
    assert!(
        text.starts_with("# mine\nDATABASE_URL=postgres://x\n"),
        "{text}"
    );
    let key = format!(
        "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY={}",
        world.told("publishable_key")
    );
    assert!(text.contains(&key), "{text}");
    assert!(!text.contains("NEXT_PUBLIC_CLERK_SECRET_KEY"), "{text}");
    world.run(&["env", "--file", ".env.local"]).ok();
    assert_eq!(
        world.read(".env.local"),
        text,
        "a second run changes nothing"
    );
}

#[test]
fn the_keys_of_another_instance_are_not_overwritten() {
    let world = World::new();
    world.write(".env.local", "CLERK_SECRET_KEY=sk_test_of_somebody_else\n");
    let refused = world.run(&["env", "--file", ".env.local"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.stderr.contains("env_file_of_another_instance"),
        "{refused:?}"
    );
    assert_eq!(
        world.read(".env.local"),
        "CLERK_SECRET_KEY=sk_test_of_somebody_else\n"
    );
    world.run(&["env", "--file", ".env.local", "--force"]).ok();
    assert!(world.read(".env.local").contains(world.told("secret_key")));
}

#[test]
fn stdout_can_be_fed_to_a_shell_or_a_program() {
    let world = World::new();
    let shell = world.run(&["env", "--format", "shell"]).ok().stdout;
    assert!(
        shell
            .lines()
            .all(|line| line.starts_with("export ") && line.ends_with('\'')),
        "{shell}"
    );
    let json = world.run(&["env", "--format", "json"]).ok().json();
    assert_eq!(json["CLERK_SECRET_KEY"], world.ready["secret_key"]);
}

/// `standin dev --ephemeral --env-file F -- sh -c SCRIPT`.
fn ephemeral(folder: &Path, script: &str) -> Done {
    let dev = [
        "dev",
        "--ephemeral",
        "--port",
        "0",
        "--env-file",
        ".env.local",
        "--",
        "sh",
        "-c",
        script,
    ];
    run(standin(folder, &dev))
}

#[test]
fn a_server_that_keeps_nothing_puts_the_file_back_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env.local");
    let cat = "cat .env.local";
    for _ in 0..2 {
        assert!(
            ephemeral(folder.path(), cat)
                .ok()
                .stdout
                .contains("CLERK_SECRET_KEY=sk_test_")
        );
        assert!(!file.exists(), "there was none");
    }
    fs::write(&file, "# mine\nA=1\n").unwrap();
    for _ in 0..2 {
        let there = ephemeral(folder.path(), cat).ok().stdout;
        assert!(
            there.starts_with("# mine\nA=1\n") && there.contains("CLERK_SECRET_KEY=sk_test_"),
            "{there}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\nA=1\n");
    }
    // What somebody wrote meanwhile stays.
    ephemeral(folder.path(), "echo B=2 >> .env.local").ok();
    assert!(fs::read_to_string(&file).unwrap().ends_with("B=2\n"));
}

#[test]
fn the_keys_of_a_server_that_was_killed_do_not_stand_in_the_way_of_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env.local");
    fs::write(&file, "A=1\n").unwrap();
    let killed = ephemeral(
        folder.path(),
        "cp .env.local left; kill -KILL $PPID; sleep 1",
    );
    assert_ne!(killed.code, 0);
    let left = fs::read_to_string(folder.path().join("left")).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), left);
    let next = ephemeral(
        folder.path(),
        "grep -c CLERK_SECRET_KEY= .env.local; grep CLERK_SECRET_KEY= left",
    )
    .ok();
    assert!(next.stdout.starts_with("1\n"), "{next:?}");
    let world = World::with(folder, &[]);
    world.run(&["env", "--file", ".env.local"]).ok();
    let text = world.read(".env.local");
    assert!(
        text.contains(world.told("secret_key")) && !text.contains("--ephemeral"),
        "{text}"
    );
}

#[test]
fn keys_that_are_replaced_by_force_are_kept_beside() {
    let world = World::new();
    let theirs = "CLERK_SECRET_KEY=sk_live_of_somebody_else\n";
    world.write(".env.local", theirs);
    let done = world.run(&["env", "--file", ".env.local", "--force"]).ok();
    assert!(done.stderr.contains(".env.backup.local"), "{done:?}");
    assert_eq!(world.read(".env.backup.local"), theirs);
    assert_eq!(
        crate::world::mode(&world.folder.path().join(".env.backup.local")),
        0o600
    );
}

#[test]
fn who_does_not_read_the_file_is_named() {
    let world = World::new();
    let said = |package: &str| {
        world.write("package.json", package);
        world.run(&["env", "--file", ".env.local"]).ok().stderr
    };
    let express = said(
        r#"{ "dependencies": { "express": "5" }, "devDependencies": { "@playwright/test": "1" } }"#,
    );
    assert!(
        express.contains("Node and Playwright") && express.contains("--env-file=.env.local"),
        "{express}"
    );
    let next = said(r#"{ "dependencies": { "next": "16" } }"#);
    assert!(!next.contains("--env-file"), "{next}");
}

use crate::world::World;

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

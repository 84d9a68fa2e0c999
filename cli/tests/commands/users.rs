use crate::world::{Done, World};

fn user_id(done: &Done) -> String {
    let id = done.json()["data"][0]["user_id"].clone();
    id.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_username_that_begins_as_an_id_still_means_its_user() {
    let world = World::new();
    let made = world
        .run(&["user", "create", "--username", "user_grace"])
        .ok();
    let id = made.line();
    world.task("user_grace", &[]).ok();
    for who in ["user_grace", id] {
        let shown = world.run(&["user", "show", who, "--json"]).ok().json();
        assert_eq!(shown["id"], id, "{who}");
        let tasks = world.run(&["task", "list", "--for", who, "--json"]).ok();
        assert_eq!(user_id(&tasks), id, "{who}");
    }
}

#[test]
fn what_a_deleted_user_left_is_found_by_the_id() {
    let world = World::new();
    let made = world.run(&["user", "create", "--username", "grace"]).ok();
    let id = made.line();
    world.task("grace", &[]).ok();
    let deleted = world
        .run(&["user", "delete", "grace", "--json"])
        .ok()
        .json();
    assert_eq!(
        (deleted["id"].as_str(), &deleted["deleted"]),
        (Some(id), &true.into())
    );
    let tasks = world.run(&["task", "list", "--for", id, "--json"]).ok();
    assert_eq!(user_id(&tasks), id);
    assert_eq!(world.run(&["user", "show", "grace"]).code, 3);
}

#[test]
fn a_list_of_users_says_how_many_there_are() {
    let world = World::new();
    for name in ["grace", "hedy"] {
        world.run(&["user", "create", "--username", name]).ok();
    }
    let listed = world
        .run(&["user", "list", "--limit", "2", "--json"])
        .ok()
        .json();
    assert_eq!(
        (
            listed["data"].as_array().unwrap().len(),
            &listed["total_count"]
        ),
        (2, &3.into())
    );
    let shown = world.run(&["user", "list", "--limit", "2"]).ok();
    assert!(shown.stderr.contains("2 of 3"), "{shown:?}");
}

#[test]
fn a_banned_user_gets_no_link_and_the_way_back_is_named() {
    let world = World::new();
    world.run(&["user", "ban", "ada@example.com"]).ok();
    let refused = world.task("ada@example.com", &[]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("standin user unban ada@example.com"),
        "{refused:?}"
    );
    world.run(&["user", "unban", "ada@example.com"]).ok();
    world.task("ada@example.com", &[]).ok();
}

#[test]
fn a_user_is_made_with_password_external_id_and_metadata_and_not_twice() {
    let world = World::new();
    let create = [
        "user",
        "create",
        "--email",
        "grace@example.com",
        "--password",
        "a long one, 1906",
        "--external-id",
        "g1",
        "--public-metadata",
        r#"{"plan":"pro"}"#,
        "--json",
    ];
    let made = world.run(&create).ok().json();
    assert_eq!(
        (
            &made["password_enabled"],
            &made["external_id"],
            &made["public_metadata"]["plan"]
        ),
        (&true.into(), &"g1".into(), &"pro".into())
    );
    assert_eq!(
        world.run(&create).code,
        3,
        "taken is not a mistake of the command line"
    );
    let odd = world.run(&[
        "user",
        "create",
        "--email",
        "x@example.com",
        "--public-metadata",
        "pro",
    ]);
    assert_eq!(odd.code, 2, "{odd:?}");
}

#[test]
fn a_stranger_at_the_same_domain_is_no_slip_of_the_finger() {
    let world = World::new();
    let refused = world.task("bob@example.com", &[]);
    assert_eq!(refused.code, 3);
    assert!(!refused.stderr.contains("did you mean"), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("standin user create --email bob@example.com"),
        "{refused:?}"
    );
}

use serde_json::Value;

use crate::world::{World, mode, run, standin};

#[test]
fn stdout_holds_the_url_and_nothing_else() {
    let world = World::new();
    let made = world.task("ada@example.com", &[]).ok();
    let url = made.line();
    assert!(url.starts_with(world.told("public_url")), "{url}");
    assert!(url.contains("/v1/agents/tasks?ticket="), "{url}");
    assert!(
        made.stderr.contains("standin task revoke agttsk_"),
        "{made:?}"
    );
}

#[test]
fn a_slip_of_the_finger_is_answered_with_the_user_that_was_meant() {
    let world = World::new();
    let refused = world.task("ada@exmaple.com", &[]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(refused.stdout, "");
    assert!(
        refused
            .stderr
            .contains("error[agent_task_subject_not_found]"),
        "{refused:?}"
    );
    assert!(
        refused.stderr.contains("did you mean  ada@example.com"),
        "{refused:?}"
    );
    assert!(
        refused
            .stderr
            .contains("standin user create --email ada@exmaple.com"),
        "{refused:?}"
    );
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let world = World::new();
    let code = |arguments: &[&str]| world.run(arguments).code;
    assert_eq!(code(&["task", "create"]), 2);
    assert_eq!(code(&["task", "show", "agttsk_nothing"]), 3);
    assert_eq!(
        code(&[
            "task",
            "create",
            "--for",
            "ada@example.com",
            "--redirect",
            "https://evil.example/"
        ]),
        3
    );
    assert_eq!(
        code(&[
            "task",
            "list",
            "--api-url",
            "http://127.0.0.1:1",
            "--secret-key",
            "sk_test_x"
        ]),
        4
    );
    assert_eq!(code(&["task", "list", "--secret-key", "sk_test_wrong"]), 3);
    let elsewhere = tempfile::tempdir().unwrap();
    let lost = run(standin(elsewhere.path(), &["task", "list"]));
    assert_eq!(lost.code, 4, "{lost:?}");
    assert!(lost.stderr.contains("standin dev"), "{lost:?}");
}

#[test]
fn with_json_a_refusal_is_one_object_too() {
    let world = World::new();
    let refused = world.run(&["task", "show", "agttsk_nothing", "--json"]);
    let error = &refused.json()["error"];
    assert_eq!(error["code"], "agent_task_not_found");
    assert_eq!(error["exit_code"], 3);
    assert_eq!(refused.stderr, "");
}

#[test]
fn a_task_is_listed_shown_and_taken_back() {
    let world = World::new();
    let made = world
        .task("ada@example.com", &["--agent", "tester", "--json"])
        .ok()
        .json();
    let id = made["agent_task_id"].as_str().unwrap();
    let listed = world
        .run(&["task", "list", "--agent", "tester", "--json"])
        .ok()
        .json();
    assert_eq!(listed["data"][0]["agent_task_id"], id);
    assert!(
        world
            .run(&["task", "show", id])
            .ok()
            .stdout
            .contains("pending")
    );
    world.run(&["task", "revoke", id]).ok();
    let again = world.run(&["task", "revoke", id]);
    assert_eq!(again.code, 3, "{again:?}");
    let record = world
        .run(&["audit", "list", "--task", id, "--json"])
        .ok()
        .json();
    let told = |one: &Value| format!("{} {}", one["action"], one["result"]).replace('"', "");
    let records = record["data"].as_array().unwrap();
    let records: Vec<String> = records.iter().map(told).collect();
    assert_eq!(
        records,
        [
            "task.revoke agent_task_cannot_be_revoked",
            "task.revoke ok",
            "task.create ok"
        ]
    );
}

#[test]
fn a_sign_in_without_a_browser_leaves_a_file_for_its_owner_alone_and_can_be_ended() {
    let world = World::new();
    let kept = world
        .task("ada@example.com", &["--storage-state", "state.json"])
        .ok();
    assert_eq!(kept.line(), "state.json");
    assert_eq!(mode(&world.folder.path().join("state.json")), 0o600);
    let state: Value = serde_json::from_str(&world.read("state.json")).unwrap();
    let names: Vec<_> = state["cookies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cookie| cookie["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"__client") && names.contains(&"__session"),
        "{names:?}"
    );
    let sessions = world
        .run(&["session", "list", "--user", "ada@example.com", "--json"])
        .ok()
        .json();
    let sessions = sessions["data"]
        .as_array()
        .or(sessions.as_array())
        .unwrap()
        .clone();
    assert_eq!(sessions.len(), 1);
    world
        .run(&["session", "revoke", sessions[0]["id"].as_str().unwrap()])
        .ok();
    let active = world
        .run(&["session", "list", "--status", "active", "--json"])
        .ok()
        .stdout;
    assert!(!active.contains("sess_"), "{active}");
}

#[test]
fn a_session_whose_state_cannot_be_kept_is_named_so_that_it_can_be_ended() {
    let world = World::new();
    let kept = world.task(
        "ada@example.com",
        &["--storage-state", "nowhere/state.json"],
    );
    assert_eq!(kept.code, 1, "{kept:?}");
    for word in ["nowhere/state.json", "standin session revoke sess_"] {
        assert!(kept.stderr.contains(word), "{kept:?}");
    }
    assert!(!kept.stderr.contains(".tmp"), "{kept:?}");
}

#[test]
fn data_that_does_not_reach_its_place_is_no_success() {
    let world = World::new();
    for arguments in [
        &["task", "list"][..],
        &["user", "list"],
        &["env", "--json"],
        &["version"],
    ] {
        let mut command = standin(world.folder.path(), arguments);
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let status = command.stdout(full.unwrap()).status().unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn an_agent_is_meant_by_its_name_or_its_id() {
    let world = World::new();
    let made = world.task("ada@example.com", &["--agent", "tester", "--json"]);
    let id = made.ok().json()["agent_id"].as_str().unwrap().to_owned();
    for agent in [id.as_str(), "tester"] {
        world.run(&["agent", "disable", agent]).ok();
        assert_eq!(
            world.task("ada@example.com", &["--agent", "tester"]).code,
            3
        );
        world.run(&["agent", "enable", agent]).ok();
    }
    let unknown = world.run(&["agent", "disable", "testre"]);
    assert_eq!(unknown.code, 3, "{unknown:?}");
    assert!(
        unknown.stderr.contains("did you mean     tester"),
        "{unknown:?}"
    );
}

#[test]
fn a_usage_error_is_json_where_that_is_asked_for() {
    let world = World::new();
    for arguments in [
        &["task", "create", "--json"][..],
        &["--json", "frobnicate"],
        &[
            "task",
            "create",
            "--for",
            "ada@example.com",
            "--session",
            "3",
            "--json",
        ],
    ] {
        let refused = world.run(arguments);
        assert_eq!(
            (refused.code, refused.stderr.as_str()),
            (2, ""),
            "{refused:?}"
        );
        assert_eq!(refused.json()["error"]["code"], "usage");
    }
    let plain = world.task("ada@example.com", &["--session", "3"]);
    assert!(plain.stderr.contains("write 3s, 3m or 3h"), "{plain:?}");
    let version = world.run(&["version"]).ok();
    assert_eq!(version.stdout, world.run(&["--version"]).ok().stdout);
    assert!(world.run(&["version", "--json"]).ok().json()["version"].is_string());
    // What belongs to a command that is run is that command's.
    let inside = world.run(&["dev", "--frobnicate", "--", "x", "--json"]);
    assert!(inside.stdout.is_empty() && inside.code == 2, "{inside:?}");
}

#[test]
fn half_an_address_is_answered_with_the_whole_one() {
    let world = World::new();
    for (half, whole) in [
        ("/dashboard", "--redirect http://localhost:3000/dashboard"),
        ("localhost:3000/x", "--redirect http://localhost:3000/x"),
    ] {
        let create = [
            "task",
            "create",
            "--for",
            "ada@example.com",
            "--redirect",
            half,
        ];
        let refused = world.run(&create);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains(whole), "{refused:?}");
    }
}

#[test]
fn lists_call_people_and_agents_by_their_names() {
    let world = World::new();
    world
        .task(
            "ada@example.com",
            &["--agent", "tester", "--storage-state", "s.json"],
        )
        .ok();
    for list in ["task", "session"] {
        let listed = world.run(&[list, "list"]).ok().stdout;
        assert!(
            listed.contains("ada@example.com") && listed.contains("tester"),
            "{listed}"
        );
    }
    world.run(&["user", "delete", "ada@example.com"]).ok();
    let listed = world.run(&["task", "list"]).ok().stdout;
    assert!(listed.contains("user_"), "who is gone has an id: {listed}");
}

fn states(world: &World, who: &str, more: &[&str]) -> crate::world::Done {
    let page = "http://localhost:3000/dashboard";
    let states = [
        "task",
        "storage-states",
        "--for",
        who,
        "--out",
        "auth",
        "--redirect",
        page,
    ];
    world.run(&[&states, more].concat())
}

#[test]
fn several_users_are_signed_in_into_a_file_each() {
    let world = World::new();
    let editor = world.run(&["user", "create", "--username", "editor"]).ok();
    let who = format!("ada@example.com,editor,third={}", editor.line());
    let made = states(&world, &who, &[]).ok();
    let files = [
        "auth/ada@example.com.json",
        "auth/editor.json",
        "auth/third.json",
    ];
    assert_eq!(made.stdout.lines().collect::<Vec<_>>(), files);
    for file in files {
        assert_eq!(mode(&world.folder.path().join(file)), 0o600, "{file}");
        let state: Value = serde_json::from_str(&world.read(file)).unwrap();
        let cookies = state["cookies"].as_array().unwrap();
        assert!(
            cookies.iter().any(|one| one["name"] == "__session"),
            "{state}"
        );
    }
    assert_eq!(mode(&world.folder.path().join("auth")), 0o700);
    let told = states(&world, "editor", &["--json", "--agent", "e2e"])
        .ok()
        .json();
    assert_eq!(told["data"][0]["file"], "auth/editor.json");
    assert_eq!(told["data"][0]["user_id"], editor.line());
    let sessions = world.run(&["session", "list", "--json"]).ok().json();
    assert_eq!(
        sessions
            .as_array()
            .map_or_else(|| sessions["data"].as_array().unwrap().len(), Vec::len),
        4
    );
}

#[test]
fn where_one_user_cannot_be_signed_in_nobody_is() {
    let world = World::new();
    world.run(&["user", "create", "--username", "gone"]).ok();
    world.run(&["user", "ban", "gone"]).ok();
    for (who, code, said) in [
        ("ada@example.com,ada@exmaple.com", 3, "did you mean"),
        ("ada@example.com,gone", 3, "user_banned"),
        ("ada@example.com,../x=ada@example.com", 2, "names no file"),
        ("ada@example.com,ada@example.com", 2, "written twice"),
    ] {
        let refused = states(&world, who, &[]);
        assert_eq!(refused.code, code, "{refused:?}");
        assert!(refused.stderr.contains(said), "{refused:?}");
        assert!(!world.folder.path().join("auth").exists(), "{who}");
    }
    world.write("auth", "");
    let refused = states(&world, "ada@example.com", &[]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let pending = ["task", "list", "--status", "pending", "--json"];
    assert_eq!(world.run(&pending).ok().json()["total_count"], 0);
    let list = world.run(&["session", "list", "--json"]).ok();
    assert!(!list.stdout.contains("\"active\""), "{list:?}");
}

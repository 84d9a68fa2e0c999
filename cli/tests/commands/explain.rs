use crate::world::{World, run, standin};

#[test]
fn a_code_is_explained_and_a_mistyped_one_finds_its_name() {
    let here = tempfile::tempdir().unwrap();
    let explain =
        |arguments: &[&str]| run(standin(here.path(), &[&["explain"], arguments].concat()));
    // As it is copied out of an error.
    let used = explain(&["error[agent_task_already_used]:"]).ok();
    for word in [
        "400",
        "opens one session",
        "standin session revoke",
        "\"errors\"",
    ] {
        assert!(used.stdout.contains(word), "{used:?}");
    }
    let used = explain(&["agent_task_already_used", "--json"]).ok().json();
    assert_eq!(used["answers"][0]["status"], 400);
    let error = &used["answers"][0]["body"]["errors"][0];
    assert_eq!(error["code"], "agent_task_already_used");
    for (typed, meant) in [
        ("agent_task_alredy_used", "agent_task_already_used"),
        ("key_missing", "master_key_missing"),
    ] {
        let unknown = explain(&[typed]);
        assert_eq!(unknown.code, 3, "{unknown:?}");
        assert!(
            unknown.stderr.contains(&format!("standin explain {meant}")),
            "{unknown:?}"
        );
    }
    let lines = explain(&[]).ok();
    let all = explain(&["--json"]).ok().json();
    let codes = all["codes"].as_array().unwrap().len();
    assert_eq!(lines.stdout.lines().count(), codes);
    assert!(codes > 100, "{codes}");
}

#[test]
fn an_error_that_names_no_next_step_names_its_explanation() {
    let world = World::new();
    let (own, of_server) = (
        world.run(&["agent", "show", "nobody"]),
        world.run(&["task", "show", "agtask_nobody"]),
    );
    assert!(
        of_server
            .stderr
            .contains("standin explain agent_task_not_found"),
        "{of_server:?}"
    );
    assert!(
        own.stderr.contains("standin agent list") && !own.stderr.contains("explain"),
        "{own:?}"
    );
    let shown = world.run(&["explain", "agent_task_not_found"]).ok();
    assert!(shown.stdout.contains("standin task list"), "{shown:?}");
}

#[test]
fn the_http_api_is_printed_where_no_server_is() {
    let here = tempfile::tempdir().unwrap();
    let printed = run(standin(here.path(), &["openapi"])).ok().json();
    assert_eq!(printed["openapi"], "3.1.1");
    let create = &printed["paths"]["/v1/agents/tasks"]["post"];
    assert_eq!(create["x-standin-scope"], "tasks");
}

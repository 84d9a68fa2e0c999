use crate::world::{run, standin};

/// `standin dev --ephemeral --port 0 -- sh -c SCRIPT`.
fn around(script: &str) -> crate::world::Done {
    with(&[], script)
}

/// The same with more options.
fn with(options: &[&str], script: &str) -> crate::world::Done {
    let folder = tempfile::tempdir().unwrap();
    let dev = ["dev", "--ephemeral", "--port", "0"];
    let arguments = [&dev[..], options, &["--", "sh", "-c", script]].concat();
    let mut command = standin(folder.path(), &arguments);
    command.env("STANDIN", env!("CARGO_BIN_EXE_standin"));
    run(command)
}

#[test]
fn a_command_runs_with_the_settings_of_every_framework_and_a_server_that_is_ready() {
    let done = around(
        "$STANDIN task create --for ada@example.com && echo $CLERK_API_URL $NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY $VITE_CLERK_PROXY_URL",
    )
    .ok();
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{done:?}");
    let settings: Vec<&str> = lines[1].split(' ').collect();
    assert!(lines[0].starts_with(settings[0]), "{done:?}");
    assert!(settings[1].starts_with("pk_test_"), "{done:?}");
    assert_eq!(settings[2], settings[0]);
}

#[test]
fn its_exit_code_is_the_commands() {
    assert_eq!(around("exit 0").code, 0);
    assert_eq!(around("exit 7").code, 7);
    assert_eq!(around("kill -TERM $$").code, 128 + 15);
    let folder = tempfile::tempdir().unwrap();
    let missing = run(standin(
        folder.path(),
        &["dev", "--ephemeral", "--port", "0", "--", "no-such-command"],
    ));
    assert_eq!(missing.code, 127, "{missing:?}");
    std::fs::write(folder.path().join("text"), "no program").unwrap();
    let text = run(standin(
        folder.path(),
        &["dev", "--ephemeral", "--port", "0", "--", "./text"],
    ));
    assert_eq!(text.code, 126, "{text:?}");
}

#[test]
fn a_command_that_was_to_sign_in_and_did_not_fails_and_says_what_there_was_instead() {
    let expecting = |script: &str| with(&["--expect-sign-in"], script);
    let make =
        "url=$($STANDIN task create --for ada@example.com --redirect http://localhost:3000/)";
    let open = "curl -s -o /dev/null -H 'Accept: application/json' \"$url\"";
    let take_back = "$STANDIN task revoke $($STANDIN task list --json | grep -o 'agttsk_[A-Za-z0-9]*' | head -1)";
    for (script, code, told) in [
        ("true".to_owned(), 1, "no task was made either"),
        (
            make.to_owned(),
            1,
            "one task was made, and its link was not opened",
        ),
        (
            format!("{make}; {take_back}; {open}"),
            1,
            "refused: agent_task_revoked",
        ),
        (format!("{make}; {open}"), 0, ""),
        (format!("{make}; {open}; exit 7"), 7, ""),
        ("exit 7".to_owned(), 7, ""),
    ] {
        let done = expecting(&script);
        assert_eq!(done.code, code, "{script}: {done:?}");
        assert!(done.stderr.contains(told), "{script}: {done:?}");
        let is_told = done.stderr.contains("error[nobody_signed_in]");
        assert_eq!(is_told, !told.is_empty(), "{script}: {done:?}");
    }
    let alone = run(standin(
        std::path::Path::new("."),
        &["dev", "--expect-sign-in"],
    ));
    assert_eq!(alone.code, 2, "{alone:?}");
}

#[test]
fn a_signal_to_the_runner_alone_ends_the_command_and_is_told() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        // The command ends well when it is asked to, as servers do.
        let script = format!(
            "trap 'kill $!; exit 0' INT TERM; kill -{signal} $PPID; sleep 20 >/dev/null 2>&1 & wait"
        );
        assert_eq!(around(&script).code, code, "{signal}");
    }
}

#[test]
fn the_first_user_signs_in_by_a_form_as_the_banner_says() {
    let done = around(
        r#"at="$CLERK_PROXY_URL/v1/client/sign_ins"
        id=$(curl -s -b jar -c jar "$at" --data-urlencode identifier=ada+clerk_test@example.com -d strategy=email_code |
            grep -o 'sia_[A-Za-z0-9]*' | head -1)
        curl -s -b jar -c jar "$at/$id/attempt_first_factor" -d strategy=email_code -d code=424242"#,
    )
    .ok();
    assert!(
        done.stderr
            .contains("ada+clerk_test@example.com, code 424242"),
        "{done:?}"
    );
    let answer = done.json();
    assert_eq!(answer["response"]["status"], "complete", "{answer}");
    let user = &answer["client"]["sessions"][0]["user"];
    assert_eq!(
        user["email_addresses"][0]["email_address"],
        "ada@example.com"
    );
}

#[test]
fn inside_of_the_runner_nobody_is_told_what_to_do_next_and_quiet_is_quiet() {
    let done = around("true").ok();
    assert!(done.stderr.contains("CLERK_PUBLISHABLE_KEY"), "{done:?}");
    assert!(!done.stderr.contains("Next"), "{done:?}");
    assert!(
        done.stderr
            .contains("npm install --save-dev @clerk/clerk-js"),
        "{done:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("node_modules/@clerk/clerk-js")).unwrap();
    std::fs::write(
        folder
            .path()
            .join("node_modules/@clerk/clerk-js/package.json"),
        "{}",
    )
    .unwrap();
    let dev = ["dev", "--ephemeral", "--port", "0"];
    let loud = run(standin(
        folder.path(),
        &[&dev[..], &["--", "true"]].concat(),
    ))
    .ok();
    assert!(!loud.stderr.contains("npm install"), "{loud:?}");
    let list = [
        &dev[..],
        &[
            "--quiet",
            "--",
            env!("CARGO_BIN_EXE_standin"),
            "task",
            "list",
        ],
    ]
    .concat();
    assert_eq!(run(standin(folder.path(), &list)).ok().stderr, "");
}

#[test]
fn the_log_names_user_agent_and_session_and_leaves_scripts_out() {
    let done = around(
        "curl -s -o /dev/null $CLERK_PROXY_URL/images/initials/1/A.svg; curl -s -o /dev/null $CLERK_PROXY_URL/npm/@clerk/clerk-js@6/dist/x.js
         $STANDIN task create --for ada@example.com --redirect http://127.0.0.1:3000/ --storage-state s.json",
    )
    .ok();
    let line = |start: &str| {
        let mut lines = done.stderr.lines().filter(|line| line.contains(start));
        lines
            .next()
            .unwrap_or_else(|| panic!("{start}: {done:?}"))
            .to_owned()
    };
    let made = line("POST   /v1/agents/tasks");
    assert!(
        made.contains("user_") && made.contains("agent_") && !made.contains("sess_"),
        "{made}"
    );
    let visit = line("GET    /v1/agents/tasks");
    assert!(
        visit.contains("sess_") && !visit.contains("ticket"),
        "{visit}"
    );
    let warning = "open the application at http://localhost:3000";
    assert!(done.stderr.contains(warning), "{done:?}");
    assert!(!done.stderr.contains("/images/"), "{done:?}");
    assert!(
        done.stderr.contains("/npm/"),
        "what is missing is told: {done:?}"
    );
}

#[test]
fn nothing_is_left_of_an_ephemeral_server() {
    let done = around("ls -d $STANDIN_DATA").ok();
    let data = done.line();
    assert!(
        !std::path::Path::new(data).exists(),
        "{data} is still there"
    );
}

#[test]
fn a_folder_that_is_served_already_is_not_served_twice() {
    let done = around("$STANDIN dev --port 0 --data $STANDIN_DATA");
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("error[already_running]"), "{done:?}");
}

use crate::world::{run, standin};

/// `standin dev --ephemeral --port 0 -- sh -c SCRIPT`.
fn around(script: &str) -> crate::world::Done {
    let folder = tempfile::tempdir().unwrap();
    let mut command = standin(
        folder.path(),
        &[
            "dev",
            "--ephemeral",
            "--port",
            "0",
            "--",
            "sh",
            "-c",
            script,
        ],
    );
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
    assert_eq!(missing.code, 2, "{missing:?}");
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

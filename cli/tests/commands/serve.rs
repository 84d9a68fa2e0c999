use crate::world::{Production, run, standin};

const PUBLIC: &str = Production::PUBLIC;

#[test]
fn a_production_server_says_what_it_needs_to_know() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| {
        let done = run(standin(folder.path(), arguments));
        assert_ne!(done.code, 0, "{done:?}");
        done.stderr
    };
    assert!(refused(&["serve", "--public-url", PUBLIC]).contains("--data"));
    assert!(refused(&["serve", "--data", "d"]).contains("--public-url"));
    assert!(
        refused(&[
            "serve",
            "--data",
            "d",
            "--public-url",
            "http://clerk.example.com"
        ])
        .contains("https")
    );
    assert!(
        refused(&[
            "serve",
            "--data",
            "d",
            "--public-url",
            PUBLIC,
            "--tls-cert",
            "c.pem",
            "--tls-key",
            "k.pem"
        ])
        .contains("c.pem")
    );
}

#[test]
fn a_key_is_made_beside_the_server_shown_once_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let server = Production::start(folder.path());
    let warning = server.line();
    assert!(warning.contains("standin key create"), "{warning}");
    let url = &server.url;

    let keys = |arguments: &[&str]| {
        run(standin(
            folder.path(),
            &[&["key"], arguments, &["--data", "d"]].concat(),
        ))
    };
    let made = keys(&["create", "--name", "ci"]).ok();
    let key = made.line().to_owned();
    assert!(key.starts_with("sk_live_"), "{key}");
    let users = || {
        run(standin(
            folder.path(),
            &["user", "list", "--api-url", url, "--secret-key", &key],
        ))
    };
    users().ok();
    let doctor = ["doctor", "--api-url", url, "--secret-key", &key, "--json"];
    let doctor = run(standin(folder.path(), &doctor));
    let found = doctor.json();
    let grades: Vec<String> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["about"], one["grade"]).replace('"', ""))
        .collect();
    for grade in ["server ok", "clock ok", "address note"] {
        assert!(grades.iter().any(|one| one == grade), "{found:#}");
    }
    let env = ["env", "--api-url", url, "--secret-key", &key, "--json"];
    let env = run(standin(folder.path(), &env)).ok().json();
    assert_eq!(
        env["CLERK_PROXY_URL"], PUBLIC,
        "the server says where browsers reach it"
    );
    let listed = keys(&["list", "--json"]).ok();
    assert!(!listed.stdout.contains(&key), "a key is shown once");
    let listed = listed.json();
    let id = listed["data"][0]["id"].as_str().unwrap();
    keys(&["revoke", id]).ok();
    assert_eq!(users().code, 3);
}

#[test]
fn a_slip_in_the_name_of_the_data_folder_makes_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let create = ["key", "create", "--data", "typo"];
    let refused = run(standin(folder.path(), &create));
    assert_eq!(
        (refused.code, refused.stdout.as_str()),
        (3, ""),
        "{refused:?}"
    );
    assert!(
        refused.stderr.contains("error[data_not_found]") && refused.stderr.contains("--make"),
        "{refused:?}"
    );
    assert!(!folder.path().join("typo").exists(), "nothing is made");
    let made = run(standin(folder.path(), &[&create[..], &["--make"]].concat())).ok();
    assert!(made.line().starts_with("sk_live_"), "{made:?}");
}

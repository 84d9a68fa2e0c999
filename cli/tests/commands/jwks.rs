use serde_json::Value;

use crate::world::{Done, Production, run, standin};

#[test]
fn a_running_server_publishes_a_new_key_and_drops_a_retired_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = Production::start(folder.path());
    let jwks = |arguments: &[&str]| -> Done {
        let all = [&["jwks"], arguments, &["--data", "d"]].concat();
        run(standin(folder.path(), &all))
    };
    let states = || -> Vec<(String, String)> {
        let listed = jwks(&["list", "--json"]).ok().json();
        let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
        let keys = listed["data"].as_array().unwrap().iter();
        keys.map(|key| (text(key, "kid"), text(key, "state")))
            .collect()
    };
    let key = run(standin(folder.path(), &["key", "create", "--data", "d"])).ok();
    let published = |count| publishes(&server.url, key.line(), count);
    let first = states().remove(0).0;
    let new = jwks(&["rotate"]).ok().line().to_owned();
    assert_eq!(
        states(),
        [
            (new.clone(), "next".to_owned()),
            (first.clone(), "signs".to_owned())
        ]
    );
    published(2);
    let again = jwks(&["rotate"]);
    assert_eq!(again.code, 3, "{again:?}");
    assert!(again.stderr.contains("rotation_under_way"), "{again:?}");
    let signs = jwks(&["retire", &first]);
    assert_eq!(signs.code, 3, "{signs:?}");
    assert!(
        signs.stderr.contains("standin jwks rotate --now"),
        "{signs:?}"
    );
    jwks(&["retire", &new]).ok();
    published(1);
    // Its row goes with the next look for what is old.
    assert_eq!(
        states(),
        [(new, "retired".to_owned()), (first, "signs".to_owned())]
    );
}

#[test]
fn a_published_key_is_printed_as_applications_take_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Production::start(folder.path());
    let command = |arguments: &[&str]| run(standin(folder.path(), arguments));
    let key = command(&["key", "create", "--data", "d"]).ok();
    let key = key.line();
    let pem = |kid: &[&str]| {
        let asked = ["jwks", "pem", "--api-url", &server.url, "--secret-key", key];
        command(&[&asked, kid].concat())
    };
    let first = pem(&[]).ok().stdout;
    assert!(
        first.starts_with("-----BEGIN PUBLIC KEY-----\nMIIBI"),
        "{first}"
    );
    let next = command(&["jwks", "rotate", "--data", "d"]).ok();
    publishes(&server.url, key, 2);
    let several = pem(&[]);
    assert_eq!(several.code, 2, "{several:?}");
    assert!(several.stderr.contains(next.line()), "{several:?}");
    assert_ne!(pem(&[next.line()]).ok().stdout, first);
    assert_eq!(pem(&["kid_x"]).code, 3);
}

/// Waits until a server publishes so many keys.
fn publishes(url: &str, key: &str, count: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::new();
        loop {
            let request = client.get(format!("{url}/v1/jwks")).bearer_auth(key);
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            if answer["keys"].as_array().unwrap().len() == count {
                break;
            }
        }
    });
}

use reqwest::{Certificate, Client};

use crate::world::{World, run, standin};

const HOST: &str = "clerk.example.test";

#[tokio::test]
async fn a_certificate_of_ones_own_serves_https_to_whoever_trusts_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let trust = ["trust", HOST, "--ca", "ca", "--data", "tls"];
    let made = run(standin(folder.path(), &trust)).ok();
    assert_eq!(made.line(), "ca/ca.pem");
    let options = [
        "--tls-cert",
        "tls/tls.pem",
        "--tls-key",
        "tls/tls.key",
        "--allow-host",
        HOST,
    ];
    let world = World::with(folder, &options);
    let authority = Certificate::from_pem(world.read("ca/ca.pem").as_bytes()).unwrap();
    let port: u16 = world
        .told("api_url")
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let url = format!("https://{HOST}:{port}/v1/health");
    let client = |trusted: Vec<Certificate>| {
        let builder = Client::builder().no_proxy().tls_certs_only(trusted);
        builder
            .resolve(HOST, ([127, 0, 0, 1], port).into())
            .build()
            .unwrap()
    };
    let answer = client(vec![authority]).get(&url).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    assert!(client(Vec::new()).get(&url).send().await.is_err());
}

#[test]
fn a_name_that_somebody_may_own_gets_no_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(standin(
        folder.path(),
        &["trust", "example.com", "--ca", "ca"],
    ));
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(!folder.path().join("ca").exists(), "nothing is made");
}

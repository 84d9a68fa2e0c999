//! TLS by the server itself.

use std::net::SocketAddr;

use reqwest::{Certificate, Client, StatusCode};
use standin_server::tls::Tls;

use crate::world::World;

/// A certificate for `host` that signs itself, and the server's half of it.
fn certificate(host: &str) -> (Certificate, Tls) {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let tls = Tls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    (Certificate::from_pem(chain.as_bytes()).unwrap(), tls)
}

fn client(root: &Certificate, host: &str, address: SocketAddr) -> Client {
    let builder = Client::builder().no_proxy().tls_certs_only([root.clone()]);
    builder.resolve(host, address).build().unwrap()
}

#[tokio::test]
async fn a_production_server_speaks_https_and_nothing_else() {
    const HOST: &str = "clerk.example.com";
    let (root, tls) = certificate(HOST);
    // The world's own calls go to the Backend API's address, which is plain.
    let world = World::production_with(|config| {
        config.tls = Some(tls);
        config.backend_listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let address = world.server.as_ref().unwrap().local_addr();
    let url = format!("https://{HOST}:{}/v1/health", address.port());
    let answer = client(&root, HOST, address).get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);

    let plain = format!("http://127.0.0.1:{}/v1/health", address.port());
    assert!(
        reqwest::get(&plain).await.is_err(),
        "plain http was answered"
    );
    let stranger = client(&certificate(HOST).0, HOST, address);
    assert!(stranger.get(&url).send().await.is_err());
}

#[tokio::test]
async fn in_development_one_port_speaks_both() {
    let (root, tls) = certificate("localhost");
    let world = World::with(|config| config.tls = Some(tls)).await;
    let address = world.server.as_ref().unwrap().local_addr();
    // Whoever says nothing holds up nobody.
    let _silent = std::net::TcpStream::connect(address).unwrap();
    let url = format!("https://localhost:{}/v1/health", address.port());
    let answer = client(&root, "localhost", address)
        .get(&url)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer = reqwest::get(url.replace("https", "http")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[test]
fn a_certificate_and_a_key_that_do_not_fit_are_refused_at_the_start() {
    let pem = |made: &rcgen::CertifiedKey<rcgen::KeyPair>| {
        (made.cert.pem(), made.signing_key.serialize_pem())
    };
    let one = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["b.test".to_owned()]).unwrap();
    let ((chain, key), (_, strange)) = (pem(&one), pem(&other));
    assert!(Tls::from_pem(chain.as_bytes(), key.as_bytes()).is_ok());
    for (chain, key) in [
        (chain.as_str(), strange.as_str()),
        ("", key.as_str()),
        (chain.as_str(), ""),
        (key.as_str(), chain.as_str()),
    ] {
        let refused = Tls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();
        assert!(refused.to_string().contains("TLS"), "{refused}");
    }
}

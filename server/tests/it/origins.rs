use reqwest::Method;
use serde_json::json;
use standin_server::origin::{Origin, is_same_site, redirect_target};
use standin_server::stage::Stage;

use crate::world::World;

fn verdict(text: &str, kind: Stage, allowed: &[Origin]) -> String {
    match redirect_target(text, kind, allowed) {
        Ok(_) => "ok".into(),
        Err(error) => error.shown().code.into(),
    }
}

/// Everything that has ever smuggled a host past an allow-list, written out for one host and multiplied.
fn tricks(host: &str) -> Vec<String> {
    let mut all: Vec<String> = [
        "//{h}/",
        "///{h}/",
        "/\\{h}/",
        "\\\\{h}\\",
        "{h}",
        "{h}/path",
        "https:{h}",
        "https:/{h}",
        "https:///{h}",
        "https:\\\\{h}",
        "http://{h}",
        "ftp://{h}/",
        "javascript:alert(1)//{h}",
        "data:text/html,{h}",
        "file://{h}/etc",
        "blob:https://{h}/x",
        "https://user@{h}/",
        "https://user:pw@{h}/",
        "https://@{h}/",
        "https://:@{h}/",
        "https://{h}@evil.example/",
        "https://{h}%40evil.example/",
        "https://{h}:443@evil.example/",
        "https://evil.example\\@{h}/",
        "https://evil.example#@{h}/",
        "https://evil.example?@{h}/",
        "https://evil.example/{h}",
        "https://evil.example/https://{h}/",
        "https://{h}.evil.example/",
        "https://evil{h}/",
        "https://evil-{h}/",
        "https://x.{h}/",
        "https://{h}./",
        "https://{h}../",
        "https://{h}:444/",
        "https://{h}:80/",
        "https://{h}:0/",
        "https://{h}:99999/",
        "https://{h}:a/",
        "https://{h}%2eevil.example/",
        "https://{h}%00.evil.example/",
        "https://%61pp.example.com/",
        "https://{h}%2f@evil.example/",
        "https://{h}\u{3002}evil.example/",
        "https://\u{ff41}pp.example.com/",
        "https://\u{430}pp.example.com/",
        "https://app\u{200b}.example.com/",
        "https://app\u{ad}.example.com/",
        "https://app.example\u{202e}.com/",
        "https://\u{1d41a}pp.example.com/",
        "https://app.example.com\u{2044}evil.example/",
        "https://app.example.com\u{ff0f}evil.example/",
        "https://{h} .evil.example/",
        "https://{h}\t.evil.example/",
        "https://{h}\n.evil.example/",
        "https://{h}\r\nLocation: x/",
        " https://{h}/",
        "https://{h}/ ",
        "\thttps://{h}/",
        "ht\ntps://{h}/",
        "https://{h}/a\u{0}b",
        "https://{h}/a\u{1f}",
        "https://{h}/a\u{7f}",
        "https://[::1]/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https:app.example.com/",
        "https://",
        "https://?",
        "https://#",
        "",
        "x",
        "?a=b",
        "#f",
        "/dashboard",
        "wss://{h}/",
        "view-source:https://{h}/",
        "intent://{h}/#Intent;end",
        "mailto:a@{h}",
        "about:blank",
        "chrome://settings",
    ]
    .iter()
    .map(|text| text.replace("{h}", host))
    .collect();
    for scheme in [
        "HTTP",
        "hTTp",
        "httpss",
        "https+x",
        "xhttps",
        "jAvAsCrIpT",
        "vbscript",
    ] {
        all.push(format!("{scheme}://{host}/"));
    }
    for control in (0_u8..0x20).chain([0x7f]) {
        all.push(format!("https://{host}/{}", char::from(control)));
        all.push(format!("https://{}{host}/", char::from(control)));
        all.push(format!("https://app{}.example.com/", char::from(control)));
    }
    for mark in [
        '\u{200b}', '\u{200e}', '\u{202a}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{feff}',
        '\u{a0}', '\u{3000}', '\u{2028}',
    ] {
        for place in [
            format!("https://{mark}{host}/"),
            format!("https://{host}/{mark}"),
            format!("{mark}https://{host}/"),
        ] {
            all.push(place);
        }
    }
    for encoded in [
        "%2e",
        "%2f",
        "%5c",
        "%40",
        "%3a",
        "%23",
        "%3f",
        "%09",
        "%0a",
        "%0d",
        "%20",
        "%e3%80%82",
        "%ef%bc%8f",
    ] {
        all.push(format!("https://{host}{encoded}evil.example/"));
        all.push(format!("https://evil.example{encoded}{host}/"));
        all.push(format!("https://{encoded}{host}/"));
    }
    for twin in [
        "аpp.example.com",
        "арр.example.com",
        "app.exаmple.com",
        "app.example.соm",
        "app·example.com",
        "xn--pp-6kc.example.com",
    ] {
        all.push(format!("https://{twin}/"));
    }
    for port in [
        "1",
        "22",
        "442",
        "444",
        "8443",
        "65535",
        "65536",
        "-1",
        "+443",
        "443a",
        "４４３",
    ] {
        all.push(format!("https://{host}:{port}/"));
    }
    for prefix in [
        "www.", "-", "_", "a.", "app.", "..", ".", "x-", "0", "xn--", "m.",
    ] {
        all.push(format!("https://{prefix}{host}/"));
    }
    for suffix in [
        ".",
        "..",
        "-",
        "m",
        ".uk",
        ".com",
        ".evil.example",
        ":",
        "_",
        "'",
        "!",
        "~",
        ",",
    ] {
        all.push(format!("https://{host}{suffix}.x/"));
    }
    all
}

#[test]
fn three_hundred_tricks_lead_nowhere() {
    let allowed = ["https://app.example.com".parse::<Origin>().unwrap()];
    let all = tricks("app.example.com");
    assert!(all.len() >= 300, "{}", all.len());
    for text in &all {
        let verdict = verdict(text, Stage::Production, &allowed);
        assert_ne!(verdict, "ok", "{text:?}");
        assert!(verdict.contains("redirect"), "{text:?}: {verdict}");
    }
}

#[test]
fn what_is_meant_is_allowed() {
    let allowed = [
        "https://app.example.com".parse::<Origin>().unwrap(),
        "https://app.example.com:8443".parse().unwrap(),
    ];
    for text in [
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com:443/a/b?c=d&e#f",
        "https://APP.example.com/x",
        "https://app.example.com:8443/",
        "https://app.example.com/?next=https://evil.example/@/%2f%5c",
        "https://app.example.com/stra%C3%9Fe/ü",
    ] {
        assert_eq!(verdict(text, Stage::Production, &allowed), "ok", "{text}");
    }
}

#[test]
fn development_lands_on_any_loopback_address_and_production_does_not() {
    let cases = [
        ("http://localhost:3000/dashboard", "ok"),
        ("http://127.0.0.1:5173/", "ok"),
        ("http://[::1]:8080/", "ok"),
        ("https://app.localhost:3000/", "ok"),
        (
            "http://localhost.evil.example/",
            "redirect_url_domain_mismatch",
        ),
        (
            "http://127.0.0.1.evil.example/",
            "redirect_url_domain_mismatch",
        ),
        ("http://0.0.0.0/", "redirect_url_domain_mismatch"),
        ("http://192.168.1.1/", "redirect_url_domain_mismatch"),
        ("https://evil.example/", "redirect_url_domain_mismatch"),
    ];
    for (text, expected) in cases {
        assert_eq!(
            verdict(text, Stage::Development, &[Origin::Loopback]),
            expected,
            "{text}"
        );
    }
    let allowed = ["https://app.example.com".parse::<Origin>().unwrap()];
    assert_eq!(
        verdict("http://app.example.com/", Stage::Production, &allowed),
        "prohibited_redirect_url"
    );
    assert_eq!(
        verdict("https://localhost/", Stage::Production, &allowed),
        "redirect_url_domain_mismatch"
    );
}

#[test]
fn an_allow_list_takes_whole_origins_only() {
    for text in [
        "https://*.example.com",
        "https://app.example.com/path",
        "app.example.com",
        "https://u@app.example.com",
        "ftp://a.b",
        "*",
        "",
    ] {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
    assert_eq!(
        "https://App.example.com:443".parse::<Origin>().ok(),
        None,
        "write the port only where it matters"
    );
    assert!("http://localhost:3000/".parse::<Origin>().is_ok());
}

proptest::proptest! {
    #[test]
    fn whatever_is_allowed_leads_to_an_allowed_host(text in "\\PC{0,60}", host in "[a-z.@:/\\\\#?%]{0,30}") {
        let allowed = ["https://app.example.com".parse::<Origin>().unwrap()];
        for candidate in [text.clone(), format!("https://{host}"), format!("https://app.example.com{text}"), format!("https://app.example.com{host}")] {
            if let Ok(url) = redirect_target(&candidate, Stage::Production, &allowed) {
                proptest::prop_assert_eq!(url.host_str(), Some("app.example.com"), "{}", candidate);
                proptest::prop_assert_eq!(url.port_or_known_default(), Some(443));
            }
        }
    }
}

#[tokio::test]
async fn a_foreign_redirect_is_refused_when_created_and_again_when_visited() {
    let mut world = World::with(|config| {
        config
            .allowed_origins
            .push("https://preview.example".parse().unwrap());
    })
    .await;
    let foreign = world
        .backend
        .create(json!({ "redirect_url": "https://evil.example/" }))
        .await;
    assert_eq!(foreign.refusal(), "422 redirect_url_domain_mismatch");
    assert_eq!(foreign.param(), "redirect_url");
    assert_eq!(world.count("tasks").await, 0);

    let made = world
        .backend
        .create(json!({ "redirect_url": "https://preview.example/x" }))
        .await
        .ok();
    let task = crate::world::Task::of(&made);
    world.config.allowed_origins.pop();
    world.restart().await;
    let browser = world.browser();
    assert_eq!(
        browser.visit(&task).await.refusal(),
        "422 redirect_url_domain_mismatch"
    );
    assert_eq!(world.count("sessions").await, 0);
    world
        .config
        .allowed_origins
        .push("https://preview.example".parse().unwrap());
    world.restart().await;
    world.browser().visit(&task).await.location();
}

#[tokio::test]
async fn only_listed_origins_may_call_with_cookies() {
    let world = World::with(|config| {
        config
            .allowed_origins
            .push("https://app.example".parse().unwrap());
    })
    .await;
    let browser = world.browser();
    for (origin, allowed) in [
        ("http://localhost:3000", true),
        ("http://127.0.0.1:1", true),
        ("https://app.example", true),
        ("https://app.example:8443", false),
        ("http://app.example", false),
        ("https://evil.example", false),
        ("https://app.example.evil.example", false),
        ("https://xapp.example", false),
        ("null", false),
        ("", false),
        ("http://localhost:3000/", false),
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            let request = browser
                .request(method.clone(), "/v1/client")
                .header("origin", origin);
            let answer = browser.send(request).await;
            let echoed = answer
                .headers
                .get("access-control-allow-origin")
                .and_then(|value| value.to_str().ok());
            if allowed {
                assert!(answer.status.is_success(), "{origin}");
                assert_eq!(echoed, Some(origin));
                assert_eq!(answer.headers["access-control-allow-credentials"], "true");
                assert!(
                    answer
                        .headers
                        .get_all("vary")
                        .iter()
                        .any(|value| value == "Origin")
                );
            } else {
                assert_eq!(answer.refusal(), "400 origin_invalid", "{method} {origin}");
                assert_eq!(echoed, None);
            }
        }
    }
    let navigation = browser.get("/v1/client").await.ok();
    assert!(
        navigation
            .headers
            .get("access-control-allow-origin")
            .is_none()
    );
}

#[tokio::test]
async fn the_server_answers_for_its_own_hosts_only() {
    let world = World::with(|config| config.allowed_hosts.push("standin.internal".into())).await;
    let browser = world.browser();
    for (host, known) in [
        ("localhost", true),
        ("localhost:4747", true),
        ("LOCALHOST:1", true),
        ("127.0.0.1:4747", true),
        ("[::1]:4747", true),
        ("app.localhost", true),
        ("standin.internal:80", true),
        ("evil.example", false),
        ("localhost.evil.example", false),
        ("127.0.0.1.nip.io", false),
        ("169.254.169.254", false),
        ("user@localhost", false),
        ("[::1]evil", false),
        ("..localhost", false),
        (".localhost", false),
        ("a..localhost", false),
        ("localhost:99999", false),
        ("localhost:4747:1", false),
    ] {
        let answer = browser
            .send(
                browser
                    .request(Method::GET, "/v1/environment")
                    .header("host", host),
            )
            .await;
        assert_eq!(
            answer.status.as_u16(),
            if known { 200 } else { 421 },
            "{host}"
        );
    }
}

#[tokio::test]
async fn forwarded_addresses_count_from_trusted_proxies_only() {
    let visit = async |world: &World, forwarded: &str| {
        let task = world.backend.task().await;
        let browser = world.browser();
        browser
            .send(
                browser
                    .request(Method::GET, &task.path)
                    .header("x-forwarded-for", forwarded),
            )
            .await
            .location();
        let shown = world
            .backend
            .get(&format!("/v1/agents/tasks/{}", task.id))
            .await
            .ok();
        shown.json["used_from"]["ip_address"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let world = World::new().await;
    assert_eq!(visit(&world, "203.0.113.9").await, "127.0.0.1");
    let world =
        World::with(|config| config.trusted_proxies.push("127.0.0.1".parse().unwrap())).await;
    assert_eq!(visit(&world, "203.0.113.9").await, "203.0.113.9");
    assert_eq!(
        visit(&world, "198.51.100.1, 203.0.113.9, 127.0.0.1").await,
        "203.0.113.9",
        "the last one a proxy vouches for"
    );
    assert_eq!(visit(&world, "<script>").await, "127.0.0.1");
}

#[tokio::test]
async fn health_is_told_to_whoever_asks_an_address_at_either_door() {
    let world = World::with(|config| {
        config.backend_listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let (front, back) = (world.url.clone(), world.backend.base.clone());
    assert_ne!(front, back);
    for base in [front, back] {
        let ask = async |path: &str| {
            let request = reqwest::Client::new().get(format!("{base}{path}"));
            world
                .backend
                .send(request.header("host", "10.1.2.3:4747"))
                .await
        };
        assert_eq!(ask("/v1/health").await.ok().json["status"], "healthy");
        assert_eq!(ask("/v1/environment").await.refusal(), "421 host_invalid");
    }
}

#[tokio::test]
async fn only_a_bearer_of_a_key_is_sent_to_the_backend_api() {
    let world = World::new().await;
    let browser = world.browser();
    let task = world.backend.task().await;
    // A proxy may ask people for a password of its own, and browsers then send it everywhere.
    let visit = browser.request(Method::GET, &task.path);
    browser
        .send(visit.basic_auth("staff", Some("x")))
        .await
        .location();
    let page = browser.request(Method::GET, "/v1/client");
    let page = browser.send(page.basic_auth("staff", Some("x"))).await.ok();
    assert_eq!(page.json["response"]["object"], "client");
    let users = browser.request(Method::GET, "/v1/users");
    let refused = browser.send(users.basic_auth("staff", Some("x"))).await;
    assert_eq!(refused.refusal(), "401 authorization_header_format_invalid");
}

#[tokio::test]
async fn production_is_reached_over_https_only_from_then_on() {
    let world = World::production().await;
    let browser = world.public_browser();
    for path in ["/v1/environment", "/v1/nothing", "/v1/health"] {
        let answer = browser.get(path).await;
        assert_eq!(
            answer.headers["strict-transport-security"], "max-age=31536000",
            "{path}"
        );
    }
    let development = World::with(|config| {
        config.public_url = Some("https://clerk.dev.test".parse().unwrap());
    })
    .await;
    let answer = development.browser().get("/v1/environment").await.ok();
    assert!(!answer.headers.contains_key("strict-transport-security"));
}

#[test]
fn two_addresses_are_one_site_where_browsers_see_one() {
    let same = |one: &str, other: &str| {
        let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
        let told = is_same_site(&one, &other);
        assert_eq!(told, is_same_site(&other, &one), "{one} {other}");
        told
    };
    for (one, other) in [
        ("http://localhost:4747", "http://localhost:3000/x"),
        ("http://127.0.0.1:4747", "http://127.0.0.1/"),
        ("https://clerk.example.com", "https://app.example.com:8443"),
        ("https://example.co.uk", "https://a.b.example.co.uk"),
    ] {
        assert!(same(one, other), "{one} {other}");
    }
    for (one, other) in [
        ("http://localhost:4747", "http://127.0.0.1:4747"),
        ("http://localhost:4747", "https://localhost:4747"),
        ("https://127.0.0.1", "https://127.0.0.2"),
        ("https://clerk.example.com", "http://clerk.example.com"),
        ("https://one.co.uk", "https://two.co.uk"),
        ("https://example.com", "https://example.org"),
    ] {
        assert!(!same(one, other), "{one} {other}");
    }
}

#[test]
fn a_redirect_of_two_thousand_and_forty_eight_bytes_is_the_longest() {
    let allowed = [Origin::of(&"https://app.example.com".parse().unwrap())];
    let begin = "https://app.example.com/";
    let long = |bytes: usize| format!("{begin}{}", "a".repeat(bytes - begin.len()));
    let told = |bytes| verdict(&long(bytes), Stage::Production, &allowed);
    assert_eq!((told(2047), told(2048)), ("ok".into(), "ok".into()));
    assert_ne!(told(2049), "ok");
}

#[test]
fn a_redirect_names_a_host_that_can_be() {
    let long = |label: usize| format!("http://{}.localhost:3000/", "a".repeat(label));
    let many = |labels: usize| format!("http://{}localhost:3000/", "abc.".repeat(labels));
    for text in [
        "http://..localhost/",
        "http://.localhost/",
        "http://a..localhost/",
        "http://localhost./",
        "http://localhost:0/",
        "http://127.0.0.1:0/",
        &long(64),
        &many(62),
    ] {
        let verdict = verdict(text, Stage::Development, &[Origin::Loopback]);
        assert_eq!(verdict, "invalid_redirect_url", "{text}");
    }
    for text in [long(63), many(61), "http://my_app.localhost:3000/".into()] {
        assert_eq!(
            verdict(&text, Stage::Development, &[Origin::Loopback]),
            "ok",
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_public_url_that_browsers_do_not_protect_is_refused_at_the_start() {
    let development = World::new().await;
    let production = World::production().await;
    let start = async |world: &World, url: &str| {
        let mut config = world.config.clone();
        config.public_url = Some(url.parse().unwrap());
        standin_server::Server::start(config).await
    };
    for url in [
        "http://clerk.dev.test:4747",
        "http://192.168.1.5:4747",
        "http://localhost.evil.example",
        "http://..localhost",
        "http://0.0.0.0:4747",
        "ftp://localhost",
    ] {
        for world in [&development, &production] {
            let refused = start(world, url).await.err().expect(url).to_string();
            assert!(
                refused.contains("standin trust") && refused.contains("localhost"),
                "{refused}"
            );
        }
    }
    for url in [
        "http://localhost:4747/__clerk",
        "http://clerk.localhost:4747",
        "http://127.0.0.1:1",
        "https://clerk.dev.test",
    ] {
        start(&development, url).await.expect(url).stop().await;
    }
}

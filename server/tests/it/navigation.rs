//! What may spend a ticket or carry a handshake: a page, or a program that is no browser.

use reqwest::Method;
use serde_json::json;

use crate::world::{Browser, Task, World};

const HANDSHAKE: &str =
    "/v1/client/handshake?redirect_url=http%3A%2F%2Flocalhost%3A3000%2F&format=nonce";
/// What a browser calls itself.
const MOZILLA: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/143.0.0.0 Safari/537.36";

async fn told(browser: &Browser, path: &str, headers: &[(&str, &str)]) -> String {
    let mut request = browser.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = browser.send(request).await;
    match answer.status.as_u16() {
        status @ (200 | 307) => status.to_string(),
        _ => answer.refusal(),
    }
}

#[tokio::test]
async fn a_session_as_json_is_for_programs_only() {
    let world = World::new().await;
    let (task, browser) = (world.backend.task().await, world.browser());
    let json = ("accept", "application/json");
    for header in [
        ("origin", "http://localhost:3000"),
        ("referer", "http://localhost:3000/"),
        ("cookie", "__client=x"),
    ] {
        let told = told(&browser, &task.path, &[json, header]).await;
        assert_eq!(told, "400 agent_task_cannot_be_used", "{header:?}");
    }
    // A browser's page is led on, whatever an extension makes it accept.
    let page = [
        json,
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("cookie", "a=b"),
    ];
    assert_eq!(told(&browser, &task.path, &page).await, "307");
    let task = world.backend.task().await;
    let program = world.browser();
    assert_eq!(
        told(&program, &task.path, &[json, ("sec-fetch-mode", "cors")]).await,
        "200"
    );
}

#[tokio::test]
async fn a_script_that_does_not_say_what_it_is_still_names_its_origin() {
    let world = World::new().await;
    let (task, browser) = (world.backend.task().await, world.browser());
    let script = [("origin", "http://localhost:3000")];
    assert_eq!(
        told(&browser, &task.path, &script).await,
        "400 agent_task_cannot_be_used"
    );
    assert_eq!(told(&browser, &task.path, &[]).await, "307");
}

#[tokio::test]
async fn over_plain_http_from_elsewhere_a_silent_browser_spends_nothing() {
    let world = World::with(|config| {
        config.public_url = Some("https://clerk.dev.test".parse().unwrap());
        config.allowed_hosts.push("other.test".into());
    })
    .await;
    let browser = world.browser();
    let task = world.backend.task().await;
    for host in [("host", "clerk.dev.test"), ("host", "other.test")] {
        for browsers in [
            ("user-agent", MOZILLA),
            ("referer", "http://evil.test/"),
            ("cookie", "a=b"),
        ] {
            let visit = told(&browser, &task.path, &[host, browsers]).await;
            assert_eq!(
                visit, "400 agent_task_cannot_be_used",
                "{host:?} {browsers:?}"
            );
            let handshake = told(&browser, HANDSHAKE, &[host, browsers]).await;
            assert_eq!(handshake, "400 invalid_handshake", "{host:?} {browsers:?}");
        }
    }
    // Here browsers say what they do, and who says nothing is none.
    let loopback = [("host", "localhost"), ("user-agent", MOZILLA)];
    assert_eq!(told(&browser, &task.path, &loopback).await, "307");
    let task = world.backend.task().await;
    let program = [("host", "clerk.dev.test"), ("user-agent", "curl/8.5.0")];
    assert_eq!(told(&world.browser(), &task.path, &program).await, "307");
}

#[tokio::test]
async fn a_handshake_is_carried_by_pages_and_programs_only() {
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let linked = world.count("dev_browsers").await;
    for (mode, dest) in [
        ("no-cors", "image"),
        ("no-cors", "script"),
        ("no-cors", "style"),
        ("cors", "empty"),
        ("navigate", "object"),
        ("navigate", "embed"),
    ] {
        let headers = [
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", dest),
            ("sec-fetch-site", "cross-site"),
        ];
        let told = told(&browser, HANDSHAKE, &headers).await;
        assert_eq!(told, "400 invalid_handshake", "{mode} {dest}");
    }
    let ahead = told(&browser, HANDSHAKE, &[("sec-purpose", "prefetch")]).await;
    assert_eq!(ahead, "400 invalid_handshake");
    assert_eq!(
        world.count("dev_browsers").await,
        linked,
        "no row for what is refused"
    );
    for headers in [
        &[
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ][..],
        &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
        &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "document")],
        &[("sec-fetch-mode", "cors")],
        &[],
    ] {
        assert_eq!(
            told(&browser, HANDSHAKE, headers).await,
            "307",
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn whatever_only_looks_at_a_link_leaves_it_unspent() {
    let world = World::new().await;
    let made = world.backend.post(
        "/v1/sign_in_tokens",
        json!({ "user_id": user(&world).await }),
    );
    let token = made.await.ok().json["token"].as_str().unwrap().to_owned();
    let task = world.backend.task().await;
    let accept =
        format!("/v1/tickets/accept?ticket={token}&redirect_url=http%3A%2F%2Flocalhost%3A3000%2F");
    for header in [
        ("sec-purpose", "PREFETCH"),
        ("purpose", "Prefetch"),
        ("sec-purpose", "prefetch;PRERENDER"),
        ("x-moz", "PreFetch"),
    ] {
        for path in [&task.path, &accept] {
            let told = told(&world.browser(), path, &[header]).await;
            assert_eq!(told, "503 agent_task_cannot_be_used", "{header:?}");
        }
    }
    for header in [
        ("range", "bytes=0-0"),
        (
            "user-agent",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        ),
        ("user-agent", "Twitterbot/1.0"),
        (
            "user-agent",
            "facebookexternalhit/1.1 Facebot Twitterbot/1.0",
        ),
        ("user-agent", "WhatsApp/2.23.20.0 A"),
        ("user-agent", "TelegramBot (like TwitterBot)"),
        (
            "user-agent",
            "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        ),
        ("user-agent", "LinkedInBot/1.0 (compatible; Mozilla/5.0)"),
        (
            "user-agent",
            "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        ),
        (
            "user-agent",
            "Mozilla/5.0 AppleWebKit/537.36 BingPreview/1.0b",
        ),
        (
            "user-agent",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ),
    ] {
        for path in [&task.path, &accept] {
            let told = told(&world.browser(), path, &[header]).await;
            assert_eq!(told, "400 agent_task_cannot_be_used", "{header:?}");
        }
    }
    assert_eq!(world.count("sessions").await, 0);
    world.browser().visit(&task).await.location();
    world.browser().get(&accept).await.location();
}

async fn user(world: &World) -> String {
    let users = world.backend.get("/v1/users").await.ok().json;
    users[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_longest_host_and_name_still_make_cookies_that_browsers_keep() {
    let world = World::new().await;
    let host = format!("{}localhost", "abc.".repeat(61));
    let wish = json!({
        "redirect_url": format!("http://{host}:65535/"),
        "agent_name": "\u{1f916}".repeat(256),
    });
    let task = Task::of(&world.backend.create(wish).await.ok());
    let target = world.browser().visit(&task).await.location();
    let nonce = target
        .query_pairs()
        .find(|(name, _)| name == "__clerk_handshake_nonce");
    let path = format!("/v1/clients/handshake_payload?nonce={}", nonce.unwrap().1);
    let told = world.backend.get(&path).await.ok().json;
    for cookie in told["directives"].as_array().unwrap() {
        let cookie = cookie.as_str().unwrap();
        assert!(cookie.len() <= 4096, "{} bytes: {cookie}", cookie.len());
    }
}

/// Reads `docs/visitors.md`: who asks, with what headers, for what status, and whether the link is spent by it.
#[tokio::test]
async fn the_table_of_visitors() {
    let page = include_str!("../../../docs/visitors.md");
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| ")?.split(" | ").collect();
        cells[1].starts_with('`').then_some(cells)
    });
    let (world, mut count) = (World::new().await, 0);
    for row in rows {
        let task = world.backend.task().await;
        let headers = row[1].split('`').filter_map(|text| text.split_once(": "));
        let (method, headers): (Vec<_>, Vec<_>) = headers.partition(|(name, _)| *name == ":method");
        let method = method.first().map_or("GET", |(_, method)| method);
        let visitor = world.browser();
        let mut request = visitor.request(method.parse().unwrap(), &task.path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = visitor.send(request).await;
        let again = world.browser().visit(&task).await;
        let spent = again.status != 307;
        let told = format!(
            "{}, {}",
            answer.status.as_u16(),
            if spent { "opens" } else { "stays" }
        );
        assert!(row[2].starts_with(&told), "{}: {told}", row[0]);
        count += 1;
    }
    assert!(count > 25, "{count} rows were read");
}

//! What people see: a page where a link opens nothing, and a picture where a user has none.

use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, Browser, Task, World};

/// Opens an address as a browser does.
async fn look(browser: &Browser, path: &str) -> Answer {
    let request = browser
        .request(Method::GET, path)
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    browser.send(request).await
}

#[tokio::test]
async fn a_link_that_opens_nothing_tells_people_what_happened_and_what_to_do() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let used = world.backend.task().await;
    world.browser().visit(&used).await.location();
    let revoked = world.backend.task().await;
    let path = format!("/v1/agents/tasks/{}/revoke", revoked.id);
    world.backend.post(&path, json!({})).await.ok();
    let late = Task::of(
        &world
            .backend
            .create(json!({ "expires_in_seconds": 1 }))
            .await
            .ok(),
    );
    world.advance(1);
    for (path, words, code) in [
        (
            used.path.as_str(),
            "used already",
            "agent_task_already_used",
        ),
        (&revoked.path, "taken back", "agent_task_revoked"),
        (&late.path, "too old", "ticket_expired_code"),
        (
            "/v1/agents/tasks?ticket=x",
            "no link of ours",
            "ticket_invalid_code",
        ),
        ("/v1/agents/tasks", "is missing", "missing_query_parameter"),
        (
            "/v1/tickets/accept?ticket=x&redirect_url=http%3A%2F%2Flocalhost%3A3000%2F",
            "no link of ours",
            "ticket_invalid_code",
        ),
    ] {
        let page = look(&world.browser(), path).await;
        assert!(page.status.is_client_error(), "{page:?}");
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert!(
            page.text.contains(words) && page.text.contains(code),
            "{page:?}"
        );
        for part in [
            "width=device-width",
            "color-scheme:light dark",
            "standin task create",
        ] {
            assert!(page.text.contains(part), "{part}: {page:?}");
        }
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with(
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
            )
        );
        for part in ["<script", "http://", "https://", "src=", "ticket="] {
            assert!(!page.text.contains(part), "{part}: {page:?}");
        }
        assert_eq!(page.headers["cache-control"], "no-store");
    }
    look(&world.browser(), &task.path).await.location();
}

#[tokio::test]
async fn programs_get_the_refusal_as_json_and_production_names_no_command() {
    let world = World::production().await;
    let browser = world.public_browser();
    let path = "/v1/agents/tasks?ticket=x";
    let page = look(&browser, path).await;
    assert!(
        page.text.contains("no link of ours") && !page.text.contains("standin task"),
        "{page:?}"
    );
    for accept in ["*/*", "application/json", "application/json, text/html"] {
        let request = browser.request(Method::GET, path).header("accept", accept);
        assert_eq!(
            browser.send(request).await.refusal(),
            "400 ticket_invalid_code",
            "{accept}"
        );
    }
    assert_eq!(
        browser.get(path).await.headers["content-type"],
        "application/json"
    );
}

/// Path and query of an address of the server's own.
fn local<'a>(world: &World, url: &'a str) -> &'a str {
    url.strip_prefix(world.url.as_str())
        .unwrap_or_else(|| panic!("{url} is elsewhere"))
}

#[tokio::test]
async fn every_user_has_a_picture_that_the_server_draws() {
    let world = World::new().await;
    let made = async |body| {
        let made = world.backend.post("/v1/users", body).await.ok().json;
        assert_eq!(made["has_image"], false);
        made["image_url"].as_str().unwrap().to_owned()
    };
    for (body, letters) in [
        (
            json!({ "first_name": "Ada", "last_name": "Lovelace", "username": "ada_1" }),
            ">AL<",
        ),
        (json!({ "email_address": ["zoe@example.com"] }), ">Z<"),
        (
            json!({ "first_name": "\u{6f22}\u{5b57}", "username": "kanji" }),
            ">\u{6f22}<",
        ),
        (
            json!({ "first_name": "<script>", "last_name": "\u{df}", "username": "odd_1" }),
            ">SSS<",
        ),
        (json!({ "skip_user_requirement": true }), "<circle"),
    ] {
        let url = made(body).await;
        let picture = world.browser().get(local(&world, &url)).await.ok();
        assert_eq!(picture.headers["content-type"], "image/svg+xml");
        assert_eq!(
            picture.headers["cross-origin-resource-policy"],
            "cross-origin"
        );
        assert!(picture.text.contains(letters), "{url}: {}", picture.text);
        assert!(!picture.text.contains("script"), "{}", picture.text);
    }
    for nothing in [
        "/images/initials/360/A.svg",
        "/images/initials/1/A",
        "/images/initials/1/%3Cb%3E.svg",
        "/images/initials/x/A.svg",
        "/images/initials/1/ABCDE.svg",
    ] {
        let answer = world.browser().get(nothing).await;
        assert!(answer.status.is_client_error(), "{nothing}");
    }
}

#[tokio::test]
async fn a_page_sees_the_picture_of_its_user() {
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let session = browser.session().await;
    let url = session["public_user_data"]["image_url"].as_str().unwrap();
    assert_eq!(session["user"]["image_url"], url);
    browser.get(local(&world, url)).await.ok();
}

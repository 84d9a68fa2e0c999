//! The dashboard: what it shows, what its buttons do, and who does not get to see it.

use reqwest::Method;
use reqwest::header::{HOST, LOCATION};
use serde_json::json;
use standin_server::caller::Caller;
use standin_server::secret_keys::{self, Scope};

use crate::keys::key;
use crate::world::{Answer, Browser, Task, World};

/// A button of a page of the dashboard, as its browser sends it.
async fn press(browser: &Browser, path: &str, form: &[(&str, &str)]) -> Answer {
    let request = browser.request(Method::POST, path);
    let request = request.header("sec-fetch-site", "same-origin");
    browser.send(request.form(form)).await
}

fn goes_to(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.headers[LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn a_task_is_shown_with_its_whole_story_in_every_room() {
    let world = World::new().await;
    let person = world.browser();
    let waiting = world.backend.task().await;
    let used = world.backend.task().await;
    world.browser().visit(&used).await.location();
    let list = person.get("/dashboard/tasks").await.ok().text;
    assert!(
        list.contains(&waiting.id) && list.contains(&used.id),
        "{list}"
    );
    let pending = person
        .get("/dashboard/tasks?status=pending")
        .await
        .ok()
        .text;
    assert!(pending.contains(&waiting.id) && !pending.contains(&used.id));
    let story = person
        .get(&format!("/dashboard/tasks/{}", used.id))
        .await
        .ok()
        .text;
    for part in [
        "my-agent",
        "ada@example.com",
        "Automated test login",
        "task.create",
        "task.accept",
        "127.0.0.1",
    ] {
        assert!(story.contains(part), "{part}: {story}");
    }
    for room in [
        "",
        "/sessions",
        "/agents",
        "/users",
        "/organizations",
        "/audit",
        "/webhooks",
        "/keys",
    ] {
        let page = person.get(&format!("/dashboard{room}")).await.ok();
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(page.text.contains("</html>"));
        assert!(
            !page.text.contains(crate::world::SECRET_KEY),
            "{room} shows a key"
        );
    }
    let nowhere = person.get("/dashboard/tasks/agttsk_none").await;
    assert_eq!(nowhere.status, 404);
    assert!(nowhere.text.contains("</html>"), "{nowhere:?}");
}

#[tokio::test]
async fn one_click_takes_back_a_task_a_session_and_an_agent() {
    let world = World::new().await;
    let person = world.browser();
    let task = world.backend.task().await;
    let answer = press(
        &person,
        &format!("/dashboard/tasks/{}/revoke", task.id),
        &[],
    )
    .await;
    let page = person.get(goes_to(&answer)).await.ok();
    assert!(page.text.contains("Taken back"), "{page:?}");
    assert_eq!(
        world.browser().visit(&task).await.code(),
        "agent_task_revoked"
    );

    let (visitor, task) = (world.browser(), world.backend.task().await);
    visitor.visit(&task).await.location();
    let session = visitor.session().await["id"].as_str().unwrap().to_owned();
    let answer = press(
        &person,
        &format!("/dashboard/sessions/{session}/revoke"),
        &[],
    )
    .await;
    person.get(goes_to(&answer)).await.ok();
    assert!(visitor.session().await.is_null());

    let visitor = world.browser();
    visitor.visit(&world.backend.task().await).await.location();
    goes_to(
        &press(
            &person,
            &format!("/dashboard/agents/{}/disable", task.agent),
            &[],
        )
        .await,
    );
    assert!(visitor.session().await.is_null());
    assert_eq!(
        world.backend.create(json!({})).await.code(),
        "agent_task_cannot_be_used"
    );
    goes_to(
        &press(
            &person,
            &format!("/dashboard/agents/{}/enable", task.agent),
            &[],
        )
        .await,
    );
    world.backend.create(json!({})).await.ok();

    let audit = world.backend.get("/v1/audit_logs?limit=50").await.ok();
    let by_hand = audit.json["data"].as_array().unwrap().iter();
    let by_hand = by_hand
        .filter(|record| record["actor"] == "dashboard")
        .count();
    assert!(by_hand >= 4, "{audit:?}");
}

#[tokio::test]
async fn somebody_signs_in_as_a_user_with_one_click() {
    let world = World::new().await;
    let person = world.browser();
    let found = person
        .get("/dashboard/users?query=ada@example.com")
        .await
        .ok()
        .text;
    let id = found.split("/dashboard/users/user_").nth(1).unwrap();
    let id = format!("user_{}", id.split(['"', '/']).next().unwrap());
    let said = [
        ("redirect_url", "http://localhost:3000/here"),
        ("agent_name", "me"),
        ("task_description", "a look"),
    ];
    let sign_in = format!("/dashboard/users/{id}/sign-in");
    for form in [&said[..], &[]] {
        let answer = press(&person, &sign_in, form).await;
        let link = url::Url::parse(goes_to(&answer)).unwrap();
        let path = format!("{}?{}", link.path(), link.query().unwrap());
        let opened = world.browser();
        let landed = opened.get(&path).await.location();
        assert_eq!(landed.path(), if form.is_empty() { "/" } else { "/here" });
        let session = opened.session().await;
        assert_eq!(session["user"]["id"], id.as_str());
        assert_eq!(session["actor"]["type"], "agent");
    }
    let away = press(
        &person,
        &sign_in,
        &[("redirect_url", "https://evil.example/")],
    )
    .await;
    assert!(
        away.status.is_client_error() && away.text.contains("</html>"),
        "{away:?}"
    );
    goes_to(&press(&person, &format!("/dashboard/users/{id}/sign-out"), &[]).await);
}

#[tokio::test]
async fn the_way_to_older_things_of_somebody_leads_to_theirs_alone() {
    let world = World::new().await;
    let (backend, person) = (&world.backend, world.browser());
    let look = async |path: &str| {
        let text = person.get(path).await.ok().text;
        text.replace("&#38;", "&").replace("&amp;", "&")
    };
    let grace = backend.user("grace@example.com").await;
    let of_grace = json!({ "on_behalf_of": { "user_id": grace }, "agent_name": "other" });
    let of_grace = Task::of(&backend.create(of_grace).await.ok());
    let oldest = backend.task().await;
    for _ in 0..50 {
        world.advance(1);
        backend.task().await;
    }
    let ada = look("/dashboard/users?query=ada@example.com").await;
    let ada = ada.split("/dashboard/users/").nth(1).unwrap();
    let ada = ada.split(['"', '/']).next().unwrap();
    for (page, older) in [
        (
            format!("/dashboard/users/{ada}"),
            format!("/dashboard/tasks?user={ada}&offset=10"),
        ),
        (
            format!("/dashboard/agents/{}", oldest.agent),
            format!("/dashboard/tasks?agent={}&offset=50", oldest.agent),
        ),
    ] {
        let page = look(&page).await;
        assert!(page.contains(&older), "{older}: {page}");
        let rest = look(&older).await;
        assert!(rest.contains(&oldest.id), "{rest}");
        assert!(!rest.contains(&of_grace.id), "{rest}");
        // Its tabs keep to the same tasks.
        let tab = older.split("&offset").next().unwrap();
        assert!(rest.contains(&format!("{tab}&status=used")), "{rest}");
    }
    let sessions = look(&format!("/dashboard/sessions?user={ada}")).await;
    assert!(sessions.contains("ada@example.com"), "{sessions}");
    let records = look(&format!("/dashboard/audit?task={}", oldest.id)).await;
    assert_eq!(records.matches("task.create").count(), 1, "{records}");
    // What somebody did, or had done to them, is one link away from their page.
    for (whose, id, of_grace_too) in [
        ("user", ada, false),
        ("user", &grace, true),
        ("agent", &oldest.agent, false),
        ("agent", &of_grace.agent, true),
    ] {
        let its = format!("/dashboard/audit?{whose}={id}");
        let page = look(&format!("/dashboard/{whose}s/{id}")).await;
        assert!(page.contains(&its), "{page}");
        let records = look(&its).await;
        assert!(records.contains("task.create"), "{records}");
        assert_eq!(records.contains(&of_grace.id), of_grace_too, "{records}");
    }
}

#[tokio::test]
async fn people_are_found_by_a_part_of_what_they_go_by() {
    let world = World::new().await;
    let id = world.backend.user("grace.hopper@example.com").await;
    let person = world.browser();
    for text in ["grace.hopper@example.com", "hopper", id.as_str(), "HOPPER"] {
        let page = person
            .get(&format!("/dashboard/users?query={text}"))
            .await
            .ok();
        assert!(page.text.contains(&id), "{text}: {page:?}");
        assert!(!page.text.contains("ada@example.com"), "{text}");
    }
    let made = world
        .backend
        .post(
            "/v1/organizations",
            json!({ "name": "Acme", "created_by": id }),
        )
        .await
        .ok();
    let organization = made.json["id"].as_str().unwrap();
    let list = person
        .get("/dashboard/organizations?query=acm")
        .await
        .ok()
        .text;
    assert!(list.contains(organization));
    let one = person
        .get(&format!("/dashboard/organizations/{organization}"))
        .await
        .ok()
        .text;
    assert!(one.contains("grace.hopper@example.com"), "{one}");
}

#[tokio::test]
async fn what_is_in_a_text_is_shown_and_does_nothing() {
    let world = World::new().await;
    let trick = "<script>alert(1)</script>\u{200d}";
    let task = world
        .backend
        .create(json!({ "task_description": trick }))
        .await
        .ok();
    let task = Task::of(&task);
    let person = world.browser();
    for path in [
        "/dashboard/tasks".to_owned(),
        format!("/dashboard/tasks/{}", task.id),
    ] {
        let page = person.get(&path).await.ok().text;
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(
            page.contains("alert(1)") && !page.contains('\u{200d}'),
            "{page}"
        );
    }
}

#[tokio::test]
async fn the_tail_of_the_audit_trail_gives_what_came_since() {
    let world = World::new().await;
    let person = world.browser();
    let page = person.get("/dashboard/audit").await.ok().text;
    let seq = page
        .split("data-seq=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let newer = format!("/dashboard/audit/newer?after={seq}");
    assert_eq!(person.get(&newer).await.status, 204);
    let task = world.backend.task().await;
    let rows = person.get(&newer).await.ok().text;
    assert!(
        rows.starts_with("<tbody") && rows.contains(&task.id),
        "{rows}"
    );
    assert!(!rows.contains("data-seq=\"0\""));
}

#[tokio::test]
async fn in_development_it_opens_for_this_machine_only() {
    let world = World::with(|config| config.allowed_hosts.push("dev.example.com".into())).await;
    let person = world.browser();
    for (header, value) in [
        (HOST.as_str(), "dev.example.com"),
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("via", "1.1 proxy"),
        ("x-forwarded-host", "dev.example.com"),
    ] {
        let answer = person
            .send(
                person
                    .request(Method::GET, "/dashboard")
                    .header(header, value),
            )
            .await;
        assert_eq!(answer.status, 403, "{header}: {answer:?}");
        assert!(
            answer.text.contains("dashboard_local_only") && !answer.text.contains("ada@"),
            "{answer:?}"
        );
    }
    assert_eq!(
        person
            .send(
                person
                    .request(Method::GET, "/dashboard")
                    .header(HOST, "evil.example")
            )
            .await
            .status,
        421
    );
}

#[tokio::test]
async fn no_other_page_presses_its_buttons() {
    let world = World::new().await;
    let person = world.browser();
    let task = world.backend.task().await;
    let path = format!("/dashboard/tasks/{}/revoke", task.id);
    for (header, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "http://localhost:3000"),
        ("origin", "null"),
        ("accept", "*/*"),
    ] {
        let request = person.request(Method::POST, &path).header(header, value);
        let answer = person.send(request).await;
        assert_eq!(answer.status, 403, "{header}: {value}: {answer:?}");
        assert!(answer.text.contains("dashboard_form_only"));
    }
    let own = world.url.clone();
    world.browser().visit(&task).await.location();
    let agent = format!("/dashboard/agents/{}/disable", task.agent);
    goes_to(
        &person
            .send(person.request(Method::POST, &agent).header("origin", own))
            .await,
    );
}

/// A browser at the address that the dashboard has for itself.
fn administrator(world: &World) -> Browser {
    let server = world.server.as_ref().unwrap();
    let address = server.dashboard_addr().unwrap();
    let mut browser = world.browser();
    browser.base = format!("http://localhost:{}", address.port());
    browser
}

#[tokio::test]
async fn production_shows_it_at_an_address_of_its_own_to_who_has_a_key() {
    let world = World::production_with(|config| {
        config.dashboard_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let public = world.public_browser();
    assert_eq!(public.get("/dashboard").await.status, 404);
    let person = administrator(&world);
    assert_eq!(
        goes_to(&person.get("/dashboard/users").await),
        "/dashboard/sign-in"
    );
    assert_eq!(
        press(&person, "/dashboard/users/user_x/sign-out", &[])
            .await
            .status,
        401
    );
    let page = person.get("/dashboard/sign-in").await.ok().text;
    assert!(
        page.contains("secret_key") && !page.contains("/dashboard/users"),
        "{page}"
    );
    person.get("/dashboard/style.css").await.ok();

    let entry = "/dashboard/sign-in";
    let wrong = press(&person, entry, &[("secret_key", "sk_live_wrong")]).await;
    assert_eq!(wrong.status, 401);
    let (_, lesser) = key(&world, Scope::Tasks).await;
    assert_eq!(
        press(&person, entry, &[("secret_key", &lesser)])
            .await
            .status,
        403
    );
    let (id, key) = key(&world, Scope::Full).await;
    let answer = press(&person, entry, &[("secret_key", &key)]).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    for said in ["HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(said), "{cookie}");
    }
    assert!(!cookie.contains(&key));
    assert!(
        person
            .get("/dashboard/users")
            .await
            .ok()
            .text
            .contains("ada@example.com")
    );

    let task = world
        .backend
        .create(json!({ "redirect_url": "https://app.example.com/" }))
        .await
        .ok();
    let task = Task::of(&task);
    goes_to(
        &press(
            &person,
            &format!("/dashboard/tasks/{}/revoke", task.id),
            &[],
        )
        .await,
    );
    let trail = world
        .backend
        .get(&format!("/v1/audit_logs?agent_task_id={}", task.id))
        .await;
    assert_eq!(trail.json["data"][0]["actor"], id.as_str());

    world.advance(8 * 3600 + 1);
    assert_eq!(
        goes_to(&person.get("/dashboard/users").await),
        "/dashboard/sign-in"
    );
    press(&person, entry, &[("secret_key", &key)]).await;
    person.get("/dashboard/users").await.ok();
    let by = Caller::internal("test", world.now());
    let db = world.db().await;
    db.write(by, move |tx| secret_keys::revoke(tx, &id))
        .await
        .unwrap();
    assert_eq!(
        goes_to(&person.get("/dashboard/users").await),
        "/dashboard/sign-in"
    );
    let lost = press(&person, entry, &[("secret_key", &key)]).await;
    assert_eq!(lost.status, 401);
}

#[tokio::test]
async fn who_signs_out_is_out() {
    let world = World::production_with(|config| {
        config.dashboard_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let person = administrator(&world);
    press(
        &person,
        "/dashboard/sign-in",
        &[("secret_key", &world.backend.key)],
    )
    .await;
    person.get("/dashboard").await.ok();
    goes_to(&press(&person, "/dashboard/sign-out", &[]).await);
    assert_eq!(
        goes_to(&person.get("/dashboard").await),
        "/dashboard/sign-in"
    );
}

#[tokio::test]
async fn a_delivery_that_is_dead_is_seen_and_sent_again() {
    let world = World::new().await;
    let body = json!({ "url": "http://localhost:1/hook", "events": ["user.created"] });
    let made = world.backend.post("/v1/webhook_endpoints", body).await.ok();
    let id = made.json["id"].as_str().unwrap();
    world.backend.user("grace@example.com").await;
    let person = world.browser();
    let page = format!("/dashboard/webhooks/{id}");
    let shown = person.get(&page).await.ok().text;
    assert!(
        shown.contains("user.created") && shown.contains("waiting"),
        "{shown}"
    );
    let db = world.db().await;
    let by = Caller::internal("test", world.now());
    let dead = "update webhook_deliveries set dead_at = created_at, due_at = null";
    db.write(by, move |tx| tx.execute(dead, &[])).await.unwrap();
    let shown = person.get(&format!("{page}?status=dead")).await.ok().text;
    let again = shown
        .split("action=\"")
        .find(|part| part.contains("/replay\""))
        .unwrap();
    let again = again.split('"').next().unwrap();
    assert_eq!(
        goes_to(&press(&person, again, &[]).await),
        format!("{page}?done=replayed")
    );
    let shown = person.get(&format!("{page}?status=dead")).await.ok().text;
    assert!(!shown.contains("user.created"), "{shown}");
}

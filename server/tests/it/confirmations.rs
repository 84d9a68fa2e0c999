//! The page that asks before a link is opened, and what opens without it.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::world::{Answer, Browser, Task, World};

/// A link that is followed in a browser, from a page of this relation to it.
fn followed(browser: &Browser, path: &str, site: &str) -> RequestBuilder {
    browser
        .request(Method::GET, path)
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document")
        .header("sec-fetch-site", site)
}

async fn follow(browser: &Browser, path: &str, site: &str) -> Answer {
    browser.send(followed(browser, path, site)).await
}

/// The button of the page that asks, pressed: what the form holds goes where it says.
async fn agree(browser: &Browser, asked: &Answer, from: &str) -> Answer {
    agree_by(browser, asked, &[("sec-fetch-site", from)]).await
}

async fn agree_by(browser: &Browser, asked: &Answer, headers: &[(&str, &str)]) -> Answer {
    let between = |text: &str, before: &str, after: &str| {
        let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{text}"));
        rest.split_once(after).unwrap().0.to_owned()
    };
    let action = between(&asked.text, "action=\"", "\"");
    let path = match action.as_str() {
        "tasks/confirm" => "/v1/agents/tasks/confirm",
        "confirm" => "/v1/tickets/confirm",
        other => panic!("{other}"),
    };
    let mut fields = Vec::new();
    for input in asked.text.split("<input ").skip(1) {
        let value = between(input, "value=\"", "\"").replace("&amp;", "&");
        fields.push((between(input, "name=\"", "\""), value));
    }
    let mut request = browser
        .request(Method::POST, path)
        .header("accept", "text/html")
        .form(&fields);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    browser.send(request).await
}

fn asks(answer: &Answer) -> bool {
    answer.status == 200 && answer.text.contains("<form method=\"post\"")
}

async fn user_of(browser: &Browser) -> Option<String> {
    let session = browser.session().await;
    session["user"]["id"].as_str().map(ToOwned::to_owned)
}

async fn asking(world: &World) -> Task {
    Task::of(
        &world
            .backend
            .create(json!({ "confirm": "visitor" }))
            .await
            .ok(),
    )
}

#[tokio::test]
async fn a_task_that_asks_is_spent_by_its_visitors_answer_and_by_nothing_before() {
    let world = World::new().await;
    let task = asking(&world).await;
    let browser = world.browser();
    for site in ["none", "cross-site", "none"] {
        let asked = follow(&browser, &task.path, site).await;
        assert!(asks(&asked), "{asked:?}");
        for named in [
            "ada@example.com",
            "my-agent",
            "Automated test login",
            "http://localhost:3000",
            "30 min",
        ] {
            assert!(asked.text.contains(named), "{named}: {}", asked.text);
        }
        assert!(asked.set_cookies().is_empty());
        assert_eq!(asked.headers["cache-control"], "no-store");
        assert_eq!(asked.headers["referrer-policy"], "strict-origin");
        let policy = asked.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    assert_eq!(world.count("sessions").await, 0);
    assert_eq!(world.trail(&task.id).await, ["task.create ok"]);

    let asked = follow(&browser, &task.path, "none").await;
    let landed = agree(&browser, &asked, "same-origin").await;
    assert_eq!(landed.status, 303, "{landed:?}");
    let location = landed.headers["location"].to_str().unwrap();
    assert!(
        location.starts_with("http://localhost:3000/dashboard"),
        "{location}"
    );
    assert!(!location.contains("ticket"), "{location}");
    assert!(user_of(&browser).await.is_some());

    // Whoever holds the session is not asked again, and nobody else gets in.
    follow(&browser, &task.path, "none").await.location();
    let late = agree(&world.browser(), &asked, "same-origin").await;
    assert_eq!(late.status, 400);
    assert!(late.text.contains("used already"), "{}", late.text);
    assert_eq!(world.count("sessions").await, 1);
}

#[tokio::test]
async fn no_other_page_answers_in_the_visitors_place() {
    let world = World::new().await;
    let task = asking(&world).await;
    let browser = world.browser();
    let asked = follow(&browser, &task.path, "none").await;
    let own = world.url.clone();
    for headers in [
        &[("sec-fetch-site", "cross-site")] as &[_],
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://localhost:3000"),
        ],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://localhost:3000")],
        &[],
    ] {
        let refused = agree_by(&browser, &asked, headers).await;
        assert_eq!(refused.status, 403, "{headers:?}: {refused:?}");
    }
    for headers in [
        [("origin", "null"), ("sec-fetch-site", "same-origin")],
        [
            ("origin", "http://evil.test"),
            ("sec-fetch-site", "same-origin"),
        ],
    ] {
        let refused = agree_by(&browser, &asked, &headers).await;
        assert_eq!(refused.status, 400, "{headers:?}: {refused:?}");
    }
    assert_eq!(world.count("sessions").await, 0);
    // A browser that does not say where its request comes from names the origin of the page all the same.
    let landed = agree_by(&browser, &asked, &[("origin", &own)]).await;
    assert_eq!(landed.status, 303, "{landed:?}");
}

#[tokio::test]
async fn a_program_cannot_agree() {
    let world = World::new().await;
    let task = asking(&world).await;
    let (_, ticket) = task.path.split_once("ticket=").unwrap();
    let program = world.browser();
    let json = program
        .request(Method::GET, &task.path)
        .header("accept", "application/json");
    let told = program.send(json).await;
    assert_eq!(told.refusal(), "403 agent_task_confirmation_required");
    let script = [("strategy", "ticket"), ("ticket", ticket)];
    let told = program.form("/v1/client/sign_ins", &script).await;
    assert_eq!(told.refusal(), "403 agent_task_confirmation_required");
    assert_eq!(world.count("sessions").await, 0);
}

#[tokio::test]
async fn an_instance_asks_by_default_where_it_is_told_to_and_a_task_says_otherwise() {
    use standin_server::policy::Confirm;
    let world = World::with(|config| config.confirm = Confirm::Visitor).await;
    let browser = world.browser();
    assert!(asks(
        &follow(&browser, &world.backend.task().await.path, "none").await
    ));
    let unattended = json!({ "confirm": "nobody" });
    let unattended = Task::of(&world.backend.create(unattended).await.ok());
    follow(&browser, &unattended.path, "none").await.location();

    let world = World::new().await;
    let wrong = world.backend.create(json!({ "confirm": "yes" })).await;
    assert_eq!(wrong.refusal(), "422 form_param_value_invalid");
    assert_eq!(wrong.param(), "confirm");
    let task = asking(&world).await;
    let record = world
        .backend
        .get(&format!("/v1/agents/tasks/{}", task.id))
        .await
        .ok();
    assert_eq!(record.json["confirm"], "visitor");
}

#[tokio::test]
async fn another_site_makes_nobody_somebody_else() {
    let world = World::new().await;
    let grace = world.backend.user("grace@example.com").await;
    let browser = world.browser();
    follow(&browser, &world.backend.task().await.path, "cross-site")
        .await
        .location();
    let ada = user_of(&browser).await.unwrap();

    let for_grace = async || {
        let task = json!({ "on_behalf_of": { "user_id": grace } });
        Task::of(&world.backend.create(task).await.ok())
    };
    let task = for_grace().await;
    let asked = follow(&browser, &task.path, "cross-site").await;
    assert!(asks(&asked), "{asked:?}");
    for named in ["grace@example.com", "ada@example.com"] {
        assert!(asked.text.contains(named), "{named}: {}", asked.text);
    }
    assert_eq!(user_of(&browser).await.as_ref(), Some(&ada));
    assert_eq!(world.trail(&task.id).await, ["task.create ok"]);
    let landed = agree(&browser, &asked, "same-origin").await;
    assert_eq!(landed.status, 303, "{landed:?}");
    assert_eq!(user_of(&browser).await.as_ref(), Some(&grace));

    // What a person typed, a test opened, or the application's own site links to, is meant.
    for site in ["none", "same-site", "same-origin"] {
        follow(&browser, &world.backend.task().await.path, site)
            .await
            .location();
        assert_eq!(user_of(&browser).await.as_ref(), Some(&ada), "{site}");
        follow(&browser, &for_grace().await.path, site)
            .await
            .location();
        assert_eq!(user_of(&browser).await.as_ref(), Some(&grace), "{site}");
    }
    // The same user once more is nobody else, and a session that is over is in nobody's way.
    follow(&browser, &for_grace().await.path, "cross-site")
        .await
        .location();
    let all = json!({ "user_id": grace });
    world.backend.post("/v1/sessions/revoke", all).await.ok();
    follow(&browser, &world.backend.task().await.path, "cross-site")
        .await
        .location();
}

#[tokio::test]
async fn nor_does_it_by_a_sign_in_token_or_an_invitation() {
    let world = World::new().await;
    let grace = world.backend.user("grace@example.com").await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let ada = user_of(&browser).await.unwrap();

    let token = json!({ "user_id": grace });
    let token = world.backend.post("/v1/sign_in_tokens", token).await.ok();
    let invited = json!({ "email_address": "grace@example.com", "ignore_existing": true });
    let invited = world.backend.post("/v1/invitations", invited).await.ok();
    let records = world.count("audit").await;
    let ask = async |made: &Answer| {
        let url = url::Url::parse(made.json["url"].as_str().unwrap()).unwrap();
        let to = "&redirect_url=http://localhost:3000/a?b=c%26d";
        let path = format!("{}?{}{to}", url.path(), url.query().unwrap());
        follow(&browser, &path, "cross-site").await
    };
    for made in [&token, &invited] {
        let asked = ask(made).await;
        assert!(asks(&asked), "{asked:?}");
        assert!(asked.text.contains("grace@example.com"), "{}", asked.text);
        assert_eq!(user_of(&browser).await.as_ref(), Some(&ada));
        assert_eq!(
            world.count("audit").await,
            records,
            "a question is no event"
        );
        let refused = agree(&browser, &asked, "cross-site").await;
        assert_eq!(refused.status, 403);
    }
    let asked = ask(&token).await;
    let landed = agree(&browser, &asked, "same-origin").await;
    assert_eq!(landed.status, 303, "{landed:?}");
    let location = landed.headers["location"].to_str().unwrap();
    assert!(
        location.starts_with("http://localhost:3000/a?b=c&d&"),
        "{location}"
    );
    assert_eq!(user_of(&browser).await.as_ref(), Some(&grace));
}

#[tokio::test]
async fn what_a_task_says_is_text_on_the_page_that_asks() {
    let world = World::new().await;
    let task = json!({
        "confirm": "visitor",
        "agent_name": "<img src=x>\"'",
        "task_description": "</td><script>alert(1)</script>",
    });
    let task = Task::of(&world.backend.create(task).await.ok());
    let asked = follow(&world.browser(), &task.path, "none").await;
    assert!(asked.text.contains("&lt;script&gt;"), "{}", asked.text);
    assert!(!asked.text.contains("<script") && !asked.text.contains("<img"));
}

//! A ticket redeemed by a program that has no browser.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use crate::world::{Answer, Browser, DASHBOARD, Task, World, claims, hosts_client};

async fn redeem(browser: &Browser, task: &Task) -> Answer {
    let request = browser.request(Method::GET, &task.path);
    browser
        .send(request.header("accept", "application/json"))
        .await
}

fn cookies(answer: &Answer) -> BTreeMap<String, Value> {
    let all = answer.json["storage_state"]["cookies"].as_array().unwrap();
    all.iter()
        .map(|cookie| (cookie["name"].as_str().unwrap().to_owned(), cookie.clone()))
        .collect()
}

#[tokio::test]
async fn a_program_that_asks_for_json_gets_the_session_and_spends_the_ticket() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let told = redeem(&world.browser(), &task).await.ok();
    assert_eq!(told.json["redirect_url"], DASHBOARD);
    let claims = claims(&world, told.json["jwt"].as_str().unwrap()).await;
    assert_eq!(claims["sid"], told.json["session"]["id"]);
    assert_eq!(claims["act"]["sub"], task.agent);
    assert_eq!(claims["azp"], "http://localhost:3000");
    assert_eq!(told.json["session"]["actor"]["sub"], task.agent);
    assert!(told.headers.get("set-cookie").is_none(), "{told:?}");

    let again = redeem(&world.browser(), &task).await;
    assert_eq!(again.refusal(), "400 agent_task_already_used");
    assert_eq!(
        world.trail(&task.id).await.last().unwrap(),
        "task.replay agent_task_already_used"
    );
}

#[tokio::test]
async fn the_stored_state_renews_tokens_as_the_browsers_would() {
    let world = World::new().await;
    let told = redeem(&world.browser(), &world.backend.task().await)
        .await
        .ok();
    let cookies = cookies(&told);
    let browser = world.browser();
    let client = cookies["__client"].clone();
    assert_eq!(
        (&client["domain"], &client["httpOnly"]),
        (&"localhost".into(), &true.into())
    );
    let kept = (
        "__client".to_owned(),
        client["value"].as_str().unwrap().to_owned(),
    );
    browser.cookies.lock().unwrap().extend([kept]);
    assert_eq!(browser.session().await["id"], told.json["session"]["id"]);
    browser
        .token(told.json["session"]["id"].as_str().unwrap())
        .await
        .ok();
    for name in ["__session", "__client_uat", "__clerk_db_jwt"] {
        assert!(cookies.contains_key(name), "{cookies:?}");
    }
    for cookie in cookies.values() {
        assert!(
            cookie["expires"].as_i64().unwrap() > world.now().seconds(),
            "{cookie}"
        );
    }
}

#[tokio::test]
async fn in_production_each_cookie_goes_to_the_host_that_would_have_set_it() {
    let world = World::production().await;
    let with = serde_json::json!({ "redirect_url": "https://app.example.com/dashboard" });
    let task = Task::of(&world.backend.create(with).await.ok());
    let cookies = cookies(&redeem(&world.public_browser(), &task).await.ok());
    let domain = |name: &str| cookies[name]["domain"].as_str().unwrap();
    assert_eq!(domain(hosts_client(&cookies)), "clerk.example.com");
    assert_eq!(domain("__session"), "app.example.com");
    assert_eq!(domain("__client_uat"), ".example.com");
    assert!(
        cookies.values().all(|cookie| cookie["secure"] == true),
        "{cookies:?}"
    );
    assert!(
        !cookies.contains_key("__clerk_handshake_nonce"),
        "{cookies:?}"
    );
}

#[tokio::test]
async fn a_script_in_a_page_gets_nothing_this_way() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let browser = world.browser();
    let script = browser
        .request(Method::GET, &task.path)
        .header("accept", "application/json")
        .header("origin", "http://localhost:3000")
        .header("sec-fetch-mode", "cors")
        .header("sec-fetch-dest", "empty")
        .header("sec-fetch-site", "same-site");
    assert_eq!(
        browser.send(script).await.refusal(),
        "400 agent_task_cannot_be_used"
    );
    browser.visit(&task).await.location();
}

//! Browsers that reach the Frontend API through the application's own server (`frontendApiProxy`).

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::world::{Answer, Browser, SECRET_KEY, Task, World};

const PROXY: &str = "http://localhost:3000/__clerk";

fn passed_on(browser: &Browser, method: Method, path: &str, key: &str) -> RequestBuilder {
    browser
        .request(method, path)
        .header("clerk-proxy-url", PROXY)
        .header("clerk-secret-key", key)
}

fn nonce(answer: &Answer) -> String {
    let location = answer.location();
    let mut pairs = location.query_pairs();
    let (_, nonce) = pairs
        .find(|(name, _)| name == "__clerk_handshake_nonce")
        .unwrap();
    nonce.into_owned()
}

async fn directives(world: &World, nonce: &str) -> Vec<String> {
    let path = format!("/v1/clients/handshake_payload?nonce={nonce}");
    let told = world.backend.get(&path).await.ok();
    serde_json::from_value(told.json["directives"].clone()).unwrap()
}

#[tokio::test]
async fn an_application_must_show_its_key_with_what_it_passes_on() {
    let world = World::new().await;
    let browser = world.browser();
    let without = browser
        .request(Method::GET, "/v1/client")
        .header("clerk-proxy-url", PROXY);
    assert_eq!(
        browser.send(without).await.refusal(),
        "400 proxy_request_missing_secret_key"
    );
    let wrong = passed_on(&browser, Method::GET, "/v1/client", "sk_test_wrong");
    assert_eq!(
        browser.send(wrong).await.refusal(),
        "401 proxy_request_invalid_secret_key"
    );
    let right = passed_on(&browser, Method::GET, "/v1/client", SECRET_KEY);
    assert_eq!(browser.send(right).await.ok().json["response"], json!(null));
}

#[tokio::test]
async fn the_clients_cookie_travels_with_the_directives_because_proxies_lose_cookies() {
    let world = World::new().await;
    let browser = world.browser();
    let task = world.backend.task().await;
    let visit = browser
        .send(passed_on(&browser, Method::GET, &task.path, SECRET_KEY))
        .await;
    assert!(visit.set_cookies().is_empty(), "{visit:?}");
    let directives = directives(&world, &nonce(&visit)).await;
    let client = directives
        .iter()
        .find(|text| text.starts_with("__client="))
        .unwrap();
    assert!(client.contains("HttpOnly"), "{client}");
    assert!(
        directives.last().unwrap().starts_with("__session"),
        "{directives:?}"
    );
    let value = client.split(['=', ';']).nth(1).unwrap().to_owned();
    browser
        .cookies
        .lock()
        .unwrap()
        .insert("__client".into(), value);
    assert_eq!(browser.session().await["status"], "active");

    // Whoever comes without a proxy gets the cookie at once, and never by way of the application.
    let task = world.backend.task().await;
    let visit = world.browser().visit(&task).await;
    assert!(visit.set_cookies().contains_key("__client"), "{visit:?}");
    let plain = self::directives(&world, &nonce(&visit)).await;
    assert!(
        plain.iter().all(|text| !text.starts_with("__client=")),
        "{plain:?}"
    );
}

#[tokio::test]
async fn in_production_a_proxied_visit_sets_one_cookie_only() {
    let world = World::production().await;
    let with = json!({ "redirect_url": "https://app.example.com/dashboard" });
    let task = Task::of(&world.backend.create(with).await.ok());
    let browser = world.public_browser();
    let visit = passed_on(&browser, Method::GET, &task.path, &world.backend.key);
    let visit = browser.send(visit).await;
    let set: Vec<_> = visit.set_cookies().into_keys().collect();
    assert_eq!(set, ["__clerk_handshake_nonce"]);
}

#[tokio::test]
async fn a_page_passed_on_by_node_is_a_page_still_and_a_script_is_not() {
    let world = World::new().await;
    let browser = world.browser();
    let task = world.backend.task().await;
    // Node writes its own mode over the browser's and leaves the rest.
    let pass = |dest: &str| {
        passed_on(&browser, Method::GET, &task.path, SECRET_KEY)
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-dest", dest)
            .header("sec-fetch-site", "none")
    };
    let script = browser.send(pass("empty")).await;
    assert_eq!(script.refusal(), "400 agent_task_cannot_be_used");
    assert_eq!(browser.send(pass("document")).await.status, 307);
}

#[tokio::test]
async fn each_step_of_a_sign_in_that_is_passed_on_sets_one_cookie_only() {
    let world = World::new().await;
    let email = "tester+clerk_test@example.com";
    world.backend.user(email).await;
    let browser = world.browser();
    let send = async |path: &str, form: &[(&str, &str)]| {
        let request = passed_on(&browser, Method::POST, path, SECRET_KEY);
        let answer = browser.send(request.form(form)).await.ok();
        assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
        answer.json["response"].clone()
    };
    let form = [("strategy", "email_code"), ("identifier", email)];
    let begun = send("/v1/client/sign_ins", &form).await;
    let id = begun["id"].as_str().unwrap();
    let path = format!("/v1/client/sign_ins/{id}/attempt_first_factor");
    let form = [("strategy", "email_code"), ("code", "424242")];
    let done = send(&path, &form).await;
    assert_eq!(done["status"], "complete");
    assert_eq!(browser.session().await["id"], done["created_session_id"]);
    // The attempt's own cookie stays, and leads nowhere.
    browser
        .page(Method::DELETE, "/v1/client/sessions")
        .await
        .ok();
    let client = browser.page(Method::GET, "/v1/client").await.ok();
    assert!(client.json["response"]["sign_in"].is_null());
    let again = browser.form(&path, &form).await;
    assert_eq!(again.refusal(), "400 verification_already_verified");
}

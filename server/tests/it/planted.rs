//! Cookies that are not the browser's own, and requests that must not cost a browser the cookie it has.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::SET_COOKIE;
use tokio::task::JoinSet;

use crate::world::{Answer, Browser, Task, World, hosts_client};

/// The secret under the instance's own cookie name, with that name.
fn own(browser: &Browser) -> (String, String) {
    let cookies = browser.cookies.lock().unwrap();
    let found = cookies
        .iter()
        .find(|(name, _)| name.starts_with("__client_") && !name.starts_with("__client_uat"));
    let (name, secret) = found.unwrap();
    (name.clone(), secret.clone())
}

/// Asks with these cookies, in this order, and keeps none that comes back.
async fn ask(world: &World, method: Method, path: &str, secrets: &[&(String, String)]) -> Answer {
    let pairs: Vec<String> = secrets
        .iter()
        .map(|(name, secret)| format!("{name}={secret}"))
        .collect();
    let browser = world.browser();
    let request = browser
        .request(method, path)
        .header("cookie", pairs.join("; "));
    browser.send(request).await
}

async fn shown(world: &World, secrets: &[&(String, String)]) -> serde_json::Value {
    let client = ask(world, Method::GET, "/v1/client", secrets).await.ok();
    client.json["response"]["sessions"][0]["id"].clone()
}

async fn signed_in(world: &World) -> (Browser, serde_json::Value) {
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let session = browser.session().await["id"].clone();
    (browser, session)
}

#[tokio::test]
async fn over_https_no_cookie_counts_that_another_host_could_have_set() {
    let world = World::production().await;
    let task = async || {
        let to = serde_json::json!({ "redirect_url": "https://app.example.com/" });
        Task::of(&world.backend.create(to).await.ok())
    };
    let browser = world.public_browser();
    let arrived = browser.visit(&task().await).await;
    let set = arrived.set_cookies();
    let name = hosts_client(&set);
    let text = &set[name];
    assert!(
        text.contains("; Path=/;") && text.ends_with("; Secure"),
        "{text}"
    );
    assert!(!text.contains("Domain"), "{text}");
    assert!(!set.contains_key("__client"), "{set:?}");

    let secret = browser.cookies.lock().unwrap()[name].clone();
    let suffixed = name.strip_prefix("__Host-").unwrap();
    for planted in ["__client", suffixed] {
        let victim = world.public_browser();
        victim
            .cookies
            .lock()
            .unwrap()
            .insert(planted.into(), secret.clone());
        assert!(victim.session().await.is_null(), "{planted}");
        victim.visit(&task().await).await.location();
        assert!(!victim.session().await.is_null(), "{planted}");
    }
    assert!(!browser.session().await.is_null());
}

#[tokio::test]
async fn a_browser_that_shows_two_signed_in_clients_is_nobody_until_it_signs_in_anew() {
    let world = World::new().await;
    let ((attacker, theirs), (victim, mine)) = (signed_in(&world).await, signed_in(&world).await);
    let (planted, kept) = (own(&attacker), own(&victim));
    let both = [&planted, &kept];
    assert!(shown(&world, &both).await.is_null());
    for session in [&theirs, &mine] {
        let path = format!("/v1/client/sessions/{}/tokens", session.as_str().unwrap());
        let refused = ask(&world, Method::POST, &path, &both).await;
        assert_eq!(refused.refusal(), "401 signed_out");
    }

    let task = world.backend.task().await;
    let arrived = ask(&world, Method::GET, &task.path, &both).await;
    arrived.location();
    for session in [&theirs, &mine] {
        let path = format!("/v1/sessions/{}", session.as_str().unwrap());
        let over = world.backend.get(&path).await.ok();
        assert_eq!(over.json["status"], "replaced");
    }
    // Neither old secret opens the new session, and the new one does so alone and beside the planted one.
    assert!(shown(&world, &[&planted]).await.is_null());
    assert!(shown(&world, &[&kept]).await.is_null());
    let set = arrived.set_cookies();
    let (_, value) = set[&kept.0].split_once('=').unwrap();
    let fresh = (kept.0.clone(), value.split(';').next().unwrap().to_owned());
    let session = shown(&world, &[&fresh]).await;
    assert!(session.is_string());
    assert_eq!(shown(&world, &[&planted, &fresh]).await, session);
}

#[tokio::test]
async fn a_planted_client_that_is_signed_out_or_made_up_does_not_hide_the_browsers_own() {
    let world = World::new().await;
    let ((attacker, theirs), (victim, mine)) = (signed_in(&world).await, signed_in(&world).await);
    let path = format!("/v1/client/sessions/{}/end", theirs.as_str().unwrap());
    attacker.page(Method::POST, &path).await.ok();
    let (planted, kept) = (own(&attacker), own(&victim));
    let made_up = (kept.0.clone(), "0".repeat(43));
    assert_eq!(shown(&world, &[&planted, &kept]).await, mine);
    assert_eq!(shown(&world, &[&made_up, &kept]).await, mine);
    assert_eq!(shown(&world, &[&kept, &planted, &made_up]).await, mine);
}

#[tokio::test]
async fn no_more_than_eight_cookies_of_a_browser_are_tried() {
    let world = World::new().await;
    let (victim, mine) = signed_in(&world).await;
    let kept = own(&victim);
    let made_up: Vec<_> = (0..8)
        .map(|n| (kept.0.clone(), format!("{n:043}")))
        .collect();
    let mut secrets: Vec<_> = made_up.iter().take(7).collect();
    secrets.push(&kept);
    assert_eq!(shown(&world, &secrets).await, mine);
    let mut secrets: Vec<_> = made_up.iter().collect();
    secrets.push(&kept);
    // Signed out, and answered all the same; a visit lets the browser in again.
    assert!(shown(&world, &secrets).await.is_null());
    let task = world.backend.task().await;
    ask(&world, Method::GET, &task.path, &secrets)
        .await
        .location();
}

/// Four at once, as four frames of one page send them.
async fn asks_for_a_client(browser: Browser) {
    let session = browser.session().await["id"].clone();
    assert!(session.is_string());
    let before = browser.cookies.lock().unwrap().clone();
    let browser = Arc::new(browser);
    for method in [Method::PUT, Method::POST] {
        let mut asking = JoinSet::new();
        for _ in 0..4 {
            let (browser, method) = (browser.clone(), method.clone());
            asking.spawn(async move { browser.page(method, "/v1/client").await.ok() });
        }
        for answer in asking.join_all().await {
            assert!(answer.headers.get(SET_COOKIE).is_none(), "{answer:?}");
            assert_eq!(answer.json["response"]["sessions"][0]["id"], session);
        }
    }
    assert_eq!(*browser.cookies.lock().unwrap(), before);
    assert_eq!(browser.session().await["id"], session);
    let token = browser.token(session.as_str().unwrap()).await.ok();
    assert!(token.json["jwt"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_in_browser_that_asks_for_a_client_four_times_at_once_stays_what_it_is() {
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    asks_for_a_client(browser).await;

    let world = World::production().await;
    let body = serde_json::json!({ "redirect_url": "https://app.example.com/" });
    let made = world.backend.create(body).await.ok();
    let browser = world.public_browser();
    browser.visit(&Task::of(&made)).await.location();
    asks_for_a_client(browser).await;
}

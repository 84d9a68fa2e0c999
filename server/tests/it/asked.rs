//! What pages ask with: the session they believe to be in, what clerk-js says of itself, and parameters in their place.

use reqwest::Method;

use crate::organizations::active::as_user;
use crate::world::World;

/// What clerk-js 6 adds to the address of every call, and to some.
const OF_ITSELF: &str = "__clerk_api_version=2026-08-20&_clerk_js_version=6.40.0&rotating_token_nonce=x&_is_native=1\
    &_clerk_retry_attempt=1&__domain=x&__clerk_testing_token=x&debug=skip_cache&expired_token=x";

#[tokio::test]
async fn a_page_of_the_time_before_another_sign_in_does_not_act_for_who_is_signed_in_now() {
    let world = World::new().await;
    let (first, second) = (
        world.backend.user("first@example.com").await,
        world.backend.user("second@example.com").await,
    );
    let browser = as_user(&world, &first).await;
    let before = browser.session().await["id"].as_str().unwrap().to_owned();
    let link = world.backend.post(
        "/v1/sign_in_tokens",
        serde_json::json!({ "user_id": second }),
    );
    let token = link.await.ok().json["token"].as_str().unwrap().to_owned();
    let accept = format!("/v1/tickets/accept?ticket={token}");
    browser.get(&accept).await.location();
    let now = browser.session().await["id"].as_str().unwrap().to_owned();

    let name = [("first_name", "Mallory")];
    let rename = |session: &str| format!("/v1/me?_method=PATCH&_clerk_session_id={session}");
    let organization = |session: &str| format!("/v1/organizations?_clerk_session_id={session}");
    for (path, form) in [
        (rename(&before), &name),
        (organization(&before), &[("name", "Acme")]),
    ] {
        let refused = browser.form(&path, form).await;
        assert_eq!(refused.refusal(), "401 authentication_invalid", "{path}");
    }
    for path in [
        "/v1/me",
        "/v1/me/sessions",
        "/v1/me/email_addresses",
        "/v1/me/organization_memberships",
    ] {
        let of = async |session: &str| {
            let path = format!("{path}?_clerk_session_id={session}");
            browser.page(Method::GET, &path).await
        };
        assert_eq!(of(&before).await.refusal(), "401 authentication_invalid");
        of(&now).await.ok();
    }
    let user = world.backend.get(&format!("/v1/users/{second}")).await.ok();
    assert_eq!(user.json["first_name"], "Ada");
    let changed = browser.form(&rename(&now), &name).await.ok();
    assert_eq!(changed.json["response"]["first_name"], "Mallory");
}

#[tokio::test]
async fn what_clerk_js_says_of_itself_is_no_parameter() {
    let world = World::new().await;
    let user = world.backend.user("first@example.com").await;
    let browser = as_user(&world, &user).await;
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    for path in ["/v1/client", "/v1/me", "/v1/environment"] {
        let path = format!("{path}?{OF_ITSELF}");
        browser.page(Method::GET, &path).await.ok();
    }
    for (path, form) in [
        (format!("/v1/client/sessions/{session}/tokens"), vec![]),
        ("/v1/me".into(), vec![("first_name", "Grace")]),
        (format!("/v1/client/sessions/{session}/end"), vec![]),
    ] {
        let method = if path == "/v1/me" {
            "&_method=PATCH"
        } else {
            ""
        };
        let path = format!("{path}?{OF_ITSELF}{method}");
        browser.form(&path, &form).await.ok();
    }
}

#[tokio::test]
async fn what_belongs_into_a_form_is_not_taken_from_an_address() {
    let world = World::new().await;
    let browser = world.browser();
    let path = "/v1/client/sign_ins?password=secret";
    let form = [("identifier", "ada@example.com")];
    let refused = browser.form(path, &form).await;
    assert_eq!(
        (refused.refusal().as_str(), refused.param()),
        ("422 form_param_unknown", "password")
    );
}

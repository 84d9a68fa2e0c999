//! Sessions that are good for the use of an application and for nothing that outlasts it.

use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, Browser, Task, World};

async fn restricted(world: &World) -> Task {
    Task::of(
        &world
            .backend
            .create(json!({ "restricted": true }))
            .await
            .ok(),
    )
}

async fn id_of(browser: &Browser) -> String {
    browser.session().await["id"].as_str().unwrap().to_owned()
}

async fn touch(browser: &Browser, session: &str, organization: &str) -> Answer {
    let path = format!("/v1/client/sessions/{session}/touch");
    browser
        .form(&path, &[("active_organization_id", organization)])
        .await
}

#[tokio::test]
async fn its_pages_use_it_and_do_not_end_it() {
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&restricted(&world).await).await.location();
    let session = id_of(&browser).await;
    browser.token(&session).await.ok();
    touch(&browser, &session, "").await.ok();
    let refused = [
        browser
            .form(&format!("/v1/client/sessions/{session}/end"), &[])
            .await,
        browser
            .form(&format!("/v1/client/sessions/{session}/remove"), &[])
            .await,
        browser.page(Method::DELETE, "/v1/client/sessions").await,
        browser.page(Method::DELETE, "/v1/client").await,
        browser
            .form(&format!("/v1/me/sessions/{session}/revoke"), &[])
            .await,
        browser
            .form("/v1/me?_method=PATCH", &[("first_name", "Eve")])
            .await,
        browser
            .form(
                "/v1/me/email_addresses",
                &[("email_address", "eve@example.com")],
            )
            .await,
        browser.form("/v1/organizations", &[("name", "Mine")]).await,
    ];
    for answer in refused {
        assert_eq!(answer.refusal(), "403 authorization_invalid", "{answer:?}");
    }
    assert_eq!(id_of(&browser).await, session);
    // The application's server ends it.
    world
        .backend
        .post(&format!("/v1/sessions/{session}/revoke"), json!({}))
        .await
        .ok();
    assert!(browser.session().await.is_null());
    // And then the browser is free.
    browser.page(Method::DELETE, "/v1/client").await.ok();
}

#[tokio::test]
async fn nobody_else_signs_in_beside_it_but_by_a_link_of_the_applications_server() {
    let world = World::new().await;
    let password = "correct horse battery";
    world
        .backend
        .user_with_password("grace@example.com", password)
        .await;
    let browser = world.browser();
    let begun = [("identifier", "grace@example.com")];
    let begun = browser.form("/v1/client/sign_ins", &begun).await.ok();
    let begun = begun.json["response"]["id"].as_str().unwrap().to_owned();
    browser.visit(&restricted(&world).await).await.location();
    let session = id_of(&browser).await;
    let by_password = [
        ("strategy", "password"),
        ("identifier", "grace@example.com"),
        ("password", password),
    ];
    let refused = browser.form("/v1/client/sign_ins", &by_password).await;
    assert_eq!(refused.refusal(), "400 session_exists");
    // Nor by what was begun before.
    let path = format!("/v1/client/sign_ins/{begun}/attempt_first_factor");
    let refused = browser
        .form(&path, &[("strategy", "password"), ("password", password)])
        .await;
    assert_eq!(refused.refusal(), "403 authorization_invalid");
    assert_eq!(id_of(&browser).await, session);
    let stranger = world.browser();
    stranger
        .form("/v1/client/sign_ins", &by_password)
        .await
        .ok();

    browser.visit(&world.backend.task().await).await.location();
    let next = id_of(&browser).await;
    assert_ne!(next, session);
    browser
        .form(&format!("/v1/client/sessions/{next}/end"), &[])
        .await
        .ok();
}

#[tokio::test]
async fn it_stays_in_the_organization_that_its_task_named() {
    let world = World::new().await;
    let ada = world
        .backend
        .get("/v1/users?email_address=ada@example.com")
        .await
        .ok();
    let ada = ada.json[0]["id"].as_str().unwrap().to_owned();
    let acme = world.backend.organization("Acme", &ada).await;
    let other = world.backend.organization("Other", &ada).await;
    let body = json!({ "restricted": true, "organization_id": acme });
    let browser = world.browser();
    browser
        .visit(&Task::of(&world.backend.create(body).await.ok()))
        .await
        .location();
    let session = id_of(&browser).await;
    touch(&browser, &session, &acme).await.ok();
    for elsewhere in [other.as_str(), ""] {
        let refused = touch(&browser, &session, elsewhere).await;
        assert_eq!(
            refused.refusal(),
            "403 authorization_invalid",
            "{elsewhere}"
        );
        let path = format!("/v1/client/sessions/{session}/tokens");
        let token = browser.form(&path, &[("organization_id", elsewhere)]).await;
        assert_eq!(token.refusal(), "403 authorization_invalid", "{elsewhere}");
    }
    let seen = browser.session().await;
    assert_eq!(seen["last_active_organization_id"], acme.as_str());
}

#[tokio::test]
async fn an_instance_restricts_by_default_where_it_is_told_to_and_a_task_says_otherwise() {
    let world = World::with(|config| config.restricted = true).await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let session = id_of(&browser).await;
    let end = format!("/v1/client/sessions/{session}/end");
    assert_eq!(browser.form(&end, &[]).await.status, 403);
    let free = world
        .backend
        .create(json!({ "restricted": false }))
        .await
        .ok();
    let browser = world.browser();
    browser.visit(&Task::of(&free)).await.location();
    let session = id_of(&browser).await;
    browser
        .form(&format!("/v1/client/sessions/{session}/end"), &[])
        .await
        .ok();
    let record = world
        .backend
        .get(&format!("/v1/agents/tasks/{}", Task::of(&free).id))
        .await;
    assert_eq!(record.ok().json["restricted"], false);
}

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Browser, Task, World, claims};

async fn signed_in(world: &World, with: Value) -> (Browser, String, Task) {
    let task = Task::of(&world.backend.create(with).await.ok());
    let browser = world.browser();
    browser.visit(&task).await.location();
    let id = browser.session().await["id"].as_str().unwrap().to_owned();
    (browser, id, task)
}

#[tokio::test]
async fn clients_are_listed_with_their_sessions_the_newest_first() {
    let world = World::new().await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let browser = world.browser();
        browser.visit(&world.backend.task().await).await.location();
        clients.insert(0, browser.session().await["id"].clone());
        world.advance(1);
    }
    let page = world
        .backend
        .get("/v1/clients?paginated=true&limit=2")
        .await;
    let page = page.ok().json;
    assert_eq!(page["total_count"], 3);
    let shown = page["data"].as_array().unwrap();
    let sessions: Vec<_> = shown
        .iter()
        .map(|one| one["session_ids"][0].clone())
        .collect();
    assert_eq!(sessions, clients[..2]);
    let bare = world.backend.get("/v1/clients?offset=2").await.ok().json;
    assert_eq!(bare.as_array().unwrap().len(), 1);
    assert_eq!(bare[0]["object"], "client");
}

#[tokio::test]
async fn a_session_lives_as_long_as_it_may_and_no_longer() {
    let world = World::new().await;
    let (browser, id, _) =
        signed_in(&world, json!({ "session_max_duration_in_seconds": 90 })).await;
    world.advance(45);
    let claims = claims(
        &world,
        browser.token(&id).await.ok().json["jwt"].as_str().unwrap(),
    )
    .await;
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        45,
        "a token ends with its session"
    );
    world.advance(44);
    browser.token(&id).await.ok();
    world.advance(1);
    assert_eq!(browser.token(&id).await.refusal(), "401 signed_out");
    assert!(browser.session().await.is_null());
    assert_eq!(
        world
            .backend
            .get(&format!("/v1/sessions/{id}"))
            .await
            .ok()
            .json["status"],
        "expired"
    );
    assert_eq!(
        browser.page(Method::GET, "/v1/me").await.refusal(),
        "401 authentication_invalid"
    );
    let refused = world
        .backend
        .post(&format!("/v1/sessions/{id}/tokens"), json!({}))
        .await;
    assert_eq!(refused.refusal(), "401 signed_out");
}

#[tokio::test]
async fn a_revoked_session_gets_no_further_token() {
    let world = World::new().await;
    let (browser, id, _) = signed_in(&world, json!({})).await;
    let before = browser.page(Method::GET, "/v1/client").await.json["response"]["updated_at"]
        .as_i64()
        .unwrap();
    world.advance(5);
    browser.token(&id).await.ok();
    let revoked = world
        .backend
        .post(&format!("/v1/sessions/{id}/revoke"), json!({}))
        .await
        .ok();
    assert_eq!(revoked.json["status"], "revoked");
    assert_eq!(browser.token(&id).await.refusal(), "401 signed_out");
    let client = browser.page(Method::GET, "/v1/client").await.json["response"].clone();
    assert_eq!(client["sessions"], json!([]));
    assert_eq!(
        client["updated_at"],
        before + 5000,
        "the set of sessions changed, so __client_uat moves"
    );
    // Wanting it twice is no error and no second event.
    world
        .backend
        .post(&format!("/v1/sessions/{id}/revoke"), json!({}))
        .await
        .ok();
    assert_eq!(
        world
            .backend
            .post("/v1/sessions/sess_none/revoke", json!({}))
            .await
            .refusal(),
        "404 resource_not_found"
    );
}

#[tokio::test]
async fn one_call_ends_the_sessions_of_a_task_an_agent_a_user_or_everyone() {
    let world = World::new().await;
    let revoke = async |body| world.backend.post("/v1/sessions/revoke", body).await;
    for by in ["agent_task_id", "agent_id", "user_id", "all"] {
        let (browser, id, task) = signed_in(&world, json!({})).await;
        let other = signed_in(&world, json!({ "agent_name": "other" })).await;
        let user = browser.session().await["user"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let value = match by {
            "agent_task_id" => json!(task.id),
            "agent_id" => json!(task.agent),
            "user_id" => json!(user),
            _ => json!(true),
        };
        let revoked = revoke(json!({ by: value })).await.ok().json;
        assert!(
            revoked["data"].as_array().unwrap().contains(&json!(id)),
            "{by}"
        );
        assert_eq!(browser.token(&id).await.status, 401);
        let reaches_others = matches!(by, "user_id" | "all");
        assert_eq!(
            other.0.token(&other.1).await.status == 401,
            reaches_others,
            "{by}"
        );
    }
    assert_eq!(
        revoke(json!({})).await.refusal(),
        "422 form_param_value_invalid"
    );
    assert_eq!(
        revoke(json!({ "user_id": "a", "all": true }))
            .await
            .refusal(),
        "422 form_param_value_invalid"
    );
}

#[tokio::test]
async fn banning_a_user_or_disabling_an_agent_ends_their_sessions() {
    let world = World::new().await;
    let (browser, id, task) = signed_in(&world, json!({})).await;
    world
        .backend
        .post(&format!("/v1/agents/{}/disable", task.agent), json!({}))
        .await
        .ok();
    assert_eq!(browser.token(&id).await.status, 401);
    world
        .backend
        .post(&format!("/v1/agents/{}/enable", task.agent), json!({}))
        .await
        .ok();
    assert_eq!(
        browser.token(&id).await.status,
        401,
        "what was ended stays ended"
    );

    let (browser, id, _) = signed_in(&world, json!({})).await;
    let user = browser.session().await["user"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    world
        .backend
        .post(&format!("/v1/users/{user}/ban"), json!({}))
        .await
        .ok();
    assert_eq!(browser.token(&id).await.status, 401);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_keeps_the_browser_unless_it_is_to_be_forgotten() {
    let world = World::new().await;
    let ways = [
        (Method::DELETE, "/v1/client/sessions", "removed"),
        (
            Method::POST,
            "/v1/client/sessions?_method=DELETE",
            "removed",
        ),
        (Method::POST, "/v1/client/sessions/{id}/end", "ended"),
        (Method::POST, "/v1/client/sessions/{id}/remove", "removed"),
        (Method::DELETE, "/v1/client", "removed"),
    ];
    for (method, path, status) in ways {
        let (browser, id, _) = signed_in(&world, json!({})).await;
        let is_forgotten = method == Method::DELETE && path == "/v1/client";
        let answer = browser.page(method, &path.replace("{id}", &id)).await.ok();
        assert_eq!(answer.json["client"]["sessions"], json!([]), "{path}");
        let cookies = answer.set_cookies();
        let client = cookies.get("__client");
        let gone = client.is_some_and(|cookie| cookie.starts_with("__client=; Path=/; Max-Age=0;"));
        assert_eq!(gone, is_forgotten, "{path} {cookies:?}");
        assert_eq!(browser.token(&id).await.status, 401);
        assert_eq!(
            world
                .backend
                .get(&format!("/v1/sessions/{id}"))
                .await
                .ok()
                .json["status"],
            status
        );
    }
    let stranger = world.browser();
    assert!(
        stranger
            .page(Method::DELETE, "/v1/client/sessions")
            .await
            .ok()
            .json["response"]
            .is_null()
    );
}

#[tokio::test]
async fn a_second_visit_in_one_browser_replaces_the_session_and_every_secret() {
    let world = World::new().await;
    let (browser, first, _) = signed_in(&world, json!({})).await;
    let planted = browser.cookies.lock().unwrap().clone();
    browser.visit(&world.backend.task().await).await.location();
    let second = browser.session().await["id"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(
        world
            .backend
            .get(&format!("/v1/sessions/{first}"))
            .await
            .ok()
            .json["status"],
        "replaced"
    );
    // Whoever knew the cookie from before the sign-in knows nothing after it.
    let thief = world.browser();
    *thief.cookies.lock().unwrap() = planted;
    assert!(thief.page(Method::GET, "/v1/client").await.ok().json["response"].is_null());
    assert_eq!(thief.token(&second).await.status, 401);
}

#[tokio::test]
async fn a_browser_reaches_its_own_sessions_only() {
    let world = World::new().await;
    let (_, id, _) = signed_in(&world, json!({})).await;
    let (other, _, _) = signed_in(&world, json!({})).await;
    for (method, action) in [
        (Method::GET, ""),
        (Method::POST, "/tokens"),
        (Method::POST, "/touch"),
        (Method::POST, "/end"),
    ] {
        let path = format!("/v1/client/sessions/{id}{action}");
        assert_eq!(
            other.page(method.clone(), &path).await.refusal(),
            "401 signed_out",
            "{path}"
        );
        assert_eq!(
            world.browser().page(method, &path).await.refusal(),
            "401 signed_out",
            "{path}"
        );
    }
    assert_eq!(
        world
            .backend
            .get(&format!("/v1/sessions/{id}"))
            .await
            .ok()
            .json["status"],
        "active"
    );
}

#[tokio::test]
async fn touches_and_tokens_do_not_move_client_uat() {
    let world = World::new().await;
    let (browser, id, _) = signed_in(&world, json!({})).await;
    let uat = async || {
        browser.page(Method::GET, "/v1/client").await.json["response"]["updated_at"].clone()
    };
    let before = uat().await;
    world.advance(30);
    browser.token(&id).await.ok();
    let touched = browser
        .page(Method::POST, &format!("/v1/client/sessions/{id}/touch"))
        .await
        .ok();
    assert_eq!(touched.json["response"]["last_active_at"], world.now().0);
    assert_eq!(uat().await, before);
}

#[tokio::test]
async fn sessions_are_listed_by_user_client_and_status() {
    let world = World::new().await;
    let (browser, id, _) = signed_in(&world, json!({})).await;
    let session = browser.session().await;
    let client = browser.page(Method::GET, "/v1/client").await.json["response"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = session["user"]["id"].as_str().unwrap();
    let nobody = world.backend.user("nobody@example.com").await;
    let ids = async |path: &str, of: &str| {
        let listed = world.backend.get(path).await.ok().json;
        let list = listed.pointer(of).unwrap().as_array().unwrap().iter();
        let ids: Vec<_> = list.map(|one| one["id"].clone()).collect();
        (ids, listed["total_count"].clone())
    };
    for (query, total) in [
        (format!("user_id={user}"), 1),
        (format!("client_id={client}"), 1),
        ("status=active".into(), 1),
        (format!("user_id={nobody}"), 0),
        ("client_id=client_none".into(), 0),
        ("status=expired".into(), 0),
    ] {
        let (path, expected) = (format!("/v1/sessions?{query}"), vec![json!(id); total]);
        assert_eq!(ids(&path, "").await.0, expected, "{query}");
        let pages = format!("{path}&paginated=true");
        assert_eq!(ids(&pages, "/data").await, (expected, json!(total)));
    }
    assert_eq!(
        world
            .backend
            .get("/v1/sessions?status=ended")
            .await
            .ok()
            .json,
        json!([])
    );
    assert_eq!(
        world
            .backend
            .get("/v1/sessions?status=open")
            .await
            .refusal(),
        "422 form_param_value_invalid"
    );
    let shown = world
        .backend
        .get(&format!("/v1/clients/{client}"))
        .await
        .ok()
        .json;
    assert_eq!(
        (&shown["object"], &shown["session_ids"]),
        (&json!("client"), &json!([id]))
    );
}

#[tokio::test]
async fn the_backend_makes_sessions_in_development_and_tokens_anywhere() {
    let world = World::new().await;
    let user = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    let made = world
        .backend
        .post("/v1/sessions", json!({ "user_id": user }))
        .await
        .ok()
        .json;
    let path = format!("/v1/sessions/{}/tokens", made["id"].as_str().unwrap());
    let jwt = world
        .backend
        .post(&path, json!({ "expires_in_seconds": 300 }))
        .await
        .ok()
        .json;
    let claims = claims(&world, jwt["jwt"].as_str().unwrap()).await;
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        300
    );
    assert!(claims.get("act").is_none(), "nobody acts for the user here");
    assert_eq!(
        world
            .backend
            .post(&path, json!({ "expires_in_seconds": 5 }))
            .await
            .refusal(),
        "422 form_param_value_invalid"
    );
    assert_eq!(
        world
            .backend
            .post(&format!("{path}/hasura"), json!({}))
            .await
            .refusal(),
        "404 resource_not_found"
    );
    let production = World::production().await;
    let refused = production
        .backend
        .post("/v1/sessions", json!({ "user_id": "user_1" }))
        .await;
    assert_eq!(refused.refusal(), "400 request_invalid_for_environment");
}

#[tokio::test]
async fn keys_and_sessions_survive_a_restart() {
    let mut world = World::new().await;
    let (mut browser, id, _) = signed_in(&world, json!({})).await;
    let jwt = browser.token(&id).await.ok().json["jwt"]
        .as_str()
        .unwrap()
        .to_owned();
    world.restart().await;
    browser.base.clone_from(&world.url);
    claims(&world, &jwt).await;
    browser.token(&id).await.ok();
}

#[tokio::test]
async fn a_page_learns_who_it_shows() {
    let world = World::new().await;
    let (browser, id, _) = signed_in(&world, json!({})).await;
    let me = browser.page(Method::GET, "/v1/me").await.ok().json;
    assert_eq!(
        me["response"]["email_addresses"][0]["email_address"],
        "ada@example.com"
    );
    assert!(
        me["response"].get("private_metadata").is_none(),
        "private metadata is for backends"
    );
    let own = browser
        .page(Method::GET, &format!("/v1/client/sessions/{id}"))
        .await
        .ok()
        .json;
    assert_eq!(
        own["response"]["public_user_data"]["user_id"],
        me["response"]["id"]
    );
    let environment = browser
        .page(Method::POST, "/v1/environment?_method=PATCH")
        .await
        .ok()
        .json;
    assert_eq!(
        environment["display_config"]["instance_environment_type"],
        "development"
    );
    assert_eq!(environment["auth_config"]["single_session_mode"], true);
}

#[tokio::test]
async fn a_page_is_offered_nothing_that_an_agent_cannot_do() {
    let world = World::new().await;
    let (browser, _, _) = signed_in(&world, json!({})).await;
    let me = browser.page(Method::GET, "/v1/me").await.ok().json;
    let user = format!("/v1/users/{}", me["response"]["id"].as_str().unwrap());
    let kept = world.backend.get(&user).await.ok().json;
    assert_eq!(
        kept["delete_self_enabled"], true,
        "a backend sees the setting"
    );
    let environment = browser.page(Method::GET, "/v1/environment").await.ok().json;
    assert_eq!(me["response"]["delete_self_enabled"], false);
    assert_eq!(me["response"]["create_organization_enabled"], false);
    let attributes = &environment["user_settings"]["attributes"];
    assert_eq!(attributes["email_address"]["enabled"], true, "shown");
    assert_eq!(
        attributes["password"]["enabled"], false,
        "to be changed by nobody here"
    );
    for (name, attribute) in attributes.as_object().unwrap() {
        assert_eq!(attribute["immutable"], true, "{name}");
    }
}

#[tokio::test]
async fn a_page_cannot_change_its_user() {
    let world = World::new().await;
    let (browser, _, _) = signed_in(&world, json!({})).await;
    for path in [
        "/v1/me?_method=PATCH",
        "/v1/me?_method=DELETE",
        "/v1/me/email_addresses",
        "/v1/me/phone_numbers/idn_1?_method=DELETE",
        "/v1/me/change_password",
        "/v1/me/totp",
    ] {
        let refused = browser.page(Method::POST, path).await;
        assert_eq!(refused.refusal(), "403 authorization_invalid", "{path}");
        let stranger = world.browser().page(Method::POST, path).await;
        assert_eq!(stranger.refusal(), "401 authentication_invalid", "{path}");
    }
    let absent = browser.page(Method::GET, "/v1/me/totp").await;
    assert_eq!(absent.refusal(), "404 resource_not_found");
}

#[tokio::test]
async fn a_session_tells_from_where_and_with_what_it_was_last_used() {
    let world = World::new().await;
    let browser = world.browser();
    let task = world.backend.task().await;
    let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
    let visit = browser.request(Method::GET, &task.path);
    browser
        .send(visit.header("user-agent", chrome))
        .await
        .location();
    let id = browser.session().await["id"].as_str().unwrap().to_owned();
    let seen = async || {
        let path = format!("/v1/sessions/{id}");
        world.backend.get(&path).await.ok().json["latest_activity"].clone()
    };
    let opened = seen().await;
    assert_eq!(opened["object"], "session_activity");
    assert_eq!(opened["browser_name"], "Chrome");
    assert_eq!(opened["browser_version"], "141.0.0.0");
    assert_eq!(opened["device_type"], "Linux");
    assert_eq!(opened["is_mobile"], false);
    assert_eq!(opened["ip_address"], "127.0.0.1");
    let touch = browser.request(Method::POST, &format!("/v1/client/sessions/{id}/touch"));
    let touch = touch
        .header("origin", "http://localhost:3000")
        .header("user-agent", "agent/2");
    browser.send(touch).await.ok();
    let touched = seen().await;
    assert_eq!(touched["browser_name"], "agent");
    assert_eq!(touched["id"], opened["id"]);
    let own = browser.page(Method::GET, "/v1/me/sessions/active").await;
    assert_eq!(own.ok().json[0]["latest_activity"], touched);
}

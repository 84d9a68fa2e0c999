use reqwest::Method;
use serde_json::json;

use crate::world::{Backend, DASHBOARD, Task, World, claims};

#[tokio::test]
async fn a_task_is_shown_as_the_specification_says() {
    let world = World::new().await;
    let made = world.backend.create(json!({})).await.ok();
    assert_eq!(made.headers["content-type"], "application/json");
    let keys: Vec<_> = made.json.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        ["agent_id", "agent_task_id", "object", "task_id", "url"]
    );
    assert_eq!(made.json["object"], "agent_task");
    assert_eq!(made.json["task_id"], made.json["agent_task_id"]);
    let url = made.json["url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("{}/v1/agents/tasks?ticket=", world.url)),
        "{url}"
    );
}

#[tokio::test]
async fn a_visit_signs_in_as_the_user_through_the_agent() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let browser = world.browser();
    let visit = browser.visit(&task).await;
    let target = visit.location();
    assert_eq!(target.as_str().split('?').next().unwrap(), DASHBOARD);
    assert!(!target.as_str().contains("ticket"), "{target}");
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(visit.headers[name], value);
    }
    let session = browser.session().await;
    assert_eq!(session["status"], "active");
    assert_eq!(
        session["user"]["email_addresses"][0]["email_address"],
        "ada@example.com"
    );
    assert_eq!(session["actor"]["type"], "agent");
    assert_eq!(session["actor"]["sub"], task.agent.as_str());

    let jwt = session["last_active_token"]["jwt"].as_str().unwrap();
    let claims = claims(&world, jwt).await;
    assert_eq!(claims["act"]["type"], "agent");
    assert_eq!(claims["act"]["sub"], task.agent.as_str());
    assert_eq!(claims["azp"], "http://localhost:3000");
    assert_eq!(claims["sid"], session["id"]);
    assert_eq!(claims["v"], 2);
    assert_eq!(claims["sts"], "active");
    assert_eq!(claims["fva"], json!([0, -1]));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        60
    );
    let expected = session["created_at"].as_i64().unwrap() + 1800 * 1000;
    assert_eq!(
        session["expire_at"], expected,
        "the default duration is 1800 s"
    );
    assert_eq!(
        world.trail(&task.id).await,
        ["task.create ok", "session.create ok", "task.accept ok"]
    );
}

#[tokio::test]
async fn a_ticket_opens_one_session_only() {
    let world = World::new().await;
    let task = world.backend.task().await;
    world.browser().visit(&task).await.location();
    let second = world.browser();
    let replay = second.visit(&task).await;
    assert_eq!(replay.refusal(), "400 agent_task_already_used");
    assert!(replay.set_cookies().is_empty());
    assert!(second.session().await.is_null());
    assert_eq!(world.count("sessions").await, 1);
    assert_eq!(
        world.trail(&task.id).await.last().unwrap(),
        "task.replay agent_task_already_used"
    );
}

#[tokio::test]
async fn a_replay_can_cost_the_session_it_copied() {
    let world =
        World::with(|config| config.on_replay = standin_server::policy::OnReplay::RevokeSession)
            .await;
    let task = world.backend.task().await;
    let browser = world.browser();
    browser.visit(&task).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    assert_eq!(
        world.browser().visit(&task).await.refusal(),
        "400 agent_task_already_used"
    );
    assert_eq!(browser.token(&session).await.status, 401);
}

#[tokio::test]
async fn what_is_refused_opens_nothing_and_says_why() {
    let world = World::new().await;
    let browser = world.browser();
    assert_eq!(
        browser.get("/v1/agents/tasks").await.refusal(),
        "400 missing_query_parameter"
    );
    assert_eq!(
        browser.get("/v1/agents/tasks?ticket=").await.refusal(),
        "400 missing_query_parameter"
    );
    assert_eq!(
        browser
            .get("/v1/agents/tasks?ticket=garbage")
            .await
            .refusal(),
        "400 ticket_invalid_code"
    );
    let task = world.backend.task().await;
    let twice = format!("{}&ticket=other", task.path);
    assert_eq!(
        browser.get(&twice).await.refusal(),
        "422 form_param_duplicate"
    );
    world.advance(600);
    assert_eq!(
        browser.visit(&task).await.refusal(),
        "400 ticket_expired_code"
    );

    let task = world.backend.task().await;
    let revoked = world
        .backend
        .post(&format!("/v1/agents/tasks/{}/revoke", task.id), json!({}))
        .await
        .ok();
    assert!(revoked.json.get("url").is_none());
    assert_eq!(revoked.json["agent_task_id"], task.id.as_str());
    assert_eq!(
        browser.visit(&task).await.refusal(),
        "400 agent_task_revoked"
    );
    assert_eq!(world.count("sessions").await, 0);
    assert!(browser.session().await.is_null());
}

#[tokio::test]
async fn only_a_pending_task_can_be_revoked() {
    let world = World::new().await;
    let revoke = |id: String| {
        let backend = world.backend.clone();
        async move {
            backend
                .post(&format!("/v1/agents/tasks/{id}/revoke"), json!({}))
                .await
        }
    };
    assert_eq!(
        revoke("agttsk_unknown".into()).await.refusal(),
        "404 agent_task_not_found"
    );
    let task = world.backend.task().await;
    world.browser().visit(&task).await.location();
    assert_eq!(
        revoke(task.id).await.refusal(),
        "400 agent_task_cannot_be_revoked"
    );
    let task = world.backend.task().await;
    revoke(task.id.clone()).await.ok();
    assert_eq!(
        revoke(task.id).await.refusal(),
        "400 agent_task_cannot_be_revoked"
    );
    let task = world.backend.task().await;
    world.advance(601);
    assert_eq!(
        revoke(task.id).await.refusal(),
        "400 agent_task_cannot_be_revoked"
    );
}

#[tokio::test]
async fn head_options_and_prefetch_never_spend_a_ticket() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let browser = world.browser();
    let head = browser
        .send(browser.request(Method::HEAD, &task.path))
        .await;
    assert_eq!(head.status, 405);
    assert_eq!(
        browser
            .send(browser.request(Method::OPTIONS, &task.path))
            .await
            .status,
        204
    );
    for (name, value) in [
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
    ] {
        let ahead = browser
            .send(browser.request(Method::GET, &task.path).header(name, value))
            .await;
        assert_eq!(ahead.status, 503, "{name}");
    }
    for headers in [
        [("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
        [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
        [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        [
            ("sec-fetch-mode", "no-cors"),
            ("sec-fetch-site", "same-origin"),
        ],
    ] {
        let mut request = browser.request(Method::GET, &task.path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(browser.send(request).await.status, 400, "{headers:?}");
    }
    assert_eq!(world.count("sessions").await, 0);
    let page = browser
        .request(Method::GET, &task.path)
        .header("sec-fetch-mode", "navigate");
    browser
        .send(
            page.header("sec-fetch-dest", "document")
                .header("sec-fetch-site", "none"),
        )
        .await
        .location();
}

#[tokio::test]
async fn node_names_the_mode_alone_and_is_no_browser() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let browser = world.browser();
    browser
        .send(
            browser
                .request(Method::GET, &task.path)
                .header("sec-fetch-mode", "cors"),
        )
        .await
        .location();
}

#[tokio::test]
async fn a_name_keeps_its_agent() {
    let mut world = World::new().await;
    let first = world.backend.task().await;
    assert_eq!(world.backend.task().await.agent, first.agent);
    let other = Task::of(
        &world
            .backend
            .create(json!({ "agent_name": "another" }))
            .await
            .ok(),
    );
    assert_ne!(other.agent, first.agent);
    world.restart().await;
    assert_eq!(world.backend.task().await.agent, first.agent);
    assert_eq!(world.count("agents").await, 2);
}

#[tokio::test]
async fn the_user_is_named_in_one_of_two_ways() {
    let world = World::new().await;
    let id = world.backend.get("/v1/users").await.ok().json[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    world
        .backend
        .create(json!({ "on_behalf_of": { "user_id": id } }))
        .await
        .ok();
    world
        .backend
        .create(json!({ "on_behalf_of": { "identifier": " ADA@example.com " } }))
        .await
        .ok();
    let refusal = async |on_behalf_of| {
        world
            .backend
            .create(json!({ "on_behalf_of": on_behalf_of }))
            .await
            .refusal()
    };
    assert_eq!(refusal(json!({})).await, "422 form_param_missing");
    assert_eq!(refusal(json!(null)).await, "422 form_param_missing");
    assert_eq!(refusal(json!("ada")).await, "422 form_param_type_invalid");
    assert_eq!(
        refusal(json!({ "user_id": id, "identifier": "ada@example.com" })).await,
        "422 form_conditional_param_disallowed"
    );
    assert_eq!(
        refusal(json!({ "user_id": "user_nobody" })).await,
        "404 agent_task_subject_not_found"
    );
    let nobody = json!({ "on_behalf_of": { "identifier": "bob@example.com" } });
    let refused = world.backend.create(nobody).await;
    assert_eq!(refused.refusal(), "404 agent_task_subject_not_found");
    assert!(refused.text.contains("bob@example.com"), "{refused:?}");
    assert_eq!(
        refusal(json!({ "name": "ada" })).await,
        "422 form_param_unknown"
    );
}

#[tokio::test]
async fn phone_numbers_and_usernames_name_a_user_and_unverified_addresses_do_not() {
    let world = World::new().await;
    let body = json!({ "email_address": ["grace@example.com"], "phone_number": ["+15555550100"], "username": "grace_h" });
    let grace = world.backend.post("/v1/users", body).await.ok().json["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({ "user_id": grace, "email_address": "new@example.com", "verified": false });
    world.backend.post("/v1/email_addresses", body).await.ok();
    for identifier in ["grace@example.com", "+15555550100", "grace_h", "GRACE_H"] {
        let task = world
            .backend
            .create(json!({ "on_behalf_of": { "identifier": identifier } }))
            .await
            .ok();
        let id = task.json["agent_task_id"].as_str().unwrap();
        let shown = world
            .backend
            .get(&format!("/v1/agents/tasks/{id}"))
            .await
            .ok();
        assert_eq!(shown.json["user_id"], grace.as_str(), "{identifier}");
    }
    let unverified = world
        .backend
        .create(json!({ "on_behalf_of": { "identifier": "new@example.com" } }))
        .await;
    assert_eq!(unverified.refusal(), "404 agent_task_subject_not_found");
}

#[tokio::test]
async fn a_user_who_may_not_sign_in_is_not_signed_in() {
    let world = World::new().await;
    let id = world.backend.get("/v1/users").await.ok().json[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let act = async |what: &str| {
        world
            .backend
            .post(&format!("/v1/users/{id}/{what}"), json!({}))
            .await
            .ok()
    };
    let task = world.backend.task().await;
    for (stop, resume, refusal) in [
        ("ban", "unban", "403 user_banned"),
        ("lock", "unlock", "403 user_locked"),
    ] {
        act(stop).await;
        assert_eq!(world.browser().visit(&task).await.refusal(), refusal);
        assert_eq!(world.backend.create(json!({})).await.refusal(), refusal);
        act(resume).await;
    }
    let disabled = format!("/v1/agents/{}/disable", task.agent);
    world.backend.post(&disabled, json!({})).await.ok();
    assert_eq!(
        world.browser().visit(&task).await.refusal(),
        "400 agent_task_cannot_be_used"
    );
    world
        .backend
        .post(&disabled.replace("disable", "enable"), json!({}))
        .await
        .ok();
    // None of the refusals burned the ticket.
    world.browser().visit(&task).await.location();

    let task = world.backend.task().await;
    world.backend.delete(&format!("/v1/users/{id}")).await.ok();
    assert_eq!(
        world.browser().visit(&task).await.refusal(),
        "404 agent_task_subject_not_found"
    );
}

#[tokio::test]
async fn every_field_is_held_to_its_form() {
    let world = World::new().await;
    let refusal = async |with| {
        let answer = world.backend.create(with).await;
        format!("{} {}", answer.refusal(), answer.param())
    };
    for field in [
        "on_behalf_of",
        "permissions",
        "agent_name",
        "task_description",
        "redirect_url",
    ] {
        let mut body = Backend::task_body();
        body.as_object_mut().unwrap().remove(field);
        let missing = world.backend.post("/v1/agents/tasks", body).await;
        assert_eq!(
            (missing.refusal().as_str(), missing.param()),
            ("422 form_param_missing", field)
        );
    }
    assert_eq!(
        refusal(json!({ "permissions": "read" })).await,
        "422 form_param_value_invalid permissions"
    );
    assert_eq!(
        refusal(json!({ "agent_name": 7 })).await,
        "422 form_param_type_invalid agent_name"
    );
    assert_eq!(
        refusal(json!({ "agent_name": "a".repeat(257) })).await,
        "422 form_param_max_length_exceeded agent_name"
    );
    assert_eq!(
        refusal(json!({ "agent_name": "a\u{0}b" })).await,
        "422 form_param_value_invalid agent_name"
    );
    assert_eq!(
        refusal(json!({ "task_description": "a".repeat(3000) })).await,
        "422 form_param_max_length_exceeded task_description"
    );
    let duration = "session_max_duration_in_seconds";
    assert_eq!(
        refusal(json!({ duration: "60" })).await,
        format!("422 form_param_type_invalid {duration}")
    );
    assert_eq!(
        refusal(json!({ duration: 1.5 })).await,
        format!("422 form_param_type_invalid {duration}")
    );
    for value in [0, -1, i64::MAX] {
        assert_eq!(
            refusal(json!({ duration: value })).await,
            format!("422 form_param_value_invalid {duration}")
        );
    }
    assert_eq!(
        refusal(json!({ "expires_in_seconds": 86_401 })).await,
        "422 form_param_value_invalid expires_in_seconds"
    );
    assert_eq!(
        refusal(json!({ "extra": 1 })).await,
        "422 form_param_unknown extra"
    );
    assert_eq!(world.count("tasks").await, 0);
    assert_eq!(world.count("agents").await, 0);
}

#[tokio::test]
async fn tasks_are_listed_with_their_whole_life() {
    let world = World::new().await;
    let used = world.backend.task().await;
    world.browser().visit(&used).await.location();
    let revoked = world.backend.task().await;
    world
        .backend
        .post(
            &format!("/v1/agents/tasks/{}/revoke", revoked.id),
            json!({}),
        )
        .await
        .ok();
    let expired = Task::of(
        &world
            .backend
            .create(json!({ "expires_in_seconds": 5 }))
            .await
            .ok(),
    );
    world.advance(5);
    let pending = world.backend.task().await;
    for (status, task) in [
        ("used", &used),
        ("revoked", &revoked),
        ("expired", &expired),
        ("pending", &pending),
    ] {
        let listed = world
            .backend
            .get(&format!("/v1/agents/tasks?status={status}"))
            .await
            .ok()
            .json;
        assert_eq!(listed["total_count"], 1, "{status}");
        assert_eq!(listed["data"][0]["agent_task_id"], task.id.as_str());
        assert_eq!(listed["data"][0]["status"], status);
    }
    let all = world
        .backend
        .get("/v1/agents/tasks?limit=3&offset=1")
        .await
        .ok()
        .json;
    assert_eq!(
        (
            all["total_count"].as_i64(),
            all["data"].as_array().unwrap().len()
        ),
        (Some(4), 3)
    );
    assert_eq!(
        world
            .backend
            .get("/v1/agents/tasks?status=open")
            .await
            .refusal(),
        "422 form_param_value_invalid"
    );
    let shown = world
        .backend
        .get(&format!("/v1/agents/tasks/{}", used.id))
        .await
        .ok()
        .json;
    assert!(
        shown["used_at"].is_i64() && shown["session_id"].is_string() && shown.get("url").is_none()
    );
    assert_eq!(shown["used_from"]["ip_address"], "127.0.0.1");
}

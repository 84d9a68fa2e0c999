//! What the audit trail says: who acted, and what was refused to whom.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Browser, Task, World, claims};

/// The newest record of an action.
async fn record(world: &World, action: &str) -> Value {
    let logs = world.backend.get("/v1/audit_logs?limit=500").await.ok();
    let all = logs.json["data"].as_array().unwrap();
    let found = all.iter().find(|record| record["action"] == action);
    found
        .unwrap_or_else(|| panic!("no {action} in {all:#?}"))
        .clone()
}

async fn actor(world: &World, action: &str) -> String {
    record(world, action).await["actor"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn ada(world: &World) -> String {
    let users = world.backend.get("/v1/users").await.ok();
    users.json[0]["id"].as_str().unwrap().to_owned()
}

/// A browser signed in by a sign-in token, as the user.
async fn as_the_user(world: &World) -> Browser {
    let body = json!({ "user_id": ada(world).await });
    let token = world.backend.post("/v1/sign_in_tokens", body).await.ok();
    let browser = world.browser();
    let ticket = token.json["token"].as_str().unwrap();
    browser
        .get(&format!("/v1/tickets/accept?ticket={ticket}"))
        .await
        .location();
    browser
}

async fn act(browser: &Browser, act: &str) {
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/client/sessions/{session}/{act}");
    browser.page(Method::POST, &path).await.ok();
}

#[tokio::test]
async fn what_a_page_does_is_recorded_as_done_by_the_agent_that_acts_in_it() {
    let world = World::new().await;
    for (how, action) in [("end", "session.end"), ("remove", "session.remove")] {
        let (browser, task) = (world.browser(), world.backend.task().await);
        browser.visit(&task).await.location();
        for of_the_visit in ["session.create", "task.accept"] {
            assert_eq!(actor(&world, of_the_visit).await, task.agent);
        }
        act(&browser, how).await;
        let ended = record(&world, action).await;
        assert_eq!(ended["actor"], task.agent.as_str());
        assert_eq!(ended["agent_id"], task.agent.as_str());
        assert_eq!(ended["agent_task_id"], task.id.as_str());
    }
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    browser.page(Method::DELETE, "/v1/client").await.ok();
    assert_eq!(
        record(&world, "session.remove").await["agent_task_id"],
        task.id.as_str()
    );
    assert_eq!(actor(&world, "session.remove").await, task.agent);
    // The key made the task, and nobody in particular shows a used link.
    assert!(actor(&world, "task.create").await.starts_with("key_"));
    world.browser().visit(&task).await;
    assert_eq!(actor(&world, "task.replay").await, "anyone");
}

#[tokio::test]
async fn what_a_page_does_without_an_agent_is_recorded_as_done_by_its_user() {
    let world = World::new().await;
    let user = ada(&world).await;
    let browser = as_the_user(&world).await;
    for action in ["session.create", "sign_in_token.accept"] {
        assert_eq!(actor(&world, action).await, user, "{action}");
    }
    act(&browser, "end").await;
    assert_eq!(actor(&world, "session.end").await, user);
    act(&as_the_user(&world).await, "remove").await;
    assert_eq!(actor(&world, "session.remove").await, user);
}

/// The record of a refusal, held against its code and its key.
async fn assert_refused(world: &World, action: &str, code: &str) -> Value {
    let record = record(world, action).await;
    assert_eq!(record["result"], code, "{action}");
    assert!(record["actor"].as_str().unwrap().starts_with("key_"));
    record
}

#[tokio::test]
async fn what_is_refused_to_a_key_is_recorded_with_the_code_and_changes_nothing() {
    let world = World::new().await;
    let backend = &world.backend;
    let refusal = backend.post("/v1/users/user_nobody/ban", json!({})).await;
    assert_eq!(refusal.status, 404);
    let ban = assert_refused(&world, "user.ban", "resource_not_found").await;
    assert_eq!(ban["user_id"], "user_nobody");

    let refusal = backend
        .post("/v1/sessions/sess_nothing/revoke", json!({}))
        .await;
    assert_eq!(refusal.status, 404);
    let revoke = assert_refused(&world, "session.revoke", "resource_not_found").await;
    assert_eq!(revoke["session_id"], "sess_nothing");

    let spent = backend.task().await;
    world.browser().visit(&spent).await.location();
    let path = format!("/v1/agents/tasks/{}", spent.id);
    let revoke = backend.post(&format!("{path}/revoke"), json!({})).await;
    assert_eq!(revoke.code(), "agent_task_cannot_be_revoked");
    let record = assert_refused(&world, "task.revoke", "agent_task_cannot_be_revoked").await;
    assert_eq!(record["agent_task_id"], spent.id.as_str());
    assert_eq!(backend.get(&path).await.json["status"], "used");

    let user = ada(&world).await;
    backend
        .post(&format!("/v1/users/{user}/ban"), json!({}))
        .await
        .ok();
    let (tasks, agents) = (world.count("tasks").await, world.count("agents").await);
    let refused = backend.create(json!({ "agent_name": "a new one" })).await;
    assert_eq!(refused.refusal(), "403 user_banned");
    let record = assert_refused(&world, "task.create", "user_banned").await;
    assert_eq!(record["user_id"], user.as_str());
    let token = json!({ "user_id": user });
    let refused = backend.post("/v1/sign_in_tokens", token).await;
    assert_eq!(refused.code(), "user_banned");
    assert_refused(&world, "sign_in_token.create", "user_banned").await;
    assert_eq!(world.count("tasks").await, tasks);
    assert_eq!(world.count("agents").await, agents);
    assert_eq!(world.count("sign_in_tokens").await, 0);
}

#[tokio::test]
async fn a_sign_in_token_that_is_refused_leaves_a_record() {
    let world = World::new().await;
    let body = json!({ "user_id": ada(&world).await });
    let token = world
        .backend
        .post("/v1/sign_in_tokens", body)
        .await
        .ok()
        .json;
    let path = format!(
        "/v1/sign_in_tokens/{}/revoke",
        token["id"].as_str().unwrap()
    );
    world.backend.post(&path, json!({})).await.ok();
    let ticket = token["token"].as_str().unwrap();
    let path = format!("/v1/tickets/accept?ticket={ticket}");
    let refused = world.browser().get(&path).await;
    assert_eq!(refused.code(), "sign_in_token_revoked_code");
    let record = record(&world, "sign_in_token.refuse").await;
    assert_eq!(record["result"], "sign_in_token_revoked_code");
    assert_eq!(record["detail"], token["id"]);
    assert_eq!(world.count("sessions").await, 0);
}

#[tokio::test]
async fn an_actor_names_its_task_under_both_names_wherever_it_is_shown() {
    let world = World::new().await;
    let (browser, task): (_, Task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let session = browser.session().await;
    let id = session["id"].as_str().unwrap();
    let path = format!("/v1/sessions/{id}");
    let seen_by_the_server = world.backend.get(&path).await.ok().json;
    let token = browser.token(id).await.ok().json;
    let minted = claims(&world, token["jwt"].as_str().unwrap()).await;
    for actor in [
        &session["actor"],
        &seen_by_the_server["actor"],
        &minted["act"],
    ] {
        assert_eq!(actor["task_id"], task.id.as_str());
        assert_eq!(actor["agent_task_id"], task.id.as_str());
        assert_eq!(actor["sub"], task.agent.as_str());
    }
}

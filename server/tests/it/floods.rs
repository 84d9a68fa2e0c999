//! A link that is shown again and again does not fill the disk: its refusals are recorded at first, then ever more rarely.

use serde_json::{Value, json};

use crate::organizations::{ada, text};
use crate::world::{Browser, Task, World};

const TIMES: usize = 300;

/// The records of one action, oldest first.
async fn records(world: &World, action: &str) -> Vec<Value> {
    let logs = world.backend.get("/v1/audit_logs?limit=500").await.ok();
    let all = logs.json["data"].as_array().unwrap().iter().rev();
    all.filter(|record| record["action"] == action)
        .cloned()
        .collect()
}

async fn refused(browser: &Browser, path: &str, refusal: &str) {
    for _ in 0..TIMES {
        assert_eq!(browser.get(path).await.refusal(), refusal);
    }
}

/// The first eight, then the 16th, 32nd, 64th, 128th and 256th.
fn assert_bounded(records: &[Value], code: &str) {
    assert_eq!(records.len(), 13, "{records:#?}");
    assert!(records.iter().all(|record| record["result"] == code));
    assert_eq!(records[12]["detail"], "refusal 256");
}

#[tokio::test]
async fn three_hundred_visits_with_the_link_of_a_revoked_invitation_leave_thirteen_records() {
    let world = World::new().await;
    let backend = &world.backend;
    let id = backend.organization("Acme", &ada(&world).await).await;
    let all = format!("/v1/organizations/{id}/invitations");
    let body = json!({ "email_address": "bob@example.com", "role": "org:member" });
    let made = backend.post(&all, body).await.ok().json;
    let revoke = format!("{all}/{}/revoke", text(&made["id"]));
    backend.post(&revoke, json!({})).await.ok();
    let link = url::Url::parse(&text(&made["url"])).unwrap();
    let link = format!("{}?{}", link.path(), link.query().unwrap());
    let code = "organization_invitation_revoked_code";
    refused(&world.browser(), &link, &format!("400 {code}")).await;
    let records = records(&world, "organization_invitation.refuse").await;
    assert_bounded(&records, code);
}

#[tokio::test]
async fn three_hundred_replays_of_a_link_leave_thirteen_records() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let browser = world.browser();
    world.browser().visit(&task).await.location();
    refused(&browser, &task.path, "400 agent_task_already_used").await;
    let replays = records(&world, "task.replay").await;
    assert_bounded(&replays, "agent_task_already_used");
    assert_eq!(replays[12]["agent_task_id"], task.id.as_str());
}

#[tokio::test]
async fn three_hundred_visits_of_a_revoked_or_expired_link_leave_thirteen_records_each() {
    let world = World::new().await;
    let task = world.backend.task().await;
    let path = format!("/v1/agents/tasks/{}/revoke", task.id);
    world.backend.post(&path, json!({})).await.ok();
    refused(&world.browser(), &task.path, "400 agent_task_revoked").await;
    assert_bounded(&records(&world, "task.refuse").await, "agent_task_revoked");

    let late = Task::of(
        &world
            .backend
            .create(json!({ "expires_in_seconds": 60 }))
            .await
            .ok(),
    );
    world.advance(61);
    refused(&world.browser(), &late.path, "400 ticket_expired_code").await;
    let both = records(&world, "task.refuse").await;
    assert_bounded(&both[13..], "ticket_expired_code");
}

#[tokio::test]
async fn three_hundred_visits_with_a_used_sign_in_token_leave_thirteen_records() {
    let world = World::new().await;
    let user = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    let token = world
        .backend
        .post("/v1/sign_in_tokens", json!({ "user_id": user }))
        .await
        .ok()
        .json;
    let path = format!(
        "/v1/tickets/accept?ticket={}",
        token["token"].as_str().unwrap()
    );
    world.browser().get(&path).await.location();
    refused(
        &world.browser(),
        &path,
        "400 sign_in_token_already_used_code",
    )
    .await;
    let refusals = records(&world, "sign_in_token.refuse").await;
    assert_bounded(&refusals, "sign_in_token_already_used_code");
    assert_eq!(refusals[0]["user_id"], user);
}

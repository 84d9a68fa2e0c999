//! The switches that stop an agent, a task, a user or everybody, with eight browsers open.

use serde_json::{Value, json};

use crate::world::{Browser, Task, World, batch, join_all};

const BROWSERS: usize = 8;

/// Eight browsers of one user and one agent, each signed in by a task of its own.
async fn eight(world: &World) -> Vec<(Browser, Task, String)> {
    let browsers = (0..BROWSERS).map(|_| async {
        let (task, browser) = (world.backend.task().await, world.browser());
        browser.visit(&task).await.location();
        let session = browser.session().await["id"].as_str().unwrap().to_owned();
        browser.token(&session).await.ok();
        (browser, task, session)
    });
    join_all(browsers).await
}

async fn activity(world: &World, agent: &str) -> Value {
    let agent = world.backend.get(&format!("/v1/agents/{agent}")).await;
    agent.ok().json["activity"].clone()
}

#[tokio::test]
async fn each_of_them_signs_eight_open_browsers_out_before_their_next_token() {
    for switch in ["agent", "tasks", "user", "all"] {
        let world = World::new().await;
        let browsers = eight(&world).await;
        let (_, task, session) = &browsers[0];
        let agent = task.agent.clone();
        assert_eq!(activity(&world, &agent).await["open_sessions"], BROWSERS);
        let session = world.backend.get(&format!("/v1/sessions/{session}")).await;
        let user = session.json["user_id"].as_str().unwrap().to_owned();
        let switches = match switch {
            "agent" => vec![(format!("/v1/agents/{agent}/disable"), json!({}))],
            "user" => vec![(format!("/v1/users/{user}/ban"), json!({}))],
            "all" => vec![("/v1/sessions/revoke".into(), json!({ "all": true }))],
            _ => {
                let of = |(_, task, _): &(_, Task, _)| {
                    let task = json!({ "agent_task_id": task.id });
                    ("/v1/sessions/revoke".into(), task)
                };
                browsers.iter().map(of).collect()
            }
        };
        for (path, body) in switches {
            world.backend.post(&path, body).await.ok();
        }
        for (browser, _, session) in &browsers {
            let token = browser.token(session).await;
            assert_eq!(token.refusal(), "401 signed_out", "{switch}");
            assert!(browser.session().await.is_null(), "{switch}");
        }
        let activity = activity(&world, &agent).await;
        assert_eq!(activity["open_sessions"], 0, "{switch}");
        assert_eq!(activity["tasks"]["used"], BROWSERS, "{switch}");
    }
}

#[tokio::test]
async fn whoever_signs_in_at_the_moment_in_which_very_many_are_signed_out_is_none_of_them() {
    let world = World::new().await;
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let columns =
        "client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at";
    let others = format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000)
         insert into sessions (id, {columns}) select id || '_' || i, {columns} from sessions, n;"
    );
    batch(&world.config.database, &others);
    let all = json!({ "all": true });
    world.backend.post("/v1/sessions/revoke", all).await.ok();
    assert!(browser.session().await.is_null());
    // The clock stands still.
    let (next, task) = (world.browser(), world.backend.task().await);
    next.visit(&task).await.location();
    let session = next.session().await["id"].as_str().unwrap().to_owned();
    next.token(&session).await.ok();
}

#[tokio::test]
async fn sessions_that_are_ended_later_are_over_since_then_and_recorded_now_for_whoever_wanted_it()
{
    let world = World::new().await;
    let (browser, task) = (world.browser(), world.backend.task().await);
    browser.visit(&task).await.location();
    let session = browser.session().await;
    world.advance(600);
    let wanted = world.now().plus_seconds(-300).0;
    // As `revoke_all` leaves it behind where somebody has very many.
    let all = format!(
        "insert into revocations (whose, at, actor, request_id) values ('all', {wanted}, 'key_7', 'req_7');"
    );
    batch(&world.config.database, &all);
    while world.count("revocations").await > 0 {
        tokio::task::yield_now().await;
    }
    let records = format!("/v1/audit_logs?agent_task_id={}", task.id);
    let record = world.backend.get(&records).await.ok().json["data"][0].clone();
    assert_eq!(record["actor"], "key_7");
    assert_eq!(record["request_id"], "req_7");
    assert_eq!(record["at"], world.now().0);
    assert_eq!(record["session_id"], session["id"]);
    assert_eq!(record["agent_id"], task.agent);
    assert_eq!(record["agent_task_id"], task.id);
    let path = format!("/v1/sessions/{}", session["id"].as_str().unwrap());
    let ended = world.backend.get(&path).await.ok().json;
    assert_eq!(ended["status"], "revoked");
    assert_eq!(ended["updated_at"], wanted);
}

#[tokio::test]
async fn an_agent_is_shown_with_what_it_did() {
    let world = World::new().await;
    let (browser, used) = (world.browser(), world.backend.task().await);
    let agent = &used.agent;
    assert_eq!(activity(&world, agent).await["last_active_at"], Value::Null);
    browser.visit(&used).await.location();
    let revoked = world.backend.task().await;
    let path = format!("/v1/agents/tasks/{}/revoke", revoked.id);
    world.backend.post(&path, json!({})).await.ok();
    let late = json!({ "expires_in_seconds": 1 });
    world.backend.create(late).await.ok();
    world.advance(2);
    world.backend.task().await;
    let seen = activity(&world, agent).await;
    let tasks = json!({ "used": 1, "revoked": 1, "expired": 1, "pending": 1 });
    assert_eq!(seen["tasks"], tasks);
    assert_eq!(seen["open_sessions"], 1);
    let session = browser.session().await;
    assert_eq!(seen["last_active_at"], session["last_active_at"]);
}

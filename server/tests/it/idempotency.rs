//! A request under an `Idempotency-Key` is done once, however often it is sent and whatever happens meanwhile.

use reqwest::Method;
use serde_json::{Value, json};
use standin_server::caller::Caller;
use standin_server::idempotency;
use standin_server::secret_keys::Scope;
use tokio::task::JoinSet;

use crate::keys::key;
use crate::world::{Answer, Backend, SECRET_KEY, Task, World};

async fn send(backend: &Backend, key: &str, path: &str, body: &Value) -> Answer {
    let request = backend.request(Method::POST, path).json(body);
    backend.send(request.header("idempotency-key", key)).await
}

/// Creates a task; `with` goes over the usual body.
pub async fn create(backend: &Backend, key: &str, with: Value) -> Answer {
    let mut body = Backend::task_body();
    for (name, value) in with.as_object().unwrap() {
        body[name] = value.clone();
    }
    send(backend, key, "/v1/agents/tasks", &body).await
}

#[tokio::test]
async fn a_task_asked_for_twice_under_one_key_is_one_task_with_one_working_link() {
    let mut world = World::new().await;
    let first = create(&world.backend, "once", json!({})).await.ok();
    // Also after the server was started again.
    world.restart().await;
    let second = create(&world.backend, "once", json!({})).await.ok();
    assert_eq!(first.json, second.json);
    assert_eq!(world.count("tasks").await, 1);
    assert_eq!(world.count("audit where action = 'task.create'").await, 1);
    let task = Task::of(&second);
    world.browser().visit(&task).await.location();
    // What became of it since is not in the answer, which is that of then.
    let third = create(&world.backend, "once", json!({})).await.ok();
    assert_eq!(first.json, third.json);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused_and_nothing_is_done() {
    let world = World::new().await;
    create(&world.backend, "once", json!({})).await.ok();
    let other = json!({ "agent_name": "somebody else" });
    let refused = create(&world.backend, "once", other).await;
    assert_eq!(refused.refusal(), "409 conflict");
    let elsewhere = send(
        &world.backend,
        "once",
        "/v1/users",
        &json!({ "username": "grace" }),
    )
    .await;
    assert_eq!(elsewhere.refusal(), "409 conflict");
    assert_eq!(
        (world.count("tasks").await, world.count("users").await),
        (1, 1)
    );
    // A key is its secret key's own, and another one is another request.
    let (_, another) = key(&world, Scope::Full).await;
    let theirs = create(&world.backend.with_key(&another), "once", json!({}))
        .await
        .ok();
    let mine = create(&world.backend, "twice", json!({})).await.ok();
    assert_ne!(theirs.json["agent_task_id"], mine.json["agent_task_id"]);
    assert_eq!(world.count("tasks").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thirty_two_equal_requests_at_once_one_is_done_and_all_are_answered_the_same() {
    let world = World::new().await;
    for round in 0..10 {
        let mut at_once = JoinSet::new();
        for _ in 0..32 {
            let backend = world.backend.clone();
            at_once.spawn(async move {
                let key = format!("round {round}");
                create(&backend, &key, json!({})).await.ok().json
            });
        }
        let answers = at_once.join_all().await;
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "{answers:?}"
        );
    }
    assert_eq!(world.count("tasks").await, 10);
    assert_eq!(world.count("answers").await, 10);
}

#[tokio::test]
async fn what_was_refused_is_judged_anew() {
    let world = World::new().await;
    let body = json!({ "email_address": ["grace@example.com"], "username": "grace" });
    world.backend.user("grace@example.com").await;
    let refused = send(&world.backend, "once", "/v1/users", &body).await;
    assert_eq!(refused.refusal(), "422 form_identifier_exists");
    let users = world
        .backend
        .get("/v1/users?query=grace@example.com")
        .await
        .ok();
    let path = format!("/v1/users/{}", users.json[0]["id"].as_str().unwrap());
    world.backend.delete(&path).await.ok();
    let made = send(&world.backend, "once", "/v1/users", &body).await.ok();
    assert_eq!(
        send(&world.backend, "once", "/v1/users", &body)
            .await
            .ok()
            .json,
        made.json
    );
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day_sealed_and_then_forgotten() {
    let world = World::new().await;
    let first = create(&world.backend, "once", json!({})).await.ok();
    let ticket = Task::of(&first).path;
    let ticket = ticket.rsplit('=').next().unwrap().to_owned();
    let db = world.db().await;
    let kept: Vec<(String, String)> = db
        .read(|tx| tx.all("select id, answer from answers", &[]))
        .await
        .unwrap();
    for secret in [ticket.as_str(), "once", SECRET_KEY, "agttsk_"] {
        assert!(
            kept.iter()
                .all(|(id, answer)| !id.contains(secret) && !answer.contains(secret))
        );
    }
    world.advance(86_399);
    assert_eq!(
        create(&world.backend, "once", json!({})).await.ok().json,
        first.json
    );
    world.advance(2);
    let anew = create(&world.backend, "once", json!({ "agent_name": "another" }))
        .await
        .ok();
    assert_ne!(anew.json["agent_task_id"], first.json["agent_task_id"]);
    world.advance(86_401);
    let by = Caller::internal("test", world.now());
    db.write(by, |tx| idempotency::forget(tx, 10))
        .await
        .unwrap();
    assert_eq!(world.count("answers").await, 0);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let world = World::new().await;
    let long = "x".repeat(256);
    for key in ["", " ", &long] {
        let refused = create(&world.backend, key, json!({})).await;
        assert_eq!(refused.refusal(), "400 malformed_request_parameters");
    }
    let twice = world.backend.request(Method::POST, "/v1/agents/tasks");
    let twice = twice.json(&Backend::task_body());
    let twice = twice
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    let refused = world.backend.send(twice).await;
    assert_eq!(refused.refusal(), "400 malformed_request_parameters");
    assert_eq!(world.count("tasks").await, 0);
}

/// Every kind of thing that a `POST` makes.
#[tokio::test]
async fn whatever_a_post_makes_it_makes_once() {
    let world = World::new().await;
    let domains = json!({ "domains_enabled": true });
    let settings = "/v1/instance/organization_settings";
    world.backend.patch(settings, domains).await.ok();
    let users = world.backend.get("/v1/users").await.ok();
    let user = users.json[0]["id"].as_str().unwrap();
    let organization = json!({ "name": "Acme", "created_by": user });
    let made = send(&world.backend, "org", "/v1/organizations", &organization)
        .await
        .ok();
    let id = made.json["id"].as_str().unwrap();
    let below = |what: &str| format!("/v1/organizations/{id}/{what}");
    let invited = json!({ "email_address": "g@example.com", "role": "org:member" });
    for (path, body) in [
        ("/v1/organizations".to_owned(), organization.clone()),
        (below("invitations"), invited.clone()),
        (
            below("invitations/bulk"),
            json!([{ "email_address": "h@example.com", "role": "org:member" }]),
        ),
        (below("domains"), json!({ "name": "acme.example" })),
        (
            "/v1/organization_roles".into(),
            json!({ "name": "Clerk", "key": "org:clerk", "description": "" }),
        ),
        (
            "/v1/organization_permissions".into(),
            json!({ "name": "Read", "key": "org:a:read", "description": "" }),
        ),
        ("/v1/users".into(), json!({ "username": "grace" })),
        ("/v1/users/ban".into(), json!({ "user_ids": [user] })),
        ("/v1/users/unban".into(), json!({ "user_ids": [user] })),
        (format!("/v1/users/{user}/lock"), json!({})),
        (format!("/v1/users/{user}/unlock"), json!({})),
        ("/v1/sessions".into(), json!({ "user_id": user })),
        ("/v1/sessions/revoke".into(), json!({ "user_id": user })),
        ("/v1/sign_in_tokens".into(), json!({ "user_id": user })),
        (
            "/v1/actor_tokens".into(),
            json!({ "user_id": user, "actor": { "sub": "boss" } }),
        ),
        (
            "/v1/email_addresses".into(),
            json!({ "user_id": user, "email_address": "b@example.com" }),
        ),
        (
            "/v1/phone_numbers".into(),
            json!({ "user_id": user, "phone_number": "+12015550100" }),
        ),
        (
            "/v1/jwt_templates".into(),
            json!({ "name": "one", "claims": {} }),
        ),
    ] {
        let key = format!("for {path}");
        let first = send(&world.backend, &key, &path, &body).await.ok();
        let records = world.count("audit").await;
        let second = send(&world.backend, &key, &path, &body).await.ok();
        assert_eq!(first.json, second.json, "{path}");
        assert_eq!(world.count("audit").await, records, "{path}");
    }
}

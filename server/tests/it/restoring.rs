//! A database that is back at an earlier moment, and rows that contradict each other.

use serde_json::{Value, json};
use standin_server::db::upkeep;
use standin_server::{audit, consistency, restoring, retention};

use crate::world::{Browser, World, batch};

async fn take_back(world: &World) -> restoring::TakenBack {
    let by = standin_server::caller::Caller::internal("cli", world.now());
    let db = world.db().await;
    db.write(by, restoring::take_back).await.unwrap()
}

async fn open(browser: &Browser, made: &Value) -> String {
    let url = url::Url::parse(made["url"].as_str().unwrap()).unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    browser.get(&path).await.refusal()
}

#[tokio::test]
async fn nothing_that_was_open_in_a_database_opens_after_it_was_restored() {
    let world = World::new().await;
    let post = async |path: &str, body: Value| world.backend.post(path, body).await.ok().json;
    let ada = world.backend.get("/v1/users").await.json[0]["id"].clone();
    let (used, browser) = (world.backend.task().await, world.browser());
    browser.visit(&used).await.location();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let pending = world.backend.task().await;
    let own = post("/v1/sign_in_tokens", json!({ "user_id": ada })).await;
    let actor = json!({ "user_id": ada, "actor": { "sub": "support" } });
    let actor = post("/v1/actor_tokens", actor).await;
    let invited = json!({ "email_address": "new@example.com" });
    let invited = post("/v1/invitations", invited).await;
    let organization = post("/v1/organizations", json!({ "name": "Acme" })).await;
    let path = format!(
        "/v1/organizations/{}/invitations",
        organization["id"].as_str().unwrap()
    );
    let member = json!({ "email_address": "b@example.com", "role": "org:member", "redirect_url": "http://localhost:3000/" });
    post(&path, member).await;

    world.advance(1);
    let taken = take_back(&world).await;
    assert_eq!(
        (
            taken.tasks,
            taken.sign_in_tokens,
            taken.invitations,
            taken.sessions
        ),
        (1, 2, 2, Some(1))
    );
    assert_eq!(browser.token(&session).await.refusal(), "401 signed_out");
    let refused = world.browser().visit(&pending).await;
    assert_eq!(refused.code(), "agent_task_revoked");
    let trail = world.trail(&pending.id).await;
    assert!(trail.contains(&"task.revoke ok".to_owned()), "{trail:?}");
    let stranger = world.browser();
    for (made, code) in [
        (&own, "sign_in_token_revoked_code"),
        (&actor, "actor_token_revoked_code"),
        (&invited, "revoked_invitation"),
    ] {
        let refused = open(&stranger, made).await;
        assert!(refused.ends_with(code), "{refused}");
    }
    // Each with its record, and none of them twice.
    assert_eq!(
        world
            .count("audit where action like '%revoke' and result = 'ok'")
            .await,
        6
    );
    let again = take_back(&world).await;
    assert_eq!((again.tasks, again.sessions), (0, Some(0)));
    assert_eq!(
        world.count("audit where action = 'database.restore'").await,
        2
    );

    // And what is made from now on works.
    world.advance(1);
    let next = world.backend.task().await;
    world.browser().visit(&next).await.location();
    assert_eq!(
        world.db().await.read(consistency::broken).await.unwrap(),
        [""; 0]
    );
}

#[tokio::test]
async fn rows_that_contradict_each_other_are_named() {
    let world = World::new().await;
    let (task, browser) = (world.backend.task().await, world.browser());
    browser.visit(&task).await.location();
    let acme = world
        .backend
        .post("/v1/organizations", json!({ "name": "Acme" }))
        .await
        .ok()
        .json;
    let acme = acme["id"].as_str().unwrap();
    let broken = async || world.db().await.search(consistency::broken).await.unwrap();
    assert_eq!(broken().await, [""; 0]);
    let database = world.config.database.clone();
    let faults = tokio::task::spawn_blocking(move || upkeep::look(&database, upkeep::faults));
    assert_eq!(faults.await.unwrap().unwrap(), [""; 0]);
    batch(
        &world.config.database,
        "insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at)
         select 'sess_second', client_id, user_id, agent_id, task_id, 1, 1, 2, 1 from sessions;
         update tasks set revoked_at = 1; update organizations set members_count = 7; update identifiers set claimed = 'x:' || id",
    );
    let found = broken().await;
    for wanted in [
        &format!("task {} has several sessions", task.id),
        "session sess_second is not the one that its task opened",
        &format!("task {} was spent and taken back", task.id),
        &format!("organization {acme} counts its members wrongly"),
    ] {
        assert!(found.iter().any(|one| one == wanted), "{wanted}: {found:?}");
    }
    assert_eq!(
        found
            .iter()
            .filter(|one| one.starts_with("identifier"))
            .count(),
        1
    );
}

/// Runs every statement of this room, for `scans`.
pub async fn use_all(world: &World) {
    let db = world.db().await;
    db.read(audit::unsealed).await.unwrap();
    db.read(retention::turn).await.unwrap();
    take_back(world).await;
}

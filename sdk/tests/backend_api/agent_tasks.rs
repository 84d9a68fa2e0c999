use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use standin::agent_tasks::TaskStatus;
use standin::{NewAgentTask, OnBehalfOf};

use crate::world::{DASHBOARD, World, open, task};

#[tokio::test]
async fn a_tasks_url_signs_in_once_and_lands_where_it_was_told() {
    let world = World::new().await;
    let made = world.client.agent_tasks().create(task()).await.unwrap();
    let landing = open(&made.url).await.unwrap();
    assert!(landing.as_str().starts_with(DASHBOARD), "{landing}");
    assert_eq!(open(&made.url).await, Err(400));

    let record = world.client.agent_tasks().get(&made.id).await.unwrap();
    assert_eq!(record.status, TaskStatus::Used);
    assert_eq!(record.agent_name, "my-agent");
    assert_eq!(record.task_description, "Book a table");
    assert_eq!(record.redirect_url, DASHBOARD);
    assert_eq!(record.user_id, world.ada.id);
    assert_eq!(record.session_max_duration, Duration::from_mins(30));
    assert_eq!(
        record.used_from.unwrap().ip_address.as_deref(),
        Some("127.0.0.1")
    );
    let session = world
        .client
        .sessions()
        .get(&record.session_id.unwrap())
        .await
        .unwrap();
    let actor = session.actor.unwrap();
    assert_eq!(actor.agent(), Some(&made.agent_id));
    assert_eq!(actor.agent_name(), Some("my-agent"));
    assert_eq!(actor.agent_task_id(), Some(made.id));
}

#[tokio::test]
async fn a_user_is_named_by_id_or_by_identifier() {
    let world = World::new().await;
    let tasks = world.client.agent_tasks();
    for who in [
        OnBehalfOf::identifier("ada@example.com"),
        OnBehalfOf::from(&world.ada.id),
    ] {
        let new = NewAgentTask {
            on_behalf_of: who,
            ..task()
        };
        let made = tasks.create(new).await.unwrap();
        assert_eq!(tasks.get(&made.id).await.unwrap().user_id, world.ada.id);
    }
    let nobody = NewAgentTask {
        on_behalf_of: OnBehalfOf::identifier("bob@example.com"),
        ..task()
    };
    let error = tasks.create(nobody).await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.code(), Some("agent_task_subject_not_found"));
}

#[tokio::test]
async fn session_and_link_last_as_long_as_asked() {
    let world = World::new().await;
    let tasks = world.client.agent_tasks();
    let made = tasks
        .create(task())
        .session_max_duration(Duration::from_millis(90_500))
        .expires_in(Duration::from_secs(30))
        .await
        .unwrap();
    let record = tasks.get(&made.id).await.unwrap();
    assert_eq!(record.session_max_duration, Duration::from_secs(90));
    let life = record.expires_at.duration_since(record.created_at);
    assert_eq!(life.as_secs(), 30);
    world.advance(31);
    assert_eq!(
        tasks.get(&made.id).await.unwrap().status,
        TaskStatus::Expired
    );
    assert_eq!(open(&made.url).await, Err(400));
}

#[tokio::test]
async fn a_session_begins_in_an_organization_of_its_user_only() {
    let world = World::new().await;
    let tasks = world.client.agent_tasks();
    let organizations = world.client.organizations();
    let mut made = Vec::new();
    for name in ["Acme", "Globex"] {
        let one = organizations.create(name).created_by(&world.ada.id);
        made.push(one.await.unwrap().id);
    }
    for organization in &made {
        let task = tasks.create(task()).organization(organization);
        let signed_in = tasks.redeem(&task.await.unwrap().url).await.unwrap();
        assert_eq!(claims(&signed_in.jwt)["o"]["id"], organization.as_str());
    }
    let elsewhere = organizations.create("Initech").await.unwrap();
    let refused = tasks.create(task()).organization(&elsewhere.id).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Some("not_a_member_in_organization"));
}

/// What a token says.
fn claims(token: &str) -> serde_json::Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_task_taken_back_opens_nothing() {
    let world = World::new().await;
    let tasks = world.client.agent_tasks();
    let made = tasks.create(task()).await.unwrap();
    let revoked = tasks.revoke(&made.id).await.unwrap();
    assert_eq!((&revoked.id, &revoked.agent_id), (&made.id, &made.agent_id));
    assert_eq!(open(&made.url).await, Err(400));
    let record = tasks.get(&made.id).await.unwrap();
    assert_eq!(record.status, TaskStatus::Revoked);
    assert!(record.revoked_at.is_some() && record.used_at.is_none() && record.session_id.is_none());

    let again = tasks.revoke(&made.id).await.unwrap_err();
    assert_eq!(again.code(), Some("agent_task_cannot_be_revoked"));
    assert_eq!(again.status().unwrap(), 400);
    let unknown = tasks
        .revoke(&"agtask_nobody".parse().unwrap())
        .await
        .unwrap_err();
    assert!(unknown.is_not_found());
    assert_eq!(unknown.code(), Some("agent_task_not_found"));
}

#[tokio::test]
async fn tasks_are_found_by_status_user_and_agent() {
    let world = World::new().await;
    let tasks = world.client.agent_tasks();
    let first = tasks.create(task()).await.unwrap();
    let other = tasks
        .create(NewAgentTask {
            agent_name: "other",
            ..task()
        })
        .await
        .unwrap();
    tasks.revoke(&first.id).await.unwrap();
    let bob = world
        .client
        .users()
        .create()
        .username("bobby")
        .await
        .unwrap();

    let all = tasks.list().await.unwrap();
    assert_eq!((all.data.len(), all.total_count), (2, Some(2)));
    let revoked = tasks.list().status(TaskStatus::Revoked).await.unwrap();
    assert_eq!(
        revoked.data.iter().map(|one| &one.id).collect::<Vec<_>>(),
        [&first.id]
    );
    let others = tasks.list().agent(&other.agent_id).await.unwrap();
    assert_eq!(
        others.data.iter().map(|one| &one.id).collect::<Vec<_>>(),
        [&other.id]
    );
    assert_eq!(
        tasks.list().user(&bob.id).await.unwrap().total_count,
        Some(0)
    );
    assert_eq!(
        tasks
            .list()
            .user(&world.ada.id)
            .limit(1)
            .offset(1)
            .await
            .unwrap()
            .data
            .len(),
        1
    );
}

#[tokio::test]
async fn the_url_stays_out_of_logs() {
    let world = World::new().await;
    let made = world.client.agent_tasks().create(task()).await.unwrap();
    let shown = format!("{made:?}");
    assert!(
        shown.contains(made.id.as_str()) && !shown.contains("ticket"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_program_signs_in_without_a_browser_and_only_once() {
    let world = World::new().await;
    let tasks = world.client.agent_tasks();
    let made = tasks.create(task()).await.unwrap();
    let signed_in = tasks.redeem(&made.url).await.unwrap();
    let session = world.client.sessions().get(&signed_in.session.id).await;
    assert_eq!(session.unwrap().user_id, world.ada.id);
    let cookies = signed_in.storage_state["cookies"].as_array().unwrap();
    assert!(cookies.iter().any(|cookie| cookie["name"] == "__client"));
    assert!(!format!("{signed_in:?}").contains(&signed_in.jwt));

    let error = tasks.redeem(&made.url).await.unwrap_err();
    assert_eq!(error.code(), Some("agent_task_already_used"));
    let ticket = made.url.rsplit_once('=').unwrap().1;
    assert!(!format!("{error} {error:?}").contains(ticket));
}

#[tokio::test]
async fn what_is_no_address_is_not_redeemed_and_not_repeated() {
    let world = World::new().await;
    for text in ["", "nonsense-secret", "data:secret"] {
        let error = world.client.agent_tasks().redeem(text).await.unwrap_err();
        assert!(error.to_string().contains("no address"), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

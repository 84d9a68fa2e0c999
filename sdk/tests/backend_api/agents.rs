use standin::audit_logs::AuditLog;

use crate::world::{World, open, task};

#[tokio::test]
async fn a_stopped_agent_opens_nothing_until_it_may_again() {
    let world = World::new().await;
    let (tasks, agents) = (world.client.agent_tasks(), world.client.agents());
    let made = tasks.create(task()).await.unwrap();
    let listed = agents.list().await.unwrap();
    assert_eq!(listed.total_count, Some(1));
    assert_eq!(
        (&listed.data[0].id, listed.data[0].name.as_str()),
        (&made.agent_id, "my-agent")
    );

    assert!(
        agents
            .disable(&made.agent_id)
            .await
            .unwrap()
            .disabled_at
            .is_some()
    );
    assert!(
        agents
            .get(&made.agent_id)
            .await
            .unwrap()
            .disabled_at
            .is_some()
    );
    assert!(open(&made.url).await.is_err());
    assert!(
        agents
            .enable(&made.agent_id)
            .await
            .unwrap()
            .disabled_at
            .is_none()
    );
    assert!(open(&made.url).await.is_ok());
    assert!(
        agents
            .get(&"agt_nobody".parse().unwrap())
            .await
            .unwrap_err()
            .is_not_found()
    );
}

#[tokio::test]
async fn the_audit_trail_of_a_task_tells_its_life() {
    let world = World::new().await;
    let made = world.client.agent_tasks().create(task()).await.unwrap();
    open(&made.url).await.unwrap();
    let trail = world
        .client
        .audit_logs()
        .agent_task(&made.id)
        .await
        .unwrap();
    let actions: Vec<_> = trail
        .data
        .iter()
        .rev()
        .map(|one| one.action.as_str())
        .collect();
    assert_eq!(actions.first(), Some(&"task.create"), "{actions:?}");
    assert!(
        trail
            .data
            .iter()
            .all(|one| one.agent_task_id.as_ref() == Some(&made.id))
    );
    assert!(trail.data.iter().all(|one| one.result == "ok"));

    let (list, made) = (|| world.client.audit_logs(), made.id.as_ref());
    let accept = || list().action("task.accept");
    let accepted = accept().await.unwrap().data.remove(0);
    let (agent, session) = (&accepted.agent_id.unwrap(), &accepted.session_id.unwrap());
    for (filter, count) in [
        (accept().user(&world.ada.id), 1),
        (accept().agent(agent), 1),
        (accept().session(session), 1),
        (accept().actor(&accepted.actor), 1),
        (accept().actor("key_none"), 0),
        (list().action("task.create").actor(&accepted.actor), 0),
    ] {
        let found = filter.await.unwrap().data;
        assert_eq!(found.len(), count);
        let is_it = |one: &AuditLog| {
            one.agent_task_id
                .as_ref()
                .is_some_and(|id| id.as_ref() == made)
        };
        assert!(found.iter().all(is_it));
    }

    let all = world
        .client
        .audit_logs()
        .limit(2)
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert!(all.windows(2).all(|two| two[0].seq > two[1].seq));
    assert!(
        all.iter()
            .any(|one| one.user_id.as_ref() == Some(&world.ada.id))
    );
}

#[tokio::test]
async fn an_agent_is_found_by_its_name() {
    let world = World::new().await;
    let mut other = task();
    other.agent_name = "another";
    world.client.agent_tasks().create(task()).await.unwrap();
    let made = world.client.agent_tasks().create(other).await.unwrap();
    let agents = world.client.agents();
    let found = agents.list().name("another").await.unwrap();
    assert_eq!(found.total_count, Some(1));
    assert_eq!(found.data[0].id, made.agent_id);
    assert!(agents.list().name("anoth").await.unwrap().data.is_empty());
}

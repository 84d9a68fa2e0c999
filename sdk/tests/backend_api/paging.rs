use std::collections::HashSet;

use standin::users::Order;

use crate::world::{World, task};

async fn crowd(world: &World, count: u32) {
    for number in 0..count {
        // Each a second later, as the order of creation is what is asked for.
        world.advance(1);
        let user = world
            .client
            .users()
            .create()
            .username(&format!("user_{number}"));
        user.last_name(&format!("{:02}", number * 7 % 10))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_stream_of_users_brings_each_once_in_order() {
    let world = World::new().await;
    crowd(&world, 9).await;
    for limit in [1, 2, 5, 10, 11] {
        let users = world.client.users().list().limit(limit).stream();
        let users = users.try_collect().await.unwrap();
        assert_eq!(users.len(), 10, "limit {limit}");
        assert!(
            users
                .windows(2)
                .all(|two| two[0].created_at > two[1].created_at)
        );
    }
    let sorted = world
        .client
        .users()
        .list()
        .order_by(Order::LastName)
        .limit(4)
        .stream();
    let names: Vec<_> = sorted.try_collect().await.unwrap();
    let names: Vec<_> = names
        .iter()
        .map(|user| user.last_name.clone().unwrap())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(names.len(), 10);
}

#[tokio::test]
async fn a_user_who_comes_while_the_stream_is_read_disturbs_nothing() {
    let world = World::new().await;
    crowd(&world, 5).await;
    let mut users = world.client.users().list().limit(2).stream();
    let mut seen = HashSet::new();
    while let Some(user) = users.try_next().await.unwrap() {
        assert!(seen.insert(user.id), "a user came twice");
        crowd_of_one(&world, seen.len()).await;
    }
    assert_eq!(seen.len(), 6);
}

async fn crowd_of_one(world: &World, number: usize) {
    world.advance(1);
    let user = world.client.users().create();
    user.username(&format!("latecomer_{number}")).await.unwrap();
}

#[tokio::test]
async fn a_stream_begins_where_it_is_told_to() {
    let world = World::new().await;
    crowd(&world, 5).await;
    let users = world.client.users();
    let all = users.list().await.unwrap().data;
    let rest = users
        .list()
        .offset(2)
        .limit(2)
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rest, all[2..]);
    let rest = users.list().starting_after(&all[1].id).limit(2).stream();
    assert_eq!(rest.try_collect().await.unwrap(), all[2..]);
    let oldest = users.list().order_by(Order::CreatedAt).limit(2).stream();
    let mut oldest = oldest.try_collect().await.unwrap();
    oldest.reverse();
    assert_eq!(oldest, all);
}

#[tokio::test]
async fn other_lists_are_streams_too() {
    let world = World::new().await;
    for _ in 0..5 {
        world.client.agent_tasks().create(task()).await.unwrap();
        world.client.sessions().create(&world.ada.id).await.unwrap();
    }
    let tasks = world.client.agent_tasks().list().limit(2).stream();
    assert_eq!(tasks.try_collect().await.unwrap().len(), 5);
    let sessions = world
        .client
        .sessions()
        .list()
        .user(&world.ada.id)
        .limit(2)
        .stream();
    assert_eq!(sessions.try_collect().await.unwrap().len(), 5);
    let agents = world.client.agents().list().stream();
    assert_eq!(agents.try_collect().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_stream_ends_with_the_first_error() {
    let world = World::new().await;
    let mut users = world.client.users().list().limit(501).stream();
    let error = users.try_next().await.unwrap_err();
    assert_eq!(error.refusals()[0].param(), Some("limit"));
    assert!(users.try_next().await.unwrap().is_none());
}

use crate::world::World;

#[tokio::test]
async fn a_server_says_where_browsers_reach_it() {
    let world = World::new().await;
    let environment = world.client.environment().await.unwrap();
    assert_eq!(environment.public_url(), world.server.url());
    assert!(environment.is_development());
    // What everybody may ask needs no good key.
    let stranger = world.with_key("sk_test_of_nobody");
    assert_eq!(stranger.environment().await.unwrap(), environment);
}

#[tokio::test]
async fn an_answer_is_also_there_as_the_server_wrote_it() {
    let world = World::new().await;
    let users = world.client.users();
    let user = users.get(&world.ada.id).json().await.unwrap();
    assert_eq!(
        (user["object"].as_str(), user["first_name"].as_str()),
        (Some("user"), Some("Ada"))
    );
    let list = users.list().limit(1).json().await.unwrap();
    assert_eq!(list[0], user);
}

use jiff::Timestamp;

use crate::world::World;

#[tokio::test]
async fn an_endpoint_is_made_changed_tried_and_removed() {
    let world = World::new().await;
    let webhooks = world.client.webhooks();
    // Nobody listens there.
    let made = webhooks
        .create("http://localhost:9/hooks")
        .events(["user.*"])
        .description("mirror")
        .await
        .unwrap();
    let secret = made.signing_secret.clone().unwrap();
    assert!(secret.starts_with("whsec_") && !format!("{made:?}").contains(&secret));
    let again = webhooks.secret(&made.id).await.unwrap();
    assert_eq!(again.signing_secret, Some(secret.clone()));
    let rotated = webhooks.rotate_secret(&made.id).await.unwrap();
    assert_ne!(rotated.signing_secret, Some(secret));
    let tested = webhooks.test(&made.id).await.unwrap();
    assert_eq!(tested.kind, "webhook.test");
    let sent = webhooks.deliveries(&made.id).limit(5).await.unwrap();
    assert_eq!(sent.data[0].message_id, tested.message_id);
    let replayed = webhooks.replay(&made.id, tested.id).await.unwrap();
    assert_eq!(replayed.status, "waiting");
    let some = webhooks.replay_since(&made.id, Timestamp::UNIX_EPOCH);
    assert_eq!(some.only_dead().await.unwrap().count, 0);
    let changed = webhooks.update(&made.id).disabled(true).await.unwrap();
    assert!(changed.disabled);
    assert_eq!(webhooks.list().await.unwrap().data.len(), 1);
    webhooks.delete(&made.id).await.unwrap();
    let gone = webhooks.secret(&made.id).await.unwrap_err();
    assert!(gone.is_not_found());
}

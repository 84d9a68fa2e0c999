use standin::id::EmailAddressId;

use crate::world::World;

#[tokio::test]
async fn an_email_address_is_added_made_primary_and_taken_away() {
    let world = World::new().await;
    let addresses = world.client.email_addresses();
    let old = world.ada.primary_email_address_id.clone().unwrap();
    let made = addresses
        .create(&world.ada.id, "ada@example.org")
        .verified(false)
        .await
        .unwrap();
    assert!(!made.is_verified());
    assert_eq!(
        addresses.get(&made.id).await.unwrap().email_address,
        "ada@example.org"
    );
    let changed = addresses
        .update(&made.id)
        .verified(true)
        .primary(true)
        .await
        .unwrap();
    assert!(changed.is_verified());
    let ada = world.client.users().get(&world.ada.id).await.unwrap();
    assert_eq!(ada.primary_email_address(), Some("ada@example.org"));

    addresses.delete(&old).await.unwrap();
    assert!(addresses.get(&old).await.unwrap_err().is_not_found());
    let last = addresses.delete(&made.id).await.unwrap_err();
    assert_eq!(last.code(), Some("identification_deletion_failed"));
}

#[tokio::test]
async fn a_replacement_is_the_only_one_left() {
    let world = World::new().await;
    let new = world
        .client
        .email_addresses()
        .replace(&world.ada.id, "countess@example.com")
        .await
        .unwrap();
    let ada = world.client.users().get(&world.ada.id).await.unwrap();
    assert_eq!(ada.email_addresses, [new]);
}

#[tokio::test]
async fn phone_numbers_take_the_same_calls() {
    let world = World::new().await;
    let numbers = world.client.phone_numbers();
    let made = numbers
        .create(&world.ada.id, "+15555550100")
        .primary(true)
        .await
        .unwrap();
    assert!(made.is_verified());
    assert_eq!(numbers.get(&made.id).await.unwrap(), made);
    let ada = world.client.users().get(&world.ada.id).await.unwrap();
    assert_eq!(ada.primary_phone_number(), Some("+15555550100"));
    numbers
        .replace(&world.ada.id, "+15555550101")
        .await
        .unwrap();
    assert!(numbers.delete(&made.id).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn what_is_no_address_or_belongs_to_another_is_refused() {
    let world = World::new().await;
    let bob = world
        .client
        .users()
        .create()
        .email_address("bob@example.com")
        .await
        .unwrap();
    let addresses = world.client.email_addresses();
    let taken = addresses
        .create(&bob.id, "ada@example.com")
        .await
        .unwrap_err();
    assert_eq!(taken.code(), Some("form_identifier_exists"));
    let odd = addresses
        .create(&bob.id, "not an address")
        .await
        .unwrap_err();
    assert_eq!(odd.refusals()[0].param(), Some("email_address"));
    assert!("email/../x".parse::<EmailAddressId>().is_err());
}

use jiff::{Timestamp, ToSpan};
use serde_json::json;
use standin::users::Field;

use crate::world::World;

#[tokio::test]
async fn a_user_is_created_with_everything_and_read_back() {
    let world = World::new().await;
    let agreed: Timestamp = "2026-05-12T09:30:00Z".parse().unwrap();
    let made = world
        .client
        .users()
        .create()
        .email_address("grace@example.com")
        .email_address("hopper@example.com")
        .phone_number("+15555550100")
        .username("amazing_grace")
        .first_name("Grace")
        .last_name("Hopper")
        .locale("en-US")
        .external_id("grace-1")
        .password("nanosecond-wire-30cm")
        .public_metadata(json!({ "rank": "rear admiral" }))
        .private_metadata(json!({ "salary": 1 }))
        .unsafe_metadata(json!({ "theme": "dark" }))
        .delete_self_enabled(false)
        .create_organization_enabled(false)
        .legal_accepted_at(agreed)
        .created_at(agreed)
        .await
        .unwrap();
    assert_eq!(world.client.users().get(&made.id).await.unwrap(), made);
    assert_eq!(made.primary_email_address(), Some("grace@example.com"));
    assert_eq!(made.email_addresses.len(), 2);
    assert_eq!(made.primary_phone_number(), Some("+15555550100"));
    assert_eq!(made.full_name().as_deref(), Some("Grace Hopper"));
    assert_eq!(made.username.as_deref(), Some("amazing_grace"));
    assert_eq!(made.locale.as_deref(), Some("en-US"));
    assert_eq!(made.external_id.as_deref(), Some("grace-1"));
    assert_eq!(made.public_metadata["rank"], "rear admiral");
    assert_eq!(made.private_metadata["salary"], 1);
    assert_eq!(made.unsafe_metadata["theme"], "dark");
    assert!(
        made.password_enabled && !made.delete_self_enabled && !made.create_organization_enabled
    );
    assert_eq!(
        (made.legal_accepted_at, made.created_at),
        (Some(agreed), agreed)
    );
}

#[tokio::test]
async fn an_update_changes_what_is_set_and_nothing_else() {
    let world = World::new().await;
    let users = world.client.users();
    let changed = users
        .update(&world.ada.id)
        .last_name("King")
        .username("countess")
        .await
        .unwrap();
    assert_eq!(changed.full_name().as_deref(), Some("Ada King"));
    assert_eq!(changed.username.as_deref(), Some("countess"));
    let cleared = users
        .update(&world.ada.id)
        .clear(Field::LastName)
        .clear(Field::Username);
    let cleared = cleared.await.unwrap();
    assert_eq!((cleared.last_name, cleared.username), (None, None));
    assert_eq!(cleared.first_name.as_deref(), Some("Ada"));

    let second = world
        .client
        .email_addresses()
        .create(&world.ada.id, "ada@example.org");
    let second = second.await.unwrap();
    let changed = users
        .update(&world.ada.id)
        .primary_email_address(&second.id)
        .await
        .unwrap();
    assert_eq!(changed.primary_email_address(), Some("ada@example.org"));
}

#[tokio::test]
async fn metadata_is_merged_or_replaced() {
    let world = World::new().await;
    let users = world.client.users();
    let id = &world.ada.id;
    users
        .merge_metadata(id)
        .public_metadata(json!({ "a": { "b": 1, "c": 2 } }))
        .await
        .unwrap();
    let merged = users
        .merge_metadata(id)
        .public_metadata(json!({ "a": { "b": null, "d": 3 } }));
    let merged = merged.await.unwrap();
    assert_eq!(
        json!(merged.public_metadata),
        json!({ "a": { "c": 2, "d": 3 } })
    );
    let replaced = users
        .replace_metadata(id)
        .public_metadata(json!({ "z": 1 }));
    assert_eq!(
        json!(replaced.await.unwrap().public_metadata),
        json!({ "z": 1 })
    );
    let odd = users
        .merge_metadata(id)
        .public_metadata("no object")
        .await
        .unwrap_err();
    assert_eq!(odd.code(), Some("form_param_type_invalid"));
}

#[tokio::test]
async fn users_are_found_by_what_is_known_of_them() {
    let world = World::new().await;
    let users = world.client.users();
    let bob = users
        .create()
        .username("bobby")
        .external_id("b-1")
        .phone_number("+15555550177");
    let bob = bob.await.unwrap();
    let ids = async |list: standin::users::ListUsers| -> Vec<_> {
        list.await
            .unwrap()
            .into_iter()
            .map(|user| user.id)
            .collect()
    };
    let (ada, only_bob) = ([world.ada.id.clone()], [bob.id.clone()]);
    assert_eq!(
        ids(users.list().email_address("ada@example.com")).await,
        ada
    );
    assert_eq!(ids(users.list().email_address_query("ADA@")).await, ada);
    assert_eq!(ids(users.list().name_query("lovel")).await, ada);
    assert_eq!(ids(users.list().query("lovelace")).await, ada);
    assert_eq!(ids(users.list().username("bobby")).await, only_bob);
    assert_eq!(ids(users.list().username_query("obb")).await, only_bob);
    assert_eq!(ids(users.list().external_id("b-1")).await, only_bob);
    assert_eq!(
        ids(users.list().phone_number("+15555550177")).await,
        only_bob
    );
    assert_eq!(ids(users.list().phone_number_query("0177")).await, only_bob);
    assert_eq!(ids(users.list().user(&bob.id)).await, only_bob);
    assert_eq!(
        ids(users.list().user(&bob.id).user(&world.ada.id))
            .await
            .len(),
        2
    );
    assert_eq!(users.count().await.unwrap(), 2);
    assert_eq!(users.count().query("bob").await.unwrap(), 1);
}

#[tokio::test]
async fn users_are_found_by_when() {
    let world = World::new().await;
    let users = world.client.users();
    let (before, after) = (
        world.ada.created_at - 1.second(),
        world.ada.created_at + 1.second(),
    );
    assert_eq!(
        users
            .count()
            .created_after(before)
            .created_before(after)
            .await
            .unwrap(),
        1
    );
    assert_eq!(users.count().created_after(after).await.unwrap(), 0);
    assert_eq!(users.count().last_sign_in_after(before).await.unwrap(), 0);
    world.client.sessions().create(&world.ada.id).await.unwrap();
    assert_eq!(
        users
            .count()
            .last_sign_in_after(before)
            .last_sign_in_before(after)
            .await
            .unwrap(),
        1
    );
    assert_eq!(users.count().last_active_after(after).await.unwrap(), 0);
    assert_eq!(
        users
            .list()
            .last_active_before(before)
            .await
            .unwrap()
            .data
            .len(),
        0
    );
}

#[tokio::test]
async fn a_user_is_banned_locked_and_deleted() {
    let world = World::new().await;
    let users = world.client.users();
    let id = &world.ada.id;
    let session = world.client.sessions().create(id).await.unwrap();
    assert!(users.ban(id).await.unwrap().banned);
    assert!(
        !world
            .client
            .sessions()
            .get(&session.id)
            .await
            .unwrap()
            .is_active()
    );
    assert_eq!(users.count().banned(true).await.unwrap(), 1);
    assert!(!users.unban(id).await.unwrap().banned);
    let locked = users.lock(id).await.unwrap();
    assert!(locked.locked && locked.lockout_expires_in.is_some());
    assert!(!users.unlock(id).await.unwrap().locked);

    let all = users.ban_all(std::slice::from_ref(id)).await.unwrap();
    assert!(all.iter().all(|user| user.banned) && all.len() == 1);
    let all = users.unban_all(std::slice::from_ref(id)).await.unwrap();
    assert!(all.iter().all(|user| !user.banned) && all.len() == 1);
    users.delete(id).await.unwrap();
    assert!(users.get(id).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_password_is_right_wrong_or_not_there() {
    let world = World::new().await;
    let users = world.client.users();
    let id = &world.ada.id;
    let without = users.verify_password(id, "whatever").await.unwrap_err();
    assert_eq!(without.code(), Some("no_password_set"));
    let session = world.client.sessions().create(id).await.unwrap();
    let change = users
        .update(id)
        .password("analytical-engine-1843")
        .sign_out_of_other_sessions();
    assert!(change.await.unwrap().password_enabled);
    assert!(
        !world
            .client
            .sessions()
            .get(&session.id)
            .await
            .unwrap()
            .is_active()
    );
    assert!(
        users
            .verify_password(id, "analytical-engine-1843")
            .await
            .unwrap()
    );
    assert!(
        !users
            .verify_password(id, "difference-engine")
            .await
            .unwrap()
    );
    assert!(!users.remove_password(id).await.unwrap().password_enabled);

    let weak = users.update(id).password("short").await.unwrap_err();
    assert_eq!(weak.refusals()[0].param(), Some("password"));
    assert!(!format!("{weak} {weak:?}").contains("short\""));
}

use jiff::{Timestamp, ToSpan};
use serde_json::json;
use standin::organizations::{
    ListMemberships, ListOrganizations, MemberOrder, Organization, OrganizationOrder,
};
use standin::users::User;

use crate::world::World;

async fn bob(world: &World) -> User {
    let bob = world
        .client
        .users()
        .create()
        .email_address("bob@example.com");
    bob.first_name("Bob").await.unwrap()
}

async fn acme(world: &World) -> Organization {
    let acme = world.client.organizations().create("Acme");
    acme.created_by(&world.ada.id).await.unwrap()
}

#[tokio::test]
async fn an_organization_is_made_with_all_that_it_can_be_made_with_and_read_back() {
    let world = World::new().await;
    let organizations = world.client.organizations();
    let founded: Timestamp = "1949-01-02T03:04:05Z".parse().unwrap();
    let made = organizations
        .create("Acme")
        .slug("acme-corporation")
        .created_by(&world.ada.id)
        .max_members(7)
        .public_metadata(json!({ "plan": "pro" }))
        .private_metadata(json!({ "debts": 3 }))
        .created_at(founded)
        .await
        .unwrap();
    assert_eq!(organizations.get(&made.id).await.unwrap(), made);
    assert_eq!(
        (made.name.as_str(), made.slug.as_deref()),
        ("Acme", Some("acme-corporation"))
    );
    assert_eq!((made.members_count, made.max_members), (Some(1), 7));
    assert_eq!(made.pending_invitations_count, Some(0));
    assert_eq!(made.created_by.as_ref(), Some(&world.ada.id));
    assert_eq!(made.public_metadata["plan"], "pro");
    assert_eq!(made.private_metadata["debts"], 3);
    assert_eq!(made.created_at, founded);

    let taken = organizations.create("Other").slug("acme-corporation");
    let taken = taken.await.unwrap_err();
    assert_eq!(taken.refusals()[0].param(), Some("slug"));
}

#[tokio::test]
async fn an_organization_is_changed_and_deleted() {
    let world = World::new().await;
    let organizations = world.client.organizations();
    let acme = acme(&world).await;
    let changed = organizations
        .update(&acme.id)
        .name("Acme Corporation")
        .slug("corporation")
        .max_members(9)
        .admins_may_delete(false)
        .created_at(acme.created_at - 1.hour())
        .await
        .unwrap();
    assert_eq!(changed.name, "Acme Corporation");
    assert_eq!(changed.slug.as_deref(), Some("corporation"));
    assert!(changed.max_members == 9 && !changed.admins_may_delete);
    assert_eq!(changed.created_at, acme.created_at - 1.hour());
    assert_eq!(changed.created_by, acme.created_by);

    let merge = organizations.merge_metadata(&acme.id);
    let merge = merge.public_metadata(json!({ "a": 1 }));
    merge.private_metadata(json!({ "b": 2 })).await.unwrap();
    let merge = organizations.merge_metadata(&acme.id);
    let merged = merge.public_metadata(json!({ "c": 3 })).await.unwrap();
    assert_eq!(json!(merged.public_metadata), json!({ "a": 1, "c": 3 }));
    assert_eq!(json!(merged.private_metadata), json!({ "b": 2 }));
    let replace = organizations.replace_metadata(&acme.id);
    let replaced = replace.public_metadata(json!({ "d": 4 })).await.unwrap();
    assert_eq!(json!(replaced.public_metadata), json!({ "d": 4 }));

    organizations.delete(&acme.id).await.unwrap();
    let gone = organizations.get(&acme.id).await.unwrap_err();
    assert!(gone.is_not_found());
    let gone = organizations.delete(&acme.id).await.unwrap_err();
    assert!(gone.is_not_found());
}

#[tokio::test]
async fn organizations_are_found_ordered_and_streamed() {
    let world = World::new().await;
    let organizations = world.client.organizations();
    let bob = bob(&world).await;
    let mut made = Vec::new();
    for name in ["Cadmium", "Argon", "Boron"] {
        world.advance(1);
        made.push(organizations.create(name).await.unwrap().id);
    }
    let members = organizations.memberships(&made[1]);
    members.create(&bob.id, "org:member").await.unwrap();

    let names = async |list: ListOrganizations| -> Vec<_> {
        let page = list.await.unwrap();
        page.into_iter().map(|one| one.name).collect()
    };
    let list = || organizations.list();
    assert_eq!(names(list()).await, ["Boron", "Argon", "Cadmium"]);
    let by_name = list().order_by(OrganizationOrder::Name);
    assert_eq!(names(by_name).await, ["Argon", "Boron", "Cadmium"]);
    let fullest = list().order_by_descending(OrganizationOrder::MembersCount);
    assert_eq!(names(fullest.limit(1)).await, ["Argon"]);
    assert_eq!(names(list().user(&bob.id)).await, ["Argon"]);
    assert_eq!(names(list().query("BOR")).await, ["Boron"]);
    let two = list().organization(&made[0]).organization(&made[2]);
    assert_eq!(names(two.offset(1)).await, ["Cadmium"]);

    let page = list().limit(2).await.unwrap();
    assert_eq!((page.data.len(), page.total_count), (2, Some(3)));
    assert_eq!(page.data[1].members_count, Some(1));
    let all = list().limit(2).stream();
    assert_eq!(all.try_collect().await.unwrap().len(), 3);
}

#[tokio::test]
async fn members_come_change_their_role_and_go() {
    let world = World::new().await;
    let acme = acme(&world).await;
    let bob = bob(&world).await;
    let members = world.client.organizations().memberships(&acme.id);
    let joined = members
        .create(&bob.id, "org:member")
        .public_metadata(json!({ "desk": 4 }))
        .private_metadata(json!({ "wage": 5 }))
        .await
        .unwrap();
    assert_eq!(
        (joined.role.as_str(), joined.role_name.as_deref()),
        ("org:member", Some("Member"))
    );
    assert_eq!(joined.organization.id, acme.id);
    assert_eq!(joined.organization.members_count, Some(2));
    assert_eq!(joined.public_metadata["desk"], 4);
    assert_eq!(joined.private_metadata["wage"], 5);
    let user = joined.user.clone().unwrap();
    assert_eq!(user.id, bob.id);
    assert_eq!(user.identifier.as_deref(), Some("bob@example.com"));
    assert_eq!(user.first_name.as_deref(), Some("Bob"));
    assert!(!user.banned);

    let manage = "org:sys_memberships:manage".to_owned();
    assert!(!joined.permissions.contains(&manage));
    let promoted = members.update(&bob.id, "org:admin").await.unwrap();
    assert_eq!(
        (&promoted.id, promoted.role.as_str()),
        (&joined.id, "org:admin")
    );
    assert!(promoted.permissions.contains(&manage));
    let merge = members.merge_metadata(&bob.id);
    let merged = merge.public_metadata(json!({ "floor": 2 })).await.unwrap();
    assert_eq!(
        json!(merged.public_metadata),
        json!({ "desk": 4, "floor": 2 })
    );

    assert_eq!(members.delete(&bob.id).await.unwrap().id, joined.id);
    assert!(members.delete(&bob.id).await.unwrap_err().is_not_found());
    assert_eq!(members.list().await.unwrap().total_count, Some(1));
}

#[tokio::test]
async fn nobody_is_a_member_twice_in_an_unknown_role_or_beyond_the_limit() {
    let world = World::new().await;
    let acme = acme(&world).await;
    let bob = bob(&world).await;
    let members = world.client.organizations().memberships(&acme.id);
    members.create(&bob.id, "org:member").await.unwrap();
    let again = members.create(&bob.id, "org:member").await.unwrap_err();
    assert_eq!(again.code(), Some("already_a_member_in_organization"));
    let full = world.client.organizations().update(&acme.id).max_members(2);
    full.await.unwrap();
    let carol = world.client.users().create().username("carol");
    let carol = carol.await.unwrap();
    let refused = members.create(&carol.id, "org:member").await.unwrap_err();
    assert_eq!(
        refused.code(),
        Some("organization_membership_quota_exceeded")
    );
    let unknown = members.update(&bob.id, "org:king").await.unwrap_err();
    assert!(unknown.is_not_found(), "{unknown}");
}

#[tokio::test]
async fn members_are_found_ordered_and_streamed() {
    let world = World::new().await;
    let acme = acme(&world).await;
    let bob = bob(&world).await;
    world.advance(1);
    let members = world.client.organizations().memberships(&acme.id);
    members.create(&bob.id, "org:member").await.unwrap();
    let ada = &world.ada.id;

    let ids = async |list: ListMemberships| -> Vec<_> {
        let page = list.await.unwrap();
        page.into_iter().map(|one| one.user.unwrap().id).collect()
    };
    let (only_ada, only_bob) = ([ada.clone()], [bob.id.clone()]);
    assert_eq!(ids(members.list().role("org:admin")).await, only_ada);
    assert_eq!(ids(members.list().user(&bob.id)).await, only_bob);
    assert_eq!(
        ids(members.list().email_address("bob@example.com")).await,
        only_bob
    );
    assert_eq!(ids(members.list().query("lovelace")).await, only_ada);
    let by_name = members.list().order_by(MemberOrder::FirstName);
    assert_eq!(ids(by_name.limit(1)).await, only_ada);
    let latest = members.list().order_by_descending(MemberOrder::CreatedAt);
    assert_eq!(ids(latest.limit(1)).await, only_bob);
    assert_eq!(ids(members.list().offset(1)).await, only_ada);
    let all = members
        .list()
        .limit(1)
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(all.len(), 2);
}

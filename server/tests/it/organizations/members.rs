//! Who is in an organization, as applications' servers see and change it.

use serde_json::json;

use super::{ada, text, trail};
use crate::world::World;

#[tokio::test]
async fn members_come_change_their_roles_and_go_and_the_last_administrator_stays() {
    let world = World::new().await;
    let backend = &world.backend;
    let (ada, bob) = (ada(&world).await, backend.user("bob@example.com").await);
    let id = backend.organization("Acme", &ada).await;
    let made = backend.member(&id, &bob, "org:member").await.ok().json;
    assert!(text(&made["id"]).starts_with("orgmem_"));
    assert_eq!(made["role"], "org:member");
    assert_eq!(made["role_name"], "Member");
    assert_eq!(made["permissions"], json!(["org:sys_memberships:read"]));
    assert_eq!(made["organization"]["members_count"], 2);
    assert_eq!(made["public_user_data"]["identifier"], "bob@example.com");

    let all = format!("/v1/organizations/{id}/memberships");
    for (user, role, refusal) in [
        (
            bob.as_str(),
            "org:member",
            "400 already_a_member_in_organization",
        ),
        ("user_nobody", "org:member", "404 resource_not_found"),
        (ada.as_str(), "org:nothing", "404 resource_not_found"),
    ] {
        assert_eq!(
            backend.member(&id, user, role).await.refusal(),
            refusal,
            "{user} {role}"
        );
    }
    assert_eq!(
        backend.member("org_x", &bob, "org:member").await.refusal(),
        "404 resource_not_found"
    );

    let (of_ada, of_bob) = (format!("{all}/{ada}"), format!("{all}/{bob}"));
    let last = backend
        .patch(&of_ada, json!({ "role": "org:member" }))
        .await;
    assert_eq!(
        last.refusal(),
        "400 organization_minimum_permissions_needed"
    );
    assert_eq!(
        backend.delete(&of_ada).await.code(),
        "organization_minimum_permissions_needed"
    );
    let raised = backend
        .patch(&of_bob, json!({ "role": "org:admin" }))
        .await
        .ok()
        .json;
    assert_eq!(raised["role"], "org:admin");
    backend
        .patch(&of_ada, json!({ "role": "org:member" }))
        .await
        .ok();
    let merged = json!({ "public_metadata": { "team": "a" }, "private_metadata": { "x": 1 } });
    let merged = backend
        .patch(&format!("{of_ada}/metadata"), merged)
        .await
        .ok()
        .json;
    assert_eq!(merged["public_metadata"], json!({ "team": "a" }));
    assert_eq!(merged["private_metadata"], json!({ "x": 1 }));
    let gone = backend.delete(&of_ada).await.ok().json;
    assert_eq!(gone["public_user_data"]["user_id"], ada);
    assert_eq!(
        backend.delete(&of_ada).await.refusal(),
        "404 resource_not_found"
    );
    let left = backend
        .get(&format!(
            "/v1/organizations/{id}?include_members_count=true"
        ))
        .await;
    assert_eq!(left.ok().json["members_count"], 1);
    let trail = trail(&world).await;
    for line in [
        "organization_membership.create ok",
        "organization_membership.create already_a_member_in_organization",
        "organization_membership.update organization_minimum_permissions_needed",
        "organization_membership.update ok",
        "organization_membership.delete ok",
    ] {
        assert!(trail.iter().any(|one| one == line), "{line}");
    }
}

#[tokio::test]
async fn memberships_are_listed_by_every_filter_and_in_every_order() {
    let world = World::new().await;
    let backend = &world.backend;
    let ada = ada(&world).await;
    let id = backend.organization("Acme", &ada).await;
    let mut users = vec![ada.clone()];
    for (name, phone) in [("Zoe", "+15555550101"), ("Bob", "+15555550102")] {
        world.advance(1);
        let body = json!({
            "first_name": name, "last_name": "Smith", "username": format!("{}_s", name.to_lowercase()),
            "email_address": [format!("{name}@example.com")], "phone_number": [phone],
        });
        users.push(text(&backend.post("/v1/users", body).await.ok().json["id"]));
        backend
            .member(&id, users.last().unwrap(), "org:member")
            .await
            .ok();
    }
    let all = format!("/v1/organizations/{id}/memberships");
    let list = async |query: &str| {
        let answer = backend.get(&format!("{all}?{query}")).await.ok();
        let all = answer.json["data"].as_array().unwrap();
        assert_eq!(answer.json["total_count"], all.len());
        all.iter()
            .map(|one| text(&one["public_user_data"]["first_name"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(list("").await, ["Bob", "Zoe", "Ada"]);
    assert_eq!(list("order_by=created_at").await, ["Ada", "Zoe", "Bob"]);
    for order in ["first_name", "email_address", "username"] {
        assert_eq!(
            list(&format!("order_by=-{order}")).await[0],
            "Zoe",
            "{order}"
        );
    }
    assert_eq!(list("order_by=phone_number").await, ["Zoe", "Bob", "Ada"]);
    assert_eq!(list("order_by=-last_name").await.len(), 3);
    assert_eq!(list("role=org:admin").await, ["Ada"]);
    assert_eq!(list(&format!("user_id={}", users[1])).await, ["Zoe"]);
    assert_eq!(list("email_address=bob@example.com").await, ["Bob"]);
    assert_eq!(list("phone_number=%2B15555550101").await, ["Zoe"]);
    assert_eq!(list("username=bob_s").await, ["Bob"]);
    assert_eq!(list("query=smi").await, ["Bob", "Zoe"]);
    assert_eq!(
        list("name_query=zoe%20s&email_address_query=zoe").await,
        ["Zoe"]
    );
    assert_eq!(list("web3_wallet=0x1").await, Vec::<String>::new());
    assert_eq!(
        list("created_at_after=99999999999999").await,
        Vec::<String>::new()
    );
    let page = backend
        .get(&format!("{all}?limit=1&offset=1"))
        .await
        .ok()
        .json;
    assert_eq!(page["total_count"], 3);
    assert_eq!(
        backend
            .get("/v1/organizations/org_x/memberships")
            .await
            .refusal(),
        "404 resource_not_found"
    );
    let other = backend.organization("Other", &users[1]).await;
    let everywhere = backend.get("/v1/organization_memberships").await.ok().json;
    assert_eq!(everywhere["total_count"], 4);
    let of_zoe = backend
        .get(&format!("/v1/users/{}/organization_memberships", users[1]))
        .await
        .ok()
        .json;
    assert_eq!(of_zoe["total_count"], 2);
    assert_eq!(of_zoe["data"][0]["organization"]["id"], other.as_str());
    let nobody = backend
        .get("/v1/users/user_x/organization_memberships")
        .await;
    assert_eq!(nobody.refusal(), "404 resource_not_found");
}

#[tokio::test]
async fn an_organization_takes_as_many_members_as_it_may_open_invitations_included() {
    let world = World::new().await;
    let backend = &world.backend;
    let id = backend.organization("Acme", &ada(&world).await).await;
    let path = format!("/v1/organizations/{id}");
    backend
        .patch(&path, json!({ "max_allowed_memberships": 3 }))
        .await
        .ok();
    let invite = async |address: &str| {
        let body = json!({ "email_address": address, "role": "org:member" });
        backend.post(&format!("{path}/invitations"), body).await
    };
    let open = invite("a@example.com").await.ok().json;
    backend
        .member(&id, &backend.user("b@example.com").await, "org:member")
        .await
        .ok();
    let third = backend.user("c@example.com").await;
    let full = backend.member(&id, &third, "org:member").await;
    assert_eq!(full.refusal(), "403 organization_membership_quota_exceeded");
    assert_eq!(
        invite("d@example.com").await.code(),
        "organization_membership_quota_exceeded"
    );
    let revoke = format!("{path}/invitations/{}/revoke", text(&open["id"]));
    backend.post(&revoke, json!({})).await.ok();
    backend.member(&id, &third, "org:member").await.ok();
}

#[tokio::test]
async fn of_many_that_come_for_the_last_place_one_gets_it() {
    let world = World::new().await;
    let backend = &world.backend;
    let id = backend.organization("Acme", &ada(&world).await).await;
    let path = format!("/v1/organizations/{id}");
    backend
        .patch(&path, json!({ "max_allowed_memberships": 2 }))
        .await
        .ok();
    let mut coming = Vec::new();
    for number in 0..16 {
        let user = backend.user(&format!("u{number}@example.com")).await;
        let (backend, id) = (backend.clone(), id.clone());
        coming.push(tokio::spawn(async move {
            backend
                .member(&id, &user, "org:member")
                .await
                .status
                .as_u16()
        }));
    }
    let mut told = Vec::new();
    for one in coming {
        told.push(one.await.unwrap());
    }
    assert_eq!(
        told.iter().filter(|status| **status == 200).count(),
        1,
        "{told:?}"
    );
    assert_eq!(
        told.iter().filter(|status| **status == 403).count(),
        15,
        "{told:?}"
    );
    let shown = backend
        .get(&format!("{path}?include_members_count=true"))
        .await
        .ok()
        .json;
    assert_eq!(shown["members_count"], 2);
    assert_eq!(world.count("organization_memberships").await, 2);
}

#[tokio::test]
async fn a_deleted_user_leaves_every_organization_with_a_record_for_each() {
    let world = World::new().await;
    let backend = &world.backend;
    let (ada, bob) = (ada(&world).await, backend.user("bob@example.com").await);
    for name in ["A", "B"] {
        let id = backend.organization(name, &ada).await;
        backend.member(&id, &bob, "org:member").await.ok();
    }
    backend.delete(&format!("/v1/users/{bob}")).await.ok();
    let all = backend
        .get("/v1/organizations?include_members_count=true")
        .await
        .ok()
        .json;
    assert!(
        all["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["members_count"] == 1)
    );
    assert_eq!(world.count("organization_memberships").await, 2);
    let trail = trail(&world).await;
    let left = trail
        .iter()
        .filter(|line| *line == "organization_membership.delete ok")
        .count();
    assert_eq!(left, 2);
}

//! Roles and permissions.

use serde_json::json;

use super::{ada, names, text, trail};
use crate::world::World;

#[tokio::test]
async fn roles_and_permissions_are_made_changed_and_removed_and_those_in_use_stay() {
    let world = World::new().await;
    let backend = &world.backend;
    let ada = ada(&world).await;
    let (roles, permissions) = ("/v1/organization_roles", "/v1/organization_permissions");
    let known = backend.get(&format!("{roles}?order_by=key")).await.ok();
    assert_eq!(names(&known, "key"), ["org:admin", "org:member"]);
    assert_eq!(known.json["data"][0]["is_creator_eligible"], true);
    assert_eq!(known.json["data"][0]["permissions"][0]["type"], "system");
    let known = backend
        .get(&format!("{permissions}?query=sys_profile&order_by=key"))
        .await
        .ok();
    assert_eq!(
        names(&known, "key"),
        ["org:sys_profile:delete", "org:sys_profile:manage"]
    );
    let system = format!("{permissions}/{}", text(&known.json["data"][0]["id"]));
    let read = backend.permission("org:invoices:read").await;
    let body = json!({ "name": "Billing", "key": "org:billing", "permissions": [read], "description": "pays" });
    let role = backend.post(roles, body.clone()).await.ok().json;
    assert!(text(&role["id"]).starts_with("role_"));
    assert_eq!(role["permissions"][0]["key"], "org:invoices:read");
    let one = format!("{roles}/{}", text(&role["id"]));
    for (body, refusal) in [
        (body, "422 form_identifier_exists"),
        (json!({ "name": "x" }), "422 form_param_missing"),
        (json!({ "key": "org:x" }), "422 form_param_missing"),
        (
            json!({ "name": "x", "key": "billing" }),
            "422 form_param_format_invalid",
        ),
        (
            json!({ "name": "x", "key": "org:B" }),
            "422 form_param_format_invalid",
        ),
        (
            json!({ "name": "x", "key": "org:x", "permissions": ["perm_x"] }),
            "404 resource_not_found",
        ),
        (
            json!({ "name": "x", "key": "org:x", "include_in_initial_role_set": true }),
            "422 form_param_value_invalid",
        ),
    ] {
        assert_eq!(
            backend.post(roles, body.clone()).await.refusal(),
            refusal,
            "{body}"
        );
    }
    for (key, refusal) in [
        ("org:invoices:read", "422 form_identifier_exists"),
        (
            "org:sys_x:y",
            "403 organization_system_permission_not_modifiable",
        ),
        ("org:invoices", "422 form_param_format_invalid"),
        ("org:in-voices:read", "422 form_param_format_invalid"),
        ("invoices:read:x", "422 form_param_format_invalid"),
    ] {
        let refused = backend
            .post(permissions, json!({ "name": "x", "key": key }))
            .await;
        assert_eq!(refused.refusal(), refusal, "{key}");
    }
    let write = backend.permission("org:invoices:write").await;
    let held = format!("{one}/permissions/{write}");
    backend.post(&held, json!({})).await.ok();
    assert_eq!(
        backend.post(&held, json!({})).await.refusal(),
        "409 organization_role_permission_association_exists"
    );
    let renamed = backend
        .patch(
            &format!("{permissions}/{write}"),
            json!({ "key": "org:invoices:change" }),
        )
        .await;
    assert_eq!(renamed.ok().json["key"], "org:invoices:change");
    let shown = backend.get(&one).await.ok().json;
    assert_eq!(
        shown["permissions"][0]["key"], "org:invoices:change",
        "under its new key"
    );
    backend.delete(&held).await.ok();
    assert_eq!(
        backend.delete(&held).await.refusal(),
        "404 organization_role_permission_association_not_found"
    );
    let changed = backend
        .patch(
            &one,
            json!({ "name": "Pays", "key": "org:payer", "permissions": [] }),
        )
        .await
        .ok()
        .json;
    assert_eq!(
        (&changed["key"], &changed["permissions"]),
        (&json!("org:payer"), &json!([]))
    );
    assert_eq!(
        backend.patch(&system, json!({ "name": "x" })).await.status,
        403
    );
    assert_eq!(
        backend.delete(&system).await.refusal(),
        "403 organization_system_permission_not_modifiable"
    );

    let id = backend.organization("Acme", &ada).await;
    let bob = backend.user("bob@example.com").await;
    backend.member(&id, &bob, "org:payer").await.ok();
    assert_eq!(
        backend.delete(&one).await.refusal(),
        "422 organization_role_assigned_members"
    );
    let member = format!("/v1/organizations/{id}/memberships/{bob}");
    backend
        .patch(&member, json!({ "role": "org:member" }))
        .await
        .ok();
    let invited = json!({ "email_address": "x@example.com", "role": "org:payer" });
    let invited = backend
        .post(&format!("/v1/organizations/{id}/invitations"), invited)
        .await
        .ok()
        .json;
    assert_eq!(
        backend.delete(&one).await.refusal(),
        "422 organization_role_exists_in_invitations"
    );
    let revoke = format!(
        "/v1/organizations/{id}/invitations/{}/revoke",
        text(&invited["id"])
    );
    backend.post(&revoke, json!({})).await.ok();
    assert_eq!(backend.delete(&one).await.ok().json["deleted"], true);
    let admin = backend
        .get(&format!("{roles}?query=org:admin"))
        .await
        .ok()
        .json["data"][0]["id"]
        .clone();
    let admin = format!("{roles}/{}", text(&admin));
    assert_eq!(
        backend.delete(&admin).await.refusal(),
        "422 organization_role_default_creator_role"
    );
    let weaker = backend.patch(&admin, json!({ "permissions": [] })).await;
    assert_eq!(
        weaker.refusal(),
        "422 organization_missing_creator_role_permissions"
    );
    backend.delete(&format!("{permissions}/{read}")).await.ok();
    assert_eq!(
        backend.get(&format!("{permissions}/{read}")).await.status,
        404
    );
    let trail = trail(&world).await;
    for action in [
        "role.create",
        "role.update",
        "role.delete",
        "permission.create",
        "permission.update",
        "permission.delete",
    ] {
        assert!(trail.contains(&format!("{action} ok")), "{action}");
    }
}

#[tokio::test]
async fn a_role_whose_permissions_do_not_fit_into_a_token_is_refused() {
    let world = World::new().await;
    let backend = &world.backend;
    let mut ids = Vec::new();
    for number in 0..40 {
        let key = format!("org:a_feature_with_a_long_name_{number}:an_action_{number}");
        ids.push(backend.permission(&key).await);
    }
    let role = json!({ "name": "Big", "key": "org:big", "permissions": ids });
    let refused = backend.post("/v1/organization_roles", role).await;
    assert_eq!(refused.refusal(), "422 form_param_value_invalid");
    assert_eq!(refused.param(), "permissions");
    assert_eq!(world.count("roles").await, 2);
}

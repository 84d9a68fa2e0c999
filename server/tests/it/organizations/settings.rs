//! What holds for all organizations, and domains.

use serde_json::{Value, json};

use super::{ada, names, text, trail};
use crate::world::World;

#[tokio::test]
async fn settings_are_kept_and_hold_for_what_is_made_after() {
    let mut world = World::new().await;
    let settings = world
        .backend
        .get("/v1/instance/organization_settings")
        .await
        .ok()
        .json;
    assert_eq!(settings["object"], "organization_settings");
    assert_eq!(
        (&settings["enabled"], &settings["creator_role"]),
        (&json!(true), &json!("org:admin"))
    );
    let user = ada(&world).await;
    let change = json!({ "max_allowed_memberships": 1, "admin_delete_enabled": false, "domains_enabled": true });
    world.backend.organization_settings(change).await.ok();
    world.restart().await;
    let kept = world
        .backend
        .get("/v1/instance/organization_settings")
        .await
        .ok()
        .json;
    assert_eq!(kept["max_allowed_memberships"], 1);
    let id = world.backend.organization("Acme", &user).await;
    let made = world
        .backend
        .get(&format!("/v1/organizations/{id}"))
        .await
        .ok()
        .json;
    assert_eq!(
        (
            &made["max_allowed_memberships"],
            &made["admin_delete_enabled"]
        ),
        (&json!(1), &json!(false))
    );
    for (body, refusal) in [
        (
            json!({ "creator_role_id": "role_x" }),
            "404 resource_not_found",
        ),
        (
            json!({ "enabled": false, "force_organization_selection": true }),
            "422 force_organization_selection_not_allowed_when_organizations_disabled",
        ),
        (
            json!({ "domains_enrollment_modes": ["automatic_invitation"] }),
            "403 organization_domain_enrollment_mode_not_enabled",
        ),
        (
            json!({ "max_allowed_memberships": -1 }),
            "422 form_param_value_invalid",
        ),
        (json!({ "enabeld": true }), "422 form_param_unknown"),
    ] {
        let refused = world.backend.organization_settings(body.clone()).await;
        assert_eq!(refused.refusal(), refusal, "{body}");
    }
    let member = world
        .backend
        .get("/v1/organization_roles?query=org:member")
        .await
        .ok()
        .json;
    let member = json!({ "creator_role_id": member["data"][0]["id"] });
    let refused = world.backend.organization_settings(member).await;
    assert_eq!(
        refused.refusal(),
        "422 organization_missing_creator_role_permissions"
    );
    world
        .backend
        .organization_settings(json!({ "enabled": false }))
        .await
        .ok();
    let refused = world
        .backend
        .post("/v1/organizations", json!({ "name": "x" }))
        .await;
    assert_eq!(
        refused.refusal(),
        "403 organization_not_enabled_in_instance"
    );
    assert!(
        trail(&world)
            .await
            .contains(&"organization_settings.update ok".to_owned())
    );
}

#[tokio::test]
async fn a_verified_domain_belongs_to_one_organization() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    let (first, second) = (
        backend.organization("A", &user).await,
        backend.organization("B", &user).await,
    );
    let add = async |id: &str, body: Value| {
        backend
            .post(&format!("/v1/organizations/{id}/domains"), body)
            .await
    };
    let named = json!({ "name": "Acme.example" });
    assert_eq!(
        add(&first, named.clone()).await.refusal(),
        "403 organization_domains_not_enabled"
    );
    backend
        .organization_settings(json!({ "domains_enabled": true }))
        .await
        .ok();
    let made = add(&first, named.clone()).await.ok().json;
    assert_eq!(
        (&made["name"], &made["verification"]["status"]),
        (&json!("acme.example"), &json!("verified"))
    );
    assert_eq!(
        add(&first, named.clone()).await.code(),
        "organization_domain_already_exists_same_organization"
    );
    assert_eq!(
        add(&second, named.clone()).await.refusal(),
        "422 organization_domain_already_exists"
    );
    let unproven = json!({ "name": "acme.example", "verified": false });
    let unproven = add(&second, unproven).await.ok().json;
    assert_eq!(unproven["verification"], Value::Null);
    for (body, refusal) in [
        (json!({ "name": "acme" }), "422 form_param_format_invalid"),
        (json!({}), "422 form_param_missing"),
        (
            json!({ "name": "x.example", "enrollment_mode": "automatic_suggestion" }),
            "403 organization_domain_enrollment_mode_not_enabled",
        ),
        (
            json!({ "name": "x.example", "enrollment_mode": "x" }),
            "422 form_param_value_invalid",
        ),
    ] {
        assert_eq!(add(&first, body.clone()).await.refusal(), refusal, "{body}");
    }
    let of = |id: &str, domain: &Value| {
        format!("/v1/organizations/{id}/domains/{}", text(&domain["id"]))
    };
    let verify = format!("{}/verify_ownership", of(&second, &unproven));
    assert_eq!(
        backend.post(&verify, json!({})).await.code(),
        "organization_domain_already_exists"
    );
    let taken_back = backend
        .patch(&of(&first, &made), json!({ "verified": false }))
        .await
        .ok()
        .json;
    assert_eq!(taken_back["verification"], Value::Null);
    backend.post(&verify, json!({})).await.ok();
    let list = async |path: &str| names(&backend.get(path).await.ok(), "organization_id");
    assert_eq!(
        list("/v1/organization_domains?verified=true").await,
        std::slice::from_ref(&second)
    );
    assert_eq!(list("/v1/organization_domains?query=ACME").await.len(), 2);
    assert_eq!(
        list("/v1/organization_domains?enrollment_mode=-manual_invitation")
            .await
            .len(),
        0
    );
    assert_eq!(
        list(&format!("/v1/organizations/{first}/domains?verified=false")).await,
        std::slice::from_ref(&first)
    );
    assert_eq!(
        backend.delete(&of(&first, &made)).await.ok().json["deleted"],
        true
    );
    assert_eq!(
        backend.delete(&of(&first, &made)).await.refusal(),
        "404 resource_not_found"
    );
    let trail = trail(&world).await;
    for action in ["create", "update", "delete"] {
        assert!(
            trail.contains(&format!("organization_domain.{action} ok")),
            "{action}"
        );
    }
}

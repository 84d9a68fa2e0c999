//! Invitations, as applications' servers make them.

use serde_json::{Value, json};

use super::{ada, names, text};
use crate::world::World;

#[tokio::test]
async fn invitations_are_made_one_by_one_and_many_at_once_listed_and_revoked() {
    let world = World::new().await;
    let backend = &world.backend;
    let ada = ada(&world).await;
    let id = backend.organization("Acme", &ada).await;
    let all = format!("/v1/organizations/{id}/invitations");
    let body = json!({
        "email_address": "New@Example.com", "role": "org:member", "inviter_user_id": ada, "expires_in_days": 1,
        "public_metadata": { "team": "x" }, "redirect_url": "http://localhost:3000/welcome",
    });
    let made = backend.post(&all, body.clone()).await.ok().json;
    assert!(text(&made["id"]).starts_with("orginv_"));
    assert_eq!(made["email_address"], "new@example.com");
    assert_eq!(made["status"], "pending");
    assert_eq!(made["role_name"], "Member");
    assert_eq!(made["public_inviter_data"]["user_id"], ada);
    assert!(text(&made["url"]).contains("/v1/tickets/accept?ticket="));
    let shown = backend
        .get(&format!("{all}/{}", text(&made["id"])))
        .await
        .ok()
        .json;
    assert_eq!(shown["url"], Value::Null, "the link is shown once");
    let bob = backend.user("bob@example.com").await;
    for (change, refusal) in [
        (json!({}), "400 organization_invitation_not_unique"),
        (
            json!({ "email_address": "ada@example.com" }),
            "400 already_a_member_in_organization",
        ),
        (
            json!({ "email_address": "x" }),
            "422 form_param_format_invalid",
        ),
        (
            json!({ "email_address": "x@example.com", "role": "org:x" }),
            "404 resource_not_found",
        ),
        (
            json!({ "email_address": "x@example.com", "expires_in_days": 0 }),
            "422 form_param_value_invalid",
        ),
        (
            json!({ "email_address": "x@example.com", "notify": "x" }),
            "422 form_param_type_invalid",
        ),
        (
            json!({ "email_address": "x@example.com", "redirect_url": "https://evil.example" }),
            "422 redirect_url_domain_mismatch",
        ),
        (
            json!({ "email_address": "x@example.com", "inviter_user_id": bob }),
            "403 not_a_member_in_organization",
        ),
    ] {
        let mut body = body.clone();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        assert_eq!(
            backend.post(&all, body).await.refusal(),
            refusal,
            "{change}"
        );
    }
    backend.member(&id, &bob, "org:member").await.ok();
    let by_bob =
        json!({ "email_address": "x@example.com", "role": "org:member", "inviter_user_id": bob });
    assert_eq!(
        backend.post(&all, by_bob).await.refusal(),
        "403 missing_organization_permission"
    );
    assert_eq!(world.count("organization_invitations").await, 1);

    let bulk = format!("{all}/bulk");
    let two = json!([
        { "email_address": "b1@example.com", "role": "org:member" },
        { "email_address": "b2@example.com", "role": "org:admin" },
    ]);
    let many = backend.post(&bulk, two).await.ok().json;
    assert_eq!(many["total_count"], 2);
    let one_is_wrong = json!([
        { "email_address": "b3@example.com", "role": "org:member" },
        { "email_address": "b1@example.com", "role": "org:member" },
    ]);
    assert_eq!(
        backend.post(&bulk, one_is_wrong).await.code(),
        "organization_invitation_not_unique"
    );
    for (body, refusal) in [
        (json!([]), "422 form_param_array_size_exceeded"),
        (json!({ "a": 1 }), "400 request_body_invalid"),
        (json!([1]), "400 request_body_invalid"),
        (
            json!([{ "email_address": "x@example.com", "role": "org:member", "unknown": 1 }]),
            "422 form_param_unknown",
        ),
    ] {
        assert_eq!(
            backend.post(&bulk, body.clone()).await.refusal(),
            refusal,
            "{body}"
        );
    }
    assert_eq!(
        world.count("organization_invitations").await,
        3,
        "all of them or none"
    );

    let revoke = format!("{all}/{}/revoke", text(&many["data"][0]["id"]));
    let by_bob = backend
        .post(&revoke, json!({ "requesting_user_id": bob }))
        .await;
    assert_eq!(by_bob.refusal(), "403 missing_organization_permission");
    let revoked = backend
        .post(&revoke, json!({ "requesting_user_id": ada }))
        .await
        .ok()
        .json;
    assert_eq!(revoked["status"], "revoked");
    assert_eq!(
        backend.post(&revoke, json!({})).await.refusal(),
        "404 organization_invitation_not_pending"
    );
    world.advance(2 * 86_400);
    let list = async |path: &str| names(&backend.get(path).await.ok(), "email_address");
    assert_eq!(
        list(&format!("{all}?status=pending")).await,
        ["b2@example.com"]
    );
    assert_eq!(list(&format!("{all}/pending")).await, ["b2@example.com"]);
    assert_eq!(
        list(&format!("{all}?status=expired")).await,
        ["new@example.com"]
    );
    assert_eq!(
        list(&format!("{all}?status=revoked")).await,
        ["b1@example.com"]
    );
    assert_eq!(
        list(&format!("{all}?status=revoked&status=expired"))
            .await
            .len(),
        2
    );
    assert_eq!(
        list(&format!("{all}?email_address=b2@example.com"))
            .await
            .len(),
        1
    );
    assert_eq!(
        list(&format!("{all}?order_by=email_address")).await[0],
        "b1@example.com"
    );
    let everywhere = backend
        .get("/v1/organization_invitations?query=b2")
        .await
        .ok();
    assert_eq!(
        everywhere.json["data"][0]["public_organization_data"]["id"],
        id
    );
    assert_eq!(backend.get(&format!("{all}?status=lost")).await.status, 422);
    assert_eq!(
        backend
            .get("/v1/organizations/org_x/invitations")
            .await
            .status,
        404
    );
    let invited = backend.user("b2@example.com").await;
    let of_user = backend
        .get(&format!(
            "/v1/users/{invited}/organization_invitations?status=pending"
        ))
        .await;
    assert_eq!(names(&of_user, "email_address"), ["b2@example.com"]);
    assert_eq!(
        backend
            .get("/v1/users/user_x/organization_invitations")
            .await
            .status,
        404
    );
}

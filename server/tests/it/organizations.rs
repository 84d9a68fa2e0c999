//! Organizations as applications' servers make and change them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Backend, World};

impl Backend {
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    /// An organization of this user.
    pub async fn organization(&self, name: &str, creator: &str) -> String {
        let body = json!({ "name": name, "created_by": creator });
        text(&self.post("/v1/organizations", body).await.ok().json["id"])
    }

    pub async fn member(&self, organization: &str, user: &str, role: &str) -> Answer {
        let path = format!("/v1/organizations/{organization}/memberships");
        let body = json!({ "user_id": user, "role": role });
        self.post(&path, body).await
    }

    pub async fn organization_settings(&self, body: Value) -> Answer {
        self.patch("/v1/instance/organization_settings", body).await
    }

    /// A custom permission.
    pub async fn permission(&self, key: &str) -> String {
        let body = json!({ "name": key, "key": key });
        text(
            &self
                .post("/v1/organization_permissions", body)
                .await
                .ok()
                .json["id"],
        )
    }
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

pub async fn ada(world: &World) -> String {
    text(&world.backend.get("/v1/users").await.ok().json[0]["id"])
}

/// What is recorded, oldest first: actions with results.
pub async fn trail(world: &World) -> Vec<String> {
    let logs = world
        .backend
        .get("/v1/audit_logs?limit=500")
        .await
        .ok()
        .json;
    let all = logs["data"].as_array().unwrap().iter().rev();
    let line = |one: &Value| format!("{} {}", text(&one["action"]), text(&one["result"]));
    all.map(line).collect()
}

fn names(answer: &Answer, field: &str) -> Vec<String> {
    let all = answer.json["data"].as_array().unwrap().iter();
    all.map(|one| text(&one[field])).collect()
}

#[tokio::test]
async fn an_organization_is_made_shown_changed_and_deleted_with_its_records() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    let body = json!({
        "name": "Acme Inc", "created_by": user, "max_allowed_memberships": 5, "created_at": "2020-01-01T00:00:00Z",
        "public_metadata": { "plan": "gold" }, "private_metadata": { "crm": 7 },
    });
    let made = backend.post("/v1/organizations", body).await.ok().json;
    let id = text(&made["id"]);
    assert!(id.starts_with("org_"));
    for (field, value) in [
        ("object", json!("organization")),
        ("name", json!("Acme Inc")),
        ("slug", json!("acme-inc")),
        ("members_count", json!(1)),
        ("pending_invitations_count", json!(0)),
        ("max_allowed_memberships", json!(5)),
        ("admin_delete_enabled", json!(true)),
        ("created_by", json!(user)),
        ("created_at", json!(1_577_836_800_000_i64)),
        ("public_metadata", json!({ "plan": "gold" })),
        ("private_metadata", json!({ "crm": 7 })),
        ("has_image", json!(false)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    let path = format!("/v1/organizations/{id}");
    let counted = backend
        .get(&format!("{path}?include_members_count=true"))
        .await
        .ok()
        .json;
    assert_eq!(counted["members_count"], 1);
    let by_slug = backend.get("/v1/organizations/acme-inc").await.ok().json;
    assert_eq!(by_slug["id"], made["id"]);
    assert!(by_slug.get("members_count").is_none(), "not asked for");

    let change = json!({ "name": "Acme", "slug": "acme", "max_allowed_memberships": 0, "admin_delete_enabled": false });
    let changed = backend.patch(&path, change).await.ok().json;
    assert_eq!(
        (&changed["name"], &changed["slug"]),
        (&json!("Acme"), &json!("acme"))
    );
    assert_eq!(changed["admin_delete_enabled"], false);
    let merged = json!({ "public_metadata": { "plan": null, "seats": { "a": 1 } } });
    let merged = backend
        .patch(&format!("{path}/metadata"), merged)
        .await
        .ok()
        .json;
    assert_eq!(merged["public_metadata"], json!({ "seats": { "a": 1 } }));
    assert_eq!(merged["private_metadata"], json!({ "crm": 7 }));
    let replaced = json!({ "private_metadata": { "new": true } });
    let replaced = backend
        .put(&format!("{path}/metadata"), replaced)
        .await
        .ok()
        .json;
    assert_eq!(replaced["private_metadata"], json!({ "new": true }));
    assert_eq!(replaced["public_metadata"], json!({ "seats": { "a": 1 } }));

    let logo = json!({ "image_url": "https://cdn.example.com/acme.png" });
    let logo = backend.put(&format!("{path}/logo"), logo).await.ok().json;
    assert_eq!(logo["image_url"], "https://cdn.example.com/acme.png");
    assert_eq!(logo["has_image"], true);
    let bare = backend.delete(&format!("{path}/logo")).await.ok().json;
    assert_eq!(bare["has_image"], false);

    let gone = backend.delete(&path).await.ok().json;
    assert_eq!(gone["deleted"], true);
    assert_eq!(backend.get(&path).await.refusal(), "404 resource_not_found");
    for table in ["organizations", "organization_memberships"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    let trail = trail(&world).await;
    let of = |action: &str| {
        trail
            .iter()
            .filter(|line| *line == &format!("{action} ok"))
            .count()
    };
    assert_eq!(of("organization.create"), 1);
    assert_eq!(of("organization_membership.create"), 1);
    assert_eq!(of("organization.update"), 5);
    assert_eq!(of("organization.delete"), 1);
}

#[tokio::test]
async fn a_logo_that_is_sent_as_a_file_is_refused_with_the_way_to_give_one() {
    let world = World::new().await;
    let id = world.backend.organization("Acme", &ada(&world).await).await;
    let upload = world
        .backend
        .request(Method::PUT, &format!("/v1/organizations/{id}/logo"))
        .header("content-type", "multipart/form-data; boundary=x")
        .body("x".repeat(200_000));
    let refused = world.backend.send(upload).await;
    assert_eq!(refused.refusal(), "415 unsupported_content_type");
    let sentence = text(&refused.json["errors"][0]["long_message"]);
    assert!(sentence.contains("image_url"), "{sentence}");
}

#[tokio::test]
async fn a_slug_is_made_of_the_name_and_belongs_to_one_organization() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    let make = async |body: Value| backend.post("/v1/organizations", body).await;
    assert_eq!(
        make(json!({ "name": "Größe & Co." })).await.ok().json["slug"],
        "gr-e-co"
    );
    assert_eq!(
        make(json!({ "name": "Acme" })).await.ok().json["slug"],
        "acme"
    );
    let second = text(&make(json!({ "name": "ACME" })).await.ok().json["slug"]);
    assert!(second.starts_with("acme-"), "{second}");
    let third = text(&make(json!({ "name": "数" })).await.ok().json["slug"]);
    assert!(third.starts_with("org-"), "{third}");
    let taken = make(json!({ "name": "x", "slug": "acme" })).await;
    assert_eq!(taken.refusal(), "422 form_identifier_exists");
    assert_eq!(taken.param(), "slug");
    for slug in ["Acme", "a_b", "a b", "ä", "org_x"] {
        let refused = make(json!({ "name": "x", "slug": slug })).await;
        assert_eq!(refused.refusal(), "422 form_param_format_invalid", "{slug}");
    }
    for (body, refusal) in [
        (json!({}), "422 form_param_missing"),
        (json!({ "name": " " }), "422 form_param_missing"),
        (
            json!({ "name": "x".repeat(257) }),
            "422 form_param_max_length_exceeded",
        ),
        (json!({ "name": "<b>" }), "422 form_param_value_invalid"),
        (
            json!({ "name": "see https://x.example" }),
            "422 form_param_value_invalid",
        ),
        (
            json!({ "name": "x", "created_by": "user_nobody" }),
            "400 organization_creator_not_found",
        ),
        (
            json!({ "name": "x", "max_allowed_memberships": -1 }),
            "422 form_param_value_invalid",
        ),
        (
            json!({ "name": "x", "public_metadata": { "a": "x".repeat(9000) } }),
            "422 form_param_max_length_exceeded",
        ),
        (
            json!({ "name": "x", "role_set_key": "role_set:default" }),
            "422 form_param_unknown",
        ),
    ] {
        assert_eq!(make(body.clone()).await.refusal(), refusal, "{body}");
    }
    assert_eq!(world.count("organizations").await, 4);
    backend
        .organization_settings(json!({ "slug_disabled": true }))
        .await
        .ok();
    let refused = make(json!({ "name": "x", "slug": "x" })).await;
    assert_eq!(refused.refusal(), "403 organization_slugs_disabled");
    let without = make(json!({ "name": "x", "created_by": user }))
        .await
        .ok()
        .json;
    assert_eq!(without["slug"], Value::Null);
}

#[tokio::test]
async fn organizations_are_listed_by_every_filter_and_in_every_order() {
    let world = World::new().await;
    let backend = &world.backend;
    let (first, second) = (ada(&world).await, backend.user("bob@example.com").await);
    let mut ids = Vec::new();
    for (name, creator) in [("Beta", &first), ("alpha", &second), ("Gamma", &first)] {
        ids.push(backend.organization(name, creator).await);
        world.advance(1);
    }
    backend.member(&ids[1], &first, "org:member").await.ok();
    let list = async |query: &str| {
        let answer = backend
            .get(&format!("/v1/organizations?{query}"))
            .await
            .ok();
        assert_eq!(
            answer.json["total_count"].as_u64().unwrap() as usize,
            names(&answer, "name").len()
        );
        names(&answer, "name")
    };
    assert_eq!(list("").await, ["Gamma", "alpha", "Beta"]);
    assert_eq!(list("order_by=name").await, ["alpha", "Beta", "Gamma"]);
    assert_eq!(list("order_by=-members_count").await[0], "alpha");
    assert_eq!(list("order_by=%2Bcreated_at").await[0], "Beta");
    assert_eq!(list("query=ALPH").await, ["alpha"]);
    assert_eq!(list(&format!("query={}", ids[2])).await, ["Gamma"]);
    assert_eq!(list(&format!("user_id={second}")).await, ["alpha"]);
    assert_eq!(list(&format!("user_id=-{second}")).await, ["Gamma", "Beta"]);
    assert_eq!(
        list(&format!(
            "organization_id={}&organization_id={}",
            ids[0], ids[1]
        ))
        .await,
        ["alpha", "Beta"]
    );
    assert_eq!(
        list(&format!("organization_id=-{}", ids[0])).await,
        ["Gamma", "alpha"]
    );
    let page = backend
        .get("/v1/organizations?limit=1&offset=1&include_members_count=true")
        .await
        .ok()
        .json;
    assert_eq!(
        (&page["data"][0]["members_count"], &page["total_count"]),
        (&json!(2), &json!(3))
    );
    for query in [
        "order_by=age",
        "limit=0",
        "limit=501",
        "offset=-1",
        "colour=red",
    ] {
        assert_eq!(
            backend
                .get(&format!("/v1/organizations?{query}"))
                .await
                .status,
            422,
            "{query}"
        );
    }
    let alone = backend
        .post("/v1/organizations", json!({ "name": "Alone" }))
        .await
        .ok()
        .json;
    let wanted = "include_missing_member_with_elevated_permissions=true";
    for (id, lacks) in [(&text(&alone["id"]), true), (&ids[0], false)] {
        let shown = backend
            .get(&format!("/v1/organizations/{id}?{wanted}"))
            .await
            .ok()
            .json;
        assert_eq!(shown["missing_member_with_elevated_permissions"], lacks);
    }
    let of_bob = backend
        .get(&format!("/v1/users?organization_id={}", ids[1]))
        .await
        .ok()
        .json;
    assert_eq!(of_bob.as_array().unwrap().len(), 2);
    let count = backend
        .get(&format!("/v1/users/count?organization_id=-{}", ids[1]))
        .await
        .ok();
    assert_eq!(count.json["total_count"], 0);
}

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
            json!({ "email_address": "x@example.com", "notify": true }),
            "422 form_param_value_invalid",
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
        [second.clone()]
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
        [first.clone()]
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

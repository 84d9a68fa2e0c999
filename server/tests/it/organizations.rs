//! Organizations as applications' servers make and change them.

pub mod active;
mod invitations;
mod members;
mod pages;
mod roles;
mod settings;
mod sizes;

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
    let found = "/v1/users?email_address=ada@example.com";
    text(&world.backend.get(found).await.ok().json[0]["id"])
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

pub fn names(answer: &Answer, field: &str) -> Vec<String> {
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
async fn a_slug_finds_an_organization_and_changes_none() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    let id = backend.organization("Acme", &user).await;
    assert_eq!(
        backend.get("/v1/organizations/acme").await.ok().json["id"],
        id.as_str()
    );
    let before = world.count("audit where result = 'ok'").await;
    for (method, path) in [
        ("PATCH", "/v1/organizations/acme"),
        ("DELETE", "/v1/organizations/acme"),
        ("PATCH", "/v1/organizations/acme/metadata"),
        ("GET", "/v1/organizations/acme/memberships"),
        ("GET", "/v1/organizations/acme/invitations"),
        ("GET", "/v1/organizations/acme/domains"),
    ] {
        let request = backend.request(method.parse().unwrap(), path);
        let request = if method == "GET" {
            request
        } else {
            request.json(&json!({}))
        };
        let refused = backend.send(request).await;
        assert_eq!(
            refused.refusal(),
            "404 resource_not_found",
            "{method} {path}"
        );
    }
    let member = backend.member("acme", &user, "org:member").await;
    assert_eq!(member.refusal(), "404 resource_not_found");
    assert_eq!(world.count("organizations").await, 1);
    assert_eq!(world.count("audit where result = 'ok'").await, before);
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
            "422 form_param_value_invalid",
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
        assert_eq!(answer.json["total_count"], names(&answer, "name").len());
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

//! What there shall be, said at once: made whole or not at all, and left alone where it is so.

use std::sync::LazyLock;

use rcgen::{KeyPair, PKCS_RSA_SHA256};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// The key of a template, the same in every run of a test.
static RSA_KEY: LazyLock<String> = LazyLock::new(|| {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    pair.serialize_pem()
});

async fn apply(world: &World, seed: &Value) -> Answer {
    let request = world.backend.request(Method::PUT, "/v1/seed");
    world.backend.send(request.json(seed)).await
}

/// `kind: made changed same`, of every kind that was named.
async fn applied(world: &World, seed: &Value) -> Vec<String> {
    let told = apply(world, seed).await.ok().json;
    let line = |kind: &Value| {
        let [made, changed, same] = ["made", "changed", "same"].map(|name| &kind[name]);
        format!(
            "{}: {made} {changed} {same}",
            kind["kind"].as_str().unwrap()
        )
    };
    told["data"].as_array().unwrap().iter().map(line).collect()
}

/// Everything a seed can say, in forms that are not those in which it is kept.
fn everything() -> Value {
    json!({
        "users": [
            {
                "id": "user_admin",
                "email_address": ["Admin@Example.com", "second@example.com"],
                "email_address_identification_status": ["unverified", "verified"],
                "primary_email_address": "SECOND@example.com",
                "username": "Chief",
                "password": "correct horse battery",
                "first_name": "Ada",
                "public_metadata": { "deep": { "list": [1, null, "x"] } },
                "created_at": "2026-01-02T03:04:05+01:00",
                "locked": true,
            },
            {
                "id": "user_editor",
                "external_id": "customer-7",
                "phone_number": ["+15555550199"],
                "password_digest": "$2b$04$Zq7wJm3Vb1sK0cXuYtRfPemHxko1iGF.qGehI9sAd2PiWcu9nMbfW",
                "password_hasher": "bcrypt",
                "banned": true,
                "create_organizations_limit": 0,
            },
        ],
        "permissions": [{ "key": "org:posts:publish", "name": " Publish " }],
        "roles": [{
            "key": "org:editor",
            "name": "Editor",
            "permissions": ["org:sys_memberships:read", "org:posts:publish"],
        }],
        "organizations": [{
            "id": "org_acme",
            "slug": "acme",
            "name": " Acme ",
            "image_url": "https://example.com",
            "private_metadata": { "contract": 1 },
            "admin_delete_enabled": false,
            "members": [
                { "user": "user_admin", "role": "org:admin", "private_metadata": { "desk": 7 } },
                { "user": "customer-7", "role": "org:editor" },
            ],
        }],
        "instance": {
            "support_email": "Help@example.com",
            "restrictions": { "blocklist": true },
            "organization_settings": { "max_allowed_memberships": 9, "domains_default_role": "org:editor" },
        },
        "claims": { "plan": "{{user.public_metadata.plan}}" },
        "jwt_templates": [
            { "name": "hasura", "claims": { "a": null }, "lifetime": 90 },
            {
                "name": "own",
                "claims": {},
                "custom_signing_key": true,
                "signing_algorithm": "HS256",
                "signing_key": "a secret of at least thirty-two bytes",
            },
            {
                "name": "rsa",
                "claims": {},
                "custom_signing_key": true,
                "signing_algorithm": "RS512",
                "signing_key": RSA_KEY.replace('\n', "\r\n"),
            },
        ],
        "allowlist_identifiers": [{ "identifier": "*@Example.com" }],
        "blocklist_identifiers": [{ "identifier": "+15555550123" }],
        "agents": [{ "name": "retired", "disabled": true }, { "name": "active" }],
        "webhooks": [{
            "url": "http://localhost:3000",
            "events": ["user.*"],
            "signing_secret": "whsec_c3RhbmRpbi1zZWVkLWV4YW1wbGUtc2VjcmV0LTAx",
        }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_that_is_so_already_changes_nothing() {
    let world = World::new().await;
    let seed = everything();
    let first = applied(&world, &seed).await;
    let made = |lines: &[String]| lines.iter().all(|line| line.ends_with(" 0 0"));
    assert!(made(&first[..2]) && first.len() == 11, "{first:?}");
    assert!(first.contains(&"users: 2 0 0".to_owned()), "{first:?}");

    let records = world.count("audit").await;
    for line in applied(&world, &seed).await {
        assert!(line.contains(": 0 0 "), "{line}");
    }
    assert_eq!(world.count("audit").await, records);

    let right = json!({ "password": "correct horse battery" });
    let verify = "/v1/users/user_admin/verify_password";
    world.backend.post(verify, right).await.ok();
    let admin = world.backend.get("/v1/users/user_admin").await.ok().json;
    let primary = &admin["primary_email_address_id"];
    let addresses = admin["email_addresses"].as_array().unwrap();
    let second = addresses.iter().find(|one| one["id"] == *primary).unwrap();
    assert_eq!(second["email_address"], "second@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_of_one_instance_makes_the_same_of_another() {
    let (one, other) = (empty().await, empty().await);
    apply(&one, &everything()).await.ok();
    let written = one.backend.get("/v1/seed").await.ok().json;
    apply(&other, &written).await.ok();
    let again = other.backend.get("/v1/seed").await.ok().json;
    assert_eq!(again, written);
    for line in applied(&other, &again).await {
        assert!(line.contains(": 0 0 "), "{line}");
    }
}

/// An instance without users.
async fn empty() -> World {
    let world = World::new().await;
    let users = world.backend.get("/v1/users").await.ok().json;
    for user in users.as_array().unwrap() {
        let path = format!("/v1/users/{}", user["id"].as_str().unwrap());
        world.backend.delete(&path).await.ok();
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_changed_and_what_is_not_named_stays() {
    let world = World::new().await;
    apply(&world, &everything()).await.ok();
    let guest = world.backend.user("guest@example.com").await;
    let membership = json!({ "user_id": guest, "role": "org:member" });
    let members = "/v1/organizations/org_acme/memberships";
    world.backend.post(members, membership).await.ok();

    let seed = json!({
        "users": [{
            "id": "user_editor",
            "email_address": ["editor@example.com"],
            "password": "another password",
            "banned": false,
            "last_name": "Hopper",
        }],
        "organizations": [{
            "slug": "acme",
            "name": "Acme and sons",
            "members": [{ "user": "editor@example.com", "role": "org:admin", "public_metadata": { "since": 1 } }],
        }],
        "roles": [{ "key": "org:editor", "permissions": ["org:posts:publish"] }],
        "agents": [{ "name": "retired", "disabled": false }],
        "webhooks": [{ "url": "http://localhost:3000/", "disabled": true }],
        "jwt_templates": [{ "name": "own", "claims": { "b": 1 } }],
        "instance": { "organization_settings": { "creator_role": "org:admin", "domains_default_role": "org:member" } },
    });
    let told = applied(&world, &seed).await;
    assert_eq!(
        told,
        [
            "roles: 0 1 0",
            "instance: 0 1 0",
            "users: 0 1 0",
            "organizations: 0 1 0",
            "jwt_templates: 0 1 0",
            "agents: 0 1 0",
            "webhooks: 0 1 0",
        ]
    );
    let editor = world.backend.get("/v1/users/user_editor").await.ok().json;
    assert_eq!(
        (&editor["banned"], &editor["last_name"]),
        (&json!(false), &json!("Hopper"))
    );
    assert_eq!(editor["phone_numbers"].as_array().unwrap().len(), 1);
    assert_eq!(editor["external_id"], "customer-7");
    let verify = "/v1/users/user_editor/verify_password";
    let right = json!({ "password": "another password" });
    world.backend.post(verify, right).await.ok();
    let found = world.backend.get(members).await.ok().json;
    assert_eq!(found["total_count"], 3);
    let templates = world.backend.get("/v1/jwt_templates").await.ok().json;
    let own = templates
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "own");
    assert_eq!(own.unwrap()["custom_signing_key"], true);
    for line in applied(&world, &seed).await {
        assert!(line.contains(": 0 0 "), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_thing_that_is_refused_is_named_by_its_place_and_leaves_nothing_behind() {
    let world = World::new().await;
    world.backend.user("taken@example.com").await;
    let before = world.count("users").await;
    let sound = json!({ "id": "user_sound", "email_address": ["sound@example.com"] });
    let user = |wrong: Value| json!({ "users": [sound, wrong] });
    let organization = |wrong: Value| json!({ "users": [sound], "organizations": [{ "slug": "acme", "name": "Acme", "members": [wrong] }] });
    for (seed, code, place) in [
        (
            user(json!({ "id": "user_x", "emial": 1 })),
            "form_param_missing",
            "users[1].email_address",
        ),
        (
            user(json!({ "id": "user_x", "username": "name", "emial": 1 })),
            "form_param_unknown",
            "users[1].emial",
        ),
        (
            user(json!({ "id": "x", "username": "name" })),
            "form_param_format_invalid",
            "users[1].id",
        ),
        (
            user(json!({ "skip_user_requirement": true })),
            "form_param_missing",
            "users[1].id",
        ),
        (
            user(json!({ "username": "name", "password": "short" })),
            "form_password_length_too_short",
            "users[1].password",
        ),
        (
            user(json!({ "id": "user_x", "email_address": ["taken@example.com"] })),
            "form_identifier_exists",
            "users[1].email_address",
        ),
        (
            user(json!({ "id": "user_x", "email_address": ["sound@example.com"] })),
            "form_identifier_exists",
            "users[1].email_address",
        ),
        (
            organization(json!({ "user": "nobody", "role": "org:admin" })),
            "resource_not_found",
            "organizations[0].members[0].user",
        ),
        (
            organization(json!({ "user": "user_sound", "role": "org:boss" })),
            "resource_not_found",
            "organizations[0].members[0].role",
        ),
        (
            organization(json!({ "user": "user_sound" })),
            "form_param_missing",
            "organizations[0].members[0].role",
        ),
        (
            json!({ "users": [sound], "organizations": [{ "id": "acme", "name": "Acme" }] }),
            "form_param_format_invalid",
            "organizations[0].id",
        ),
        (
            json!({ "users": [sound], "organizations": [{ "name": "Acme" }] }),
            "form_param_missing",
            "organizations[0].slug",
        ),
        (
            json!({ "users": [sound], "roles": [{ "key": "org:r", "name": "R", "permissions": ["org:a:b"] }] }),
            "resource_not_found",
            "roles[0].permissions",
        ),
        (
            json!({ "users": [sound], "instance": { "restrictions": { "x": 1 } } }),
            "form_param_unknown",
            "instance.restrictions.x",
        ),
        (
            json!({ "users": [sound], "instance": { "organization_settings": { "creator_role": "org:x" } } }),
            "resource_not_found",
            "instance.organization_settings.creator_role",
        ),
        (
            json!({ "users": [sound], "webhooks": [{ "url": "nowhere" }] }),
            "form_param_format_invalid",
            "webhooks[0].url",
        ),
        (
            json!({ "users": [sound], "webhooks": [{ "url": "http://localhost", "signing_secret": "whsec_" }] }),
            "form_param_format_invalid",
            "webhooks[0].signing_secret",
        ),
        (
            json!({ "users": [sound], "agents": [{ "disabled": true }] }),
            "form_param_missing",
            "agents[0].name",
        ),
        (
            json!({ "users": [sound], "usres": [] }),
            "form_param_unknown",
            "usres",
        ),
        (
            json!({ "users": "all" }),
            "form_param_type_invalid",
            "users",
        ),
    ] {
        let refused = apply(&world, &seed).await;
        assert_eq!((refused.code(), refused.param()), (code, place), "{seed}");
        assert_eq!(world.count("users").await, before, "{seed}");
    }
    let claims = json!({ "users": [sound], "claims": { "sub": "x" } });
    assert_eq!(apply(&world, &claims).await.param(), "claims");
    assert_eq!(world.count("users").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_of_a_production_instance_gets_digests_out() {
    let world = World::production().await;
    let refused = world.backend.get("/v1/seed").await;
    assert_eq!(refused.refusal(), "400 request_invalid_for_environment");
    let seed = json!({ "users": [{ "id": "user_fixed", "username": "fixed" }] });
    assert_eq!(applied(&world, &seed).await, ["users: 1 0 0"]);
}

pub async fn use_all(world: &World) {
    apply(world, &everything()).await.ok();
    apply(world, &everything()).await.ok();
}

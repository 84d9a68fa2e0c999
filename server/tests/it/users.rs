use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

async fn grace(world: &World) -> Value {
    let body = json!({
        "email_address": ["Grace@Example.com", "second@example.com"],
        "phone_number": ["+15555550100"],
        "username": "grace_h",
        "first_name": "Grace",
        "last_name": "Hopper",
        "external_id": "ext-1",
        "public_metadata": { "plan": { "name": "pro", "seats": 3 } },
        "private_metadata": { "secret": 1 },
    });
    world.backend.post("/v1/users", body).await.ok().json
}

fn path(user: &Value, rest: &str) -> String {
    format!("/v1/users/{}{rest}", user["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_user_is_shown_as_the_specification_says() {
    let world = World::new().await;
    let user = grace(&world).await;
    let shown = world.backend.get(&path(&user, "")).await.ok().json;
    assert_eq!(shown, user);
    for field in [
        "object",
        "username",
        "first_name",
        "last_name",
        "image_url",
        "has_image",
        "primary_email_address_id",
        "primary_phone_number_id",
        "primary_web3_wallet_id",
        "password_enabled",
        "two_factor_enabled",
        "totp_enabled",
        "backup_code_enabled",
        "email_addresses",
        "phone_numbers",
        "web3_wallets",
        "passkeys",
        "external_accounts",
        "saml_accounts",
        "enterprise_accounts",
        "public_metadata",
        "private_metadata",
        "unsafe_metadata",
        "external_id",
        "last_sign_in_at",
        "last_active_at",
        "banned",
        "locked",
        "lockout_expires_in_seconds",
        "verification_attempts_remaining",
        "created_at",
        "updated_at",
        "delete_self_enabled",
        "create_organization_enabled",
        "mfa_enabled_at",
        "mfa_disabled_at",
        "legal_accepted_at",
    ] {
        assert!(shown.get(field).is_some(), "{field} is missing");
    }
    let first = &shown["email_addresses"][0];
    assert_eq!(
        (&first["email_address"], &first["id"]),
        (
            &json!("grace@example.com"),
            &shown["primary_email_address_id"]
        )
    );
    assert_eq!(first["verification"]["status"], "verified");
    assert_eq!(shown["created_at"], world.now().0, "in milliseconds");
    assert_eq!(
        (&shown["banned"], &shown["locked"]),
        (&json!(false), &json!(false))
    );
}

#[tokio::test]
async fn users_are_found_by_every_filter() {
    let world = World::new().await;
    let user = grace(&world).await;
    let id = user["id"].as_str().unwrap();
    world.advance(1);
    let find = async |query: &str| {
        let listed = world
            .backend
            .get(&format!("/v1/users?{query}"))
            .await
            .ok()
            .json;
        let counted = world
            .backend
            .get(&format!("/v1/users/count?{query}"))
            .await
            .ok()
            .json;
        assert_eq!(counted["object"], "total_count");
        assert_eq!(
            counted["total_count"].as_u64().unwrap(),
            listed.as_array().unwrap().len() as u64,
            "{query}"
        );
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for query in [
        "email_address=grace@example.com".to_owned(),
        "email_address[]=SECOND@example.com&email_address[]=nobody@example.com".into(),
        "phone_number=%2B15555550100".into(),
        "username=grace_h".into(),
        "external_id=ext-1".into(),
        format!("user_id={id}"),
        format!("user_id=%2B{id}"),
        "query=hopp".into(),
        "email_address_query=GRACE".into(),
        "phone_number_query=5550100".into(),
        "username_query=RACE".into(),
        "name_query=grace".into(),
        "banned=false&query=grace".into(),
    ] {
        assert_eq!(find(&query).await, [id], "{query}");
    }
    for query in [
        "email_address=nobody@example.com",
        "query=%25",
        "query=_",
        "banned=true",
        "username=grace%25",
    ] {
        let expected: &[&str] = if query == "query=_" { &[id] } else { &[] };
        assert_eq!(find(query).await, expected, "{query}");
    }
    assert_eq!(find(&format!("user_id=-{id}")).await.len(), 1);
    let now = world.now().0;
    assert_eq!(find(&format!("created_at_before={now}")).await.len(), 2);
    assert!(find(&format!("created_at_after={now}")).await.is_empty());
}

#[tokio::test]
async fn users_are_paged_and_ordered() {
    let world = World::new().await;
    for name in ["bob", "cleo", "dan"] {
        world.advance(1);
        world.backend.user(&format!("{name}@example.com")).await;
    }
    let list = async |query: &str| {
        let listed = world
            .backend
            .get(&format!("/v1/users?{query}"))
            .await
            .ok()
            .json;
        let email = |user: &Value| {
            user["email_addresses"][0]["email_address"]
                .as_str()
                .unwrap()
                .split('@')
                .next()
                .unwrap()
                .to_owned()
        };
        (
            listed
                .as_array()
                .unwrap()
                .iter()
                .map(email)
                .collect::<Vec<_>>(),
            listed[0]["id"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(
        list("").await.0,
        ["dan", "cleo", "bob", "ada"],
        "newest first"
    );
    assert_eq!(
        list("order_by=created_at&limit=2&offset=1").await.0,
        ["bob", "cleo"]
    );
    assert_eq!(
        list("order_by=-email_address").await.0,
        ["dan", "cleo", "bob", "ada"]
    );
    let first = list("limit=1").await.1;
    assert_eq!(
        list(&format!("starting_after={first}&limit=2")).await.0,
        ["cleo", "bob"]
    );
    let refusal = async |query: &str| {
        world
            .backend
            .get(&format!("/v1/users?{query}"))
            .await
            .refusal()
    };
    assert!(refusal("order_by=password").await.starts_with("422"));
    assert!(
        refusal(&format!("starting_after={first}&order_by=username"))
            .await
            .starts_with("422")
    );
    assert!(
        refusal(&format!("starting_after={first}&offset=1"))
            .await
            .starts_with("422")
    );
}

#[tokio::test]
async fn updates_change_what_they_name_and_nothing_else() {
    let world = World::new().await;
    let user = grace(&world).await;
    world.advance(1);
    let updated = world
        .backend
        .patch(
            &path(&user, ""),
            json!({ "first_name": "G.", "last_name": null }),
        )
        .await
        .ok()
        .json;
    assert_eq!(
        (&updated["first_name"], &updated["last_name"]),
        (&json!("G."), &Value::Null)
    );
    assert_eq!(
        (&updated["username"], &updated["public_metadata"]),
        (&user["username"], &user["public_metadata"])
    );
    assert_eq!(updated["updated_at"], world.now().0);
    let second = user["email_addresses"][1]["id"].clone();
    let primary = world
        .backend
        .patch(
            &path(&user, ""),
            json!({ "primary_email_address_id": second }),
        )
        .await
        .ok()
        .json;
    assert_eq!(primary["primary_email_address_id"], second);

    let merge =
        json!({ "public_metadata": { "plan": { "seats": null, "extra": [1] }, "new": true } });
    let merged = world
        .backend
        .patch(&path(&user, "/metadata"), merge)
        .await
        .ok()
        .json;
    assert_eq!(
        merged["public_metadata"],
        json!({ "plan": { "name": "pro", "extra": [1] }, "new": true })
    );
    assert_eq!(merged["private_metadata"], json!({ "secret": 1 }));
    let request = world
        .backend
        .request(Method::PUT, &path(&user, "/metadata"))
        .json(&json!({ "public_metadata": { "only": 1 } }));
    let replaced = world.backend.send(request).await.ok().json;
    assert_eq!(
        (&replaced["public_metadata"], &replaced["private_metadata"]),
        (&json!({ "only": 1 }), &json!({ "secret": 1 }))
    );
}

#[tokio::test]
async fn what_somebody_has_nobody_else_gets() {
    let world = World::new().await;
    grace(&world).await;
    for (field, value) in [
        ("email_address", json!(["GRACE@example.com"])),
        ("phone_number", json!(["+15555550100"])),
        ("username", json!("GRACE_H")),
        ("external_id", json!("ext-1")),
    ] {
        let mut body = json!({ "email_address": ["other@example.com"] });
        body[field] = value;
        let answer = world.backend.post("/v1/users", body).await;
        assert_eq!(answer.refusal(), "422 form_identifier_exists", "{field}");
    }
    assert_eq!(world.count("users").await, 2);
    assert_eq!(world.count("identifiers").await, 4);
}

#[tokio::test]
async fn fields_are_held_to_their_forms() {
    let world = World::new().await;
    let refusal = async |body| world.backend.post("/v1/users", body).await.refusal();
    assert_eq!(
        refusal(json!({ "email_address": ["not an address"] })).await,
        "422 form_param_format_invalid"
    );
    assert_eq!(
        refusal(json!({ "phone_number": ["555"] })).await,
        "422 form_param_format_invalid"
    );
    assert!(
        refusal(json!({ "username": "a b" }))
            .await
            .starts_with("422 form_username")
    );
    assert_eq!(
        refusal(json!({ "email_address": "a@example.com" })).await,
        "422 form_param_type_invalid"
    );
    assert_eq!(
        refusal(json!({ "email_address": ["a@example.com"], "shoe_size": 7 })).await,
        "422 form_param_unknown"
    );
    assert!(refusal(json!({})).await.starts_with("422"));
    assert!(
        refusal(json!({ "email_address": ["a@example.com"], "password": "short" }))
            .await
            .starts_with("422 form_password")
    );
    assert_eq!(world.count("users").await, 1);
}

#[tokio::test]
async fn passwords_are_kept_as_hashes_and_checked() {
    let world = World::new().await;
    let body = json!({ "email_address": ["p@example.com"], "password": "correct horse battery" });
    let user = world.backend.post("/v1/users", body).await.ok().json;
    assert_eq!(user["password_enabled"], true);
    let verify = async |password: &str| {
        world
            .backend
            .post(
                &path(&user, "/verify_password"),
                json!({ "password": password }),
            )
            .await
    };
    assert_eq!(
        verify("correct horse battery").await.ok().json["verified"],
        true
    );
    assert_eq!(verify("wrong").await.refusal(), "422 incorrect_password");
    world
        .backend
        .post(&path(&user, "/remove_password"), json!({}))
        .await
        .ok();
    assert_eq!(
        verify("correct horse battery").await.refusal(),
        "400 no_password_set"
    );
}

#[tokio::test]
async fn bans_and_locks_are_shown_and_lifted() {
    let world = World::new().await;
    let user = grace(&world).await;
    let act = async |what: &str| {
        world
            .backend
            .post(&path(&user, what), json!({}))
            .await
            .ok()
            .json
    };
    assert_eq!(act("/ban").await["banned"], true);
    assert_eq!(act("/unban").await["banned"], false);
    let locked = act("/lock").await;
    assert_eq!(
        (&locked["locked"], &locked["lockout_expires_in_seconds"]),
        (&json!(true), &json!(3600))
    );
    world.advance(3600);
    assert_eq!(
        world.backend.get(&path(&user, "")).await.ok().json["locked"],
        false
    );
    act("/lock").await;
    assert_eq!(act("/unlock").await["locked"], false);
    let ids = json!({ "user_ids": [user["id"]] });
    assert_eq!(
        world
            .backend
            .post("/v1/users/ban", ids.clone())
            .await
            .ok()
            .json[0]["banned"],
        true
    );
    assert_eq!(
        world.backend.post("/v1/users/unban", ids).await.ok().json[0]["banned"],
        false
    );
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_the_tasks_that_were_used() {
    let world = World::new().await;
    let user = grace(&world).await;
    let made = world
        .backend
        .create(json!({ "on_behalf_of": { "user_id": user["id"] } }))
        .await
        .ok();
    let task = crate::world::Task::of(&made);
    let browser = world.browser();
    browser.visit(&task).await.location();
    let gone = world.backend.delete(&path(&user, "")).await.ok().json;
    assert_eq!(
        (&gone["object"], &gone["deleted"], &gone["id"]),
        (&json!("user"), &json!(true), &user["id"])
    );
    assert_eq!(
        world.backend.get(&path(&user, "")).await.refusal(),
        "404 resource_not_found"
    );
    assert_eq!(
        world.backend.delete(&path(&user, "")).await.refusal(),
        "404 resource_not_found"
    );
    assert!(browser.session().await.is_null());
    // Housekeeping removes it.
    let record = format!("/v1/agents/tasks/{}", task.id);
    while world.backend.get(&record).await.status != 404 {
        tokio::task::yield_now().await;
    }
    grace(&world).await;
}

#[tokio::test]
async fn identifiers_come_and_go_one_by_one() {
    let world = World::new().await;
    let user = grace(&world).await;
    for (kind, value, bad) in [
        ("email_address", "third@example.com", "x"),
        ("phone_number", "+15555550199", "12"),
    ] {
        let all = format!(
            "/v1/{kind}{}",
            if kind == "email_address" { "es" } else { "s" }
        );
        let made = world
            .backend
            .post(
                &all,
                json!({ "user_id": user["id"], kind: value, "verified": false }),
            )
            .await
            .ok()
            .json;
        assert_eq!(
            (&made["object"], &made[kind]),
            (&json!(kind), &json!(value))
        );
        let one = format!("{all}/{}", made["id"].as_str().unwrap());
        assert_eq!(world.backend.get(&one).await.ok().json["id"], made["id"]);
        let verified = world
            .backend
            .patch(&one, json!({ "verified": true, "primary": true }))
            .await
            .ok()
            .json;
        assert_eq!(verified["verification"]["status"], "verified");
        let shown = world.backend.get(&path(&user, "")).await.ok().json;
        assert_eq!(shown[format!("primary_{kind}_id")], made["id"]);
        let deleted = world.backend.delete(&one).await.ok().json;
        assert_eq!(deleted["deleted"], true);
        assert_eq!(
            world.backend.get(&one).await.refusal(),
            "404 resource_not_found"
        );
        let shown = world.backend.get(&path(&user, "")).await.ok().json;
        assert_ne!(shown[format!("primary_{kind}_id")], made["id"]);
        assert_eq!(
            world
                .backend
                .post(&all, json!({ "user_id": user["id"], kind: bad }))
                .await
                .refusal(),
            "422 form_param_format_invalid"
        );
        assert_eq!(
            world
                .backend
                .post(&all, json!({ "user_id": "user_x", kind: value }))
                .await
                .refusal(),
            "404 resource_not_found"
        );
    }
    let request = world
        .backend
        .request(Method::PUT, &path(&user, "/email_address"))
        .json(&json!({ "email_address": "only@example.com" }));
    world.backend.send(request).await.ok();
    let shown = world.backend.get(&path(&user, "")).await.ok().json;
    assert_eq!(shown["email_addresses"].as_array().unwrap().len(), 1);
    assert_eq!(
        shown["email_addresses"][0]["email_address"],
        "only@example.com"
    );
}

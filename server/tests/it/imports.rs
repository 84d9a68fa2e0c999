//! Users brought from elsewhere, and taken along.

use serde_json::{Map, Value, json};
use standin_server::UserRow;
use standin_server::caller::Caller;
use standin_server::error::{Error, Result};
use standin_server::users::{self, NewUser, Outcome, Position};

use crate::world::World;

fn row(world: &World, row: &Value) -> Result<NewUser> {
    UserRow::parse(row.to_string().as_bytes())?.read(world.now())
}

/// What became of each row: `made`, `there`, or the parameter that somebody else has.
pub async fn import(world: &World, rows: &[Value]) -> Vec<&'static str> {
    let rows: Vec<_> = rows.iter().map(|one| row(world, one).unwrap()).collect();
    let (db, by) = (world.db().await, Caller::internal("cli", world.now()));
    let outcomes = db.write(by, move |tx| users::import(tx, &rows)).await;
    db.close().await;
    let told = |outcome| match outcome {
        Ok(Outcome::Made) => "made",
        Ok(Outcome::AlreadyThere) => "there",
        Err(Error::IdentifierExists(param)) => param,
        Err(error) => panic!("{error}"),
    };
    outcomes.unwrap().into_iter().map(told).collect()
}

/// Everybody as rows, read in pages of seven.
pub async fn export(world: &World) -> Vec<Map<String, Value>> {
    let (db, now) = (world.db().await, world.now());
    let mut rows = Vec::new();
    let mut after: Option<Position> = None;
    loop {
        let from = after.clone();
        let page = db.search(move |tx| users::export(tx, from.as_ref(), 7));
        let page = page.await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(Position::after(&last.user));
        rows.extend(page.iter().map(|one| UserRow::write(one, now)));
    }
    db.close().await;
    rows
}

/// A user with whatever the bits say.
fn body(bits: usize) -> Value {
    let mut body = json!({ "skip_user_requirement": true });
    let mut put = |bit: usize, name: &str, value: Value| {
        if bits & (1 << bit) != 0 {
            body[name] = value;
        }
    };
    put(
        0,
        "email_address",
        json!([
            format!("u{bits}@example.com"),
            format!("second{bits}@example.com")
        ]),
    );
    put(1, "phone_number", json!([format!("+1555555{:04}", bits)]));
    put(2, "username", json!(format!("name-{bits}")));
    put(3, "external_id", json!(format!("ext {bits}\",\n|é")));
    put(4, "first_name", json!("Zoë \"the\" 漢字"));
    put(
        4,
        "public_metadata",
        json!({ "deep": { "list": [1, null, "x"] } }),
    );
    put(4, "timezone", json!("America/Argentina/Buenos_Aires"));
    put(5, "banned", json!(true));
    put(5, "private_metadata", json!({ "a": 1.5 }));
    put(5, "created_at", json!("2001-02-03T04:05:06.789Z"));
    put(
        6,
        "password_digest",
        json!("$2b$04$Zq7wJm3Vb1sK0cXuYtRfPemHxko1iGF.qGehI9sAd2PiWcu9nMbfW"),
    );
    put(6, "password_hasher", json!("bcrypt"));
    put(6, "locked", json!(true));
    put(6, "delete_self_enabled", json!(false));
    if bits & 0b10_0001 == 0b10_0001 {
        body["email_address_identification_status"] = json!(["verified", "reserved"]);
    }
    body
}

/// Without ids of identifiers, and times that are those of the import.
fn comparable(mut user: Value) -> Value {
    let times = ["updated_at", "password_last_updated_at"];
    for name in times {
        user.as_object_mut().unwrap().remove(name);
    }
    for (list, primary, value) in [
        (
            "email_addresses",
            "primary_email_address_id",
            "email_address",
        ),
        ("phone_numbers", "primary_phone_number_id", "phone_number"),
    ] {
        let named = user[primary].clone();
        for one in user[list].as_array_mut().unwrap() {
            let one = one.as_object_mut().unwrap();
            let is_primary = one["id"] == named;
            one.insert("is_primary".into(), is_primary.into());
            one.retain(|name, _| !["id", "created_at", "updated_at"].contains(&name.as_str()));
            assert!(one.contains_key(value));
        }
        user[primary] = named.is_null().into();
    }
    // Drawn by the instance that is asked.
    let picture = user["image_url"].as_str().unwrap();
    user["image_url"] = picture.split("/images/").nth(1).unwrap().into();
    user
}

#[tokio::test]
async fn what_is_exported_imports_into_an_empty_instance_as_equal_users() {
    let (from, to) = (World::new().await, World::new().await);
    // Everybody there is may be there again, so the new instance is emptied first.
    for user in to
        .backend
        .get("/v1/users")
        .await
        .ok()
        .json
        .as_array()
        .unwrap()
    {
        to.backend
            .delete(&format!("/v1/users/{}", user["id"].as_str().unwrap()))
            .await
            .ok();
    }
    for bits in 0..128 {
        let user = from.backend.post("/v1/users", body(bits)).await.ok().json;
        if bits % 5 == 0 {
            // One that is not proven, for a user without others the primary one.
            let unproven = json!({
                "user_id": user["id"], "email_address": format!("unproven{bits}@example.com"), "verified": false,
            });
            from.backend
                .post("/v1/email_addresses", unproven)
                .await
                .ok();
        }
        let second = &user["email_addresses"][1]["id"];
        if bits % 3 == 0 && second.is_string() && bits & 0b10_0000 == 0 {
            let change = json!({ "primary_email_address_id": second });
            let path = format!("/v1/users/{}", user["id"].as_str().unwrap());
            from.backend.patch(&path, change).await.ok();
        }
    }
    let rows = export(&from).await;
    assert_eq!(rows.len(), 129);
    let lines: Vec<Value> = rows.iter().cloned().map(Value::from).collect();
    assert_eq!(import(&to, &lines).await, vec!["made"; 129]);
    for row in &rows {
        let path = format!("/v1/users/{}", row["id"].as_str().unwrap());
        let there = from.backend.get(&path).await.ok().json;
        let here = to.backend.get(&path).await.ok().json;
        assert_eq!(comparable(here), comparable(there));
    }
    // The digests are shown nowhere else.
    assert_eq!(export(&to).await, rows);
    assert_eq!(import(&to, &lines).await, vec!["there"; 129]);
}

#[tokio::test]
async fn of_a_batch_each_row_is_made_found_or_refused_and_never_half_made() {
    let world = World::new().await;
    let rows = [
        json!({ "id": "user_2abc", "email_address": ["one@example.com"] }),
        json!({ "id": "user_2abc", "email_address": ["other@example.com"] }),
        json!({ "external_id": "x", "username": "grace", "email_address": ["two@example.com"] }),
        json!({ "external_id": "x", "email_address": ["three@example.com"] }),
        json!({ "external_id": "y", "email_address": ["four@example.com", "ONE@example.com"] }),
        json!({ "username": "Grace", "email_address": ["four@example.com"] }),
        json!({ "id": "user_2def", "email_address": ["ada@example.com"] }),
        // Without an id it is known by its names.
        json!({ "email_address": ["ada@example.com"] }),
        json!({ "phone_number": ["+15555550100", "+15555550100"] }),
        json!({ "email_address": ["four@example.com"] }),
    ];
    let (users, identifiers) = (world.count("users").await, world.count("identifiers").await);
    let records = world.count("audit").await;
    let outcomes = import(&world, &rows).await;
    let wanted = [
        "made",
        "there",
        "made",
        "there",
        "email_address",
        "username",
        "email_address",
        "there",
        "phone_number",
        "made",
    ];
    assert_eq!(outcomes, wanted);
    assert_eq!(world.count("users").await, users + 3);
    assert_eq!(world.count("identifiers").await, identifiers + 3);
    assert_eq!(
        world.count("audit").await,
        records + 3,
        "one record for each user made"
    );
    let again = import(&world, &rows).await;
    assert_eq!(again.iter().filter(|word| **word == "made").count(), 0);
    assert_eq!(world.count("users").await, users + 3);

    let imported = world.backend.get("/v1/users/user_2abc").await.ok().json;
    assert_eq!(
        imported["email_addresses"][0]["email_address"],
        "one@example.com"
    );
    world
        .backend
        .create(json!({ "on_behalf_of": { "user_id": "user_2abc" } }))
        .await
        .ok();
}

#[tokio::test]
async fn a_row_is_refused_with_the_code_and_the_sentence_of_the_backend_api() {
    let world = World::new().await;
    for wrong in [
        json!({}),
        json!({ "email_address": "a@example.com" }),
        json!({ "email_address": ["nobody"] }),
        json!({ "email_address": ["a@example.com"], "phone_number": ["5555550100"] }),
        json!({ "username": "x" }),
        json!({ "username": "grace", "nickname": "g" }),
        json!({ "username": "grace", "first_name": 7 }),
        json!({ "username": "grace", "first_name": "x".repeat(257) }),
        json!({ "username": "grace", "public_metadata": { "x": "y".repeat(9000) } }),
        json!({ "username": "grace", "created_at": "yesterday" }),
        json!({ "username": "grace", "password": "short" }),
        json!({ "username": "grace", "password_digest": "x" }),
        json!({ "username": "grace", "password_digest": "x", "password_hasher": "bcrypt" }),
        json!({ "username": "grace", "password_digest": "x", "password_hasher": "md5" }),
    ] {
        let told = world.backend.post("/v1/users", wrong.clone()).await;
        let error = row(&world, &wrong).unwrap_err().shown();
        assert_eq!(error.code, told.code(), "{wrong}");
        let sentence = &told.json["errors"][0]["long_message"];
        assert_eq!(&error.long_message, sentence.as_str().unwrap());
    }
}

#[tokio::test]
async fn a_user_made_with_a_bcrypt_digest_has_that_password() {
    let world = World::new().await;
    let body = json!({
        "username": "grace",
        "password_digest": "$2a$04$Zq7wJm3Vb1sK0cXuYtRfPemHxko1iGF.qGehI9sAd2PiWcu9nMbfW",
        "password_hasher": "bcrypt",
    });
    let user = world.backend.post("/v1/users", body).await.ok().json;
    let path = format!("/v1/users/{}/verify_password", user["id"].as_str().unwrap());
    let right = json!({ "password": "correct horse" });
    world.backend.post(&path, right).await.ok();
    let wrong = world
        .backend
        .post(&path, json!({ "password": "correct horsf" }));
    assert_eq!(wrong.await.code(), "incorrect_password");
}

#[tokio::test]
async fn what_only_a_row_of_a_file_can_say_is_held_to_its_form() {
    let world = World::new().await;
    for (wrong, param) in [
        (json!({ "id": "usr_1", "username": "grace" }), "id"),
        (json!({ "id": "user_a b", "username": "grace" }), "id"),
        (
            json!({ "email_address": ["a@example.com"], "primary_email_address": "b@example.com" }),
            "primary_email_address",
        ),
    ] {
        let error = row(&world, &wrong).unwrap_err();
        assert!(error.to_string().starts_with(param), "{error}");
    }
    let unproven = json!({
        "id": "user_3",
        "email_address": ["ada@example.org"],
        "email_address_identification_status": ["unverified"],
        "primary_email_address": null,
    });
    assert_eq!(import(&world, &[unproven]).await, ["made"]);
    let user = world.backend.get("/v1/users/user_3").await.ok().json;
    assert_eq!(user["primary_email_address_id"], Value::Null);
    assert_eq!(user["email_addresses"][0]["verification"], Value::Null);
    // A door for programs of the application's own, not for rows of files.
    let body = json!({
        "email_address": ["b@example.org"], "email_address_identification_status": ["unverified"],
    });
    let told = world.backend.post("/v1/users", body).await;
    assert_eq!(told.code(), "form_param_value_invalid");
}

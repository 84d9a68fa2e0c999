//! The waitlist, as applications' servers keep it.

use serde_json::{Value, json};

use crate::organizations::{names, text};
use crate::world::{Answer, World};

async fn add(world: &World, address: &str) -> Answer {
    let body = json!({ "email_address": address });
    world.backend.post("/v1/waitlist_entries", body).await
}

#[tokio::test]
async fn who_waits_is_invited_or_rejected_and_who_is_invited_signs_up() {
    let world = World::new().await;
    let backend = &world.backend;
    let first = add(&world, "One@Example.com").await.ok().json;
    assert_eq!(first["object"], "waitlist_entry");
    assert_eq!(first["email_address"], "one@example.com");
    assert_eq!(
        (&first["status"], &first["invitation"]),
        (&json!("pending"), &Value::Null)
    );
    let again = add(&world, "one@example.com").await.ok().json;
    assert_eq!(again["id"], first["id"]);
    let many = json!([{ "email_address": "one@example.com" }, { "email_address": "two@example.com" }, { "email_address": "three@example.com" }]);
    let many = backend
        .post("/v1/waitlist_entries/bulk", many)
        .await
        .ok()
        .json;
    assert_eq!(many[0]["id"], first["id"]);
    assert_eq!(world.count("waitlist_entries").await, 3);

    let path =
        |entry: &Value, call: &str| format!("/v1/waitlist_entries/{}{call}", text(&entry["id"]));
    let post = async |path: String| backend.post(&path, json!({})).await;
    let invited = post(path(&first, "/invite")).await.ok().json;
    assert_eq!(invited["status"], "invited");
    let url = text(&invited["invitation"]["url"]);
    for call in ["/invite", "/reject"] {
        let refused = post(path(&first, call)).await;
        assert_eq!(refused.refusal(), "409 waitlist_entry_already_invited");
    }
    let refused = backend.delete(&path(&first, "")).await;
    assert_eq!(refused.refusal(), "409 waitlist_entry_already_invited");
    let ticket = url.split('=').nth(1).unwrap();
    let form = [("ticket", ticket), ("password", "correct horse battery")];
    let done = world
        .browser()
        .form("/v1/client/sign_ups", &form)
        .await
        .ok();
    assert_eq!(done.json["response"]["status"], "complete");
    let refused = post(path(&first, "/invite")).await;
    assert_eq!(refused.refusal(), "409 waitlist_entry_already_completed");

    let rejected = post(path(&many[1], "/reject")).await.ok().json;
    assert_eq!(rejected["status"], "rejected");
    let refused = post(path(&many[1], "/reject")).await;
    assert_eq!(refused.refusal(), "409 waitlist_entry_already_rejected");
    let after_all = post(path(&many[1], "/invite")).await.ok().json;
    assert_eq!(after_all["status"], "invited");
    let gone = backend.delete(&path(&many[2], "")).await.ok().json;
    assert_eq!(
        (&gone["object"], &gone["deleted"]),
        (&json!("waitlist_entry"), &json!(true))
    );
    assert_eq!(
        post(path(&many[2], "/invite")).await.refusal(),
        "404 resource_not_found"
    );

    add(&world, "four@example.com").await.ok();
    let list = async |query: &str| {
        let path = format!("/v1/waitlist_entries?{query}");
        names(&backend.get(&path).await.ok(), "email_address")
    };
    assert_eq!(list("").await.len(), 3);
    assert_eq!(list("status=pending").await, ["four@example.com"]);
    assert_eq!(list("status=invited").await, ["two@example.com"]);
    assert_eq!(list("status=completed").await, ["one@example.com"]);
    assert!(list("status=rejected").await.is_empty());
    assert_eq!(list("query=FOUR").await, ["four@example.com"]);
    assert_eq!(list("order_by=email_address").await[0], "four@example.com");
    assert_eq!(list("order_by=-invited_at").await[2], "four@example.com");
    let shown = backend
        .get("/v1/waitlist_entries?status=invited")
        .await
        .ok()
        .json;
    let invitation = &shown["data"][0]["invitation"];
    assert_eq!(invitation["object"], "invitation");
    assert!(invitation.get("url").is_none(), "the link is shown once");
}

#[tokio::test]
async fn what_cannot_wait_is_refused_by_name() {
    let world = World::new().await;
    let bulk = "/v1/waitlist_entries/bulk";
    for (path, body, refusal) in [
        ("/v1/waitlist_entries", json!({}), "422 form_param_missing"),
        (
            "/v1/waitlist_entries",
            json!({ "email_address": "x" }),
            "422 form_param_format_invalid",
        ),
        (
            "/v1/waitlist_entries",
            json!({ "email_address": "x@example.com", "notify": "x" }),
            "422 form_param_type_invalid",
        ),
        (
            "/v1/waitlist_entries",
            json!({ "email_address": "x@example.com", "name": "x" }),
            "422 form_param_unknown",
        ),
        (bulk, json!([]), "422 form_param_array_size_exceeded"),
        (bulk, json!({}), "400 request_body_invalid"),
        (
            bulk,
            json!([{ "email_address": "x@example.com" }, { "email_address": "X@example.com" }]),
            "422 form_param_duplicate",
        ),
        (
            "/v1/waitlist_entries/wle_x/invite",
            json!({}),
            "404 resource_not_found",
        ),
        (
            "/v1/waitlist_entries/wle_x/reject",
            json!({}),
            "404 resource_not_found",
        ),
    ] {
        let answer = world.backend.post(path, body.clone()).await;
        assert_eq!(answer.refusal(), refusal, "{path} {body}");
    }
    assert_eq!(world.count("waitlist_entries").await, 0);
    let ada = add(&world, "ada@example.com").await.ok().json;
    let path = format!("/v1/waitlist_entries/{}/invite", text(&ada["id"]));
    let is_user = world.backend.post(&path, json!({})).await;
    assert_eq!(is_user.refusal(), "422 form_identifier_exists");
    let all_the_same = json!({ "ignore_existing": true });
    world.backend.post(&path, all_the_same).await.ok();
}

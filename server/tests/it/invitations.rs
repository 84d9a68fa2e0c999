//! Invitations to the application, and the links of both kinds of invitation as pages use them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::organizations::{ada, names, text};
use crate::world::{Answer, Browser, World};

const PASSWORD: &str = "correct horse battery";

async fn invite(world: &World, with: Value) -> Answer {
    let mut body = json!({ "email_address": "New@Example.com" });
    for (name, value) in with.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.backend.post("/v1/invitations", body).await
}

/// Path and query of a link, and the ticket in it.
fn link(made: &Value) -> (String, String) {
    let url = url::Url::parse(&text(&made["url"])).unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    (path, url.query_pairs().next().unwrap().1.into_owned())
}

async fn sign_up(browser: &Browser, form: &[(&str, &str)]) -> Answer {
    browser.form("/v1/client/sign_ups", form).await
}

async fn go_on(browser: &Browser, begun: &Answer, form: &[(&str, &str)]) -> Answer {
    let id = text(&begun.json["response"]["id"]);
    let path = format!("/v1/client/sign_ups/{id}?_method=PATCH");
    browser.form(&path, form).await
}

async fn actions(world: &World) -> Vec<String> {
    let logs = world.backend.get("/v1/audit_logs?limit=500").await.ok();
    let records = logs.json["data"].as_array().unwrap().iter();
    records
        .map(|one| format!("{} {}", text(&one["action"]), text(&one["result"])))
        .collect()
}

#[tokio::test]
async fn invitations_are_made_one_by_one_and_many_at_once_listed_and_revoked() {
    let world = World::new().await;
    let backend = &world.backend;
    let with = json!({ "expires_in_days": 1, "public_metadata": { "team": "x" }, "redirect_url": "http://localhost:3000/welcome" });
    let made = invite(&world, with).await.ok().json;
    assert!(text(&made["id"]).starts_with("inv_"));
    assert_eq!(made["object"], "invitation");
    assert_eq!(made["email_address"], "new@example.com");
    assert_eq!(
        (&made["status"], &made["revoked"]),
        (&json!("pending"), &json!(false))
    );
    assert_eq!(made["public_metadata"], json!({ "team": "x" }));
    assert_eq!(
        made["expires_at"].as_i64().unwrap() - made["created_at"].as_i64().unwrap(),
        86_400_000
    );
    for (change, refusal) in [
        (json!({}), "400 duplicate_record"),
        (
            json!({ "email_address": "ada@example.com" }),
            "422 form_identifier_exists",
        ),
        (
            json!({ "email_address": "x" }),
            "422 form_param_format_invalid",
        ),
        (json!({ "email_address": null }), "422 form_param_missing"),
        (
            json!({ "email_address": "x@example.com", "expires_in_days": 366 }),
            "422 form_param_value_invalid",
        ),
        (
            json!({ "email_address": "x@example.com", "notify": "x" }),
            "422 form_param_type_invalid",
        ),
        (
            json!({ "email_address": "x@example.com", "template_slug": "waitlist_invitation" }),
            "422 form_param_value_invalid",
        ),
        (
            json!({ "email_address": "x@example.com", "redirect_url": "https://evil.example" }),
            "422 redirect_url_domain_mismatch",
        ),
        (
            json!({ "email_address": "x@example.com", "public_metadata": { "a": "x".repeat(9000) } }),
            "422 form_param_max_length_exceeded",
        ),
        (
            json!({ "email_address": "x@example.com", "role": "org:member" }),
            "422 form_param_unknown",
        ),
    ] {
        assert_eq!(
            invite(&world, change.clone()).await.refusal(),
            refusal,
            "{change}"
        );
    }
    let again = json!({ "ignore_existing": true });
    invite(&world, again).await.ok();
    let known = json!({ "ignore_existing": true, "email_address": "ada@example.com" });
    invite(&world, known).await.ok();
    assert_eq!(world.count("invitations").await, 3);

    let two = json!([{ "email_address": "b1@example.com" }, { "email_address": "b2@example.com" }]);
    let many = backend.post("/v1/invitations/bulk", two).await.ok().json;
    assert_eq!(many.as_array().unwrap().len(), 2);
    for (body, refusal) in [
        (
            json!([{ "email_address": "b3@example.com" }, { "email_address": "b1@example.com" }]),
            "400 duplicate_record",
        ),
        (
            json!([{ "email_address": "b3@example.com" }, { "email_address": "b3@example.com" }]),
            "400 duplicate_record",
        ),
        (json!([]), "422 form_param_array_size_exceeded"),
        (json!({ "a": 1 }), "400 request_body_invalid"),
        (
            json!([{ "email_address": "x@example.com", "unknown": 1 }]),
            "422 form_param_unknown",
        ),
    ] {
        let answer = backend.post("/v1/invitations/bulk", body.clone()).await;
        assert_eq!(answer.refusal(), refusal, "{body}");
    }
    assert_eq!(world.count("invitations").await, 5, "all of them or none");

    let revoke = format!("/v1/invitations/{}/revoke", text(&many[0]["id"]));
    let revoked = backend.post(&revoke, json!({})).await.ok().json;
    assert_eq!(
        (&revoked["status"], &revoked["revoked"]),
        (&json!("revoked"), &json!(true))
    );
    let again = backend.post(&revoke, json!({})).await;
    assert_eq!(again.refusal(), "400 invitation_already_revoked");
    let unknown = backend
        .post("/v1/invitations/inv_x/revoke", json!({}))
        .await;
    assert_eq!(unknown.refusal(), "404 resource_not_found");

    world.advance(2 * 86_400);
    let list = async |query: &str| {
        let path = format!("/v1/invitations?paginated=true&{query}");
        names(&backend.get(&path).await.ok(), "email_address")
    };
    assert_eq!(
        list("").await.len(),
        4,
        "without those that were taken back"
    );
    assert_eq!(list("status=revoked").await, ["b1@example.com"]);
    assert_eq!(list("status=expired").await, ["new@example.com"]);
    assert_eq!(list("status=pending&query=B2").await, ["b2@example.com"]);
    let id = text(&made["id"]);
    assert_eq!(list(&format!("query={id}")).await, ["new@example.com"]);
    assert_eq!(list("order_by=email_address").await[0], "ada@example.com");
    assert_eq!(list("order_by=%2Bexpires_at").await[0], "new@example.com");
    let bare = backend.get("/v1/invitations?limit=2").await.ok().json;
    assert_eq!(bare.as_array().unwrap().len(), 2);
    assert!(bare[0].get("url").is_none(), "the link is shown once");
    assert_eq!(backend.get("/v1/invitations?status=lost").await.status, 422);
}

#[tokio::test]
async fn who_is_invited_signs_up_where_nobody_else_may() {
    let world = World::production().await;
    let with = json!({ "public_metadata": { "plan": "pro" }, "redirect_url": "https://app.example.com/join?a=b" });
    let made = invite(&world, with).await.ok().json;
    let (path, ticket) = link(&made);
    let browser = world.public_browser();
    let landed = browser.get(&path).await.location();
    assert_eq!(
        landed.as_str(),
        format!("https://app.example.com/join?a=b&__clerk_ticket={ticket}&__clerk_status=sign_up")
    );
    let without = sign_up(&browser, &[("username", "new_one"), ("password", PASSWORD)]).await;
    assert_eq!(without.refusal(), "403 sign_up_mode_restricted");

    let form = [("strategy", "ticket"), ("ticket", ticket.as_str())];
    let begun = sign_up(&browser, &form).await.ok();
    let attempt = &begun.json["response"];
    assert_eq!(attempt["email_address"], "new@example.com");
    assert_eq!(attempt["missing_fields"], json!(["username", "password"]));
    assert_eq!(attempt["unverified_fields"], json!([]));
    assert_eq!(
        attempt["verifications"]["email_address"]["strategy"],
        "ticket"
    );
    let other = go_on(&browser, &begun, &[("email_address", "other@example.com")]).await;
    assert_eq!(other.refusal(), "422 form_conditional_param_disallowed");
    // As clerk-js sends its form: with the ticket and the address once more.
    let form = [
        ("strategy", "ticket"),
        ("ticket", &ticket),
        ("email_address", "new@example.com"),
        ("username", "new_one"),
        ("password", PASSWORD),
    ];
    let done = go_on(&browser, &begun, &form).await.ok().json["response"].clone();
    assert_eq!(done["status"], "complete");
    let user = format!("/v1/users/{}", text(&done["created_user_id"]));
    let user = world.backend.get(&user).await.ok().json;
    assert_eq!(user["public_metadata"], json!({ "plan": "pro" }));
    let address = &user["email_addresses"][0];
    assert_eq!(address["email_address"], "new@example.com");
    assert_eq!(address["verification"]["status"], "verified");
    assert_eq!(browser.session().await["id"], done["created_session_id"]);
    let listed = world.backend.get("/v1/invitations").await.ok().json;
    assert_eq!(listed[0]["status"], "accepted");
    let log = actions(&world).await;
    assert!(log.contains(&"invitation.accept ok".into()), "{log:?}");

    let again = sign_up(&world.public_browser(), &[("ticket", &ticket)]).await;
    assert_eq!(again.refusal(), "400 invitation_already_accepted");
    let again = world.public_browser().get(&path).await;
    assert_eq!(again.refusal(), "400 invitation_already_accepted");
    let revoke = format!("/v1/invitations/{}/revoke", text(&made["id"]));
    let revoke = world.backend.post(&revoke, json!({})).await;
    assert_eq!(revoke.refusal(), "400 invitation_already_accepted");
    let log = actions(&world).await;
    let refused = "invitation.refuse invitation_already_accepted".to_owned();
    assert_eq!(log.iter().filter(|one| **one == refused).count(), 2);
}

#[tokio::test]
async fn an_invitation_that_ends_meanwhile_makes_nobody() {
    let world = World::new().await;
    let start = async || {
        let made = invite(
            &world,
            json!({ "ignore_existing": true, "expires_in_days": 1 }),
        );
        let made = made.await.ok().json;
        let browser = world.browser();
        let (_, ticket) = link(&made);
        let begun = sign_up(&browser, &[("ticket", &ticket)]).await.ok();
        (browser, begun, made)
    };
    let password = [("password", PASSWORD)];
    let (browser, begun, made) = start().await;
    let revoke = format!("/v1/invitations/{}/revoke", text(&made["id"]));
    world.backend.post(&revoke, json!({})).await.ok();
    let refused = go_on(&browser, &begun, &password).await;
    assert_eq!(refused.refusal(), "400 revoked_invitation");

    let (one, begun_by_one, made) = start().await;
    let other = world.browser();
    let begun_by_other = sign_up(&other, &[("ticket", &link(&made).1)]).await.ok();
    go_on(&one, &begun_by_one, &password).await.ok();
    let refused = go_on(&other, &begun_by_other, &password).await;
    assert_eq!(refused.refusal(), "422 form_identifier_exists");
    assert_eq!(world.count("users").await, 2);

    let late = json!({ "email_address": "late@example.com", "expires_in_days": 1 });
    let (path, ticket) = link(&invite(&world, late).await.ok().json);
    world.advance(86_400);
    let refused = sign_up(&world.browser(), &[("ticket", &ticket)]).await;
    assert_eq!(refused.refusal(), "400 ticket_expired_code");
    let refused = world.browser().get(&path).await;
    assert_eq!(refused.refusal(), "400 ticket_expired_code");
    let missing = sign_up(&world.browser(), &[("strategy", "ticket")]).await;
    assert_eq!(missing.refusal(), "422 form_param_missing");
    assert_eq!(world.count("users").await, 2);
}

#[tokio::test]
async fn whoever_holds_the_invited_address_is_signed_in_by_link_or_by_ticket() {
    let world = World::new().await;
    let ada = ada(&world).await;
    let made = async |redirect: &str| {
        let with = json!({ "email_address": "ada@example.com", "ignore_existing": true, "redirect_url": redirect });
        link(&invite(&world, with).await.ok().json)
    };
    let (path, _) = made("http://localhost:3000/welcome").await;
    let browser = world.browser();
    assert_eq!(browser.get(&path).await.location().path(), "/welcome");
    assert_eq!(browser.session().await["user"]["id"], ada.as_str());

    let (_, ticket) = made("").await;
    let refused = sign_up(&world.browser(), &[("ticket", &ticket)]).await;
    assert_eq!(refused.refusal(), "400 invitation_account_exists");
    let browser = world.browser();
    let form = [("strategy", "ticket"), ("ticket", ticket.as_str())];
    let signed_in = browser.form("/v1/client/sign_ins", &form).await.ok();
    assert_eq!(signed_in.json["response"]["status"], "complete");
    assert_eq!(browser.session().await["user"]["id"], ada.as_str());
    let again = world.browser().form("/v1/client/sign_ins", &form).await;
    assert_eq!(again.refusal(), "400 invitation_already_accepted");

    let (_, ticket) = link(&invite(&world, json!({})).await.ok().json);
    let form = [("strategy", "ticket"), ("ticket", ticket.as_str())];
    let nobody = world.browser().form("/v1/client/sign_ins", &form).await;
    assert_eq!(nobody.refusal(), "400 invitation_account_not_exists");
    let ban = format!("/v1/users/{ada}/ban");
    let (path, _) = made("").await;
    world.backend.post(&ban, json!({})).await.ok();
    assert_eq!(
        world.browser().get(&path).await.refusal(),
        "403 user_banned"
    );
}

#[tokio::test]
async fn who_is_invited_into_an_organization_signs_up_or_in_by_the_ticket_and_is_in() {
    let world = World::production().await;
    let backend = &world.backend;
    let id = backend.organization("Acme", &ada(&world).await).await;
    let invite = async |address: &str| {
        let body = json!({ "email_address": address, "role": "org:member", "public_metadata": { "seat": 1 } });
        let all = format!("/v1/organizations/{id}/invitations");
        link(&backend.post(&all, body).await.ok().json)
    };
    let (path, ticket) = invite("new@example.com").await;
    let browser = world.public_browser();
    let landed = browser.get(&path).await.location();
    assert!(
        landed.as_str().ends_with("&__clerk_status=sign_up"),
        "{landed}"
    );
    let form = [
        ("strategy", "ticket"),
        ("ticket", ticket.as_str()),
        ("username", "new_one"),
        ("password", PASSWORD),
    ];
    let done = sign_up(&browser, &form).await.ok().json["response"].clone();
    assert_eq!(done["status"], "complete");
    let session = browser.session().await;
    assert_eq!(session["last_active_organization_id"], id.as_str());
    let membership = &session["user"]["organization_memberships"][0];
    assert_eq!(membership["role"], "org:member");
    assert_eq!(membership["public_metadata"], json!({ "seat": 1 }));
    assert_eq!(session["user"]["public_metadata"], json!({}));
    let again = sign_up(&world.public_browser(), &form).await;
    assert_eq!(
        again.refusal(),
        "400 organization_invitation_already_accepted"
    );

    let bob = backend.user("bob@example.com").await;
    let (_, ticket) = invite("bob@example.com").await;
    let form = [("strategy", "ticket"), ("ticket", ticket.as_str())];
    let exists = sign_up(&world.public_browser(), &form).await;
    assert_eq!(
        exists.refusal(),
        "400 organization_invitation_identification_already_exists"
    );
    let browser = world.public_browser();
    browser.form("/v1/client/sign_ins", &form).await.ok();
    let session = browser.session().await;
    assert_eq!(session["user"]["id"], bob.as_str());
    assert_eq!(session["last_active_organization_id"], id.as_str());
    let (_, ticket) = invite("nobody@example.com").await;
    let form = [("ticket", ticket.as_str())];
    let nobody = world
        .public_browser()
        .form("/v1/client/sign_ins", &form)
        .await;
    assert_eq!(
        nobody.refusal(),
        "400 organization_invitation_identification_not_exist"
    );
    // The organization is gone, and nobody is made who was invited into it.
    let begun = sign_up(&world.public_browser(), &form).await.ok();
    assert_eq!(
        begun.json["response"]["email_address"],
        "nobody@example.com"
    );
    let delete = backend.request(Method::DELETE, &format!("/v1/organizations/{id}"));
    backend.send(delete).await.ok();
    let refused = sign_up(&world.public_browser(), &form).await;
    assert_eq!(refused.refusal(), "400 ticket_invalid_code");
}

#[tokio::test]
async fn one_of_many_who_sign_up_by_one_invitation_at_once_is_made() {
    let world = World::new().await;
    let (_, ticket) = link(&invite(&world, json!({})).await.ok().json);
    let browsers: Vec<_> = (0..8).map(|_| world.browser()).collect();
    let form = [("ticket", ticket.as_str()), ("password", PASSWORD)];
    let all = browsers.iter().map(|browser| sign_up(browser, &form));
    let answers = crate::world::join_all(all).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 1, "{answers:#?}");
    assert_eq!(world.count("users").await, 2);
    assert_eq!(world.count("sessions").await, 1);
}

//! Organizations as their members' pages see and change them.

use reqwest::Method;
use serde_json::{Value, json};

use super::active::as_user;
use super::{ada, text, trail};
use crate::world::{Answer, Browser, World};

/// A call of clerk-js: the method in the address, the rest in a form.
async fn call(browser: &Browser, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
    let path =
        format!("{path}?_method={method}&__clerk_api_version=2026-05-12&_clerk_js_version=6.40.0");
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let request = browser.request(Method::POST, &path);
    let request = request
        .header("origin", "http://localhost:3000")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish());
    browser.send(request).await
}

/// Method, address and form of a call.
type Call<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// What clerk-js reads of an address.
async fn read(browser: &Browser, path: &str) -> Answer {
    let sign = if path.contains('?') { '&' } else { '?' };
    let session = browser.session().await;
    let session = session["id"].as_str().unwrap_or("sess_x");
    let memberships = path.split('?').next().unwrap().ends_with("memberships");
    let paginated = if memberships { "&paginated=true" } else { "" };
    let itself = "__clerk_api_version=2026-05-12&_clerk_js_version=6.40.0&rotating_token_nonce=x";
    let path = format!("{path}{sign}{itself}{paginated}&_clerk_session_id={session}");
    browser.page(Method::GET, &path).await
}

fn titles(answer: &Answer, field: &str) -> Vec<String> {
    let all = answer.json["response"]["data"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"));
    all.iter().map(|one| text(&one[field])).collect()
}

#[tokio::test]
async fn a_page_creates_an_organization_manages_it_and_deletes_it() {
    let world = World::new().await;
    let user = ada(&world).await;
    let bob = world.backend.user("bob@example.com").await;
    let browser = as_user(&world, &user).await;
    let made = call(
        &browser,
        "POST",
        "/v1/organizations",
        &[("name", "Acme Inc")],
    )
    .await
    .ok()
    .json;
    let id = text(&made["response"]["id"]);
    assert_eq!(made["response"]["slug"], "acme-inc");
    assert_eq!(made["response"]["members_count"], 1);
    assert!(made["response"].get("private_metadata").is_none());
    let known = &made["client"]["sessions"][0]["user"];
    assert_eq!(
        known["organization_memberships"][0]["organization"]["id"],
        id.as_str()
    );
    assert_eq!(known["create_organization_enabled"], true);
    assert!(
        known["organization_memberships"][0]
            .get("private_metadata")
            .is_none()
    );

    let path = format!("/v1/organizations/{id}");
    assert_eq!(
        read(&browser, &path).await.ok().json["response"]["name"],
        "Acme Inc"
    );
    let changed = call(
        &browser,
        "PATCH",
        &path,
        &[("name", "Acme"), ("slug", "acme")],
    )
    .await
    .ok()
    .json;
    assert_eq!(changed["response"]["slug"], "acme");
    let members = format!("{path}/memberships");
    let added = call(
        &browser,
        "POST",
        &members,
        &[("user_id", &bob), ("role", "org:member")],
    )
    .await
    .ok()
    .json;
    assert_eq!(
        added["response"]["public_user_data"]["identifier"],
        "bob@example.com"
    );
    let one = format!("{members}/{bob}");
    let raised = call(&browser, "PATCH", &one, &[("role", "org:admin")])
        .await
        .ok()
        .json;
    assert_eq!(raised["response"]["role"], "org:admin");
    let list = read(&browser, &format!("{members}?limit=10&offset=0"))
        .await
        .ok();
    assert_eq!(list.json["response"]["total_count"], 2);
    let admins = read(&browser, &format!("{members}?role=org:admin&query=bob"))
        .await
        .ok();
    assert_eq!(admins.json["response"]["total_count"], 1);
    call(&browser, "DELETE", &one, &[]).await.ok();
    let roles = read(&browser, &format!("{path}/roles?limit=20&offset=0"))
        .await
        .ok();
    assert_eq!(titles(&roles, "key"), ["org:admin", "org:member"]);
    assert_eq!(roles.json["response"]["has_role_set_migration"], false);
    let requests = read(
        &browser,
        &format!("{path}/membership_requests?status=pending"),
    )
    .await
    .ok();
    assert_eq!(
        requests.json["response"],
        json!({ "data": [], "total_count": 0 })
    );
    let logo = format!("{path}/logo");
    let upload = browser.request(Method::PUT, &logo).body("an image");
    let upload = upload.header("content-type", "application/octet-stream");
    let upload = browser.send(upload).await;
    assert_eq!(upload.refusal(), "415 unsupported_content_type");
    let address = [("image_url", "https://cdn.example.com/acme.png")];
    let shown = call(&browser, "PUT", &logo, &address).await.ok().json;
    assert_eq!(shown["response"]["has_image"], true);
    let script = [("image_url", "javascript:alert(1)")];
    let refused = call(&browser, "PUT", &logo, &script).await;
    assert_eq!(refused.refusal(), "422 form_param_format_invalid");
    call(&browser, "DELETE", &format!("{path}/logo"), &[])
        .await
        .ok();
    let lonely = call(
        &browser,
        "DELETE",
        &format!("/v1/me/organization_memberships/{id}"),
        &[],
    )
    .await;
    assert_eq!(
        lonely.refusal(),
        "400 organization_minimum_permissions_needed"
    );
    let gone = call(&browser, "DELETE", &path, &[]).await.ok().json;
    assert_eq!(gone["response"]["deleted"], true);
    assert_eq!(
        gone["client"]["sessions"][0]["user"]["organization_memberships"],
        json!([])
    );
    let records = world.backend.get("/v1/audit_logs").await.ok().json;
    assert_eq!(records["data"][0]["action"], "organization.delete");
    assert_eq!(
        records["data"][0]["actor"],
        user.as_str(),
        "the user did it"
    );
}

#[tokio::test]
async fn what_a_role_does_not_allow_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let backend = &world.backend;
    let (ada, bob) = (ada(&world).await, backend.user("bob@example.com").await);
    let id = backend.organization("Acme", &ada).await;
    backend.member(&id, &bob, "org:member").await.ok();
    let (member, stranger) = (
        as_user(&world, &bob).await,
        as_user(&world, &backend.user("eve@example.com").await).await,
    );
    let path = format!("/v1/organizations/{id}");
    let before = backend.get(&path).await.ok().json["updated_at"].clone();
    let (of_ada, of_bob) = (
        format!("{path}/memberships/{ada}"),
        format!("{path}/memberships/{bob}"),
    );
    let (memberships, invitations) = (format!("{path}/memberships"), format!("{path}/invitations"));
    let bulk = format!("{invitations}/bulk");
    let changes: [Call<'_>; 8] = [
        ("PATCH", &path, &[("name", "Mine")]),
        ("DELETE", &path, &[]),
        (
            "POST",
            &memberships,
            &[("user_id", "user_x"), ("role", "org:member")],
        ),
        ("PATCH", &of_bob, &[("role", "org:admin")]),
        ("DELETE", &of_ada, &[]),
        (
            "POST",
            &invitations,
            &[("email_address", "x@example.com"), ("role", "org:admin")],
        ),
        (
            "POST",
            &bulk,
            &[("email_address", "x@example.com"), ("role", "org:admin")],
        ),
        ("POST", &format!("{invitations}/orginv_x/revoke"), &[]),
    ];
    let unknown = call(&member, "DELETE", &path, &[("really", "yes")]).await;
    assert_eq!(unknown.refusal(), "422 form_param_unknown");
    for (method, path, form) in changes {
        let refused = call(&member, method, path, form).await;
        assert_eq!(
            refused.refusal(),
            "403 missing_organization_permission",
            "{method} {path}"
        );
        let refused = call(&stranger, method, path, form).await;
        assert_eq!(
            refused.refusal(),
            "404 organization_not_found_or_unauthorized",
            "{method} {path}"
        );
        let nobody = call(&world.browser(), method, path, form).await;
        assert_eq!(
            nobody.refusal(),
            "401 authentication_invalid",
            "{method} {path}"
        );
    }
    for (path, status) in [(&path, 200), (&memberships, 200), (&invitations, 403)] {
        assert_eq!(read(&member, path).await.status, status, "{path}");
        assert_eq!(read(&stranger, path).await.status, 404, "{path}");
    }
    assert_eq!(read(&member, &format!("{path}/domains")).await.status, 403);
    assert_eq!(backend.get(&path).await.ok().json["updated_at"], before);
    assert_eq!(world.count("organization_invitations").await, 0);
    call(
        &member,
        "DELETE",
        &format!("/v1/me/organization_memberships/{id}"),
        &[],
    )
    .await
    .ok();
    assert_eq!(
        read(&member, &path).await.status,
        404,
        "who left sees nothing any more"
    );
    backend
        .patch(&path, json!({ "admin_delete_enabled": false }))
        .await
        .ok();
    let administrator = as_user(&world, &ada).await;
    let refused = call(&administrator, "DELETE", &path, &[]).await;
    assert_eq!(
        refused.refusal(),
        "403 organization_admin_delete_not_enabled"
    );
    backend
        .patch(
            &format!("/v1/users/{ada}"),
            json!({ "create_organization_enabled": false }),
        )
        .await
        .ok();
    let refused = call(
        &administrator,
        "POST",
        "/v1/organizations",
        &[("name", "x")],
    )
    .await;
    assert_eq!(
        refused.refusal(),
        "403 user_create_organization_not_enabled"
    );
}

#[tokio::test]
async fn whoever_is_in_a_hundred_organizations_makes_no_further_one_from_a_page() {
    let world = World::new().await;
    let user = ada(&world).await;
    let browser = as_user(&world, &user).await;
    for n in 1..100 {
        world
            .backend
            .organization(&format!("Many {n}"), &user)
            .await;
    }
    let form = [("name", "One more")];
    let last = call(&browser, "POST", "/v1/organizations", &form)
        .await
        .ok();
    let refused = call(&browser, "POST", "/v1/organizations", &form).await;
    assert_eq!(refused.refusal(), "403 organization_quota_exceeded");
    world
        .backend
        .organization("By the application", &user)
        .await;
    let id = text(&last.json["response"]["id"]);
    let path = format!("/v1/organizations/{id}");
    world.backend.delete(&path).await.ok();
    let refused = call(&browser, "POST", "/v1/organizations", &form).await;
    assert_eq!(refused.refusal(), "403 organization_quota_exceeded");
    assert_eq!(world.count("organizations").await, 100);
}

#[tokio::test]
async fn a_user_creates_as_many_organizations_as_it_may() {
    let world = World::new().await;
    let ada = ada(&world).await;
    let path = format!("/v1/users/{ada}");
    let limit = async |limit: i64| {
        let body = json!({ "create_organizations_limit": limit });
        world.backend.patch(&path, body).await
    };
    assert_eq!(limit(-1).await.refusal(), "422 form_param_value_invalid");
    let set = limit(2).await.ok().json;
    assert_eq!(set["create_organizations_limit"], 2);
    let page = as_user(&world, &ada).await;
    let create = async || call(&page, "POST", "/v1/organizations", &[("name", "x")]).await;
    let may = async || page.session().await["user"]["create_organization_enabled"].clone();
    create().await.ok();
    assert_eq!(may().await, true);
    let second = create().await.ok().json["response"]["id"].clone();
    assert_eq!(may().await, false);
    assert_eq!(create().await.refusal(), "403 organization_quota_exceeded");
    // Their server is not held to it; one that is gone does not count.
    world.backend.organization("Y", &ada).await;
    assert_eq!(create().await.refusal(), "403 organization_quota_exceeded");
    limit(3).await.ok();
    assert_eq!(create().await.refusal(), "403 organization_quota_exceeded");
    let gone = format!("/v1/organizations/{}", text(&second));
    world.backend.delete(&gone).await.ok();
    create().await.ok();
    let none = limit(0).await.ok().json;
    assert!(none["create_organizations_limit"].is_null());
    create().await.ok();
}

#[tokio::test]
async fn of_two_organizations_created_at_once_the_limit_lets_one_through() {
    let world = World::new().await;
    let ada = ada(&world).await;
    let body = json!({ "create_organizations_limit": 1 });
    let path = format!("/v1/users/{ada}");
    world.backend.patch(&path, body).await.ok();
    let page = as_user(&world, &ada).await;
    let all = (0..6).map(|_| call(&page, "POST", "/v1/organizations", &[("name", "x")]));
    let answers = crate::world::join_all(all).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 1, "{answers:#?}");
    assert_eq!(world.count("organizations").await, 1);
}

#[tokio::test]
async fn an_agents_page_reads_organizations_and_changes_none() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    let id = backend.organization("Acme", &user).await;
    let browser = world.browser();
    browser.visit(&backend.task().await).await.location();
    let path = format!("/v1/organizations/{id}");
    for path in [
        &path,
        &format!("{path}/memberships"),
        "/v1/me/organization_memberships",
        "/v1/me/organization_invitations",
    ] {
        read(&browser, path).await.ok();
    }
    let session = browser.session().await;
    assert_eq!(session["user"]["create_organization_enabled"], false);
    let before = world.count("audit").await;
    for (method, path) in [
        ("POST", "/v1/organizations".to_owned()),
        ("PATCH", path.clone()),
        ("DELETE", path.clone()),
        ("DELETE", format!("/v1/me/organization_memberships/{id}")),
        (
            "POST",
            "/v1/me/organization_invitations/orginv_x/accept".into(),
        ),
    ] {
        let form: &[_] = match method {
            "PATCH" => &[("name", "Mine")],
            "POST" if path == "/v1/organizations" => &[("name", "Mine")],
            _ => &[],
        };
        let refused = call(&browser, method, &path, form).await;
        assert_eq!(
            refused.refusal(),
            "403 authorization_invalid",
            "{method} {path}"
        );
    }
    assert_eq!(world.count("audit").await, before);
    assert_eq!(backend.get(&path).await.ok().json["name"], "Acme");
}

#[tokio::test]
async fn who_is_invited_finds_the_invitation_accepts_it_once_and_is_in() {
    let world = World::new().await;
    let backend = &world.backend;
    let (ada, bob) = (ada(&world).await, backend.user("bob@example.com").await);
    let id = backend.organization("Acme", &ada).await;
    let (administrator, invited) = (as_user(&world, &ada).await, as_user(&world, &bob).await);
    let all = format!("/v1/organizations/{id}/invitations");
    let form = [("email_address", "bob@example.com"), ("role", "org:member")];
    let made = call(&administrator, "POST", &all, &form).await.ok().json["response"].clone();
    assert!(
        made.get("url").is_none(),
        "a link would sign the administrator in as whoever is invited"
    );
    let many = [
        ("email_address", "c@example.com"),
        ("email_address", "d@example.com"),
        ("role", "org:admin"),
    ];
    let many = call(&administrator, "POST", &format!("{all}/bulk"), &many)
        .await
        .ok()
        .json;
    assert_eq!(many["response"].as_array().unwrap().len(), 2);
    let pending = read(&administrator, &format!("{all}?status=pending,accepted"))
        .await
        .ok();
    assert_eq!(pending.json["response"]["total_count"], 3);
    let revoke = format!("{all}/{}/revoke", text(&many["response"][0]["id"]));
    assert_eq!(
        call(&administrator, "POST", &revoke, &[]).await.ok().json["response"]["status"],
        "revoked"
    );

    let mine = read(&invited, "/v1/me/organization_invitations?status=pending")
        .await
        .ok();
    assert_eq!(titles(&mine, "id"), [text(&made["id"])]);
    assert_eq!(
        mine.json["response"]["data"][0]["public_organization_data"]["name"],
        "Acme"
    );
    let accept = format!(
        "/v1/me/organization_invitations/{}/accept",
        text(&made["id"])
    );
    let foreign = call(&administrator, "POST", &accept, &[]).await;
    assert_eq!(foreign.refusal(), "404 organization_invitation_not_found");
    let accepted = call(&invited, "POST", &accept, &[]).await.ok().json;
    assert_eq!(accepted["response"]["status"], "accepted");
    let memberships = &accepted["client"]["sessions"][0]["user"]["organization_memberships"];
    assert_eq!(memberships[0]["organization"]["id"], id.as_str());
    let again = call(&invited, "POST", &accept, &[]).await;
    assert_eq!(
        again.refusal(),
        "400 organization_invitation_already_accepted"
    );
    let listed = read(
        &invited,
        "/v1/me/organization_memberships?limit=10&offset=0",
    )
    .await
    .ok();
    assert_eq!(listed.json["response"]["total_count"], 1);
    let nobody = world.backend.user("late@example.com").await;
    let late = call(
        &administrator,
        "POST",
        &all,
        &[
            ("email_address", "late@example.com"),
            ("role", "org:member"),
        ],
    )
    .await;
    world.advance(31 * 86_400);
    let accept = format!(
        "/v1/me/organization_invitations/{}/accept",
        text(&late.ok().json["response"]["id"])
    );
    let late = call(&as_user(&world, &nobody).await, "POST", &accept, &[]).await;
    assert_eq!(late.refusal(), "400 ticket_expired_code");
    let trail = trail(&world).await;
    for line in [
        "organization_invitation.create ok",
        "organization_invitation.accept ok",
        "organization_invitation.revoke ok",
        "organization_invitation.accept organization_invitation_not_found",
    ] {
        assert!(trail.iter().any(|one| one == line), "{line}");
    }
}

#[tokio::test]
async fn the_link_of_an_invitation_signs_its_holder_in_there_once() {
    let world = World::new().await;
    let backend = &world.backend;
    let id = backend.organization("Acme", &ada(&world).await).await;
    let all = format!("/v1/organizations/{id}/invitations");
    let invite = async |address: &str| {
        let body = json!({ "email_address": address, "role": "org:member", "redirect_url": "http://localhost:3000/welcome" });
        let made = backend.post(&all, body).await.ok().json;
        let url = url::Url::parse(&text(&made["url"])).unwrap();
        (
            made["id"].clone(),
            format!("{}?{}", url.path(), url.query().unwrap()),
        )
    };
    let (_, link) = invite("bob@example.com").await;
    let unknown = world.browser().get(&link).await.location();
    assert!(unknown.query().unwrap().ends_with("__clerk_status=sign_up"));
    let bob = backend.user("bob@example.com").await;
    let browser = world.browser();
    let landed = browser.get(&link).await.location();
    assert_eq!(landed.path(), "/welcome");
    let session = browser.session().await;
    assert_eq!(session["user"]["id"], bob.as_str());
    assert_eq!(session["last_active_organization_id"], id.as_str());
    assert_eq!(
        world.browser().get(&link).await.refusal(),
        "400 organization_invitation_already_accepted"
    );
    let (revoked, link) = invite("c@example.com").await;
    backend.user("c@example.com").await;
    backend
        .post(&format!("{all}/{}/revoke", text(&revoked)), json!({}))
        .await
        .ok();
    assert_eq!(
        world.browser().get(&link).await.refusal(),
        "400 organization_invitation_revoked_code"
    );
    assert_eq!(world.count("sessions").await, 1);
    let refused = trail(&world).await;
    let refused = refused
        .iter()
        .filter(|line| line.starts_with("organization_invitation.refuse "))
        .count();
    assert_eq!(refused, 2);
}

#[tokio::test]
async fn pages_are_told_what_there_is() {
    let world = World::new().await;
    let settings =
        world.browser().get("/v1/environment").await.ok().json["organization_settings"].clone();
    assert_eq!(settings["enabled"], true);
    assert_eq!(settings["domains"]["enabled"], false);
    assert_eq!(settings["slug"]["disabled"], false);
    let browser = as_user(&world, &ada(&world).await).await;
    let defaults = read(&browser, "/v1/me/organization_creation_defaults")
        .await
        .ok()
        .json;
    assert_eq!(defaults["response"]["form"]["name"], "");
    for path in [
        "organization_suggestions",
        "organization_memberships",
        "organization_invitations",
    ] {
        let list = read(&browser, &format!("/v1/me/{path}?limit=10&offset=0"))
            .await
            .ok()
            .json;
        assert_eq!(
            list["response"],
            json!({ "data": [], "total_count": 0 }),
            "{path}"
        );
        let refused = call(&browser, "POST", &format!("/v1/me/{path}"), &[]).await;
        assert_eq!(refused.refusal(), "405 method_not_allowed");
    }
    world
        .backend
        .organization_settings(json!({ "enabled": false }))
        .await
        .ok();
    let environment = world.browser().get("/v1/environment").await.ok().json;
    assert_eq!(environment["organization_settings"]["enabled"], false);
    assert_eq!(
        environment["user_settings"]["actions"]["create_organization"],
        false
    );
    assert_eq!(
        browser.session().await["user"]["create_organization_enabled"],
        Value::Bool(false)
    );
    let refused = call(&browser, "POST", "/v1/organizations", &[("name", "x")]).await;
    assert_eq!(
        refused.refusal(),
        "403 organization_not_enabled_in_instance"
    );
}

#[tokio::test]
async fn members_with_the_permission_see_and_remove_domains() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    let id = backend.organization("Acme", &user).await;
    backend
        .organization_settings(json!({ "domains_enabled": true }))
        .await
        .ok();
    let path = format!("/v1/organizations/{id}/domains");
    let made = backend
        .post(&path, json!({ "name": "acme.example" }))
        .await
        .ok()
        .json;
    let browser = as_user(&world, &user).await;
    let list = read(
        &browser,
        &format!("{path}?enrollment_mode=manual_invitation"),
    )
    .await
    .ok();
    assert_eq!(titles(&list, "name"), ["acme.example"]);
    // A page cannot prove that a domain is the organization's, and is not asked for a key either.
    let added = call(&browser, "POST", &path, &[("name", "other.example")]).await;
    assert_eq!(added.refusal(), "404 resource_not_found");
    let one = format!("{path}/{}", text(&made["id"]));
    assert_eq!(
        read(&browser, &one).await.ok().json["response"]["name"],
        "acme.example"
    );
    call(&browser, "DELETE", &one, &[]).await.ok();
    assert_eq!(read(&browser, &one).await.status, 404);
}

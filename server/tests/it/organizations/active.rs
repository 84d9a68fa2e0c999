//! The organization that a session is in, and what tokens say of it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ada, text, trail};
use crate::world::{Answer, Browser, Task, World, claims};

/// What a new token of this page says.
async fn said(world: &World, browser: &Browser) -> Value {
    let session = browser.session().await;
    let token = browser.token(&text(&session["id"])).await.ok();
    claims(world, &text(&token.json["jwt"])).await
}

/// A call of the page about its session.
async fn call(browser: &Browser, call: &str, form: &str) -> Answer {
    let session = text(&browser.session().await["id"]);
    let path = format!("/v1/client/sessions/{session}/{call}");
    let request = browser.request(Method::POST, &path);
    let request = request
        .header("origin", "http://localhost:3000")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned());
    browser.send(request).await
}

async fn touch(browser: &Browser, organization: &str) -> Answer {
    let form = format!("active_organization_id={organization}&intent=select_org");
    call(browser, "touch", &form).await
}

/// A browser signed in as this user, without an agent.
pub async fn as_user(world: &World, user: &str) -> Browser {
    let body = json!({ "user_id": user });
    let token = world.backend.post("/v1/sign_in_tokens", body).await.ok();
    let browser = world.browser();
    let ticket = text(&token.json["token"]);
    browser
        .get(&format!("/v1/tickets/accept?ticket={ticket}"))
        .await
        .location();
    browser
}

#[tokio::test]
async fn a_touched_organization_is_active_in_session_and_token_until_it_is_left() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    let browser = as_user(&world, &user).await;
    assert!(said(&world, &browser).await.get("o").is_none());
    let id = backend.organization("Acme", &user).await;
    let touched = touch(&browser, &id).await.ok().json;
    assert_eq!(
        touched["response"]["last_active_organization_id"],
        id.as_str()
    );
    let membership = &touched["response"]["user"]["organization_memberships"][0];
    assert_eq!(membership["organization"]["id"], id.as_str());
    assert_eq!(membership["role"], "org:admin");
    let token = said(&world, &browser).await;
    assert_eq!(
        token["o"],
        json!({ "id": id, "slg": "acme", "rol": "admin" })
    );
    assert!(token.get("fea").is_none(), "no custom permissions");
    let session = text(&browser.session().await["id"]);
    let seen = backend
        .get(&format!("/v1/sessions/{session}"))
        .await
        .ok()
        .json;
    assert_eq!(seen["last_active_organization_id"], id.as_str());
    let backends = backend
        .post(&format!("/v1/sessions/{session}/tokens"), json!({}))
        .await
        .ok();
    let backends = claims(&world, &text(&backends.json["jwt"])).await;
    assert_eq!(backends["o"]["id"], id.as_str());

    touch(&browser, "acme").await.ok();
    let unchanged = call(&browser, "touch", "intent=focus").await.ok().json;
    assert_eq!(
        unchanged["response"]["last_active_organization_id"],
        id.as_str()
    );
    touch(&browser, "").await.ok();
    assert!(said(&world, &browser).await.get("o").is_none());
    let switched = "session.organization ok".to_owned();
    let trail = trail(&world).await;
    assert_eq!(
        trail.iter().filter(|line| **line == switched).count(),
        2,
        "once for each change"
    );
}

#[tokio::test]
async fn nobody_goes_into_an_organization_that_they_are_not_in() {
    let world = World::new().await;
    let bob = world.backend.user("bob@example.com").await;
    let browser = as_user(&world, &ada(&world).await).await;
    let of_bob = world.backend.organization("Bobs", &bob).await;
    for id in [of_bob.as_str(), "bobs", "org_nothing", "nothing"] {
        let refused = touch(&browser, id).await;
        assert_eq!(
            refused.refusal(),
            "404 organization_not_found_or_unauthorized",
            "{id}"
        );
        let refused = call(&browser, "tokens", &format!("organization_id={id}")).await;
        assert_eq!(
            refused.refusal(),
            "404 organization_not_found_or_unauthorized",
            "{id}"
        );
    }
    for form in [
        "intent=sleep",
        "unknown=1",
        "active_organization_id=a&active_organization_id=b",
    ] {
        let refused = call(&browser, "touch", form).await;
        assert_eq!(refused.status, 422, "{form}");
    }
    assert_eq!(
        call(&browser, "tokens", "organisation_id=x")
            .await
            .refusal(),
        "422 form_param_unknown"
    );
    assert!(said(&world, &browser).await.get("o").is_none());
    assert_eq!(
        browser.session().await["last_active_organization_id"],
        Value::Null
    );
}

#[tokio::test]
async fn a_token_is_made_for_another_organization_and_the_session_stays_where_it_is() {
    let world = World::new().await;
    let user = ada(&world).await;
    let (first, second) = (
        world.backend.organization("First", &user).await,
        world.backend.organization("Second", &user).await,
    );
    let browser = as_user(&world, &user).await;
    assert_eq!(
        said(&world, &browser).await["o"]["id"],
        second.as_str(),
        "the one it came into last"
    );
    let form = format!("organization_id={first}&tab_state=focused");
    let token = call(&browser, "tokens", &form).await.ok().json;
    assert_eq!(
        claims(&world, &text(&token["jwt"])).await["o"]["id"],
        first.as_str()
    );
    let token = call(&browser, "tokens", "organization_id=").await.ok().json;
    assert!(
        claims(&world, &text(&token["jwt"]))
            .await
            .get("o")
            .is_none()
    );
    assert_eq!(said(&world, &browser).await["o"]["id"], second.as_str());
}

#[tokio::test]
async fn the_next_token_forgets_a_removed_member_a_deleted_organization_and_a_role_that_changed() {
    let world = World::new().await;
    let backend = &world.backend;
    let (ada, bob) = (ada(&world).await, backend.user("bob@example.com").await);
    let id = backend.organization("Acme", &ada).await;
    let path = format!("/v1/organizations/{id}");
    backend.member(&id, &bob, "org:member").await.ok();
    let browser = as_user(&world, &bob).await;
    // What a page asks for again and again may be a token of a moment ago, and must notice each change.
    let shown = async || {
        let session = browser.session().await;
        let known = claims(&world, &text(&session["last_active_token"]["jwt"])).await;
        let new = said(&world, &browser).await;
        assert_eq!(known.get("o"), new.get("o"));
        assert_eq!(known.get("fea"), new.get("fea"));
        (new, session["last_active_organization_id"].clone())
    };
    assert_eq!(shown().await.0["o"]["rol"], "member");
    let role = json!({ "name": "Clerk", "key": "org:clerk", "permissions": [
        backend.permission("org:invoices:read").await, backend.permission("org:invoices:create").await,
        backend.permission("org:reports:read").await,
    ] });
    let role = backend.post("/v1/organization_roles", role).await.ok().json;
    backend
        .patch(
            &format!("{path}/memberships/{bob}"),
            json!({ "role": "org:clerk" }),
        )
        .await
        .ok();
    let (token, _) = shown().await;
    assert_eq!(token["o"]["rol"], "clerk");
    assert_eq!(
        (&token["o"]["per"], &token["o"]["fpm"]),
        (&json!("create,read"), &json!("3,2"))
    );
    assert_eq!(token["fea"], "o:invoices,o:reports");
    let fewer = format!("/v1/organization_roles/{}", text(&role["id"]));
    backend
        .patch(&fewer, json!({ "permissions": [] }))
        .await
        .ok();
    assert!(shown().await.0.get("fea").is_none());
    backend.patch(&path, json!({ "slug": "other" })).await.ok();
    assert_eq!(shown().await.0["o"]["slg"], "other");

    backend
        .delete(&format!("{path}/memberships/{bob}"))
        .await
        .ok();
    let (token, active) = shown().await;
    assert!(token.get("o").is_none());
    assert_eq!(active, Value::Null);
    // A page that has not heard of it yet names the organization with every call, and is not signed out for that.
    let token = call(&browser, "tokens", &format!("organization_id={id}"))
        .await
        .ok()
        .json;
    assert!(
        claims(&world, &text(&token["jwt"]))
            .await
            .get("o")
            .is_none()
    );
    call(
        &browser,
        "touch",
        &format!("active_organization_id={id}&intent=focus"),
    )
    .await
    .ok();

    backend.member(&id, &bob, "org:member").await.ok();
    assert_eq!(shown().await.0["o"]["id"], id.as_str());
    backend
        .organization_settings(json!({ "enabled": false }))
        .await
        .ok();
    assert!(shown().await.0.get("o").is_none());
    backend
        .organization_settings(json!({ "enabled": true }))
        .await
        .ok();
    backend.delete(&path).await.ok();
    assert!(shown().await.0.get("o").is_none());
}

#[tokio::test]
async fn a_task_opens_its_session_in_the_organization_that_it_names() {
    let world = World::new().await;
    let backend = &world.backend;
    let (ada, bob) = (ada(&world).await, backend.user("bob@example.com").await);
    let (first, second) = (
        backend.organization("First", &ada).await,
        backend.organization("Second", &ada).await,
    );
    let of_bob = backend.organization("Bobs", &bob).await;
    for organization in [of_bob.as_str(), "org_nothing"] {
        let refused = backend
            .create(json!({ "organization_id": organization }))
            .await;
        assert_eq!(refused.refusal(), "403 not_a_member_in_organization");
    }
    assert_eq!(world.count("tasks").await, 0);
    assert!(
        trail(&world)
            .await
            .contains(&"task.create not_a_member_in_organization".to_owned())
    );

    let made = backend
        .create(json!({ "organization_id": first }))
        .await
        .ok();
    let task = Task::of(&made);
    let shown = backend
        .get(&format!("/v1/agents/tasks/{}", task.id))
        .await
        .ok()
        .json;
    assert_eq!(shown["organization_id"], first.as_str());
    let browser = world.browser();
    browser.visit(&task).await.location();
    let token = said(&world, &browser).await;
    assert_eq!(token["o"]["id"], first.as_str());
    assert_eq!(token["act"]["agent_task_id"], task.id.as_str());
    // An agent goes where its user may go, and its own choice is that of its session.
    touch(&browser, &second).await.ok();
    assert_eq!(said(&world, &browser).await["o"]["id"], second.as_str());
    touch(&browser, &first).await.ok();
    let own = as_user(&world, &ada).await;
    assert_eq!(
        said(&world, &own).await["o"]["id"],
        second.as_str(),
        "the user came into this one last, and chose no other"
    );

    let headless = Task::of(
        &backend
            .create(json!({ "organization_id": first }))
            .await
            .ok(),
    );
    let program = world.browser();
    let request = program.request(Method::GET, &headless.path);
    let opened = program
        .send(request.header("accept", "application/json"))
        .await
        .ok()
        .json;
    assert_eq!(
        claims(&world, &text(&opened["jwt"])).await["o"]["id"],
        first.as_str()
    );
    assert_eq!(
        opened["session"]["last_active_organization_id"],
        first.as_str()
    );

    // Who left in the meantime is not let in, and the ticket is not spent.
    let task = Task::of(
        &backend
            .create(json!({ "organization_id": first }))
            .await
            .ok(),
    );
    backend.member(&first, &bob, "org:admin").await.ok();
    let membership = format!("/v1/organizations/{first}/memberships/{ada}");
    backend.delete(&membership).await.ok();
    let refused = world.browser().visit(&task).await;
    assert_eq!(refused.refusal(), "403 not_a_member_in_organization");
    backend.member(&first, &ada, "org:member").await.ok();
    world.browser().visit(&task).await.location();
}

#[tokio::test]
async fn a_sign_in_token_and_a_session_of_the_backend_begin_in_the_organization_they_name() {
    let world = World::new().await;
    let backend = &world.backend;
    let (ada, bob) = (ada(&world).await, backend.user("bob@example.com").await);
    let (first, _) = (
        backend.organization("First", &ada).await,
        backend.organization("Second", &ada).await,
    );
    let body = json!({ "user_id": ada, "org_id": first });
    let token = backend.post("/v1/sign_in_tokens", body).await.ok().json;
    let browser = world.browser();
    let ticket = text(&token["token"]);
    browser
        .get(&format!("/v1/tickets/accept?ticket={ticket}"))
        .await
        .location();
    assert_eq!(said(&world, &browser).await["o"]["id"], first.as_str());
    let both = json!({ "user_id": ada, "org_id": first, "organization_id": first });
    assert_eq!(backend.post("/v1/sign_in_tokens", both).await.status, 422);

    let body = json!({ "user_id": ada, "active_organization_id": first });
    let session = backend.post("/v1/sessions", body).await.ok().json;
    assert_eq!(session["last_active_organization_id"], first.as_str());
    let (sessions, tokens) = (
        world.count("sessions").await,
        world.count("sign_in_tokens").await,
    );
    let foreign = json!({ "user_id": bob, "active_organization_id": first });
    assert_eq!(
        backend.post("/v1/sessions", foreign).await.refusal(),
        "403 not_a_member_in_organization"
    );
    let foreign = json!({ "user_id": bob, "organization_id": first });
    assert_eq!(
        backend.post("/v1/sign_in_tokens", foreign).await.refusal(),
        "403 not_a_member_in_organization"
    );
    assert_eq!(
        (
            world.count("sessions").await,
            world.count("sign_in_tokens").await
        ),
        (sessions, tokens)
    );
}

#[tokio::test]
async fn a_handshake_puts_the_session_where_the_address_says_and_leaves_it_where_that_cannot_be() {
    let world = World::new().await;
    let user = ada(&world).await;
    let (first, second) = (
        world.backend.organization("First", &user).await,
        world.backend.organization("Second", &user).await,
    );
    let browser = as_user(&world, &user).await;
    let handshake = async |organization: &str| {
        let path = format!(
            "/v1/client/handshake?redirect_url=http://localhost:3000/&format=nonce{organization}"
        );
        let nonce = browser.get(&path).await.location();
        let nonce = nonce
            .query_pairs()
            .find(|(name, _)| name == "__clerk_handshake_nonce")
            .unwrap()
            .1
            .into_owned();
        let payload = world
            .backend
            .get(&format!("/v1/clients/handshake_payload?nonce={nonce}"))
            .await
            .ok();
        let all = payload.json["directives"].as_array().unwrap().iter();
        let token = all
            .filter_map(Value::as_str)
            .find_map(|one| one.strip_prefix("__session="))
            .unwrap();
        claims(&world, token.split(';').next().unwrap()).await["o"]["id"].clone()
    };
    assert_eq!(handshake("").await, second.as_str());
    assert_eq!(
        handshake(&format!("&organization_id={first}")).await,
        first.as_str()
    );
    assert_eq!(
        handshake("&organization_id=second").await,
        second.as_str(),
        "by its slug"
    );
    assert_eq!(
        handshake("&organization_id=org_nothing").await,
        second.as_str()
    );
    assert_eq!(handshake("&organization_id=").await, Value::Null);
    assert_eq!(said(&world, &browser).await.get("o"), None);
}

#[tokio::test]
async fn a_new_session_begins_where_the_user_was_last_or_came_in_since() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    let of_new = async || said(&world, &as_user(&world, &user).await).await["o"]["id"].clone();
    let first = backend.organization("First", &user).await;
    assert_eq!(of_new().await, first.as_str());
    let second = backend.organization("Second", &user).await;
    assert_eq!(of_new().await, second.as_str());
    touch(&as_user(&world, &user).await, &first).await.ok();
    assert_eq!(of_new().await, first.as_str());
    touch(&as_user(&world, &user).await, "").await.ok();
    assert_eq!(of_new().await, Value::Null);
}

#[tokio::test]
async fn where_an_organization_is_required_a_session_without_one_waits_and_says_so() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    backend
        .organization_settings(json!({ "force_organization_selection": true }))
        .await
        .ok();
    let environment = world.browser().get("/v1/environment").await.ok().json;
    assert_eq!(
        environment["organization_settings"]["force_organization_selection"],
        true
    );
    let browser = as_user(&world, &user).await;
    let session = browser.session().await;
    assert_eq!(session["status"], "pending");
    assert_eq!(session["tasks"], json!([{ "key": "choose-organization" }]));
    assert_eq!(said(&world, &browser).await["sts"], "pending");
    let pending = backend
        .get(&format!("/v1/sessions?user_id={user}&status=pending"))
        .await
        .ok()
        .json;
    assert_eq!(pending.as_array().unwrap().len(), 1);
    let active = backend
        .get(&format!("/v1/sessions?user_id={user}&status=active"))
        .await
        .ok()
        .json;
    assert_eq!(active, json!([]));

    let id = backend.organization("Acme", &user).await;
    let session = session["id"].as_str().unwrap();
    let path = format!("/v1/client/sessions/{session}/tokens");
    for (organization, status) in [("", "pending"), (id.as_str(), "active")] {
        let there = [("organization_id", organization)];
        let token = browser.form(&path, &there).await.ok();
        let token = claims(&world, &text(&token.json["jwt"])).await;
        assert_eq!(token["sts"], status, "a token for there");
    }
    assert_eq!(said(&world, &browser).await["sts"], "pending");
    touch(&browser, &id).await.ok();
    let session = browser.session().await;
    assert_eq!(
        (&session["status"], &session["tasks"]),
        (&json!("active"), &Value::Null)
    );
    assert_eq!(said(&world, &browser).await["sts"], "active");
    touch(&browser, "").await.ok();
    assert_eq!(
        said(&world, &browser).await["o"]["id"],
        id.as_str(),
        "not left for none"
    );
    assert_eq!(
        said(&world, &as_user(&world, &user).await).await["o"]["id"],
        id.as_str()
    );
}

#[tokio::test]
async fn the_longest_names_and_the_fullest_role_still_make_cookies_that_browsers_keep() {
    let world = World::new().await;
    let backend = &world.backend;
    let user = ada(&world).await;
    let slug = "x".repeat(64);
    let body = json!({ "name": "Acme", "slug": slug, "created_by": user });
    let id = text(&backend.post("/v1/organizations", body).await.ok().json["id"]);
    backend
        .member(&id, &backend.user("bob@example.com").await, "org:admin")
        .await
        .ok();
    let role = json!({ "name": "Full", "key": format!("org:{}", "r".repeat(60)) });
    let role = backend.post("/v1/organization_roles", role).await.ok().json;
    let role = format!("/v1/organization_roles/{}", text(&role["id"]));
    // As many permissions as the role takes.
    for number in 0.. {
        let permission = backend
            .permission(&format!("org:feature_{number}:action_{number}"))
            .await;
        if backend
            .post(&format!("{role}/permissions/{permission}"), json!({}))
            .await
            .status
            != 200
        {
            break;
        }
    }
    let full = backend.get(&role).await.ok().json;
    assert!(full["permissions"].as_array().unwrap().len() > 20);
    let member = format!("/v1/organizations/{id}/memberships/{user}");
    backend
        .patch(&member, json!({ "role": full["key"] }))
        .await
        .ok();
    let host = format!("{}localhost", "abc.".repeat(61));
    let wish = json!({
        "redirect_url": format!("http://{host}:65535/"),
        "agent_name": "\u{1f916}".repeat(256),
        "organization_id": id,
    });
    let task = Task::of(&backend.create(wish).await.ok());
    let target = world.browser().visit(&task).await.location();
    let nonce = target
        .query_pairs()
        .find(|(name, _)| name == "__clerk_handshake_nonce")
        .unwrap()
        .1
        .into_owned();
    let told = backend
        .get(&format!("/v1/clients/handshake_payload?nonce={nonce}"))
        .await
        .ok()
        .json;
    let lengths = told["directives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap().len());
    let longest = lengths.max().unwrap();
    assert!(longest <= 4096, "{longest} bytes");
}

#[tokio::test]
async fn custom_claims_speak_of_the_organization_that_the_session_is_in() {
    let world = World::new().await;
    let user = ada(&world).await;
    let claims = json!({ "claims": {
        "org": "{{org.name}}", "as": "{{org.role}}", "plan": "{{org.public_metadata.plan}}", "team": "{{org_membership.public_metadata.team}}",
    } });
    world
        .backend
        .patch("/v1/instance/session_token", claims)
        .await
        .ok();
    let browser = as_user(&world, &user).await;
    assert_eq!(said(&world, &browser).await["org"], Value::Null);
    let body = json!({ "name": "Acme", "created_by": user, "public_metadata": { "plan": "gold" } });
    let id = text(
        &world
            .backend
            .post("/v1/organizations", body)
            .await
            .ok()
            .json["id"],
    );
    let metadata = json!({ "public_metadata": { "team": "a" } });
    let membership = format!("/v1/organizations/{id}/memberships/{user}/metadata");
    world.backend.patch(&membership, metadata).await.ok();
    touch(&browser, &id).await.ok();
    let token = said(&world, &browser).await;
    for (claim, value) in [
        ("org", "Acme"),
        ("as", "org:admin"),
        ("plan", "gold"),
        ("team", "a"),
    ] {
        assert_eq!(token[claim], value, "{claim}");
    }
}

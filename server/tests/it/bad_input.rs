use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;
use serde_json::json;

use crate::world::World;

/// Every call that takes a body.
const WRITES: [(&str, &str); 52] = [
    ("POST", "/v1/agents/tasks"),
    ("POST", "/v1/agents/tasks/agttsk_x/revoke"),
    ("POST", "/v1/agents/agent_x/disable"),
    ("POST", "/v1/users"),
    ("PATCH", "/v1/users/{user}"),
    ("PATCH", "/v1/users/{user}/metadata"),
    ("PUT", "/v1/users/{user}/metadata"),
    ("POST", "/v1/users/{user}/verify_password"),
    ("POST", "/v1/users/ban"),
    ("POST", "/v1/email_addresses"),
    ("PATCH", "/v1/email_addresses/idn_x"),
    ("POST", "/v1/phone_numbers"),
    ("PATCH", "/v1/phone_numbers/idn_x"),
    ("PUT", "/v1/users/{user}/email_address"),
    ("POST", "/v1/sessions"),
    ("POST", "/v1/sessions/revoke"),
    ("POST", "/v1/sessions/sess_x/revoke"),
    ("POST", "/v1/sessions/sess_x/tokens"),
    ("POST", "/v1/sessions/sess_x/refresh"),
    ("POST", "/v1/clients/verify"),
    ("POST", "/v1/sign_in_tokens"),
    ("POST", "/v1/testing_tokens"),
    ("POST", "/v1/jwt_templates"),
    ("PATCH", "/v1/jwt_templates/jtmp_x"),
    ("POST", "/v1/sessions/sess_x/tokens/t"),
    ("PATCH", "/v1/instance/session_token"),
    ("POST", "/v1/organizations"),
    ("PATCH", "/v1/organizations/org_x"),
    ("PATCH", "/v1/organizations/org_x/metadata"),
    ("PUT", "/v1/organizations/org_x/metadata"),
    ("POST", "/v1/organizations/org_x/memberships"),
    ("PATCH", "/v1/organizations/org_x/memberships/{user}"),
    (
        "PATCH",
        "/v1/organizations/org_x/memberships/{user}/metadata",
    ),
    ("POST", "/v1/organizations/org_x/invitations"),
    ("POST", "/v1/allowlist_identifiers"),
    ("POST", "/v1/blocklist_identifiers"),
    ("PATCH", "/v1/instance"),
    ("PATCH", "/v1/instance/restrictions"),
    ("POST", "/v1/waitlist_entries"),
    ("POST", "/v1/waitlist_entries/wle_x/invite"),
    ("POST", "/v1/waitlist_entries/wle_x/reject"),
    ("POST", "/v1/invitations"),
    ("POST", "/v1/invitations/inv_x/revoke"),
    (
        "POST",
        "/v1/organizations/org_x/invitations/orginv_x/revoke",
    ),
    ("POST", "/v1/organizations/org_x/domains"),
    ("PATCH", "/v1/organizations/org_x/domains/orgdmn_x"),
    ("POST", "/v1/organization_roles"),
    ("PATCH", "/v1/organization_roles/role_x"),
    ("POST", "/v1/organization_roles/role_x/permissions/perm_x"),
    ("POST", "/v1/organization_permissions"),
    ("PATCH", "/v1/organization_permissions/perm_x"),
    ("PATCH", "/v1/instance/organization_settings"),
];

async fn every_write(world: &World) -> Vec<(Method, String)> {
    let user = world.backend.get("/v1/users").await.ok().json[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    WRITES
        .iter()
        .map(|(method, path)| (method.parse().unwrap(), path.replace("{user}", &user)))
        .collect()
}

/// Everything that may not change when a request is refused.
async fn state(world: &World) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in [
        "users",
        "identifiers",
        "agents",
        "tasks",
        "sessions",
        "clients",
        "sign_in_tokens",
        "jwt_templates",
        "organizations",
        "organization_memberships",
        "organization_invitations",
        "invitations",
        "listed_identifiers",
        "waitlist_entries",
        "organization_domains",
        "roles",
        "permissions",
        "audit",
    ] {
        rows.push(world.count(table).await);
    }
    rows
}

#[tokio::test]
async fn bodies_that_are_not_what_they_say_are_refused_everywhere_and_change_nothing() {
    let world = World::new().await;
    let before = state(&world).await;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    let bodies = [
        ("application/json", "{", "400 request_body_invalid"),
        ("application/json", "[]", "400 request_body_invalid"),
        ("application/json", "\"text\"", "400 request_body_invalid"),
        ("application/json", "null", "400 request_body_invalid"),
        ("application/json", "{\"a\":1}{", "400 request_body_invalid"),
        (
            "application/json",
            "{\"a\":\"\\ud800\"}",
            "400 request_body_invalid",
        ),
        (
            "application/json",
            deep.as_str(),
            "400 request_body_invalid",
        ),
        (
            "application/json",
            "{\"extra\":1,\"extra\":2}",
            "422 form_param_duplicate",
        ),
        ("text/plain", "{}", "415 unsupported_content_type"),
        ("application/xml", "<a/>", "415 unsupported_content_type"),
    ];
    for (method, path) in every_write(&world).await {
        for (kind, body, expected) in bodies {
            let request = world
                .backend
                .request(method.clone(), &path)
                .header("content-type", kind)
                .body(body.to_owned());
            let answer = world.backend.send(request).await;
            assert_eq!(answer.refusal(), expected, "{method} {path} {body}");
            assert!(
                answer.json["clerk_trace_id"]
                    .as_str()
                    .is_some_and(|id| id.len() == 32)
            );
        }
    }
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn unknown_wrong_and_oversized_fields_are_refused_everywhere_and_change_nothing() {
    let world = World::new().await;
    let before = state(&world).await;
    let fields = [
        "user_id",
        "email_address",
        "phone_number",
        "username",
        "first_name",
        "public_metadata",
        "password",
        "verified",
        "agent_name",
        "redirect_url",
        "on_behalf_of",
        "session_max_duration_in_seconds",
        "token",
        "user_ids",
        "banned",
        "expires_in_seconds",
        "primary_email_address_id",
        "unknown_field",
    ];
    let values = [
        json!(true),
        json!(-1.5),
        json!([[]]),
        json!({ "a": { "b": [] } }),
        json!("\u{0}"),
        json!("x".repeat(30_000)),
        json!([1, 2]),
    ];
    for (method, path) in every_write(&world).await {
        for field in fields {
            for value in &values {
                let answer = world
                    .backend
                    .send(
                        world
                            .backend
                            .request(method.clone(), &path)
                            .json(&json!({ field: value })),
                    )
                    .await;
                let plausible = answer.status.is_success();
                assert!(
                    plausible || (400..500).contains(&answer.status.as_u16()),
                    "{method} {path} {field} {value}: {answer:?}"
                );
                if !plausible {
                    assert!(!answer.code().is_empty());
                }
            }
        }
        let unknown = world
            .backend
            .send(
                world
                    .backend
                    .request(method.clone(), &path)
                    .json(&json!({ "unknown_field": 1 })),
            )
            .await;
        assert!(
            unknown.status.is_client_error(),
            "{method} {path} took an unknown field"
        );
    }
    // Metadata takes any object, so the user may have changed; nothing may have come or gone.
    assert_eq!(state(&world).await[..17], before[..17]);
}

#[tokio::test]
async fn unknown_ids_are_not_found() {
    let world = World::new().await;
    for id in [
        "x",
        "user_x",
        "..",
        "%2e%2e",
        "%27%20or%201%3D1",
        "a%2Fb",
        "%F0%9F%92%A9",
        "x".repeat(500).as_str(),
    ] {
        for path in [
            "/v1/users/{id}",
            "/v1/sessions/{id}",
            "/v1/clients/{id}",
            "/v1/agents/{id}",
            "/v1/agents/tasks/{id}",
            "/v1/email_addresses/{id}",
            "/v1/phone_numbers/{id}",
            "/v1/organizations/{id}",
            "/v1/organizations/{id}/memberships",
            "/v1/organizations/{id}/invitations/pending",
            "/v1/organizations/{id}/invitations/{id}",
            "/v1/organization_roles/{id}",
            "/v1/organization_permissions/{id}",
        ] {
            let answer = world.backend.get(&path.replace("{id}", id)).await;
            assert!(
                matches!(answer.status.as_u16(), 404 | 405),
                "{path} {id}: {answer:?}"
            );
        }
    }
    let nul = world.backend.get("/v1/users/a%00b").await;
    assert_eq!(nul.refusal(), "400 malformed_request_parameters");
    for path in [
        "/v1/users/%ff",
        "/v1/agents/tasks/%c3%28",
        "/v1/sessions/a%ed%a0%80b",
        "/npm/@clerk/clerk-js@6/dist/%ff",
    ] {
        let answer = world.backend.get(path).await;
        assert_eq!(
            answer.refusal(),
            "400 malformed_request_parameters",
            "{path}"
        );
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    assert_eq!(
        world.backend.get("/v1/nothing").await.refusal(),
        "404 resource_not_found"
    );
    assert_eq!(
        world.browser().get("/nothing").await.refusal(),
        "404 resource_not_found"
    );
}

#[tokio::test]
async fn wrong_methods_are_named_as_such() {
    let world = World::new().await;
    for (method, path) in [
        ("DELETE", "/v1/agents/tasks"),
        ("PUT", "/v1/users"),
        ("GET", "/v1/testing_tokens"),
        ("POST", "/v1/jwks"),
        ("TRACE", "/v1/users"),
    ] {
        let answer = world
            .backend
            .send(world.backend.request(method.parse().unwrap(), path))
            .await;
        assert_eq!(
            answer.refusal(),
            "405 method_not_allowed",
            "{method} {path}"
        );
        assert!(answer.headers.contains_key("allow"), "{method} {path}");
    }
    let browser = world.browser();
    for (method, path) in [
        ("PUT", "/v1/client/handshake"),
        ("GET", "/v1/dev_browser"),
        ("TRACE", "/v1/client"),
    ] {
        let answer = browser
            .send(browser.request(method.parse().unwrap(), path))
            .await;
        assert_eq!(
            answer.refusal(),
            "405 method_not_allowed",
            "{method} {path}"
        );
    }
    let tunnelled = browser.page(Method::POST, "/v1/client?_method=TRACE").await;
    assert_eq!(tunnelled.refusal(), "405 method_not_allowed");
}

#[tokio::test]
async fn paging_is_held_to_its_bounds() {
    let world = World::new().await;
    for path in [
        "/v1/users",
        "/v1/sessions",
        "/v1/agents",
        "/v1/agents/tasks",
        "/v1/audit_logs",
    ] {
        for query in ["limit=0", "limit=501", "limit=-1", "offset=-1"] {
            assert_eq!(
                world
                    .backend
                    .get(&format!("{path}?{query}"))
                    .await
                    .refusal(),
                "422 form_param_value_invalid",
                "{path}?{query}"
            );
        }
        for query in ["limit=x", "offset=1.5", "limit=99999999999999999999"] {
            assert_eq!(
                world
                    .backend
                    .get(&format!("{path}?{query}"))
                    .await
                    .refusal(),
                "422 form_param_type_invalid",
                "{path}?{query}"
            );
        }
        assert_eq!(
            world
                .backend
                .get(&format!("{path}?nonsense=1"))
                .await
                .refusal(),
            "422 form_param_unknown"
        );
        assert_eq!(
            world
                .backend
                .get(&format!("{path}?limit=1&limit=2"))
                .await
                .refusal(),
            "422 form_param_duplicate"
        );
    }
}

/// Bytes as they are, to the server and back, without an HTTP library in between.
fn raw(world: &World, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.server.as_ref().unwrap().local_addr()).unwrap();
    stream
        .set_read_timeout(Some(std::time::Duration::from_secs(5)))
        .unwrap();
    // The server may answer and close before all is written.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_refused_without_being_read() {
    let world = World::new().await;
    let large = "x".repeat(70 * 1024);
    let answer = world
        .backend
        .post("/v1/users", json!({ "first_name": large }))
        .await;
    assert_eq!(answer.refusal(), "413 request_body_too_large");
    let head = format!(
        "POST /v1/users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
        crate::world::SECRET_KEY
    );
    let announced = raw(
        &world,
        format!("{head}Content-Length: 1000000000\r\nConnection: close\r\n\r\n{{").as_bytes(),
    );
    assert!(announced.starts_with("HTTP/1.1 413"), "{announced}");
    let chunk = format!("8000\r\n{}\r\n", "y".repeat(0x8000));
    let chunked = raw(
        &world,
        format!(
            "{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunk}{chunk}{chunk}"
        )
        .as_bytes(),
    );
    assert!(chunked.starts_with("HTTP/1.1 413"), "{chunked}");
    let headers = format!(
        "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Large: {}\r\n\r\n",
        "z".repeat(40 * 1024)
    );
    let answer = raw(&world, headers.as_bytes());
    assert!(
        answer.starts_with("HTTP/1.1 431"),
        "{}",
        &answer[..answer.len().min(200)]
    );
    world.backend.get("/v1/users").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_has_one_length() {
    let world = World::new().await;
    let smuggled = [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 0x5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "X: y\r\n Transfer-Encoding: chunked",
    ];
    for lines in smuggled {
        let request = format!(
            "POST /v1/client HTTP/1.1\r\nHost: localhost\r\n{lines}\r\nConnection: close\r\n\r\n0\r\n\r\nGET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        );
        let answer = raw(&world, request.as_bytes());
        assert!(
            answer.matches("HTTP/1.1 200").count() == 0,
            "{lines}: {answer}"
        );
        assert!(
            !answer.contains("healthy"),
            "{lines}: a second request came out of the first"
        );
    }
    let two_hosts = raw(&world, b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert!(!two_hosts.starts_with("HTTP/1.1 200"), "{two_hosts}");
    let no_host = raw(
        &world,
        b"GET /v1/health HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    assert!(!no_host.starts_with("HTTP/1.1 200"), "{no_host}");
}

#[tokio::test]
async fn a_list_that_is_too_long_is_called_that() {
    let world = World::new().await;
    let ids = |count| "user_id=x&".repeat(count);
    let path = format!("/v1/users?{}", ids(501));
    let answer = world.backend.get(&path).await;
    assert_eq!(answer.refusal(), "422 form_param_array_size_exceeded");
    assert_eq!(answer.param(), "user_id");
}

#[tokio::test]
async fn a_name_holds_nothing_that_does_not_show() {
    let world = World::new().await;
    for name in [
        "pt\u{200b}",
        "pt\u{ad}",
        "p\u{202e}t",
        "\u{1b}[2Jpt",
        "p\r\nt",
        "p\u{2028}t",
        "p\u{fe0f}t",
    ] {
        let answer = world.backend.create(json!({ "agent_name": name })).await;
        assert_eq!(answer.refusal(), "422 form_param_value_invalid", "{name:?}");
        assert_eq!(answer.param(), "agent_name");
    }
    let agent = async |name: &str| {
        let made = world.backend.create(json!({ "agent_name": name })).await;
        made.ok().json["agent_id"].clone()
    };
    let plain = agent("PT 1").await;
    for twin in [" PT 1 ", "PT\u{a0}1", "\u{ff30}\u{ff34} 1\u{3000}"] {
        assert_eq!(agent(twin).await, plain, "{twin:?}");
    }
    // Longer in its plain form than it was.
    let long = "\u{fdfa}".repeat(100);
    let answer = world.backend.create(json!({ "agent_name": long })).await;
    assert_eq!(answer.refusal(), "422 form_param_max_length_exceeded");
}

#[tokio::test]
async fn what_people_read_stays_on_its_line_and_keeps_its_letters() {
    let world = World::new().await;
    let user = world.backend.get("/v1/users").await.ok().json[0]["id"].clone();
    let user = format!("/v1/users/{}", user.as_str().unwrap());
    for text in [
        "a\nb",
        "a\rb",
        "\u{1b}]0;x\u{7}",
        "a\u{202e}b",
        "a\u{61c}b",
        "a\u{85}b",
    ] {
        let task = world
            .backend
            .create(json!({ "task_description": text }))
            .await;
        assert_eq!(task.refusal(), "422 form_param_value_invalid", "{text:?}");
        for name in ["first_name", "last_name"] {
            let changed = world.backend.patch(&user, json!({ name: text })).await;
            assert_eq!(
                changed.refusal(),
                "422 form_param_value_invalid",
                "{text:?}"
            );
            assert_eq!(changed.param(), name);
        }
    }
    // Joiners belong to Persian and to pictures.
    let name =
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645} \u{1f469}\u{200d}\u{1f680}";
    let changed = world
        .backend
        .patch(&user, json!({ "first_name": name }))
        .await;
    assert_eq!(changed.ok().json["first_name"], name);
}

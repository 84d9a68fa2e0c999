//! Webhooks: what is told, to whom, in which order, and what becomes of it where nobody listens.
#![expect(
    clippy::disallowed_methods,
    reason = "what another program is sent is looked for until it is there, or is not there after a while"
)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use standin_server::Server;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::world::{Answer, Backend, World};

/// An application's endpoint.
#[derive(Clone)]
pub struct Sink {
    url: String,
    status: Arc<AtomicU16>,
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Sink {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            url: format!("http://{}/hooks", listener.local_addr().unwrap()),
            status: Arc::new(AtomicU16::new(200)),
            received: Arc::default(),
        };
        let (status, received) = (sink.status.clone(), sink.received.clone());
        let take = move |headers: HeaderMap, body: Bytes| {
            received.lock().unwrap().push((headers, body));
            let status = status.load(Ordering::SeqCst);
            async move { StatusCode::from_u16(status).unwrap() }
        };
        let routes = Router::new().fallback(take);
        tokio::spawn(async { axum::serve(listener, routes).await });
        sink
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn events(&self) -> Vec<Value> {
        let all = self.received.lock().unwrap();
        all.iter()
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }

    fn types(&self) -> Vec<String> {
        let types = self.events().into_iter();
        types
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect()
    }

    pub async fn has(&self, count: usize) -> Vec<Value> {
        let wait = Instant::now();
        while self.received.lock().unwrap().len() < count {
            assert!(
                wait.elapsed() < Duration::from_secs(20),
                "{:?}",
                self.types()
            );
            sleep(Duration::from_millis(10)).await;
        }
        self.events()
    }

    /// An endpoint that leads here.
    async fn listens(&self, backend: &Backend, events: &[&str]) -> Value {
        let body = json!({ "url": self.url, "events": events });
        backend.post("/v1/webhook_endpoints", body).await.ok().json
    }
}

fn path(endpoint: &Value, rest: &str) -> String {
    format!(
        "/v1/webhook_endpoints/{}{rest}",
        endpoint["id"].as_str().unwrap()
    )
}

/// Verifies as receivers do, written from the description of the scheme.
fn is_signed(secret: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let of = |name: &str| headers[name].to_str().unwrap().to_owned();
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let mut content = format!("{}.{}.", of("svix-id"), of("svix-timestamp")).into_bytes();
    content.extend(body);
    assert_eq!(of("svix-signature"), of("webhook-signature"));
    let all = of("svix-signature");
    let mut all = all
        .split(' ')
        .map(|one| STANDARD.decode(one.strip_prefix("v1,").unwrap()).unwrap());
    all.any(|tag| hmac::verify(&key, &content, &tag).is_ok())
}

/// Waits until the deliveries of an endpoint are as they should be.
async fn settled(world: &World, endpoint: &Value, query: &str, count: usize) -> Vec<Value> {
    let wait = Instant::now();
    loop {
        let path = path(endpoint, &format!("/deliveries?limit=500{query}"));
        let answer = world.backend.get(&path).await.ok();
        let found = answer.json["data"].as_array().unwrap().clone();
        if found.len() == count {
            return found;
        }
        assert!(wait.elapsed() < Duration::from_secs(20), "{found:#?}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_as_the_backend_api_shows_it_at_that_moment() {
    let world = World::new().await;
    let (backend, sink) = (&world.backend, Sink::new().await);
    let endpoint = sink.listens(backend, &[]).await;
    let user = backend.user("grace@example.com").await;
    let shown = backend.get(&format!("/v1/users/{user}")).await.ok().json;
    let told = &sink.has(1).await[0];
    assert_eq!(told["type"], "user.created");
    assert_eq!(told["data"], shown);
    assert_eq!(
        (&told["object"], &told["timestamp"]),
        (&json!("event"), &json!(world.now().0))
    );
    assert_eq!(
        told["event_attributes"]["http_request"]["client_ip"],
        "127.0.0.1"
    );
    let secret = endpoint["signing_secret"].as_str().unwrap();
    let (headers, body) = sink.received.lock().unwrap()[0].clone();
    assert!(is_signed(secret, &headers, &body));
    assert!(!is_signed(secret, &headers, &body[1..]));
    backend
        .patch(
            &format!("/v1/users/{user}"),
            json!({ "first_name": "Grace" }),
        )
        .await
        .ok();
    backend
        .patch(
            &format!("/v1/users/{user}"),
            json!({ "first_name": "Hopper" }),
        )
        .await
        .ok();
    backend.delete(&format!("/v1/users/{user}")).await.ok();
    let told = sink.has(4).await;
    // In their order, and each as it was then.
    assert_eq!(
        sink.types()[1..],
        ["user.updated", "user.updated", "user.deleted"]
    );
    assert_eq!(
        (
            &told[1]["data"]["first_name"],
            &told[2]["data"]["first_name"]
        ),
        (&json!("Grace"), &json!("Hopper"))
    );
    assert_eq!(
        told[3]["data"],
        json!({ "object": "user", "id": user, "deleted": true })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_permissions_and_the_waitlist_are_told() {
    let world = World::new().await;
    let (backend, sink) = (&world.backend, Sink::new().await);
    sink.listens(backend, &["role.*", "permission.*", "waitlistEntry.*"])
        .await;
    let made = async |path: &str, body: Value| backend.post(path, body).await.ok().json;
    let at = |of: &Value, path: &str| format!("{path}/{}", of["id"].as_str().unwrap());
    let permission = json!({ "name": "Read", "key": "org:bills:read" });
    let permission = made("/v1/organization_permissions", permission).await;
    let role = json!({ "name": "Clerk", "key": "org:clerk" });
    let role = made("/v1/organization_roles", role).await;
    let given = at(
        &permission,
        &format!("{}/permissions", at(&role, "/v1/organization_roles")),
    );
    let given = backend.post(&given, json!({})).await.ok().json;
    let path = at(&permission, "/v1/organization_permissions");
    let renamed = backend.patch(&path, json!({ "name": "See" }));
    let renamed = renamed.await.ok().json;
    backend.delete(&path).await.ok();
    backend
        .delete(&at(&role, "/v1/organization_roles"))
        .await
        .ok();
    let waits = json!({ "email_address": "new@example.com" });
    let waits = made("/v1/waitlist_entries", waits).await;
    let invite = format!("{}/invite", at(&waits, "/v1/waitlist_entries"));
    let mut invited = made(&invite, json!({})).await;
    // The link is for whoever asked for it.
    invited["invitation"]
        .as_object_mut()
        .unwrap()
        .remove("url")
        .unwrap();
    let told = sink.has(8).await;
    let gone =
        |of: &Value, object: &str| json!({ "object": object, "id": of["id"], "deleted": true });
    for (kind, data) in [
        ("permission.created", &permission),
        ("permission.updated", &renamed),
        ("permission.deleted", &gone(&permission, "permission")),
        ("role.created", &role),
        ("role.updated", &given),
        ("role.deleted", &gone(&role, "role")),
        ("waitlistEntry.created", &waits),
        ("waitlistEntry.updated", &invited),
    ] {
        let one = told.iter().find(|one| one["type"] == kind);
        assert_eq!(
            &one.unwrap_or_else(|| panic!("{kind}: {told:#?}"))["data"],
            data,
            "{kind}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_tasks_and_organizations_are_told() {
    let world = World::new().await;
    let (backend, sink) = (&world.backend, Sink::new().await);
    let ada = backend
        .get("/v1/users?email_address=ada@example.com")
        .await
        .ok()
        .json[0]["id"]
        .clone();
    sink.listens(
        backend,
        &[
            "session.*",
            "agent_task.*",
            "organization.*",
            "organizationMembership.*",
            "organizationDomain.*",
            "organizationInvitation.*",
        ],
    )
    .await;
    let task = backend.task().await;
    let browser = world.browser();
    browser.visit(&task).await.location();
    let session = browser.session().await;
    world.browser().visit(&task).await;
    backend
        .post(
            &format!("/v1/sessions/{}/revoke", session["id"].as_str().unwrap()),
            json!({}),
        )
        .await
        .ok();
    let revoked = backend.task().await;
    backend
        .post(
            &format!("/v1/agents/tasks/{}/revoke", revoked.id),
            json!({}),
        )
        .await
        .ok();
    let expiring = backend.task().await;
    let of = |told: &[Value], id: &str| -> Vec<String> {
        let its = told.iter().filter(|one| one["data"]["agent_task_id"] == id);
        its.map(|one| one["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let told = sink.has(8).await;
    assert_eq!(
        of(&told, &task.id),
        [
            "agent_task.created",
            "agent_task.opened",
            "agent_task.refused"
        ]
    );
    assert_eq!(
        of(&told, &revoked.id),
        ["agent_task.created", "agent_task.revoked"]
    );
    let sessions: Vec<_> = told
        .iter()
        .filter(|one| one["data"]["object"] == "session")
        .collect();
    assert_eq!(
        (&sessions[0]["type"], &sessions[1]["type"]),
        (&json!("session.created"), &json!("session.revoked"))
    );
    assert_eq!(sessions[0]["data"]["user"]["id"], ada);
    assert_eq!(
        (
            &sessions[0]["data"]["status"],
            &sessions[1]["data"]["status"]
        ),
        (&json!("active"), &json!("revoked"))
    );
    // Only the one that nobody opened or took back.
    world.advance(601);
    let told = sink.has(9).await;
    assert_eq!(
        (
            of(&told, &expiring.id)[1].as_str(),
            &told[8]["data"]["status"]
        ),
        ("agent_task.expired", &json!("expired"))
    );

    let made = backend
        .post(
            "/v1/organizations",
            json!({ "name": "Acme", "created_by": ada }),
        )
        .await
        .ok()
        .json;
    let organization = format!("/v1/organizations/{}", made["id"].as_str().unwrap());
    let grace = backend.user("grace@example.com").await;
    backend
        .post(
            &format!("{organization}/memberships"),
            json!({ "user_id": grace, "role": "org:member" }),
        )
        .await
        .ok();
    let left = backend
        .delete(&format!("{organization}/memberships/{grace}"))
        .await
        .ok()
        .json;
    let invitation =
        json!({ "email_address": "new@example.com", "role": "org:member", "inviter_user_id": ada });
    let invited = backend
        .post(&format!("{organization}/invitations"), invitation)
        .await
        .ok()
        .json;
    backend
        .post(
            &format!(
                "{organization}/invitations/{}/revoke",
                invited["id"].as_str().unwrap()
            ),
            json!({}),
        )
        .await
        .ok();
    backend
        .patch(&organization, json!({ "name": "Acme 2" }))
        .await
        .ok();
    backend.delete(&organization).await.ok();
    let told = sink.has(17).await.split_off(9);
    let mut types: Vec<_> = told
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect();
    types.sort_unstable();
    assert_eq!(
        types,
        [
            "organization.created",
            "organization.deleted",
            "organization.updated",
            "organizationInvitation.created",
            "organizationInvitation.revoked",
            "organizationMembership.created",
            "organizationMembership.created",
            "organizationMembership.deleted",
        ]
    );
    let one = |name: &str| &told.iter().find(|one| one["type"] == name).unwrap()["data"];
    assert_eq!(one("organizationMembership.deleted")["id"], left["id"]);
    assert_eq!(
        one("organizationMembership.deleted")["public_user_data"]["user_id"],
        json!(grace)
    );
    assert_eq!(
        one("organization.deleted"),
        &json!({ "object": "organization", "id": made["id"], "slug": made["slug"], "deleted": true })
    );
    assert_eq!(one("organization.created")["name"], "Acme");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_in_order_until_it_is_dead_and_can_be_replayed() {
    let world = World::new().await;
    let (backend, sink) = (&world.backend, Sink::new().await);
    let endpoint = sink.listens(backend, &["user.*"]).await;
    sink.answers(500);
    let user = backend.user("grace@example.com").await;
    backend
        .patch(
            &format!("/v1/users/{user}"),
            json!({ "first_name": "Grace" }),
        )
        .await
        .ok();
    sink.has(1).await;
    let waiting = settled(&world, &endpoint, "&status=waiting", 2).await;
    // Svix' schedule, with a tenth of leeway; the later event of the same user waits for the earlier one.
    for (attempt, seconds) in [
        (2, 5),
        (3, 300),
        (4, 1_800),
        (5, 7_200),
        (6, 18_000),
        (7, 36_000),
    ] {
        sleep(Duration::from_millis(300)).await;
        world.advance(seconds * 9 / 10 - 1);
        sleep(Duration::from_millis(300)).await;
        assert_eq!(sink.types().len(), attempt - 1, "too early");
        world.advance(seconds / 5 + 2);
        sink.has(attempt).await;
    }
    assert!(sink.types().iter().all(|kind| kind == "user.created"));
    sleep(Duration::from_millis(300)).await;
    world.advance(40_000);
    sink.has(8).await;
    let dead = settled(&world, &endpoint, "&status=dead", 1).await;
    // Now the next one has its turn.
    assert_eq!(sink.has(9).await[8]["type"], "user.updated");
    sink.answers(204);
    let number = dead[0]["id"].as_i64().unwrap();
    let whole = backend
        .get(&path(&endpoint, &format!("/deliveries/{number}")))
        .await
        .ok()
        .json;
    assert_eq!(
        (
            &whole["attempts"],
            &whole["tried"][0]["status"],
            &whole["tried"][0]["error"]
        ),
        (&json!(8), &json!(500), &json!("answered 500"))
    );
    assert_eq!(whole["payload"], sink.events()[0]);
    backend
        .post(
            &path(&endpoint, &format!("/deliveries/{number}/replay")),
            json!({}),
        )
        .await
        .ok();
    sink.has(10).await;
    let id = |place: usize| sink.received.lock().unwrap()[place].0["svix-id"].clone();
    assert_eq!(
        (id(0), &waiting[0]["type"]),
        (id(9), &json!("user.updated"))
    );
    world.advance(10);
    settled(&world, &endpoint, "&status=delivered", 2).await;
    let again = backend
        .post(&path(&endpoint, "/replay"), json!({ "since": 0 }))
        .await
        .ok()
        .json;
    assert_eq!(
        (&again["count"], &again["continue_since"]),
        (&json!(2), &Value::Null)
    );
    sink.has(13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_hears_what_it_asked_for_under_the_secrets_that_hold() {
    let world = World::new().await;
    let (backend, sink) = (&world.backend, Sink::new().await);
    backend.user("before@example.com").await;
    let endpoint = sink.listens(backend, &["user.deleted"]).await;
    let one = path(&endpoint, "");
    let user = backend.user("grace@example.com").await;
    backend.delete(&format!("/v1/users/{user}")).await.ok();
    sink.has(1).await;
    let old = endpoint["signing_secret"].as_str().unwrap().to_owned();
    let new = backend
        .post(&path(&endpoint, "/rotate_secret"), json!({}))
        .await
        .ok()
        .json;
    let new = new["signing_secret"].as_str().unwrap().to_owned();
    assert_eq!(
        backend.get(&path(&endpoint, "/secret")).await.ok().json["signing_secret"],
        new.as_str()
    );
    let tested = backend
        .post(&path(&endpoint, "/test"), json!({}))
        .await
        .ok()
        .json;
    sink.has(2).await;
    world.advance(86_401);
    backend
        .post(&path(&endpoint, "/test"), json!({}))
        .await
        .ok();
    sink.has(3).await;
    let all = sink.received.lock().unwrap().clone();
    let by = |secret: &str| -> Vec<bool> {
        all.iter()
            .map(|(headers, body)| is_signed(secret, headers, body))
            .collect()
    };
    assert_eq!(
        (by(&old), by(&new)),
        (vec![true, true, false], vec![false, true, true])
    );
    assert_eq!(
        sink.types(),
        ["user.deleted", "webhook.test", "webhook.test"]
    );
    assert_eq!(
        all[1].0["webhook-id"],
        tested["message_id"].as_str().unwrap()
    );
    backend.patch(&one, json!({ "disabled": true })).await.ok();
    let user = backend.user("hopper@example.com").await;
    backend.delete(&format!("/v1/users/{user}")).await.ok();
    assert_eq!(world.count("webhook_deliveries").await, 3);
    assert_eq!(
        backend.get("/v1/webhook_endpoints").await.ok().json["data"][0]["disabled"],
        true
    );
    assert!(
        backend
            .get(&one)
            .await
            .ok()
            .json
            .get("signing_secret")
            .is_none()
    );
    backend.delete(&one).await.ok();
    assert_eq!(backend.get(&one).await.refusal(), "404 resource_not_found");
}

#[tokio::test]
async fn a_webhook_that_cannot_be_meant_is_refused_and_nothing_is_changed() {
    let world = World::production().await;
    let backend = &world.backend;
    let refused = async |body: Value| {
        let answer: Answer = backend.post("/v1/webhook_endpoints", body).await;
        format!("{} {}", answer.refusal(), answer.param())
    };
    for url in [
        "http://app.example.com/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/",
        "https://a:b@c.example/",
    ] {
        assert_eq!(
            refused(json!({ "url": url })).await,
            "422 form_param_value_invalid url",
            "{url}"
        );
    }
    assert_eq!(
        refused(json!({ "url": "here" })).await,
        "422 form_param_format_invalid url"
    );
    assert_eq!(refused(json!({})).await, "422 form_param_missing url");
    let url = "https://app.example.com/hooks";
    assert_eq!(
        refused(json!({ "url": url, "events": ["user.made"] })).await,
        "422 form_param_value_invalid events"
    );
    assert_eq!(
        refused(json!({ "url": url, "secret": "mine" })).await,
        "422 form_param_unknown secret"
    );
    assert_eq!(world.count("webhook_endpoints").await, 0);
    for _ in 0..20 {
        backend
            .post("/v1/webhook_endpoints", json!({ "url": url }))
            .await
            .ok();
    }
    assert!(refused(json!({ "url": url })).await.starts_with("422 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_on_one_database_send_each_event_once() {
    let world = World::new().await;
    let (backend, sink) = (&world.backend, Sink::new().await);
    let endpoint = sink.listens(backend, &["user.created"]).await;
    let other = Server::start(world.config.clone()).await.unwrap();
    let users: Vec<_> = (0..60).map(|n| format!("user{n}@example.com")).collect();
    for user in &users {
        backend.user(user).await;
    }
    settled(&world, &endpoint, "&status=delivered", 60).await;
    let ids: BTreeSet<_> = sink
        .received
        .lock()
        .unwrap()
        .iter()
        .map(|(headers, _)| headers["svix-id"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!((ids.len(), sink.events().len()), (60, 60));
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_died_with_is_sent_by_the_next_one() {
    let mut world = World::new().await;
    let sink = Sink::new().await;
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let body = json!({ "url": format!("http://{}/", hanging.local_addr().unwrap()) });
    let endpoint = world
        .backend
        .post("/v1/webhook_endpoints", body)
        .await
        .ok()
        .json;
    world.backend.user("grace@example.com").await;
    // It was tried, and no answer came before the node was gone.
    let (_connection, _) = hanging.accept().await.unwrap();
    world.restart().await;
    world
        .backend
        .patch(&path(&endpoint, ""), json!({ "url": sink.url }))
        .await
        .ok();
    sleep(Duration::from_millis(600)).await;
    assert_eq!(sink.types().len(), 0, "another node may still be at it");
    world.advance(61);
    assert_eq!(sink.has(1).await[0]["type"], "user.created");
}

/// How long requests take in all but the worst cases of a hundred.
async fn worst(backend: &Backend, count: usize) -> Duration {
    let mut took = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        backend.task().await;
        took.push(started.elapsed());
    }
    took.sort_unstable();
    took[count * 98 / 100]
}

/// Endpoints that never answer, that fail, and one whose application answers every event with a change that is an event.
#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_hang_fail_or_call_back_do_not_hold_up_the_api_or_each_other() {
    let world = World::new().await;
    let backend = world.backend.clone();
    let before = worst(&backend, 100).await;
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let failing = Sink::new().await;
    failing.answers(503);
    for _ in 0..9 {
        let url = format!("http://{}/", hanging.local_addr().unwrap());
        backend
            .post("/v1/webhook_endpoints", json!({ "url": url }))
            .await
            .ok();
        failing.listens(&backend, &[]).await;
    }
    let ada = backend
        .get("/v1/users?email_address=ada@example.com")
        .await
        .ok()
        .json[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let looping = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", looping.local_addr().unwrap());
    let again = backend.clone();
    let loops = Router::new().fallback(move || {
        let (again, path) = (again.clone(), format!("/v1/users/{ada}/metadata"));
        async move {
            let change = json!({ "private_metadata": { "seen": true } });
            again.patch(&path, change).await.ok();
        }
    });
    tokio::spawn(async { axum::serve(looping, loops).await });
    backend
        .post("/v1/webhook_endpoints", json!({ "url": url }))
        .await
        .ok();
    let sink = Sink::new().await;
    sink.listens(&backend, &["agent_task.created"]).await;
    backend
        .patch(
            &format!("/v1/users/{}", backend.user("g@example.com").await),
            json!({ "first_name": "G" }),
        )
        .await
        .ok();
    let meanwhile = worst(&backend, 100).await;
    let limit = before * 10 + Duration::from_millis(100);
    assert!(meanwhile < limit, "{meanwhile:?} instead of {before:?}");
    // The one that listens well hears of all of them.
    assert_eq!(sink.has(100).await.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_go_with_their_time_and_nothing_is_written_where_nobody_listens() {
    let mut world = World::new().await;
    world.backend.user("grace@example.com").await;
    assert_eq!(world.count("webhook_deliveries").await, 0);
    let sink = Sink::new().await;
    sink.listens(&world.backend, &[]).await;
    world.backend.user("hopper@example.com").await;
    sink.has(1).await;
    world.advance(31 * 86_400);
    world.restart().await;
    let wait = Instant::now();
    while world.count("webhook_deliveries").await > 0 || world.count("webhook_attempts").await > 0 {
        assert!(wait.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(50)).await;
    }
}

/// For the run that looks at every statement.
pub async fn use_all(world: &World) {
    let backend = &world.backend;
    let sink = Sink::new().await;
    let endpoint = sink.listens(backend, &[]).await;
    sink.answers(500);
    let user = backend.user("webhooks@example.com").await;
    backend
        .patch(&format!("/v1/users/{user}"), json!({ "first_name": "W" }))
        .await
        .ok();
    let task = backend.task().await;
    backend
        .post(&format!("/v1/agents/tasks/{}/revoke", task.id), json!({}))
        .await
        .ok();
    sink.has(2).await;
    backend
        .post(&path(&endpoint, "/test"), json!({}))
        .await
        .ok();
    sink.answers(200);
    world.advance(6);
    for query in [
        "&status=waiting",
        "&status=dead",
        "&status=delivered",
        "&type=user.created&object_id=x",
    ] {
        backend
            .get(&path(&endpoint, &format!("/deliveries?limit=5{query}")))
            .await
            .ok();
    }
    let all = settled(world, &endpoint, "&status=delivered", 5).await;
    let one = format!("/deliveries/{}", all[0]["id"]);
    backend.get(&path(&endpoint, &one)).await.ok();
    backend
        .post(&path(&endpoint, &format!("{one}/replay")), json!({}))
        .await
        .ok();
    for body in [
        json!({ "since": 0 }),
        json!({ "since": 0, "status": "dead" }),
    ] {
        backend.post(&path(&endpoint, "/replay"), body).await.ok();
    }
    backend.get("/v1/webhook_endpoints").await.ok();
    backend
        .post(&path(&endpoint, "/rotate_secret"), json!({}))
        .await
        .ok();
    backend
        .patch(&path(&endpoint, ""), json!({ "description": "mine" }))
        .await
        .ok();
    let now = world.now();
    let forget = move |tx: &mut standin_server::db::Write<'_>| {
        standin_server::webhooks::forget(tx, now.plus_seconds(-86_400), 10)
    };
    let by = standin_server::caller::Caller::internal("test", now);
    world.db().await.write(by, forget).await.unwrap();
    backend.delete(&path(&endpoint, "")).await.ok();
}

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{SECRET_KEY, World, claims};
use standin_server::caller::Caller;
use standin_server::db::Db;
use standin_server::id::SecretKeyId;
use standin_server::secret::Secret;
use standin_server::secret_keys::{self, NewKey, Scope};

pub async fn key(world: &World, scope: Scope) -> (SecretKeyId, String) {
    let db = standin_server::open(&world.config.database).await.unwrap();
    let (at, secret) = (world.now(), Secret::with_prefix("sk_test_"));
    let id = SecretKeyId::new(at);
    let new = NewKey {
        id: id.clone(),
        name: "ci".into(),
        scope,
        secret: secret.clone(),
    };
    let by = Caller {
        at,
        actor: "test".into(),
        ip: None,
        user_agent: None,
        request_id: "test".into(),
        once: None,
    };
    db.write(by, move |tx| secret_keys::create(tx, &new))
        .await
        .unwrap();
    (id, secret.expose().to_owned())
}

#[tokio::test]
async fn nothing_opens_without_a_key() {
    let world = World::new().await;
    let ask = async |header: Option<&str>| {
        let mut request = reqwest::Client::new()
            .post(format!("{}/v1/agents/tasks", world.url))
            .json(&json!({}));
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        world.backend.send(request).await.refusal()
    };
    assert_eq!(ask(None).await, "401 clerk_key_invalid");
    assert_eq!(
        ask(Some("Bearer sk_test_wrong")).await,
        "401 clerk_key_invalid"
    );
    assert_eq!(
        ask(Some("sk_test_wrong")).await,
        "401 authorization_header_format_invalid"
    );
    assert_eq!(
        ask(Some("Basic abc")).await,
        "401 authorization_header_format_invalid"
    );
    assert_eq!(
        ask(Some("Bearer ")).await,
        "401 authorization_header_format_invalid"
    );
    for path in [
        "/v1/users",
        "/v1/jwks",
        "/v1/sessions",
        "/v1/clients/x",
        "/v1/agents",
        "/v1/audit_logs",
    ] {
        let without = world
            .backend
            .send(reqwest::Client::new().get(format!("{}{path}", world.url)))
            .await;
        assert_eq!(without.refusal(), "401 clerk_key_invalid", "{path}");
        assert_eq!(
            world
                .backend
                .with_key("sk_live_x")
                .get(path)
                .await
                .refusal(),
            "401 clerk_key_invalid",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_key_reaches_as_far_as_its_scope() {
    let world = World::new().await;
    let (_, read) = key(&world, Scope::Read).await;
    let (_, tasks) = key(&world, Scope::Tasks).await;
    let (read, tasks) = (
        world.backend.with_key(&read),
        world.backend.with_key(&tasks),
    );
    for backend in [&read, &tasks] {
        backend.get("/v1/users").await.ok();
        assert_eq!(
            backend.post("/v1/users", json!({})).await.refusal(),
            "403 authorization_missing_scopes"
        );
        // A template may be called as the one writing call is that reading keys may make.
        let template = backend.post("/v1/sessions/sess_x/tokens/refresh", json!({}));
        assert_eq!(template.await.refusal(), "403 authorization_missing_scopes");
        assert_eq!(
            backend
                .post("/v1/sessions/revoke", json!({ "all": true }))
                .await
                .status,
            403
        );
    }
    assert_eq!(
        read.create(json!({})).await.refusal(),
        "403 authorization_missing_scopes"
    );
    let task = tasks.task().await;
    tasks
        .post(&format!("/v1/agents/tasks/{}/revoke", task.id), json!({}))
        .await
        .ok();
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_from_the_next_request_on_and_others_stay() {
    let world = World::new().await;
    let (id, secret) = key(&world, Scope::Full).await;
    let backend = world.backend.with_key(&secret);
    backend.get("/v1/users").await.ok();
    let db = standin_server::open(&world.config.database).await.unwrap();
    let by = Caller {
        at: world.now(),
        actor: "test".into(),
        ip: None,
        user_agent: None,
        request_id: "test".into(),
        once: None,
    };
    db.write(by.clone(), move |tx| secret_keys::revoke(tx, &id))
        .await
        .unwrap();
    assert_eq!(
        backend.get("/v1/users").await.refusal(),
        "401 clerk_key_invalid"
    );
    world.backend.get("/v1/users").await.ok();
    let keys = db.read(secret_keys::list).await.unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().any(|key| key.revoked_at.is_some()));
    let server = world.server.as_ref().unwrap();
    assert!(server.has_secret_key().await.unwrap());
    for key in keys {
        let by = by.clone();
        if key.revoked_at.is_none() {
            db.write(by, move |tx| secret_keys::revoke(tx, &key.id))
                .await
                .unwrap();
        }
    }
    assert!(!server.has_secret_key().await.unwrap());
}

#[tokio::test]
async fn versions_of_the_api_are_dates() {
    let world = World::new().await;
    let ask = async |version: &str| {
        world
            .backend
            .send(
                world
                    .backend
                    .request(Method::GET, "/v1/users")
                    .header("clerk-api-version", version),
            )
            .await
    };
    for version in ["2026-05-12", "2025-04-10", "2027-01-01"] {
        ask(version).await.ok();
    }
    for version in ["latest", "2026-13-01", "20260512", "v1", ""] {
        assert_eq!(
            ask(version).await.refusal(),
            "400 api_version_invalid",
            "{version}"
        );
    }
}

#[tokio::test]
async fn a_token_that_this_key_did_not_sign_as_it_stands_is_nothing() {
    use base64::Engine as _;
    let world = World::new().await;
    let browser = world.browser();
    browser.visit(&world.backend.task().await).await.location();
    let session = browser.session().await;
    let good = session["last_active_token"]["jwt"].as_str().unwrap();
    let verify = async |token: &str| {
        world
            .backend
            .post("/v1/clients/verify", json!({ "token": token }))
            .await
    };
    assert_eq!(
        verify(good).await.ok().json["session_ids"][0],
        session["id"]
    );
    let parts: Vec<&str> = good.split('.').collect();
    let encode =
        |value: Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
    let kid = world.backend.get("/v1/jwks").await.ok().json["keys"][0]["kid"].clone();
    for header in [
        json!({ "alg": "none", "typ": "JWT", "kid": kid }),
        json!({ "alg": "HS256", "typ": "JWT", "kid": kid }),
        json!({ "alg": "RS256", "typ": "JWT", "kid": kid, "jku": "https://evil.example" }),
        json!({ "alg": "RS256", "typ": "JWT", "kid": kid, "crit": ["x"] }),
        json!({ "alg": "RS256", "typ": "JWT", "kid": "other" }),
    ] {
        assert_eq!(
            verify(&format!(
                "{}.{}.{}",
                encode(header.clone()),
                parts[1],
                parts[2]
            ))
            .await
            .status,
            401,
            "{header}"
        );
        assert_eq!(
            verify(&format!("{}.{}.", encode(header), parts[1]))
                .await
                .status,
            401
        );
    }
    let mut altered = claims(&world, good).await;
    altered["sub"] = "user_other".into();
    assert_eq!(
        verify(&format!("{}.{}.{}", parts[0], encode(altered), parts[2]))
            .await
            .status,
        401
    );
    world.advance(61);
    assert_eq!(verify(good).await.status, 401, "expired");
}

#[tokio::test]
async fn neither_database_nor_answers_keep_a_secret() {
    let world = World::new().await;
    let browser = world.browser();
    let task = world.backend.task().await;
    browser.visit(&task).await.location();
    let cookie = browser
        .cookies
        .lock()
        .unwrap()
        .values()
        .next()
        .unwrap()
        .clone();
    let ticket = task.path.split('=').nth(1).unwrap().to_owned();
    let secrets = [
        ticket,
        cookie,
        SECRET_KEY.to_owned(),
        world.config.master_key.expose().to_owned(),
        "PRIVATE KEY".into(),
    ];
    let db = standin_server::open(&world.config.database).await.unwrap();
    for table in [
        "instance",
        "signing_keys",
        "secret_keys",
        "users",
        "agents",
        "clients",
        "dev_browsers",
        "tasks",
        "sessions",
    ] {
        let rows = dump(&db, table).await;
        assert!(!rows.is_empty(), "{table}");
        assert!(
            secrets.iter().all(|secret| !rows.contains(secret)),
            "{table} holds a secret"
        );
    }
}

/// A whole table as text, on either engine.
async fn dump(db: &Db, table: &str) -> String {
    let columns: &[&str] = match table {
        "instance" => &["id", "kind"],
        "signing_keys" => &["kid", "private_key"],
        "secret_keys" => &["id", "name", "digest", "hint"],
        "users" => &["id", "public_metadata"],
        "agents" => &["id", "name"],
        "clients" => &["id", "secret_digest"],
        "dev_browsers" => &["digest", "client_id"],
        "tasks" => &[
            "id",
            "ticket_digest",
            "description",
            "redirect_url",
            "used_agent",
        ],
        _ => &["id", "client_id", "user_id"],
    };
    let joined = columns
        .iter()
        .map(|column| format!("coalesce({column}, '')"))
        .collect::<Vec<_>>()
        .join(" || ' ' || ");
    let sql = format!("select {joined} from {table}");
    db.read(move |tx| tx.all::<String>(&sql, &[]))
        .await
        .unwrap()
        .join("\n")
}

#[tokio::test]
async fn another_master_key_or_another_kind_of_instance_is_refused_at_the_start() {
    let mut world = World::new().await;
    world.server.take().unwrap().stop().await;
    let mut config = world.config.clone();
    config.master_key = Secret::random();
    let refused = standin_server::Server::start(config).await.err().unwrap();
    assert!(
        refused.to_string().contains("another master key"),
        "{refused}"
    );
    let listen = "127.0.0.1:0".parse().unwrap();
    let public = "https://clerk.example.com".parse().unwrap();
    let key = world.config.master_key.clone();
    let config = standin_server::config::Config::production(
        listen,
        public,
        world.config.database.clone(),
        key,
    )
    .unwrap();
    let refused = standin_server::Server::start(config).await.err().unwrap();
    assert!(
        refused.to_string().contains("development instance"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_backend_api_can_have_an_address_of_its_own() {
    let world = World::with(|_| {}).await;
    let mut config = world.config.clone();
    config.backend_listen = Some("127.0.0.1:0".parse().unwrap());
    let server = standin_server::Server::start(config).await.unwrap();
    let mut inside = world.backend.clone();
    inside.base = format!("http://{}", server.backend_addr());
    let mut outside = world.backend.clone();
    outside.base = format!("http://{}", server.local_addr());
    assert_ne!(inside.base, outside.base);
    let task = inside.task().await;
    assert_eq!(
        outside.get("/v1/users").await.refusal(),
        "404 resource_not_found"
    );
    assert_eq!(
        outside.create(json!({})).await.refusal(),
        "405 method_not_allowed"
    );
    assert_eq!(
        inside.get(&task.path).await.refusal(),
        "422 form_param_unknown",
        "a list, not a visit"
    );
    let mut browser = world.browser();
    browser.base.clone_from(&outside.base);
    browser.visit(&task).await.location();
    server.stop().await;
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let world = World::with(|config| config.limits.per_key = Some(2)).await;
    let mut told = Vec::new();
    for _ in 0..40 {
        let answer = world.backend.get("/v1/users/count").await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
        }
        told.push(answer.status.as_u16());
    }
    assert!(told.contains(&200) && told.contains(&429), "{told:?}");
}

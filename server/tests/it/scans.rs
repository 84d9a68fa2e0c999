//! Every statement of the house, run on tables of twenty thousand rows: none goes through a whole table that grows, but for
//! a few that are named here with the reason.
//!
//! On SQLite each statement says through how many rows it went without an index to lead it; on PostgreSQL the planner is
//! asked. That every statement ran is checked against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use standin_server::caller::Caller;
use standin_server::db::Database;
use standin_server::secret_keys;
use tracing::field::{Field, Visit};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

use crate::house::sources;
use crate::world::{Task, World, batch};

const ROWS: u64 = 20_000;
/// What one request may walk along an index: the longest page of a list, and what lies behind it.
const STEPS: u64 = 600;

/// Statements that may go through a whole table, by a part of their text, and why.
const ALLOWED: [(&str, &str); 9] = [
    ("counted", "counts to a thousand and no further"),
    (
        "select count(*) from users",
        "Clerk's count of all users; in the searches' lane",
    ),
    (
        "select count(*) from sessions",
        "Clerk's count of all sessions; in the searches' lane",
    ),
    (
        "like",
        "a part of a text is searched for; in the searches' lane",
    ),
    (
        "nulls last",
        "another order than that of creation; in the searches' lane",
    ),
    (
        "u.banned_at is",
        "those who are banned; in the searches' lane",
    ),
    (
        "u.last_active_at",
        "a range of times; in the searches' lane",
    ),
    (
        "select id from sessions order by created_at, id limit $1 offset $2",
        "looks whether there are a thousand, and no further",
    ),
    (
        "t.used_at is",
        "tasks of a status, newest first: from the newest on until the page is full",
    ),
];

/// Tables that grow with users and their use.
const GROWING: [&str; 9] = [
    "agents",
    "users",
    "identifiers",
    "clients",
    "dev_browsers",
    "tasks",
    "sign_in_tokens",
    "sessions",
    "audit",
];

fn rows() -> String {
    format!(
        "with recursive n(i) as (select 0 union all select i + 1 from n where i < 999)
    insert into agents (id, name, name_folded, created_at) select 'agent_' || i, 'PT' || i, 'pt' || i, i from n;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < {ROWS})
    insert into users (id, username, external_id, first_name, public_metadata, private_metadata, unsafe_metadata,
                       delete_self_enabled, create_organization_enabled, created_at, updated_at)
    select 'user_' || i, 'name' || i, 'ext' || i, 'Grace', '{{}}', '{{}}', '{{}}', 1, 1, i, i from n;
    insert into identifiers (id, user_id, kind, value, status, claimed, created_at, updated_at)
    select 'idn_' || id, id, 'email_address', id || '@example.com', 'verified', 'email_address:' || id || '@example.com', 1, 1
    from users where username like 'name%';
    insert into clients (id, secret_digest, created_at, updated_at) select 'client_' || id, id, 1, 1 from users;
    insert into dev_browsers (digest, client_id, created_at) select id, id, 1 from clients;
    insert into tasks (id, agent_id, user_id, created_by, description, permissions, redirect_url, session_seconds,
                       ticket_digest, created_at, expires_at, used_at, session_id)
    select 'agttsk_' || id, 'agent_' || (created_at % 1000), id, 'key_1', 'old', '*', 'http://localhost:3000/', 1800, id, created_at, 2, 1,
           'sess_' || id from users;
    insert into sign_in_tokens (id, user_id, digest, created_at, expires_at) select 'sit_' || id, id, id, 1, 2 from users;
    insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at)
    select session_id, 'client_' || user_id, user_id, agent_id, id, created_at, 1, 2, 1 from tasks;
    insert into sessions (id, client_id, user_id, agent_id, task_id, created_at, updated_at, expire_at, last_active_at)
    select id || '_busy', client_id, 'user_17', 'agent_7', task_id, created_at, 1, 2, 1 from sessions where created_at < 3000;
    insert into audit (at, action, result, actor, task_id, request_id) select 1, 'task.create', 'ok', 'key_1', id, '' from tasks;
    analyze;"
    )
}

/// Every statement that ran, and the most rows that one run of it went through.
static RAN: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

struct Listener;

#[derive(Default)]
struct Statement {
    sql: String,
    scanned: u64,
}

impl Visit for Statement {
    fn record_i64(&mut self, field: &Field, value: i64) {
        if field.name() == "scanned" {
            self.scanned = value.unsigned_abs();
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            self.sql = words(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl<S: tracing::Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut statement = Statement::default();
        event.record(&mut statement);
        let mut ran = RAN.lock().unwrap();
        let most = ran.entry(statement.sql).or_default();
        *most = (*most).max(statement.scanned);
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginnings of all statements in the sources, apart from those of migrations.
fn written() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for path in sources(&source) {
        if path.ends_with("db/migrate.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for literal in text.split('"').skip(1).step_by(2) {
            let verbs = ["select ", "insert into ", "update ", "delete from "];
            if verbs.iter().any(|verb| literal.starts_with(verb)) && literal.contains(' ') {
                // What is put in by `format!` is not in the source.
                let fixed = literal.split('{').next().unwrap();
                found.insert(words(fixed));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_goes_through_a_table_that_grows() {
    let only = Targets::new().with_target("standin::sql", tracing::Level::TRACE);
    Registry::default().with(Listener.with_filter(only)).init();
    let world = World::new().await;
    batch(&world.config.database, &rows());
    // The start itself, migrations included, ran on empty tables.
    let started = std::mem::take(&mut *RAN.lock().unwrap());
    use_everything(&world).await;

    let ran = RAN.lock().unwrap().clone();
    let missing: Vec<_> = written()
        .into_iter()
        .filter(|start| {
            let mut known = ran.keys().chain(started.keys());
            !known.any(|sql| sql.contains(start.as_str()))
        })
        .collect();
    assert!(missing.is_empty(), "never ran: {missing:#?}");
    let through = match &world.config.database {
        Database::Sqlite(_) => ran
            .iter()
            .filter(|(_, scanned)| **scanned > STEPS)
            .map(|(sql, scanned)| format!("{scanned} rows: {sql}"))
            .collect(),
        Database::Postgres(url) => planned(url.clone(), ran.into_keys().collect()),
    };
    let through: Vec<_> = through
        .iter()
        .filter(|sql| !ALLOWED.iter().any(|(part, _)| sql.contains(part)))
        .collect();
    assert!(through.is_empty(), "{through:#?}");
}

/// What PostgreSQL would read from end to end, whatever the parameters are.
fn planned(url: String, statements: Vec<String>) -> Vec<String> {
    let asking = std::thread::spawn(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        client
            .batch_execute("set plan_cache_mode = force_generic_plan")
            .unwrap();
        let mut through = Vec::new();
        for sql in statements {
            let count = (1..1000)
                .take_while(|n| sql.contains(&format!("${n}")))
                .count();
            let nulls = vec!["null"; count].join(", ");
            let call = if count == 0 {
                String::new()
            } else {
                format!("({nulls})")
            };
            client
                .batch_execute(&format!("prepare asked as {sql}"))
                .unwrap();
            let plan = client
                .query(&format!("explain execute asked{call}"), &[])
                .unwrap();
            client.batch_execute("deallocate asked").unwrap();
            let lines: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
            for table in GROWING {
                let scan = format!("Seq Scan on {table}");
                if lines.iter().any(|line| line.contains(&scan)) {
                    through.push(format!("{scan}: {sql}\n{}", lines.join("\n")));
                }
            }
        }
        through
    });
    asking.join().unwrap()
}

/// Asks for everything there is, so that every statement runs.
async fn use_everything(world: &World) {
    sign_in_and_out(world).await;
    tasks_and_agents(world).await;
    users(world).await;
    let row = serde_json::json!({ "external_id": "imported", "username": "imported", "email_address": ["i@example.com"] });
    assert_eq!(crate::imports::import(world, &[row]).await, ["made"]);
    crate::imports::export(world).await;
    lists(world).await;
}

async fn sign_in_and_out(world: &World) {
    let backend = &world.backend;
    let browser = world.browser();
    for _ in 0..2 {
        browser.visit(&backend.task().await).await.location();
    }
    let task = backend.task().await;
    for _ in 0..2 {
        browser.visit(&task).await.location();
    }
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    let end = json!({ "expire_at": world.now().plus_seconds(3600).0 });
    backend
        .patch(&format!("/v1/sessions/{session}"), end)
        .await
        .ok();
    browser.token(&session).await.ok();
    let path_of_handshake = "/v1/client/handshake?format=nonce&redirect_url=http://localhost:3000/";
    let nonce = browser.get(path_of_handshake).await.location();
    let nonce = nonce
        .query_pairs()
        .find(|(name, _)| name == "__clerk_handshake_nonce");
    let path = format!("/v1/clients/handshake_payload?nonce={}", nonce.unwrap().1);
    let payload = backend.get(&path).await.ok();
    let server = world.server.as_ref().unwrap();
    assert!(server.has_secret_key().await.unwrap());
    let value = |name: &str| {
        let mut cookies = payload.json["directives"].as_array().unwrap().iter();
        let found = cookies
            .find_map(|cookie| cookie.as_str().unwrap().strip_prefix(name))
            .unwrap();
        let (_, value) = found.split_once('=').unwrap();
        value.split(';').next().unwrap().to_owned()
    };
    let refresh = json!({
        "expired_token": value("__session"),
        "refresh_token": value("__refresh"),
        "request_origin": "http://localhost:3000",
    });
    let path = format!("/v1/sessions/{session}/refresh");
    backend.post(&path, refresh.clone()).await.ok();
    world.advance(11);
    backend.post(&path, refresh).await;
    browser
        .page(
            Method::POST,
            &format!("/v1/client/sessions/{session}/touch"),
        )
        .await
        .ok();
    let dev_browser = value("__clerk_db_jwt");
    let path = format!("{path_of_handshake}&__clerk_db_jwt={dev_browser}");
    world.browser().get(&path).await.location();
    // A planted cookie beside the browser's own: both are looked at.
    let other = world.browser();
    other.visit(&backend.task().await).await.location();
    let planted = other.cookies.lock().unwrap()["__client"].clone();
    let own = browser.cookies.lock().unwrap()["__client"].clone();
    let both = world.browser();
    let request = both.request(Method::GET, "/v1/client");
    both.send(request.header("cookie", format!("__client={planted}; __client={own}")))
        .await
        .ok();
    browser
        .page(Method::POST, "/v1/client/sessions?_method=DELETE")
        .await
        .ok();
    backend.get(&format!("/v1/sessions/{session}")).await.ok();
    let ada = backend
        .get("/v1/users?email_address=ada@example.com")
        .await
        .json[0]["id"]
        .clone();
    let token = backend
        .post("/v1/sign_in_tokens", json!({ "user_id": ada }))
        .await
        .ok()
        .json;
    let ticket = token["token"].as_str().unwrap();
    for _ in 0..2 {
        world
            .browser()
            .get(&format!("/v1/tickets/accept?ticket={ticket}"))
            .await;
    }
    let token = backend
        .post("/v1/sign_in_tokens", json!({ "user_id": ada }))
        .await
        .ok()
        .json;
    let path = format!(
        "/v1/sign_in_tokens/{}/revoke",
        token["id"].as_str().unwrap()
    );
    for _ in 0..2 {
        backend.post(&path, json!({})).await;
    }
    let actor = json!({ "user_id": ada, "actor": { "sub": "user_17" } });
    let token = backend.post("/v1/actor_tokens", actor).await.ok().json;
    let ticket = token["token"].as_str().unwrap();
    world
        .browser()
        .get(&format!("/v1/tickets/accept?ticket={ticket}"))
        .await
        .location();
    let made = backend
        .post("/v1/sessions", json!({ "user_id": ada }))
        .await
        .ok()
        .json;
    backend
        .get(&format!(
            "/v1/clients/{}",
            made["client_id"].as_str().unwrap()
        ))
        .await
        .ok();
    let path = format!("/v1/sessions/{}/revoke", made["id"].as_str().unwrap());
    backend.post(&path, json!({})).await.ok();
    world.browser().get("/v1/health").await.ok();
    // The command line does this, and health the other while writes fail.
    let by = Caller::internal("test", world.now());
    let db = world.db().await;
    let revoked = db.write(by, |tx| {
        tx.execute("update instance set seen_at = seen_at + 1", &[])?;
        secret_keys::revoke(tx, &"key_unknown".into())
    });
    revoked.await.unwrap_err();
}

async fn tasks_and_agents(world: &World) {
    let backend = &world.backend;
    let task: Task = backend.task().await;
    backend
        .get(&format!("/v1/agents/tasks/{}", task.id))
        .await
        .ok();
    backend
        .post(&format!("/v1/agents/tasks/{}/revoke", task.id), json!({}))
        .await
        .ok();
    world.browser().visit(&task).await;
    backend
        .create(json!({ "on_behalf_of": { "identifier": "name17" } }))
        .await
        .ok();
    backend
        .create(json!({ "on_behalf_of": { "user_id": "user_17" }, "agent_name": "another" }))
        .await
        .ok();
    for switch in ["disable", "enable"] {
        backend
            .post(&format!("/v1/agents/{}/{switch}", task.agent), json!({}))
            .await
            .ok();
    }
    let whose = [
        json!({ "user_id": "user_18" }),
        json!({ "user_id": "user_17" }),
        json!({ "agent_id": "agent_7" }),
        json!({ "agent_id": "agent_1" }),
        json!({ "agent_task_id": "agttsk_user_19" }),
        json!({ "all": true }),
    ];
    for whose in whose {
        world
            .browser()
            .visit(&backend.task().await)
            .await
            .location();
        backend.post("/v1/sessions/revoke", whose).await.ok();
    }
    // Those of everyone are ended one by one, by the server itself.
    while world.count("revocations").await > 0 {
        #[expect(clippy::disallowed_methods, reason = "the server works by itself")]
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn users(world: &World) {
    let backend = &world.backend;
    let made = backend
        .post(
            "/v1/users",
            json!({ "username": "grace_h", "external_id": "g1", "email_address": ["g@example.com"], "phone_number": ["+15555550100"] }),
        )
        .await
        .ok()
        .json;
    let id = made["id"].as_str().unwrap();
    backend.get(&format!("/v1/users/{id}")).await.ok();
    backend
        .patch(&format!("/v1/users/{id}"), json!({ "last_name": "Hopper" }))
        .await
        .ok();
    for change in ["ban", "unban", "lock", "unlock"] {
        backend
            .post(&format!("/v1/users/{id}/{change}"), json!({}))
            .await
            .ok();
    }
    let address = json!({ "user_id": id, "email_address": "h@example.com", "verified": false });
    let address = backend.post("/v1/email_addresses", address).await.ok().json;
    let path = format!("/v1/email_addresses/{}", address["id"].as_str().unwrap());
    backend.get(&path).await.ok();
    backend
        .patch(&path, json!({ "verified": true, "primary": true }))
        .await
        .ok();
    backend.delete(&path).await.ok();
    let replacing = backend.request(Method::PUT, &format!("/v1/users/{id}/email_address"));
    backend
        .send(replacing.json(&json!({ "email_address": "i@example.com" })))
        .await
        .ok();
    backend.delete(&format!("/v1/users/{id}")).await.ok();
}

async fn lists(world: &World) {
    let backend = &world.backend;
    for path in [
        "/v1/users",
        "/v1/users?limit=500&offset=50",
        "/v1/users?order_by=%2Bcreated_at&starting_after=user_100",
        "/v1/users?email_address=user_7@example.com&phone_number=%2B15555550100",
        "/v1/users?username=name7&external_id=ext7&user_id=user_7",
        "/v1/users?query=grace",
        "/v1/users?email_address_query=example&username_query=name&name_query=gra",
        "/v1/users?banned=true&last_active_at_after=1",
        "/v1/users?order_by=-last_name",
        "/v1/users/count",
        "/v1/users/count?query=grace",
        "/v1/agents/tasks",
        "/v1/agents/tasks?user_id=user_7",
        "/v1/agents/tasks?agent_id=agent_1",
        "/v1/agents/tasks?status=pending",
        "/v1/agents/tasks?status=used",
        "/v1/agents/tasks?status=revoked",
        "/v1/agents/tasks?status=expired",
        "/v1/agents",
        "/v1/agents?name=PT1",
        "/v1/agents/agent_1",
        "/v1/sessions?user_id=user_7",
        "/v1/sessions?client_id=client_user_7&status=active",
        "/v1/sessions?status=revoked&user_id=user_7",
        "/v1/sessions?status=replaced&user_id=user_7",
        "/v1/sessions?status=expired&user_id=user_7",
        "/v1/sessions?paginated=true",
        "/v1/sessions",
        "/v1/audit_logs",
        "/v1/audit_logs?agent_task_id=agttsk_user_7",
    ] {
        backend.get(path).await.ok();
    }
}

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
use standin_server::config::Keep;
use standin_server::db::{Database, Read};
use standin_server::{secret_keys, sessions};
use tracing::field::{Field, Visit};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

use crate::house::sources;
use crate::organizations::active::as_user;
use crate::organizations::text;
use crate::world::{Answer, Browser, Task, World, batch};

const ROWS: u64 = 20_000;
/// What one request may walk along an index: the longest page of a list, and what lies behind it.
const STEPS: u64 = 600;

/// Statements that may go through a whole table, by a part of their text, and why.
const ALLOWED: [(&str, &str); 25] = [
    (
        "expires_at > $1 returning id",
        "everything that is open is taken back, once, when a database was restored",
    ),
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
        "from clients order by created_at",
        "Clerk's list of all clients, which it is about to drop; in the searches' lane",
    ),
    (
        "select count(*) from clients",
        "the count beside it; in the searches' lane",
    ),
    (
        "select count(*) from invitations",
        "Clerk's count of invitations to the application; in the searches' lane",
    ),
    (
        "select count(*) from waitlist_entries",
        "Clerk's count of those who wait; in the searches' lane",
    ),
    (
        "select count(*) from organization",
        "Clerk's counts of organizations and what belongs to them; in the searches' lane",
    ),
    (
        "o.id in (select organization_id from organization_memberships where user_id in",
        "organizations of some users among all; in the searches' lane",
    ),
    (
        "u.id in (select user_id from organization_memberships where organization_id in",
        "members of some organizations among all users; in the searches' lane",
    ),
    (
        "order by o.name_folded",
        "another order than that of creation; in the searches' lane",
    ),
    (
        "d.claimed is",
        "domains that are verified; in the searches' lane",
    ),
    (
        "like",
        "a part of a text is searched for; in the searches' lane",
    ),
    (
        "order by length(public_metadata)",
        "who has most in tokens, looked for when custom claims are set; in the searches' lane",
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
        "(i.accepted_at is null and i.revoked_at is null and i.expires_at > $",
        "invitations of a status, newest first: in the searches' lane",
    ),
    (
        "from audit where user_id = $1",
        "records of somebody, from the newest on until the page is full; in the searches' lane",
    ),
    (
        "from audit where agent_id = $1",
        "records of somebody, from the newest on until the page is full; in the searches' lane",
    ),
    (
        "from audit where session_id = $1",
        "records of somebody, from the newest on until the page is full; in the searches' lane",
    ),
    (
        "from audit where actor = $1",
        "records of somebody, from the newest on until the page is full; in the searches' lane",
    ),
    (
        "t.used_at is",
        "tasks of a status, newest first: from the newest on until the page is full",
    ),
];

/// Tables that grow with users and their use.
const GROWING: [&str; 19] = [
    "agents",
    "users",
    "identifiers",
    "clients",
    "dev_browsers",
    "tasks",
    "sign_in_tokens",
    "sessions",
    "organizations",
    "organization_memberships",
    "organization_invitations",
    "invitations",
    "waitlist_entries",
    "organization_domains",
    "audit",
    "answers",
    "audit_seals",
    "webhook_deliveries",
    "webhook_attempts",
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
    insert into organizations (id, name, name_folded, slug, public_metadata, private_metadata, max_allowed_memberships,
                               admin_delete_enabled, members_count, created_at, updated_at)
    select 'org_' || id, 'Acme', 'acme', 'acme-' || created_at, '{{}}', '{{}}', 0, 1, 1, created_at, 1 from users where username like 'name%';
    insert into organization_memberships (id, organization_id, user_id, role_id, public_metadata, private_metadata, created_at, updated_at)
    select 'orgmem_' || u.id, 'org_' || u.id, u.id, r.id, '{{}}', '{{}}', u.created_at, 1 from users u join roles r on r.key = 'org:member'
    where u.username like 'name%';
    insert into organization_invitations (id, organization_id, email_address, role_id, ticket_digest, public_metadata, private_metadata,
                                          created_at, updated_at, expires_at)
    select 'orginv_' || organization_id, organization_id, user_id || '@example.com', role_id, organization_id, '{{}}', '{{}}', created_at, 1, 2
    from organization_memberships;
    insert into invitations (id, email_address, ticket_digest, public_metadata, created_at, updated_at, expires_at)
    select 'inv_' || id, id || '@example.com', id, '{{}}', created_at, 1, 2 from users where username like 'name%';
    insert into waitlist_entries (id, email_address, created_at, updated_at)
    select 'wle_' || id, id || '@example.com', created_at, 1 from users where username like 'name%';
    insert into organization_domains (id, organization_id, name, claimed, created_at, updated_at)
    select 'orgdmn_' || id, id, slug || '.example', slug || '.example', created_at, 1 from organizations;
    insert into answers (id, request_digest, answer, created_at) select id, id, id, created_at from users;
    insert into audit (at, action, result, actor, task_id, request_id) select 1, 'task.create', 'ok', 'key_1', id, '' from tasks;
    insert into audit_seals (number, last_seq, marks, digest, sealed_at) select i, i, 'm', 'd', 1 from (select created_at i from users) u where i <= 5000;
    insert into webhook_deliveries (endpoint_id, message_id, type, object, payload, created_at, due_at, delivered_at)
    select 'whk_' || (created_at % 7), id, 'user.created', id, '{{}}', created_at, case when created_at % 5 = 0 then 1 end, 1 from users;
    insert into webhook_attempts (delivery_id, at, took) select id, 1, 1 from webhook_deliveries;
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
        // What PostgreSQL alone has is a row for each of its writers, and its transactions. What looks after a database goes through all of it, apart
        // from servers.
        let elsewhere = [
            "db/migrate.rs",
            "db/postgres/alone.rs",
            "db/postgres/fence.rs",
            "db/postgres/mark.rs",
            "db/moving.rs",
            "db/moving/tables.rs",
            "db/snapshot.rs",
            "db/upkeep.rs",
            "consistency.rs",
        ];
        if elsewhere.iter().any(|name| path.ends_with(name)) {
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
    // What is there is as old as time.
    let world = World::with(|config| config.keep = Keep::FOREVER).await;
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
    let now = world.now();
    let alive = move |tx: &mut Read<'_>| sessions::alive(tx, now, 86_400);
    world.db().await.read(alive).await.unwrap();
    crate::rotation::use_all(world).await;
    crate::audit::use_all(world).await;
    crate::retention::use_all(world).await;
    crate::webhooks::use_all(world).await;
    crate::expired::use_all(world).await;
    crate::travel::use_all(world).await;
    sign_in_and_out(world).await;
    tasks_and_agents(world).await;
    users(world).await;
    people(world).await;
    organizations(world).await;
    invitations_to_the_application(world).await;
    restrictions(world).await;
    waitlist(world).await;
    let row = serde_json::json!({ "external_id": "imported", "username": "imported", "email_address": ["i@example.com"] });
    assert_eq!(crate::imports::import(world, &[row]).await, ["made"]);
    crate::imports::export(world).await;
    lists(world).await;
    templates_and_claims(world).await;
    crate::seed::use_all(world).await;
    crate::restoring::use_all(world).await;
}

async fn templates_and_claims(world: &World) {
    let backend = &world.backend;
    let claims = json!({ "email": "{{user.primary_email_address}}" });
    let setting = "/v1/instance/session_token";
    backend
        .patch(setting, json!({ "claims": claims, "user_id": "user_7" }))
        .await
        .ok();
    backend.get(setting).await.ok();
    let made = backend
        .post(
            "/v1/jwt_templates",
            json!({ "name": "t", "claims": claims }),
        )
        .await
        .ok()
        .json;
    // What began at the moment in which everybody's sessions were taken back is over with them.
    world.advance(1);
    let session = json!({ "user_id": "user_7" });
    let session = backend.post("/v1/sessions", session).await.ok().json;
    for template in ["", "/t"] {
        let id = session["id"].as_str().unwrap();
        let path = format!("/v1/sessions/{id}/tokens{template}");
        backend.post(&path, json!({})).await.ok();
    }
    let path = format!("/v1/jwt_templates/{}", made["id"].as_str().unwrap());
    backend
        .patch(&path, json!({ "name": "u", "claims": {} }))
        .await
        .ok();
    backend.get(&path).await.ok();
    backend.get("/v1/jwt_templates?paginated=true").await.ok();
    backend.delete(&path).await.ok();
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
    // Another site sends it to become somebody else: it is asked.
    let sent = json!({ "on_behalf_of": { "user_id": "user_17" } });
    let sent = Task::of(&backend.create(sent).await.ok());
    let token = json!({ "user_id": "user_18" });
    let token = backend.post("/v1/sign_in_tokens", token).await.ok().json;
    let token = token["token"].as_str().unwrap();
    for path in [&sent.path, &format!("/v1/tickets/accept?ticket={token}")] {
        let sent = other
            .request(Method::GET, path)
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-site", "cross-site");
        assert_eq!(other.send(sent).await.status, 200);
    }
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
    crate::idempotency::create(backend, "once", json!({}))
        .await
        .ok();
    let db = world.db().await;
    let by = Caller::internal("test", world.now());
    db.write(by, |tx| standin_server::idempotency::forget(tx, 10))
        .await
        .unwrap();
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
    // The clock stands still, so this one is of the same moment, and is none of those.
    let browser = world.browser();
    browser.visit(&backend.task().await).await.location();
    assert!(browser.session().await.is_object());
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

async fn organizations(world: &World) {
    let backend = &world.backend;
    let ada = backend.user("carol@example.com").await;
    // Everybody's sessions were taken back at this moment.
    world.advance(1);
    let bob = backend.user("bob@example.com").await;
    let browser = as_user(world, &ada).await;
    let limit = json!({ "create_organizations_limit": 9 });
    let path = format!("/v1/users/{ada}");
    backend.patch(&path, limit).await.ok();
    let name = [("name", "By page")];
    browser.form("/v1/organizations", &name).await.ok();
    let id = backend.organization("Mine", &ada).await;
    backend.organization("Mine", &ada).await;
    let form = [("name", "Own")];
    browser.form("/v1/organizations", &form).await.ok();
    let path = format!("/v1/organizations/{id}");
    backend
        .patch(&path, json!({ "slug": "mine-now" }))
        .await
        .ok();
    backend.member(&id, &bob, "org:member").await.ok();
    let member = format!("{path}/memberships/{bob}");
    let more = json!({ "public_metadata": { "a": 1 } });
    backend
        .patch(&format!("{member}/metadata"), more)
        .await
        .ok();
    let admin = json!({ "role": "org:admin" });
    backend.patch(&member, admin).await.ok();
    backend
        .patch(&member, json!({ "role": "org:member" }))
        .await
        .ok();
    let session = text(&browser.session().await["id"]);
    for organization in [id.as_str(), "mine-now", ""] {
        let touch = browser.request(
            Method::POST,
            &format!("/v1/client/sessions/{session}/touch"),
        );
        let form = format!("active_organization_id={organization}");
        let touch = touch
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        browser.send(touch).await.ok();
    }
    invitations(world, &path).await;
    let key = json!({ "name": "x", "key": "org:x:y" });
    let permission = text(
        &backend
            .post("/v1/organization_permissions", key)
            .await
            .ok()
            .json["id"],
    );
    let permissions = format!("/v1/organization_permissions/{permission}");
    let role = json!({ "name": "x", "key": "org:x", "permissions": [permission] });
    let role = text(&backend.post("/v1/organization_roles", role).await.ok().json["id"]);
    let role = format!("/v1/organization_roles/{role}");
    backend.get(&role).await.ok();
    backend
        .patch(&permissions, json!({ "key": "org:x:z" }))
        .await
        .ok();
    backend.patch(&role, json!({ "key": "org:z" })).await.ok();
    backend.delete(&role).await.ok();
    backend.delete(&permissions).await.ok();
    let force = |yes: bool| json!({ "force_organization_selection": yes, "domains_enabled": true });
    backend.organization_settings(force(true)).await.ok();
    as_user(world, &bob).await;
    backend.organization_settings(force(false)).await.ok();
    let domain = json!({ "name": "mine.example" });
    let domain = backend
        .post(&format!("{path}/domains"), domain)
        .await
        .ok()
        .json;
    let domain = format!("{path}/domains/{}", text(&domain["id"]));
    backend
        .patch(&domain, json!({ "verified": false }))
        .await
        .ok();
    backend.delete(&domain).await.ok();
    backend.delete(&member).await.ok();
    backend.delete("/v1/users/user_3").await.ok();
    backend.delete(&path).await.ok();
}

async fn invitations(world: &World, path: &str) {
    let backend = &world.backend;
    let all = format!("{path}/invitations");
    let invite = async |address: &str| {
        let body = json!({ "email_address": address, "role": "org:member" });
        backend.post(&all, body).await.ok().json
    };
    let first = invite("user_5@example.com").await;
    let link = url::Url::parse(&text(&first["url"])).unwrap();
    let link = format!("{}?{}", link.path(), link.query().unwrap());
    world.browser().get(&link).await.location();
    // Again, in vain.
    world.browser().get(&link).await;
    let second = invite("user_6@example.com").await;
    let page = as_user(world, "user_6").await;
    let accept = format!(
        "/v1/me/organization_invitations/{}/accept",
        text(&second["id"])
    );
    page.page(Method::POST, &accept).await.ok();
    page.page(Method::GET, "/v1/me/organization_invitations")
        .await
        .ok();
    let third = invite("somebody@example.com").await;
    let third = format!("{all}/{}/revoke", text(&third["id"]));
    backend.post(&third, json!({})).await.ok();
}

async fn invitations_to_the_application(world: &World) {
    let backend = &world.backend;
    let invite = async |address: &str| {
        let body = json!({ "email_address": address });
        let made = backend.post("/v1/invitations", body).await.ok().json;
        let url = url::Url::parse(&text(&made["url"])).unwrap();
        (made, url.query_pairs().next().unwrap().1.into_owned())
    };
    let (_, ticket) = invite("invited@example.com").await;
    let form = [("ticket", ticket.as_str()), ("password", "a password")];
    for _ in 0..2 {
        world.browser().form("/v1/client/sign_ups", &form).await;
    }
    let (revoked, _) = invite("another@example.com").await;
    let path = format!("/v1/invitations/{}/revoke", text(&revoked["id"]));
    for _ in 0..2 {
        backend.post(&path, json!({})).await;
    }
}

async fn waitlist(world: &World) {
    let backend = &world.backend;
    let all = "/v1/waitlist_entries";
    for call in ["invite", "reject", ""] {
        let address = json!({ "email_address": format!("waits{call}@example.com") });
        let entry = backend.post(all, address).await.ok().json;
        let path = format!("{all}/{}", text(&entry["id"]));
        if call.is_empty() {
            backend.delete(&path).await.ok();
        } else {
            let path = format!("{path}/{call}");
            backend.post(&path, json!({})).await.ok();
        }
    }
    for status in ["pending", "invited", "completed", "rejected"] {
        let path = format!("{all}?status={status}&query=user_7");
        backend.get(&path).await.ok();
    }
}

async fn restrictions(world: &World) {
    let backend = &world.backend;
    let set = async |on: bool| {
        let set = json!({ "allowlist": on, "blocklist": on });
        let set = backend.patch("/v1/instance/restrictions", set);
        set.await.ok();
    };
    set(true).await;
    let address = [("email_address", "listed+clerk_test@example.com")];
    for list in ["allowlist", "blocklist"] {
        let path = format!("/v1/{list}_identifiers");
        let listed = json!({ "identifier": "*@example.com" });
        let listed = backend.post(&path, listed).await.ok().json;
        world.browser().form("/v1/client/sign_ups", &address).await;
        backend.get(&path).await.ok();
        let path = format!("{path}/{}", text(&listed["id"]));
        backend.delete(&path).await.ok();
    }
    set(false).await;
}

/// People who sign up and in, change what is theirs, and prove again who they are.
async fn people(world: &World) {
    // Everybody's sessions were taken back a moment ago.
    world.advance(1);
    let email = "new+clerk_test@example.com";
    let code = [("strategy", "email_code"), ("code", "424242")];
    let go_on =
        async |browser: &Browser, what: &str, begun: &Answer, call: &str, form: &[(&str, &str)]| {
            let id = begun.json["response"]["id"].as_str().unwrap();
            browser
                .form(&format!("/v1/client/{what}/{id}/{call}"), form)
                .await
        };
    let browser = world.browser();
    let form = [
        ("strategy", "email_code"),
        ("email_address", email),
        ("password", "a password"),
    ];
    let begun = browser.form("/v1/client/sign_ups", &form).await.ok();
    go_on(&browser, "sign_ups", &begun, "attempt_verification", &code)
        .await
        .ok();
    let me = "/v1/me";
    let form = [("username", "new_one"), ("unsafe_metadata", "{}")];
    browser
        .form(&format!("{me}?_method=PATCH"), &form)
        .await
        .ok();
    let other = [("email_address", "other+clerk_test@example.com")];
    let other = browser
        .form(&format!("{me}/email_addresses"), &other)
        .await
        .ok();
    for (call, form) in [
        ("prepare_verification", vec![("strategy", "email_code")]),
        ("attempt_verification", vec![("code", "1")]),
        ("attempt_verification", vec![("code", "424242")]),
    ] {
        let id = other.json["response"]["id"].as_str().unwrap();
        let path = format!("{me}/email_addresses/{id}/{call}");
        browser.form(&path, &form).await;
    }
    let form = [
        ("current_password", "a password"),
        ("new_password", "another password"),
        ("sign_out_of_other_sessions", "true"),
    ];
    browser
        .form(&format!("{me}/change_password"), &form)
        .await
        .ok();
    let session = browser.session().await["id"].as_str().unwrap().to_owned();
    for (call, form) in [
        ("", vec![("level", "first_factor")]),
        ("/prepare_first_factor", vec![("strategy", "email_code")]),
        ("/attempt_first_factor", code.to_vec()),
    ] {
        let path = format!("/v1/client/sessions/{session}/verify{call}");
        browser.form(&path, &form).await.ok();
    }
    let browser = world.browser();
    let form = [("strategy", "email_code"), ("identifier", email)];
    let begun = browser.form("/v1/client/sign_ins", &form).await.ok();
    go_on(&browser, "sign_ins", &begun, "attempt_first_factor", &code)
        .await
        .ok();
    let browser = world.browser();
    let begun = browser.form("/v1/client/sign_ins", &form).await.ok();
    let wrong = [("strategy", "email_code"), ("code", "1")];
    for _ in 0..100 {
        go_on(&browser, "sign_ins", &begun, "attempt_first_factor", &wrong).await;
    }
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
        "/v1/clients?paginated=true",
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
        "/v1/users?organization_id=org_user_7",
        "/v1/sessions?status=pending&user_id=user_7",
        "/v1/organizations",
        "/v1/organizations/org_user_7?include_missing_member_with_elevated_permissions=true",
        "/v1/organizations/acme-7",
        "/v1/organizations?order_by=name",
        "/v1/organizations?order_by=-members_count",
        "/v1/organizations?user_id=user_7",
        "/v1/organizations?organization_id=org_user_7",
        "/v1/organizations?query=acme",
        "/v1/organizations/org_user_7/memberships",
        "/v1/organizations/org_user_7/memberships?role=org:member",
        "/v1/organizations/org_user_7/memberships?order_by=first_name",
        "/v1/organizations/org_user_7/memberships?query=grace",
        "/v1/organization_memberships",
        // The few roles are gone through beside each row.
        "/v1/organization_memberships?limit=200&offset=50",
        "/v1/users/user_7/organization_memberships",
        "/v1/organizations/org_user_7/invitations?status=pending&status=expired",
        "/v1/organizations/org_user_7/invitations?email_address=user_7@example.com",
        "/v1/invitations?paginated=true",
        "/v1/invitations?status=pending",
        "/v1/invitations?order_by=email_address",
        "/v1/invitations?order_by=expires_at&limit=100",
        "/v1/invitations?query=user_7",
        "/v1/waitlist_entries",
        "/v1/waitlist_entries?order_by=email_address",
        "/v1/waitlist_entries?order_by=invited_at",
        "/v1/organization_invitations",
        "/v1/organization_invitations?query=user_7",
        "/v1/users/user_7/organization_invitations",
        "/v1/organizations/org_user_7/domains?verified=true",
        "/v1/organization_domains",
        "/v1/organization_domains?query=acme&domains=acme-7.example",
        "/v1/organization_roles?query=org",
        "/v1/organization_permissions?query=org",
        "/v1/sessions?paginated=true",
        "/v1/sessions",
        "/v1/audit_logs",
        "/v1/audit_logs?agent_task_id=agttsk_user_7",
        "/v1/audit_logs?user_id=user_7",
        "/v1/audit_logs?agent_id=agent_1&action=task.accept",
        "/v1/audit_logs?session_id=sess_1",
        "/v1/audit_logs?actor=anyone&action=task.create",
        "/dashboard/audit?user=user_7",
        "/dashboard/audit?agent=agent_1",
        "/dashboard",
        "/dashboard/tasks?status=expired",
        "/dashboard/sessions?status=active",
        "/dashboard/agents?query=PT1",
        "/dashboard/users",
        "/dashboard/users?query=user_7",
        "/dashboard/users?query=grace",
        "/dashboard/users/user_7",
        "/dashboard/organizations/org_user_7",
        "/dashboard/audit/newer?after=1",
    ] {
        backend.get(path).await.ok();
    }
    let db = world.db().await;
    let live = |tx: &mut Read<'_>| secret_keys::live(tx, &"key_none".into());
    assert!(db.read(live).await.unwrap().is_none());
}

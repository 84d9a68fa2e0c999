//! The world the tests play in: a server, a backend that holds its key, and browsers that keep cookies.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use standin_server::Server;
use standin_server::clock::{Clock, Time};
use standin_server::config::Config;
use standin_server::db::{Database, Db};
use standin_server::origin::Origin;
use standin_server::secret::Secret;
use tempfile::TempDir;

use crate::held;

pub const SECRET_KEY: &str = "sk_test_for_the_tests_0123456789abcdef";
pub const DASHBOARD: &str = "http://localhost:3000/dashboard";

pub struct World {
    pub server: Option<Server>,
    pub config: Config,
    pub clock: Clock,
    pub backend: Backend,
    pub url: String,
    _folder: TempDir,
}

/// A database nobody else uses, on the engine the tests run on.
async fn database(folder: &TempDir) -> Database {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
        return Database::Sqlite(folder.path().join("standin.db"));
    };
    // In a long run the number of a process comes again.
    let name = format!(
        "t{}_{}_{}",
        std::process::id(),
        Clock::System.now().0,
        COUNT.fetch_add(1, Ordering::SeqCst)
    );
    let made = Database::Postgres(format!("{url}/{name}"));
    let making = tokio::task::spawn_blocking(move || copy_of_current(&url, &name));
    making.await.unwrap();
    made
}

/// Makes a database as the server would: a copy of one that it has brought up to date already, because each migration is some
/// files to sync, and all of them take longer than most tests.
fn copy_of_current(url: &str, name: &str) {
    let mut digest = DefaultHasher::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        std::fs::read(file).unwrap().hash(&mut digest);
    }
    let current = format!("current_{:016x}", digest.finish());
    let address = format!("{url}/postgres");
    let mut client = postgres::Client::connect(&address, postgres::NoTls).unwrap();
    // Of all tests that run at once, one makes it.
    client
        .batch_execute("select pg_advisory_lock(4747)")
        .unwrap();
    let known = "select 1 from pg_database where datname = $1";
    if client.query(known, &[&current]).unwrap().is_empty() {
        let making = format!("drop database if exists {current}_; create database {current}_");
        for sql in making.split("; ") {
            client.batch_execute(sql).unwrap();
        }
        let own = Database::Postgres(format!("{url}/{current}_"));
        let opened = tokio::runtime::Handle::current().block_on(standin_server::open(&own));
        drop(opened.unwrap());
        let rename = format!("alter database {current}_ rename to {current}");
        client.batch_execute(&rename).unwrap();
    }
    client
        .batch_execute("select pg_advisory_unlock(4747)")
        .unwrap();
    let copy = format!("create database {name} template {current}");
    client.batch_execute(&copy).unwrap();
}

/// Runs statements on a database that no server has open, as another program would.
pub fn batch(database: &Database, sql: &str) {
    match database {
        Database::Sqlite(path) => {
            // The one difference between the dialects, as the server's own migrations have it.
            let sql = sql.replace("bigserial primary key", "integer primary key");
            rusqlite::Connection::open(path)
                .unwrap()
                .execute_batch(&sql)
                .unwrap();
        }
        Database::Postgres(url) => {
            let (url, sql) = (url.clone(), sql.to_owned());
            std::thread::spawn(move || {
                let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
                client.batch_execute(&sql).unwrap();
            })
            .join()
            .unwrap();
        }
    }
}

impl World {
    /// A development instance with one user, `ada@example.com`.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with another configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Clock::fixed(Clock::System.now());
        let mut config = Config::development(0, database(&folder).await, Secret::random());
        config.clock = clock.clone();
        config.development_key = Some(Secret::from(SECRET_KEY));
        change(&mut config);
        let mut world = Self {
            server: None,
            backend: Backend {
                http: http(),
                base: String::new(),
                key: SECRET_KEY.into(),
            },
            url: String::new(),
            clock,
            config,
            _folder: folder,
        };
        world.start().await;
        world
    }

    /// A production instance at `https://clerk.example.com` with the application at `https://app.example.com`. The tests
    /// speak plain http to it and name the public host, as a TLS-terminating proxy would.
    pub async fn production() -> Self {
        Self::production_with(|_| {}).await
    }

    /// The same with another configuration.
    pub async fn production_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with(|config| {
            let database = config.database.clone();
            let clock = config.clock.clone();
            let public = "https://clerk.example.com".parse().unwrap();
            let listen = "127.0.0.1:0".parse().unwrap();
            *config = Config::production(listen, public, database, Secret::random()).unwrap();
            config.clock = clock;
            config
                .allowed_origins
                .push("https://app.example.com".parse::<Origin>().unwrap());
            change(config);
        })
        .await
    }

    async fn start(&mut self) {
        let server = Server::start(self.config.clone()).await.unwrap();
        self.url = format!("http://localhost:{}", server.local_addr().port());
        self.backend.base = format!("http://localhost:{}", server.backend_addr().port());
        if self.config.development_key.is_none() {
            self.backend.key = live_key(&self.config).await;
        }
        self.server = Some(server);
        let ada = "/v1/users/count?email_address=ada@example.com";
        if self.backend.get(ada).await.json["total_count"] == 0 {
            self.backend.user("ada@example.com").await;
        }
    }

    /// Stops the server, where it runs, and starts it again on the same data.
    pub async fn restart(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
        self.start().await;
    }

    pub fn browser(&self) -> Browser {
        Browser {
            http: http(),
            base: self.url.clone(),
            cookies: Mutex::default(),
            host: None,
        }
    }

    /// A browser with the cookies of another one.
    pub fn browser_with(&self, other: &Browser) -> Browser {
        Browser {
            cookies: Mutex::new(other.cookies.lock().unwrap().clone()),
            ..self.browser()
        }
    }

    /// A browser at a production instance.
    pub fn public_browser(&self) -> Browser {
        Browser {
            host: Some("clerk.example.com"),
            ..self.browser()
        }
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The database, beside the running server.
    pub async fn db(&self) -> Db {
        standin_server::open(&self.config.database).await.unwrap()
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        let db = self.db().await;
        let sql = format!("select count(*) from {table}");
        db.read(move |tx| tx.one(&sql, &[])).await.unwrap()
    }

    /// What the audit trail says of a task: actions and results, oldest first.
    pub async fn trail(&self, task: &str) -> Vec<String> {
        let answer = self
            .backend
            .get(&format!("/v1/audit_logs?agent_task_id={task}&limit=500"))
            .await;
        let records = answer.json["data"].as_array().unwrap().iter().rev();
        records
            .map(|record| {
                format!(
                    "{} {}",
                    record["action"].as_str().unwrap(),
                    record["result"].as_str().unwrap()
                )
            })
            .collect()
    }
}

/// Production makes no key by itself: this is what `standin key create` does.
async fn live_key(config: &Config) -> String {
    use standin_server::{caller::Caller, id::SecretKeyId, secret_keys};
    let db = standin_server::open(&config.database).await.unwrap();
    let secret = Secret::with_prefix("sk_live_");
    let at = config.clock.now();
    let new = secret_keys::NewKey {
        id: SecretKeyId::new(at),
        name: "test".into(),
        scope: secret_keys::Scope::Full,
        secret: secret.clone(),
    };
    db.write(Caller::internal("test", at), move |tx| {
        secret_keys::create(tx, &new)
    })
    .await
    .unwrap();
    secret.expose().to_owned()
}

fn http() -> Client {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
    pub text: String,
}

impl Answer {
    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            status,
            headers,
            json,
            text,
        }
    }

    /// The error code of a refusal.
    pub fn code(&self) -> &str {
        self.json["errors"][0]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no refusal: {self:?}"))
    }

    /// Status and code of a refusal, in one text.
    pub fn refusal(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.code())
    }

    /// The parameter a refusal is about.
    pub fn param(&self) -> &str {
        self.json["errors"][0]["meta"]["param_name"]
            .as_str()
            .unwrap_or_default()
    }

    pub fn ok(self) -> Self {
        assert!(self.status.is_success(), "{self:?}");
        self
    }

    pub fn location(&self) -> url::Url {
        assert_eq!(self.status, 307, "{self:?}");
        url::Url::parse(self.headers[LOCATION].to_str().unwrap()).unwrap()
    }

    /// The cookies set, by name, whole.
    pub fn set_cookies(&self) -> BTreeMap<String, String> {
        let texts = self
            .headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap().to_owned());
        texts
            .map(|text| (text.split('=').next().unwrap().to_owned(), text))
            .collect()
    }
}

/// The name under which the client's secret is kept over https, among those of some cookies.
pub fn hosts_client<T>(cookies: &BTreeMap<String, T>) -> &str {
    let mut names = cookies.keys().map(String::as_str);
    let found = names.find(|name| name.starts_with("__Host-__client_"));
    found.unwrap_or_else(|| panic!("{:?}", cookies.keys()))
}

/// An application's server.
#[derive(Clone)]
pub struct Backend {
    http: Client,
    pub base: String,
    pub key: String,
}

impl Backend {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.key)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body))
            .await
    }

    /// What succeeds is answered as `/openapi.json` says.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let answer = Answer::of(RequestBuilder::from_parts(client, request)).await;
        if answer.status.is_success() {
            held::hold(&method, &path, answer.status, &answer.json);
        }
        answer
    }

    /// A backend with another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.into(),
            ..self.clone()
        }
    }

    /// A user with a password.
    pub async fn user_with_password(&self, email: &str, password: &str) -> String {
        let body = json!({ "email_address": [email], "password": password });
        let made = self.post("/v1/users", body).await.ok();
        made.json["id"].as_str().unwrap().to_owned()
    }

    pub async fn user(&self, email: &str) -> String {
        let made = self
            .post(
                "/v1/users",
                json!({ "email_address": [email], "first_name": "Ada" }),
            )
            .await
            .ok();
        made.json["id"].as_str().unwrap().to_owned()
    }

    /// The body of a task for Ada that lands on [`DASHBOARD`].
    pub fn task_body() -> Value {
        json!({
            "on_behalf_of": { "identifier": "ada@example.com" },
            "permissions": "*",
            "agent_name": "my-agent",
            "task_description": "Automated test login",
            "redirect_url": DASHBOARD,
        })
    }

    /// Creates a task; `with` goes over the usual body.
    pub async fn create(&self, with: Value) -> Answer {
        let mut body = Self::task_body();
        for (name, value) in with.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.post("/v1/agents/tasks", body).await
    }

    pub async fn task(&self) -> Task {
        Task::of(&self.create(json!({})).await.ok())
    }
}

/// A task as its creator knows it.
#[derive(Clone, Debug)]
pub struct Task {
    pub id: String,
    pub agent: String,
    /// Path and query of its URL.
    pub path: String,
}

impl Task {
    pub fn of(answer: &Answer) -> Self {
        Self::read(&answer.json)
    }

    pub fn read(made: &Value) -> Self {
        let text = |name: &str| {
            made[name]
                .as_str()
                .unwrap_or_else(|| panic!("{made:?}"))
                .to_owned()
        };
        let url = url::Url::parse(&text("url")).unwrap();
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        Self {
            id: text("agent_task_id"),
            agent: text("agent_id"),
            path,
        }
    }
}

/// A browser that keeps the cookies of the Frontend API and follows nothing by itself.
pub struct Browser {
    http: Client,
    pub base: String,
    pub cookies: Mutex<BTreeMap<String, String>>,
    pub host: Option<&'static str>,
}

impl Browser {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(host) = self.host {
            request = request.header("host", host);
        }
        let cookies = self.cookies.lock().unwrap();
        let header: Vec<String> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if header.is_empty() {
            request
        } else {
            request.header(COOKIE, header.join("; "))
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = Answer::of(request).await;
        let mut cookies = self.cookies.lock().unwrap();
        for (name, text) in answer.set_cookies() {
            let value = text
                .split(';')
                .next()
                .unwrap()
                .split_once('=')
                .unwrap()
                .1
                .to_owned();
            if text.contains("Max-Age=0") {
                cookies.remove(&name);
            } else {
                cookies.insert(name, value);
            }
        }
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// A call by a script in the application's page.
    pub async fn page(&self, method: Method, path: &str) -> Answer {
        let origin = if self.host.is_some() {
            "https://app.example.com"
        } else {
            "http://localhost:3000"
        };
        self.send(self.request(method, path).header("origin", origin))
            .await
    }

    /// A form sent by a script in the application's page, as clerk-js sends them.
    pub async fn form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let origin = if self.host.is_some() {
            "https://app.example.com"
        } else {
            "http://localhost:3000"
        };
        let request = self.request(Method::POST, path).header("origin", origin);
        self.send(request.form(form)).await
    }

    /// Opens a task's URL as a page.
    pub async fn visit(&self, task: &Task) -> Answer {
        self.get(&task.path).await
    }

    /// The session the page's client has, if any.
    pub async fn session(&self) -> Value {
        self.page(Method::GET, "/v1/client").await.ok().json["response"]["sessions"][0].clone()
    }

    /// A new session token.
    pub async fn token(&self, session: &str) -> Answer {
        self.page(
            Method::POST,
            &format!("/v1/client/sessions/{session}/tokens"),
        )
        .await
    }
}

/// Waits for all of them at once, and gives what each gave, in their order.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(|one| Some(Box::pin(one))).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (one, output) in waiting.iter_mut().zip(&mut done) {
            if let Some(future) = one
                && let Poll::Ready(given) = future.as_mut().poll(context)
            {
                (*output, *one) = (Some(given), None);
            }
        }
        if waiting.iter().all(Option::is_none) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// The claims of a token, verified with the server's published key.
pub async fn claims(world: &World, jwt: &str) -> Value {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
    let jwks = world.backend.get("/v1/jwks").await.ok().json;
    let header = decode_header(jwt).unwrap();
    let key = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == header.kid.as_deref().unwrap())
        .unwrap();
    let key =
        DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap())
            .unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    // The tests' clock is not the machine's.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    // An audience is looked at by whoever is one.
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    decode::<Value>(jwt, &key, &validation).unwrap().claims
}

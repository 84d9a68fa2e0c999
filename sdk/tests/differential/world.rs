//! A server of either kind, with a user who is signed in, and the key it signs with.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use standin_server::Server;
use standin_server::caller::Caller;
use standin_server::clock::Clock;
use standin_server::config::{Config, Limits};
use standin_server::db::{Database, Db};
use standin_server::id::SecretKeyId;
use standin_server::secret::{MasterKey, Purpose, Secret};
use standin_server::secret_keys::{self, NewKey, Scope};
use standin_server::stage::Stage;
use tempfile::TempDir;

use crate::mint::Mint;

pub struct World {
    pub live: bool,
    pub api_url: String,
    pub secret_key: String,
    pub publishable_key: String,
    pub suffix: String,
    pub issuer: String,
    /// Where the application is for browsers.
    pub origin: &'static str,
    pub mint: Mint,
    pub user: String,
    http: reqwest::Client,
    host: Option<&'static str>,
    _server: Server,
    _folder: TempDir,
}

/// A browser that was let in.
pub struct Visitor {
    pub session: String,
    pub refresh: String,
    client: String,
}

impl World {
    pub async fn start(live: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let database = Database::Sqlite(folder.path().join("standin.db"));
        let config = config(live, database);
        let server = Server::start(config.clone()).await.unwrap();
        let db = standin_server::open(&config.database).await.unwrap();
        let instance = server.instance();
        let mut world = Self {
            live,
            api_url: format!("http://{}", server.local_addr()),
            secret_key: secret_key(&db, live).await,
            publishable_key: instance.publishable_key.clone(),
            suffix: instance.cookie_suffix.clone(),
            issuer: instance.issuer.clone(),
            origin: if live {
                "https://app.example.com"
            } else {
                "http://localhost:3000"
            },
            mint: mint(&db, &config).await,
            user: String::new(),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .build()
                .unwrap(),
            host: live.then_some("clerk.example.com"),
            _server: server,
            _folder: folder,
        };
        let user = json!({ "email_address": ["ada@example.com"] });
        let made = world.post("/v1/users", user).await;
        made["id"].as_str().unwrap().clone_into(&mut world.user);
        world
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.api_url);
        let answer = self
            .http
            .post(url)
            .bearer_auth(&self.secret_key)
            .json(&body)
            .send()
            .await
            .unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn get(&self, path: &str, cookies: &str) -> HeaderMap {
        let mut request = self
            .http
            .get(format!("{}{path}", self.api_url))
            .header("cookie", cookies);
        if let Some(host) = self.host {
            request = request.header("host", host);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 307, "{path}");
        answer.headers().clone()
    }

    /// A browser that opened a task's URL.
    pub async fn visitor(&self) -> Visitor {
        let task = json!({
            "on_behalf_of": { "user_id": self.user },
            "permissions": "*",
            "agent_name": "my-agent",
            "task_description": "look around",
            "redirect_url": format!("{}/dashboard", self.origin),
        });
        let task = self.post("/v1/agents/tasks", task).await;
        let url = url::Url::parse(task["url"].as_str().unwrap()).unwrap();
        let headers = self
            .get(&format!("{}?{}", url.path(), url.query().unwrap()), "")
            .await;
        let client = set_cookies(&headers)[&self.client_cookie()].clone();
        let nonce = self.carried(&headers, "__clerk_handshake_nonce");
        let url = format!(
            "{}/v1/clients/handshake_payload?nonce={nonce}",
            self.api_url
        );
        let answer = self
            .http
            .get(url)
            .bearer_auth(&self.secret_key)
            .send()
            .await
            .unwrap();
        let directives: Value = answer.json().await.unwrap();
        let texts = directives["directives"].as_array().unwrap().iter();
        let pairs: BTreeMap<String, String> =
            texts.map(|text| pair(text.as_str().unwrap())).collect();
        let claims = pairs["__session"].split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(
            &base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims)
                .unwrap(),
        )
        .unwrap();
        Visitor {
            session: claims["sid"].as_str().unwrap().to_owned(),
            refresh: pairs[&format!("__refresh_{}", self.suffix)].clone(),
            client,
        }
    }

    /// The cookie in which a browser keeps who it is.
    fn client_cookie(&self) -> String {
        let prefix = if self.live { "__Host-" } else { "" };
        format!("{prefix}__client_{}", self.suffix)
    }

    /// What a handshake sends back: its nonce, or the long form.
    pub async fn handshake(&self, visitor: &Visitor, nonce: bool) -> String {
        let (format, name) = if nonce {
            ("&format=nonce", "__clerk_handshake_nonce")
        } else {
            ("", "__clerk_handshake")
        };
        let cookie = format!("{}={}", self.client_cookie(), visitor.client);
        let path = format!(
            "/v1/client/handshake?redirect_url={}/dashboard{format}",
            self.origin
        );
        self.carried(&self.get(&path, &cookie).await, name)
    }

    /// A payload on its way back: in the address in development, in a cookie in production.
    fn carried(&self, headers: &HeaderMap, name: &str) -> String {
        if self.live {
            return set_cookies(headers)[name].clone();
        }
        let location = url::Url::parse(headers[LOCATION].to_str().unwrap()).unwrap();
        let found = location.query_pairs().find(|(key, _)| key == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {location}"))
            .1
            .into_owned()
    }
}

fn config(live: bool, database: Database) -> Config {
    if !live {
        return Config::development(0, database, Secret::random());
    }
    let (listen, public) = (
        "127.0.0.1:0".parse().unwrap(),
        "https://clerk.example.com".parse().unwrap(),
    );
    let mut config = Config::production(listen, public, database, Secret::random()).unwrap();
    config
        .allowed_origins
        .push("https://app.example.com".parse().unwrap());
    config.limits = Limits {
        per_key: None,
        per_ip: None,
        per_agent_or_user: None,
        refused_per_ip: None,
        guesses_per_ip: None,
        guesses_per_identifier: None,
        sign_ups_per_ip: None,
    };
    config
}

async fn secret_key(db: &Db, live: bool) -> String {
    let at = Clock::System.now();
    let by = Caller {
        at,
        actor: "test".into(),
        ip: None,
        user_agent: None,
        request_id: "test".into(),
        once: None,
    };
    let kind = if live {
        Stage::Production
    } else {
        Stage::Development
    };
    let secret = Secret::with_prefix(&format!("sk_{}_", kind.key_word()));
    let new = NewKey {
        id: SecretKeyId::new(at),
        name: "test".into(),
        scope: Scope::Full,
        secret: secret.clone(),
    };
    db.write(by, move |tx| secret_keys::create(tx, &new))
        .await
        .unwrap();
    secret.expose().to_owned()
}

/// The key that the server signs with: the test holds the master key that it is sealed with.
async fn mint(db: &Db, config: &Config) -> Mint {
    let sql = "select kid, private_key from signing_keys";
    let (kid, sealed): (String, String) = db.read(move |tx| tx.one(sql, &[])).await.unwrap();
    let master = MasterKey::parse(&config.master_key).unwrap();
    Mint::new(kid, &master.open(Purpose::SigningKey, &sealed).unwrap())
}

fn pair(directive: &str) -> (String, String) {
    let (name, value) = directive
        .split(';')
        .next()
        .unwrap()
        .split_once('=')
        .unwrap();
    (name.to_owned(), value.to_owned())
}

fn set_cookies(headers: &HeaderMap) -> BTreeMap<String, String> {
    let texts = headers
        .get_all(SET_COOKIE)
        .iter()
        .map(|value| value.to_str().unwrap());
    texts.map(pair).collect()
}

//! What requests are about: each thing is made when a path or a body wants one, by the call that makes such things.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use super::calls::Call;
use super::requests::request;
use crate::world::{Browser, Task, World};

fn number() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(100);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

fn phone() -> String {
    format!("+1201555{:04}", number())
}

/// A text, or a number as text.
fn text(value: &Value) -> String {
    assert!(value.is_string() || value.is_number(), "{value}");
    value.as_str().map_or(value.to_string(), ToOwned::to_owned)
}

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
Version/18.0 Mobile/15E148 Safari/604.1";

/// An application's world, and its calls.
pub struct Things<'a> {
    pub world: &'a World,
    pub calls: &'a [Call],
}

impl Things<'_> {
    async fn user(&self) -> String {
        let email = format!("user{}@example.com", number());
        self.world.backend.user(&email).await
    }

    /// The session of an agent in a phone's browser.
    async fn session(&self) -> (Browser, String) {
        let user = json!({ "user_id": self.user().await });
        let task = json!({ "on_behalf_of": user });
        let task = Task::of(&self.world.backend.create(task).await.ok());
        let browser = self.world.browser();
        let visit = browser.request(Method::GET, &task.path);
        browser
            .send(visit.header("user-agent", PHONE))
            .await
            .location();
        let session = text(&browser.session().await["id"]);
        (browser, session)
    }

    /// A path with something in the places of its parameters, and a request in which nothing is left to fill in.
    pub async fn filled(&self, call: &Call, example: &str) -> (String, String) {
        if example.contains("$refresh") {
            return self.refresh(example).await;
        }
        let mut path = String::new();
        let mut known = String::new();
        for part in call.path.split('/').skip(1) {
            known = format!("{known}/{part}");
            let part = if part.starts_with('{') {
                Box::pin(self.part(call, &known, &path)).await
            } else {
                part.to_owned()
            };
            path = format!("{path}/{part}");
        }
        (path, self.words(example).await)
    }

    /// Something for the last part of a path, whose parts before are filled.
    async fn part(&self, call: &Call, known: &str, before: &str) -> String {
        let backend = &self.world.backend;
        match known {
            "/v1/sessions/{id}" => self.session().await.1,
            "/v1/clients/{id}" => {
                let (browser, _) = self.session().await;
                let client = browser.page(Method::GET, "/v1/client").await.ok();
                text(&client.json["response"]["id"])
            }
            "/v1/agents/{id}" => {
                // Of its own: it may be disabled.
                let named = json!({ "agent_name": format!("agent-{}", number()) });
                text(&backend.create(named).await.ok().json["agent_id"])
            }
            "/v1/sessions/{id}/tokens/{template}" => {
                let made = json!({ "name": format!("t{}", number()), "claims": {} });
                let made = backend.post("/v1/jwt_templates", made).await.ok();
                text(&made.json["name"])
            }
            "/v1/organization_roles/{id}/permissions/{permission}" => {
                let made = self.made("/v1/organization_permissions", "").await;
                let id = text(&made["id"]);
                if call.method == "DELETE" {
                    let given = format!("{before}/{id}");
                    backend.post(&given, json!({})).await.ok();
                }
                id
            }
            "/v1/webhook_endpoints/{id}/deliveries/{delivery}" => {
                let endpoint = before.trim_end_matches("/deliveries");
                let sent = backend.post(&format!("{endpoint}/test"), json!({})).await;
                let id = text(&sent.ok().json["id"]);
                // Nobody listens, which is soon seen.
                let one = format!("{before}/{id}");
                while backend.get(&one).await.ok().json["attempts"] == 0 {}
                id
            }
            "/v1/development/snapshots/{name}" => {
                let name = format!("s{}", number());
                let saving = backend.request(Method::PUT, &format!("{before}/{name}"));
                backend.send(saving).await.ok();
                name
            }
            _ => {
                let made = self.made(known.rsplit_once('/').unwrap().0, before).await;
                match &made["public_user_data"]["user_id"] {
                    Value::String(user) => user.clone(),
                    _ if made["agent_task_id"].is_string() => text(&made["agent_task_id"]),
                    _ => text(&made["id"]),
                }
            }
        }
    }

    /// What the call that adds to a list makes of its first example.
    async fn made(&self, list: &str, filled: &str) -> Value {
        let mut calls = self.calls.iter();
        let found = calls.find(|call| call.method == "POST" && call.path == list);
        let call = found.unwrap_or_else(|| panic!("nothing makes one of {list}"));
        let path = if filled.is_empty() { list } else { filled };
        let example = self.words(call.examples[0]).await;
        let request = request(&self.world.backend, call, path, &example);
        self.world.backend.send(request).await.ok().json
    }

    /// A request in which nothing is left to fill in.
    pub async fn words(&self, example: &str) -> String {
        let mut said = example.to_owned();
        if said.contains("$user") {
            said = said.replace("$user", &self.user().await);
        }
        if said.contains("$nameless") {
            let made = json!({ "phone_number": [phone()] });
            let made = self.world.backend.post("/v1/users", made).await.ok();
            said = said.replace("$nameless", &text(&made.json["id"]));
        }
        if said.contains("$token") || said.contains("$nonce") {
            let (browser, session) = self.session().await;
            let token = text(&browser.token(&session).await.ok().json["jwt"]);
            said = said.replace("$token", &token);
            said = said.replace("$nonce", &self.nonce(&browser).await);
        }
        let soon = self.world.now().0 + 3_600_000;
        said.replace("\"$soon\"", &soon.to_string())
            .replace("$phone", &phone())
            .replace("$port", "1")
            .replace("$n", &number().to_string())
    }

    async fn nonce(&self, browser: &Browser) -> String {
        let handshake = "/v1/client/handshake?format=nonce&redirect_url=http://localhost:3000/";
        let to = browser.get(handshake).await.location();
        let mut pairs = to.query_pairs();
        let nonce = pairs.find(|(name, _)| name == "__clerk_handshake_nonce");
        nonce.unwrap().1.into_owned()
    }

    /// The session of a browser that was away for a while, and what its application's server has of it.
    async fn refresh(&self, example: &str) -> (String, String) {
        let (browser, session) = self.session().await;
        let nonce = self.nonce(&browser).await;
        let payload = format!("/v1/clients/handshake_payload?nonce={nonce}");
        let payload = self.world.backend.get(&payload).await.ok().json;
        let value = |name: &str| {
            let mut cookies = payload["directives"].as_array().unwrap().iter();
            let found = cookies.find_map(|one| one.as_str().unwrap().strip_prefix(name));
            let value = found.unwrap().split_once('=').unwrap().1;
            value.split(';').next().unwrap().to_owned()
        };
        self.world.advance(61);
        let said = example
            .replace("$expired", &value("__session"))
            .replace("$refresh", &value("__refresh"));
        (format!("/v1/sessions/{session}/refresh"), said)
    }
}

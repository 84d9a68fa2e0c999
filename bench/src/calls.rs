//! How requests look: those of an application's server, with the secret key, and those of a page, with a cookie.

use hyper::{Method, StatusCode};
use serde_json::json;

use crate::load::Call;
use crate::population::Population;

const APP: &str = "http://localhost:3000";
const APP_ESCAPED: &str = "http%3A%2F%2Flocalhost%3A3000%2Fdashboard";

/// What the requests of a round are made of.
#[derive(Clone)]
pub struct Material {
    /// Who is there.
    pub population: Population,
    /// The secret key.
    pub key: String,
    /// Nonces, where an operation takes them.
    pub nonces: Vec<String>,
}

impl Material {
    /// A call of the Backend API.
    pub fn backend(&self, method: Method, path: String, body: Option<&serde_json::Value>) -> Call {
        let mut headers = vec![("authorization", format!("Bearer {}", self.key))];
        if body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        Call {
            method,
            path,
            headers,
            body: body.map(ToString::to_string).unwrap_or_default(),
            expected: StatusCode::OK,
        }
    }

    /// The same, with nothing to say.
    pub fn get(&self, path: String) -> Call {
        self.backend(Method::GET, path, None)
    }

    /// The same, with JSON.
    pub fn post(&self, path: &str, body: &serde_json::Value) -> Call {
        self.backend(Method::POST, path.to_owned(), Some(body))
    }

    /// A page's call, with the cookie of the client of session `n`.
    pub fn page(&self, method: Method, path: String, n: u64) -> Call {
        let cookie = format!("__client={}", self.population.client_secret(n));
        Call {
            method,
            path,
            headers: vec![("cookie", cookie), ("origin", APP.to_owned())],
            body: String::new(),
            expected: StatusCode::OK,
        }
    }

    /// The same with a form.
    pub fn form(&self, path: String, body: String, n: u64) -> Call {
        let mut call = self.page(Method::POST, path, n);
        let kind = "application/x-www-form-urlencoded".to_owned();
        call.headers.push(("content-type", kind));
        call.body = body;
        call
    }

    /// Creates task `n` for somebody.
    pub fn task(&self, n: u64, on_behalf_of: &serde_json::Value) -> Call {
        let body = json!({
            "on_behalf_of": on_behalf_of,
            "permissions": "*",
            "agent_name": Population::agent_name(n),
            "task_description": "Measures how it goes",
            "redirect_url": format!("{APP}/dashboard"),
        });
        self.post("/v1/agents/tasks", &body)
    }
}

/// What a page's server asks for who its visitor is; its answer carries a nonce.
pub fn handshake(material: &Material, n: u64) -> Call {
    // In development SDKs show the browser's second name; without it the server would have to make one.
    let dev_browser = material.population.dev_browser(n);
    let path = format!(
        "/v1/client/handshake?format=nonce&redirect_url={APP_ESCAPED}&__clerk_db_jwt={dev_browser}"
    );
    let mut call = material.page(Method::GET, path, n);
    // A navigation, and no page's script.
    call.headers.retain(|(name, _)| *name == "cookie");
    call.expected = StatusCode::TEMPORARY_REDIRECT;
    call
}

/// Makes the first session token of session `n` and each after it.
pub fn refresh(material: &Material, n: u64) -> Call {
    let session = material.population.session(n);
    let path = format!("/v1/client/sessions/{session}/tokens");
    material.page(Method::POST, path, n)
}

/// Ends every session there is.
pub fn revoke_everything(material: &Material) -> Call {
    material.post("/v1/sessions/revoke", &json!({ "all": true }))
}

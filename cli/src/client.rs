//! A client of the Backend API: one request, one JSON value or one [`Failure`].

mod page;
mod people;
mod target;

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::Value;
use url::{Host, Url};

use crate::failure::{Exit, Failure, Result};
pub use page::{Page, path_part};
pub use people::{identifiers, user_id, with_suggestions};
pub use target::{Target, Where};

/// A server and a key to it.
pub struct Client {
    http: reqwest::Client,
    /// Where it talks to.
    pub target: Target,
}

impl Client {
    /// A client for what the command line names.
    pub fn of(place: &Where) -> Result<Self> {
        Self::new(place.resolve()?)
    }

    /// A client for a known server.
    pub fn new(target: Target) -> Result<Self> {
        Ok(Self {
            http: http(&target.api_url)?,
            target,
        })
    }

    /// Asks for something.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value> {
        self.send(self.request(Method::GET, path).query(query))
            .await
    }

    /// Changes something. Without parameters no body is sent.
    pub async fn post(&self, path: &str, body: Option<&Value>) -> Result<Value> {
        let request = self.request(Method::POST, path);
        self.send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Removes something.
    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Opens a task's URL as a program does: the answer holds the session instead of leading to a page.
    pub async fn redeem(&self, url: &str) -> Result<Value> {
        let request = self
            .http
            .get(url)
            .header(header::ACCEPT, "application/json");
        self.send(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.target.api_url);
        self.http
            .request(method, url)
            .bearer_auth(&self.target.secret_key)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value> {
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.no_answer(&error))?;
        let status = answer.status();
        let body = answer
            .bytes()
            .await
            .map_err(|error| self.no_answer(&error))?;
        if status.is_success() {
            let body: &[u8] = if body.is_empty() { b"null" } else { &body };
            return serde_json::from_slice(body).map_err(|_| self.strange(status));
        }
        Err(serde_json::from_slice(&body)
            .ok()
            .and_then(|body| refusal(&body, status))
            .unwrap_or_else(|| self.strange(status)))
    }

    fn no_answer(&self, error: &reqwest::Error) -> Failure {
        if error.is_builder() {
            return Failure::usage(format!("{} is no address of a server", self.target.api_url));
        }
        let sentence = format!("no server answers at {}", self.target.api_url);
        let failure = Failure::new(Exit::Unreachable, "server_unreachable", sentence);
        match &self.target.folder {
            Some(folder) => failure.hint(
                "start it",
                format!("standin dev --data {}", folder.display()),
            ),
            None => failure.hint("start it", "standin dev"),
        }
    }

    fn strange(&self, status: StatusCode) -> Failure {
        let sentence = format!(
            "{} answered {status}, and not as Standin does; is this the Backend API's address?",
            self.target.api_url
        );
        Failure::new(Exit::Failed, "answer_strange", sentence)
    }

    /// Where browsers reach the server. One that is not told elsewhere is asked: a development server's own page, called
    /// with a query, redirects to itself at its public address.
    pub async fn public_url(&self) -> Option<String> {
        if let Some(url) = &self.target.public_url {
            return Some(url.clone());
        }
        let page = self.http.get(format!("{}/?from=cli", self.target.api_url));
        let answer = page.send().await.ok()?;
        let location = answer.headers().get(header::LOCATION)?.to_str().ok()?;
        let url = Url::parse(location).ok()?;
        Some(url.as_str().trim_end_matches('/').to_owned())
    }
}

/// A client that follows no redirects. To this machine itself it goes without the environment's proxies, and without
/// reading the system's certificates, which takes longer than starting the server.
pub fn http(url: &str) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("standin/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30));
    let plain = url.starts_with("http://");
    let builder = if is_this_machine(url) {
        builder.no_proxy()
    } else {
        builder
    };
    let builder = if plain {
        builder.tls_certs_only([])
    } else {
        builder
    };
    builder
        .build()
        .map_err(|error| Failure::new(Exit::Failed, "http", error))
}

/// Whether `url` names this machine itself.
pub fn is_this_machine(url: &str) -> bool {
    let url = Url::parse(url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A refusal in Clerk's shape.
fn refusal(body: &Value, status: StatusCode) -> Option<Failure> {
    let error = body["errors"].get(0)?;
    let code = error["code"].as_str()?;
    let sentence = error["long_message"]
        .as_str()
        .or(error["message"].as_str())
        .unwrap_or(code);
    let mut failure = Failure::new(exit(code, status), code, sentence);
    if code == "clerk_key_invalid" {
        failure = failure.hint(
            "key used",
            "--secret-key, else CLERK_SECRET_KEY, else dev.json",
        );
    }
    if status.is_server_error()
        && let Some(id) = body["clerk_trace_id"].as_str()
    {
        failure = failure.hint("trace id", id);
    }
    Some(failure)
}

fn exit(code: &str, status: StatusCode) -> Exit {
    match (status.as_u16(), code) {
        (401 | 403 | 404, _) | (422, "redirect_url_domain_mismatch") => Exit::Denied,
        (400, code) if code.starts_with("agent_task_") => Exit::Denied,
        (422, _) => Exit::Usage,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(status: u16, code: &str) -> Failure {
        let body =
            json!({ "errors": [{ "code": code, "message": "short", "long_message": "Longer." }] });
        refusal(&body, StatusCode::from_u16(status).unwrap()).unwrap()
    }

    #[test]
    fn the_shell_learns_what_kind_of_refusal_it_was() {
        assert_eq!(refused(404, "agent_task_not_found").exit, Exit::Denied);
        assert_eq!(
            refused(400, "agent_task_cannot_be_revoked").exit,
            Exit::Denied
        );
        assert_eq!(refused(403, "user_banned").exit, Exit::Denied);
        assert_eq!(refused(422, "form_param_format_invalid").exit, Exit::Usage);
        assert_eq!(refused(503, "service_unavailable").exit, Exit::Failed);
        assert_eq!(refused(404, "agent_task_not_found").sentence, "Longer.");
        assert!(
            refusal(
                &json!({ "detail": "another server" }),
                StatusCode::NOT_FOUND
            )
            .is_none()
        );
    }

    #[test]
    fn this_machine_has_many_names() {
        assert!(is_this_machine("http://127.0.0.1:4747"));
        assert!(is_this_machine("http://[::1]:4747/v1"));
        assert!(is_this_machine("http://app.localhost"));
        assert!(!is_this_machine("http://localhost.example.com"));
        assert!(!is_this_machine("nonsense"));
    }
}

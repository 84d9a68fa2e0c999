//! The client: an address, a secret key and a pool of connections.
//!
//! Cloning it is cheap and shares all three. Calls are grouped as Clerk groups them: [`Client::agent_tasks`],
//! [`Client::users`], [`Client::sessions`], and so on. Which calls are tried again is decided in `client/retry.rs`.

mod builder;
mod retry;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;

use crate::error::{Answer, Asked, Error, Result};
pub use builder::ClientBuilder;

/// The version of the Backend API that the SDK is written for, as every request says.
const API_VERSION: HeaderValue = HeaderValue::from_static("2026-05-12");

/// Longer than any call.
const AGES: Duration = Duration::from_hours(24 * 365);

/// A client of the Backend API, Standin's or Clerk's.
///
/// ```no_run
/// # async fn run() -> standin::Result<()> {
/// let client = standin::Client::from_env()?;
/// println!("{} users", client.users().count().await?);
/// # Ok(())
/// # }
/// ```
///
/// Make one and clone it: clones share connections. Its `Debug` shows the address and never the key.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    http: reqwest::Client,
    /// Made by the builder for this address alone, and not the caller's own.
    http_is_ours: bool,
    /// Without a trailing slash.
    api_url: Url,
    /// `Bearer …`, marked as sensitive.
    authorization: HeaderValue,
    timeout: Duration,
    retries: u32,
}

impl Client {
    /// A client for what the environment names: `CLERK_SECRET_KEY`, and `CLERK_API_URL` for another server than Clerk's
    /// `https://api.clerk.com`. `standin env` prints both.
    ///
    /// # Errors
    /// When there is no key, or the address is none.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env().build()
    }

    /// A client of Clerk with this secret key. For Standin name its address too: see [`Client::builder`].
    ///
    /// ```
    /// let client = standin::Client::new("sk_live_0123456789")?;
    /// assert_eq!(client.api_url(), "https://api.clerk.com");
    /// # Ok::<(), standin::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the key is none.
    pub fn new(secret_key: impl Into<String>) -> Result<Self> {
        Self::builder().secret_key(secret_key).build()
    }

    /// A client with settings of your own.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let client = standin::Client::builder()
    ///     .secret_key("sk_test_0123456789")
    ///     .api_url("http://localhost:4747")
    ///     .timeout(Duration::from_secs(5))
    ///     .build()?;
    /// assert_eq!(client.api_url(), "http://localhost:4747");
    /// # Ok::<(), standin::Error>(())
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Where the Backend API is, without a trailing slash and without the `/v1` of its paths.
    pub fn api_url(&self) -> &str {
        self.0.api_url.as_str().trim_end_matches('/')
    }

    /// The same client for calls that somebody waits for: none takes longer than this.
    pub(crate) fn within(&self, deadline: Duration) -> Self {
        Self(Arc::new(Inner {
            timeout: self.0.timeout.min(deadline),
            ..Inner::clone(&self.0)
        }))
    }

    /// The same client at the origin of another address.
    pub(crate) fn at(&self, url: &Url) -> Result<Self> {
        let mut api_url = url.clone();
        api_url.set_path("");
        api_url.set_query(None);
        api_url.set_fragment(None);
        let http = if self.0.http_is_ours && api_url.origin() != self.0.api_url.origin() {
            builder::http(&api_url, builder::CONNECT_TIMEOUT)?
        } else {
            self.0.http.clone()
        };
        Ok(Self(Arc::new(Inner {
            http,
            api_url,
            ..Inner::clone(&self.0)
        })))
    }

    /// Sends a request until it has an answer or there is no sense in trying again.
    async fn send(&self, request: &Request) -> Result<Answered> {
        let now = Instant::now();
        // A timeout beyond what clocks can say is none.
        let deadline = now.checked_add(self.0.timeout).unwrap_or(now + AGES);
        let mut attempt = 0;
        loop {
            let error = match self.send_once(request, deadline).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            if attempt == self.0.retries {
                return Err(error);
            }
            let Some(wait) = retry::wait(request.reads, &error, attempt) else {
                return Err(error);
            };
            // What cannot begin again in time has failed already.
            if wait >= deadline.saturating_duration_since(Instant::now()) {
                return Err(error);
            }
            pause(wait).await;
            attempt += 1;
        }
    }

    /// Sends a request and reads its answer. Nothing at all is read as `null`.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        let (status, body) = self.send(request).await?;
        let body: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(body)
            .map_err(|error| Error::unreadable(request.asked(self.api_url()), status, error))
    }

    async fn send_once(&self, request: &Request, deadline: Instant) -> Result<Answered> {
        let mut url = format!("{}{}", self.api_url(), request.path);
        if !request.query.is_empty() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&request.query);
            url = format!("{url}?{}", query.finish());
        }
        let mut sent = self
            .0
            .http
            .request(request.method.clone(), url)
            .timeout(deadline.saturating_duration_since(Instant::now()))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(HeaderName::from_static("clerk-api-version"), API_VERSION);
        if request.with_key {
            sent = sent.header(AUTHORIZATION, self.0.authorization.clone());
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let asked = || request.asked(self.api_url());
        let lost = |error| Error::transport(asked(), error);
        let answer = sent.send().await.map_err(lost)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(lost)?;
        if status.is_success() {
            return Ok((status, body.into()));
        }
        Err(Error::refused(
            asked(),
            Answer::read(status, &headers, &body),
        ))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is waited for is that time goes by: the server is to be left alone for so long"
)]
async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("api_url", &self.api_url())
            .finish_non_exhaustive()
    }
}

/// The body of a successful answer, and its status.
type Answered = (StatusCode, Vec<u8>);

/// One request, before it is sent.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Map<String, Value>>,
    /// Whether the secret key goes along.
    pub(crate) with_key: bool,
    /// Whether it changes nothing and may be sent any number of times.
    pub(crate) reads: bool,
}

impl Request {
    /// What an error says of it: neither query nor body.
    fn asked(&self, api_url: &str) -> Asked {
        Asked {
            method: self.method.clone(),
            api_url: api_url.to_owned(),
            path: self.path.clone(),
        }
    }
}

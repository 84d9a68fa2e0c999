//! Authentication of requests: who is calling.
//!
//! An [`Authenticator`] looks at a request's head and says: a user is signed in, nobody is, or the browser must first go to
//! the Frontend API, which knows (a *handshake*). It needs no web framework, only the types of the `http` crate; the
//! feature `axum` has a layer that does the rest.
//!
//! ```text
//! bearer token? ──yes──► verify ──► signed in, or out
//!      │ no
//! back from a handshake? ──yes──► verify what it brought ──► signed in, or out
//!      │ no
//! do the cookies agree? ──no──► a page? ──yes──► redirect to the Frontend API (handshake)
//!      │ yes                      │  └─no──► signed out
//!      │                          └◄─────────────┐ not renewed
//! does the token verify? ──expired──► renew at the Backend API ──► signed in, with new cookies
//!      │ yes         └─no──► signed out
//! signed in
//! ```
//!
//! Session tokens verify here, with the instance's published keys, which are read once and kept: a request costs one RSA
//! verification and no call. Calls are made when a browser comes back from a handshake, and when a token has expired and can be
//! renewed; it lives a minute. A call has [five seconds](Builder::backend_timeout), and a server that took longer is left
//! alone for a moment, so that its trouble does not hold up every page.
//!
//! Whoever shows something odd is signed out: forged or foreign tokens, other algorithms than RS256, keys that come with the
//! token, claims that are named twice, more than 64 KiB of cookies. No address is ever taken from a token.
//!
//! ```
//! # async fn run<B>(request: http::Request<B>) -> standin::Result<()> {
//! use standin::auth::{Authenticator, Verdict};
//!
//! let authenticator = Authenticator::from_env()?;
//! let outcome = authenticator.authenticate(&request).await;
//! match &outcome.verdict {
//!     Verdict::SignedIn(auth) => println!("{} in session {}", auth.user_id(), auth.session_id()),
//!     Verdict::SignedOut(out) => println!("nobody: {}", out.reason()),
//!     Verdict::Redirect(_) => println!("answer with 307"),
//! }
//! // In any case, `outcome.headers` belong into the response.
//! # Ok(())
//! # }
//! ```

mod backend;
mod builder;
mod claims;
mod cookies;
mod decision;
mod handshake;
mod instance;
mod key_cache;
mod keys;
mod live;
mod organization;
mod outcome;
mod reason;
mod request;
mod requirement;
mod suffix;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use jiff::Timestamp;
use url::Url;

pub use self::builder::Builder;
pub use self::claims::Claims;
pub use self::live::NotLive;
pub use self::organization::Organization;
pub use self::outcome::{Auth, Outcome, Redirect, SignedOut, Verdict};
pub use self::reason::{NotRenewed, Reason};
pub use self::request::Head;
pub use self::requirement::{Feature, Permission, Plan, Requirement, Role};

use self::backend::Backend;
use self::decision::{Facts, Question, decide};
use self::instance::Instance;
use self::key_cache::{Key, KeyCache};
use self::request::Incoming;
use crate::id::SessionId;
use crate::sessions::Refresh;
use crate::{Client, Error, Result};

/// The longest nonce that the Backend API is asked about, in bytes: what fits into a cookie.
const NONCE_MAX: usize = 4096;

/// The longest header that the Backend API is told of, in bytes, and the most of them.
const TOLD_MAX: usize = 1024;
const TOLD_MOST: usize = 40;

/// Says who is calling.
///
/// Make one and clone it: clones share the instance's keys.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    rules: Rules,
    backend: Option<Arc<Backend>>,
    keys: Option<Arc<KeyCache>>,
}

/// What does not change from one request to the next.
pub(crate) struct Rules {
    instance: Instance,
    proxy_url: Option<String>,
    sign_in_url: Option<String>,
    origin: Option<Url>,
    jwt_key: Option<Key>,
    parties: Vec<String>,
    /// In milliseconds.
    skew: i64,
}

impl Authenticator {
    /// An authenticator for what the environment names.
    ///
    /// | variable | |
    /// |---|---|
    /// | `CLERK_PUBLISHABLE_KEY` | the instance; required |
    /// | `CLERK_SECRET_KEY`, `CLERK_API_URL` | the Backend API, see [`Client::from_env`] |
    /// | `CLERK_JWT_KEY` | a key to verify with, see [`Builder::jwt_key`] |
    /// | `CLERK_PROXY_URL` | where browsers reach the Frontend API, see [`Builder::proxy_url`] |
    /// | `CLERK_SIGN_IN_URL` | where people sign in, see [`Builder::sign_in_url`] |
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn from_env() -> Result<Self> {
        Builder::from_env()?.build()
    }

    /// An authenticator with settings of your own.
    ///
    /// ```
    /// use standin::{Client, auth::Authenticator};
    ///
    /// let client = Client::builder().secret_key("sk_live_0123456789").build()?;
    /// let authenticator = Authenticator::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
    ///     .client(client)
    ///     .authorized_party("https://app.example.com")
    ///     .build()?;
    /// # Ok::<(), standin::Error>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The publishable key, for pages that load `clerk-js`.
    pub fn publishable_key(&self) -> &str {
        &self.0.rules.instance.key
    }

    /// The proxy URL, for pages that load `clerk-js`.
    pub fn proxy_url(&self) -> Option<&str> {
        self.0.rules.proxy_url.as_deref()
    }

    /// Where browsers reach the Frontend API, without a trailing slash: the proxy URL, or https at the host in the
    /// publishable key.
    pub fn frontend_api_url(&self) -> String {
        let Rules {
            proxy_url,
            instance,
            ..
        } = &self.0.rules;
        let url = proxy_url
            .clone()
            .unwrap_or_else(|| format!("https://{}", instance.host));
        url.trim_end_matches('/').to_owned()
    }

    /// Where people sign in.
    pub fn sign_in_url(&self) -> Option<&str> {
        self.0.rules.sign_in_url.as_deref()
    }

    /// Where a browser that asks for a page is to be sent to sign in, with the way back (`redirect_url`).
    #[cfg(feature = "axum")]
    pub(crate) fn sign_in_for(&self, request: Head<'_>) -> Option<String> {
        let address = self.sign_in_url().filter(|_| request.is_page())?;
        let back = request.url(self.0.rules.origin.as_ref());
        let separator = if address.contains('?') { '&' } else { '?' };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("redirect_url", back.as_str());
        Some(format!("{address}{separator}{}", query.finish()))
    }

    /// Says who is calling: never fails, and signs nobody in by accident. A Backend API that does not answer makes strangers
    /// of those it is needed for; [`SignedOut::error`] says so.
    pub async fn authenticate<'a>(&self, request: impl Into<Head<'a>>) -> Outcome {
        let Inner { rules, keys, .. } = &*self.0;
        let now = Timestamp::now().as_millisecond();
        let request = Incoming::read(request.into(), &rules.instance, rules.origin.as_ref(), now);
        let mut facts = Facts {
            now,
            at_hand: keys.as_ref().map(KeyCache::at_hand).unwrap_or_default(),
            keys: Vec::new(),
            payload: None,
            renewal: None,
        };
        let mut failure = None;
        loop {
            match decide(rules, &request, &facts) {
                Ok(outcome) => return outcome.after(failure),
                Err(question) => {
                    failure = self.learn(question, &request, &mut facts).await.or(failure);
                }
            }
            facts.now = Timestamp::now().as_millisecond();
        }
    }

    /// Answers a question, and gives the failure that made the answer a bad one.
    async fn learn(
        &self,
        question: Question,
        request: &Incoming<'_>,
        facts: &mut Facts,
    ) -> Option<Arc<Error>> {
        match question {
            Question::Key(name) => {
                let (found, failure) = match &self.0.keys {
                    Some(keys) => keys.find(&name).await,
                    None => (Err(Reason::KeysUnavailable), None),
                };
                facts.keys.push((name, found));
                failure
            }
            Question::Payload(nonce) => {
                let (directives, failure) = self.exchange(&nonce).await;
                facts.payload = Some(directives);
                failure
            }
            Question::Renewal {
                session,
                token,
                refresh,
            } => {
                let (renewal, failure) = self.renew(request, &session, &token, &refresh).await;
                facts.renewal = Some(renewal);
                failure
            }
        }
    }

    /// What a nonce stands for; nothing, if it was forged or is old.
    async fn exchange<'a>(&'a self, nonce: &'a str) -> (Vec<String>, Option<Arc<Error>>) {
        let Some(backend) = self.0.backend.as_ref().filter(|_| nonce.len() <= NONCE_MAX) else {
            return (Vec::new(), None);
        };
        let ask = |client: &'a Client| client.clients().handshake_payload(nonce);
        match backend.ask(ask).await {
            Ok(payload) => (payload.directives, None),
            Err(error) => (Vec::new(), Some(error)),
        }
    }

    async fn renew(
        &self,
        request: &Incoming<'_>,
        session: &str,
        token: &str,
        refresh: &str,
    ) -> (Result<Vec<String>, NotRenewed>, Option<Arc<Error>>) {
        let Some(backend) = &self.0.backend else {
            return (Err(NotRenewed::NoClient), None);
        };
        let Ok(session) = SessionId::try_from(session) else {
            return (Err(NotRenewed::NoSession), None);
        };
        let headers = told(request.head.headers());
        let asked = Refresh {
            expired_token: token,
            refresh_token: refresh,
            request_origin: &request.url.origin().ascii_serialization(),
            request_headers: &headers,
            suffixed_cookies: request.suffixed,
        };
        let ask = |client: &Client| {
            let (client, session) = (client.clone(), session.clone());
            async move { client.sessions().refresh(&session, asked).await }
        };
        match backend.ask(ask).await {
            Ok(renewed) => (Ok(renewed.cookies), None),
            Err(error) => {
                let why = match (error.code(), error.status()) {
                    (Some(code), _) => NotRenewed::Refused(code.to_owned()),
                    (None, Some(_)) => NotRenewed::Unreadable,
                    (None, None) => NotRenewed::Unreachable,
                };
                (Err(why), Some(error))
            }
        }
    }
}

/// What the server is told of the request that renews a token: what kind of browser it is, none of the application's other
/// credentials, and nothing that is longer than what browsers send.
fn told(headers: &HeaderMap) -> HeaderMap {
    let short = headers
        .iter()
        .filter(|(name, value)| ![COOKIE, AUTHORIZATION].contains(name) && value.len() <= TOLD_MAX);
    let mut told = HeaderMap::new();
    for (name, value) in short.take(TOLD_MOST) {
        told.append(name, value.clone());
    }
    told
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("publishable_key", &self.publishable_key())
            .finish_non_exhaustive()
    }
}

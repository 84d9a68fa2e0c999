//! The authenticator's settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::backend::{self, Backend};
use super::instance::Instance;
use super::key_cache::KeyCache;
use super::{Authenticator, Inner, Rules, keys};
use crate::{Client, Error, Result};

/// How far clocks may differ where nothing else is set.
const SKEW: Duration = Duration::from_secs(5);

/// Settings of an [`Authenticator`]; made by [`Authenticator::builder`].
#[derive(Clone, Default)]
#[must_use = "settings do nothing until they are built"]
pub struct Builder {
    publishable_key: Option<String>,
    client: Option<Client>,
    jwt_key: Option<String>,
    proxy_url: Option<String>,
    sign_in_url: Option<String>,
    origin: Option<String>,
    parties: Vec<String>,
    skew: Option<Duration>,
    deadline: Option<Duration>,
}

impl Builder {
    /// Settings that begin with what the environment names: see [`Authenticator::from_env`].
    ///
    /// # Errors
    /// When there is a secret key, but no client can be made of it and `CLERK_API_URL`.
    pub fn from_env() -> Result<Self> {
        let named = |name| {
            std::env::var(name)
                .ok()
                .filter(|text| !text.trim().is_empty())
        };
        let client = named("CLERK_SECRET_KEY")
            .map(|_| Client::from_env())
            .transpose()?;
        Ok(Self {
            publishable_key: named("CLERK_PUBLISHABLE_KEY"),
            client,
            jwt_key: named("CLERK_JWT_KEY"),
            proxy_url: named("CLERK_PROXY_URL"),
            sign_in_url: named("CLERK_SIGN_IN_URL"),
            ..Self::default()
        })
    }

    /// The publishable key, `pk_test_…` or `pk_live_…`. Required: it names the instance, its kind and its cookies.
    pub fn publishable_key(mut self, key: impl Into<String>) -> Self {
        self.publishable_key = Some(key.into());
        self
    }

    /// Who to ask for the instance's keys, for what a browser brings from a handshake, and to renew expired tokens.
    /// Required, unless there is a [`jwt_key`](Self::jwt_key).
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// The key that tokens verify with, as PEM (`-----BEGIN PUBLIC KEY-----`): RSA of 2048 to 8192 bits. With it no token
    /// needs the network to verify, and a new key needs a restart.
    ///
    /// Without a [`client`](Self::client) beside it, browsers cannot come back from a handshake, and nothing renews an
    /// expired token: enough for services that are called with `Authorization: Bearer`.
    pub fn jwt_key(mut self, pem: impl Into<String>) -> Self {
        self.jwt_key = Some(pem.into());
        self
    }

    /// Where browsers reach the Frontend API, if not by https at the host in the publishable key: an address, or a path on
    /// the application's own origin, as in `/__clerk`.
    pub fn proxy_url(mut self, url: impl Into<String>) -> Self {
        self.proxy_url = Some(url.into());
        self
    }

    /// Where people sign in: an address, or a path of this application. The layers for web frameworks send pages there that
    /// ask for a session and have none.
    pub fn sign_in_url(mut self, url: impl Into<String>) -> Self {
        self.sign_in_url = Some(url.into());
        self
    }

    /// The origin that browsers reach this application at, as in `https://app.example.com`.
    ///
    /// Where not given, `X-Forwarded-Proto` and `X-Forwarded-Host` say so, else the request itself. Give it where those
    /// headers can come from strangers, or where the application speaks TLS itself, which a request does not show.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// An origin whose pages' tokens (`azp`) are taken, as in `https://app.example.com`; to be called for each. Where none is
    /// given, all are. Give them where several applications share a domain: without, one may act with another's tokens.
    pub fn authorized_party(mut self, origin: impl Into<String>) -> Self {
        self.parties.push(origin.into());
        self
    }

    /// How far the clocks of the server and of this machine may differ. 5 seconds where not given.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.skew = Some(skew);
        self
    }

    /// How long a request may wait for the Backend API, retries included: when the instance's keys are first read, when a
    /// browser comes back from a handshake, and when an expired token is renewed. 5 seconds where not given; the client's
    /// own [`timeout`](crate::ClientBuilder::timeout), where that is shorter.
    ///
    /// What has no answer by then goes on without: the browser is sent to the Frontend API for a new token, or nobody is
    /// signed in and [`SignedOut::error`](super::SignedOut::error) says why. For the next two seconds no request
    /// waits at all; then one tries again for all.
    pub fn backend_timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Some(timeout);
        self
    }

    /// The authenticator.
    ///
    /// # Errors
    /// When the publishable key is missing or none; when there is neither client nor JWT key; when a key or an address
    /// cannot be read.
    pub fn build(self) -> Result<Authenticator> {
        let key = self.publishable_key.ok_or_else(|| {
            setting("there is no publishable key: set CLERK_PUBLISHABLE_KEY, or name one with Authenticator::builder().publishable_key(…)")
        })?;
        let jwt_key = self.jwt_key.as_deref().map(keys::from_pem).transpose()?;
        if jwt_key.is_none() && self.client.is_none() {
            return Err(setting(
                "nothing to verify tokens with: set CLERK_SECRET_KEY, or CLERK_JWT_KEY for verification without the network",
            ));
        }
        let address = |url: &Option<String>, what| match url.as_deref().map(str::trim) {
            Some(url) if !is_address(url) => Err(setting(format!(
                "the {what} is neither an http(s) address nor a path: {url}"
            ))),
            url => Ok(url.map(ToOwned::to_owned)),
        };
        let origin = self.origin.as_deref().map(|text| {
            let url = Url::parse(text)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https"));
            url.ok_or_else(|| setting(format!("the origin is no http(s) address: {text}")))
        });
        let rules = Rules {
            instance: Instance::parse(key.trim())?,
            proxy_url: address(&self.proxy_url, "proxy URL")?,
            sign_in_url: address(&self.sign_in_url, "sign-in URL")?,
            origin: origin.transpose()?,
            jwt_key: jwt_key.map(Arc::new),
            parties: self.parties,
            skew: i64::try_from(self.skew.unwrap_or(SKEW).as_millis()).unwrap_or(i64::MAX),
        };
        let deadline = self.deadline.unwrap_or(backend::DEADLINE);
        let backend = self
            .client
            .as_ref()
            .map(|client| Backend::new(client, deadline))
            .map(Arc::new);
        Ok(Authenticator(Arc::new(Inner {
            rules,
            keys: backend.clone().map(KeyCache::new),
            backend,
        })))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("publishable_key", &self.publishable_key)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

fn setting(sentence: impl Into<String>) -> Error {
    Error::setting(sentence, None)
}

fn is_address(text: &str) -> bool {
    let path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
    path || Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

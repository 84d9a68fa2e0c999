//! The client's settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::{Client, Inner};
use crate::error::{Error, Result};

/// Clerk's own address, where no other is given.
const CLERK: &str = "https://api.clerk.com";

/// How long a connection may take to open, where no other time is given.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Settings of a [`Client`]; made by [`Client::builder`].
#[derive(Clone)]
#[must_use = "settings do nothing until they are built"]
pub struct ClientBuilder {
    secret_key: Option<String>,
    api_url: Option<String>,
    timeout: Duration,
    connect_timeout: Duration,
    retries: u32,
    http: Option<reqwest::Client>,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            secret_key: None,
            api_url: None,
            timeout: Duration::from_secs(30),
            connect_timeout: CONNECT_TIMEOUT,
            retries: 2,
            http: None,
        }
    }
}

impl ClientBuilder {
    /// Settings that begin with what the environment names: `CLERK_SECRET_KEY` and `CLERK_API_URL`.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// # fn main() -> standin::Result<()> {
    /// let client = standin::ClientBuilder::from_env().timeout(Duration::from_secs(5)).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_env() -> Self {
        let named = |name| {
            let text = std::env::var(name).ok()?;
            (!text.trim().is_empty()).then_some(text)
        };
        Self {
            secret_key: named("CLERK_SECRET_KEY"),
            api_url: named("CLERK_API_URL"),
            ..Self::default()
        }
    }

    /// The secret key, `sk_test_…` or `sk_live_…`. Required.
    pub fn secret_key(mut self, key: impl Into<String>) -> Self {
        self.secret_key = Some(key.into());
        self
    }

    /// Where the Backend API is, without the `/v1` of its paths. Clerk's `https://api.clerk.com` where not given.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Some(url.into());
        self
    }

    /// How long a call may take as a whole, retries and the waits between them included. 30 seconds where not given.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a connection may take to open. 5 seconds where not given; without effect on a client of your own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often a call is tried again where that is safe: 2 times where not given, 0 for never.
    ///
    /// Safe are: any call that found no server or was refused with 429, because nothing was done, after the
    /// server's `Retry-After` or a growing pause; and a call that only reads, after a lost connection or a 500, 502, 503 or 504.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sends through a client of your own, for certificates or proxies of your own. Let it follow no redirects: the secret
    /// key would go along.
    ///
    /// ```
    /// let http = reqwest::Client::builder()
    ///     .redirect(reqwest::redirect::Policy::none())
    ///     .tcp_nodelay(true)
    ///     .build()?;
    /// let client = standin::Client::builder().secret_key("sk_test_0123456789").http_client(http).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// When there is no secret key, it is none, or the address is none.
    pub fn build(self) -> Result<Client> {
        let authorization = authorization(self.secret_key.as_deref().unwrap_or_default().trim())?;
        let api_url = api_url(self.api_url.as_deref().unwrap_or(CLERK).trim())?;
        let http_is_ours = self.http.is_none();
        let http = match self.http {
            Some(http) => http,
            None => http(&api_url, self.connect_timeout)?,
        };
        Ok(Client(Arc::new(Inner {
            http,
            http_is_ours,
            api_url,
            authorization,
            timeout: self.timeout,
            retries: self.retries,
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("api_url", &self.api_url)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

fn authorization(key: &str) -> Result<HeaderValue> {
    if key.is_empty() {
        return Err(Error::setting(
            "there is no secret key: set CLERK_SECRET_KEY, or name one with Client::builder().secret_key(…)",
            None,
        ));
    }
    if key.starts_with("pk_") {
        return Err(Error::setting(
            "the secret key given is a publishable key: take the one that begins with sk_",
            None,
        ));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|error| {
        Error::setting(
            "the secret key holds characters that no key has",
            Some(error.into()),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn api_url(text: &str) -> Result<Url> {
    let wrong = |source| {
        let sentence = format!("{text} is no address of a server: give one as in {CLERK}");
        Error::setting(sentence, source)
    };
    let url = Url::parse(text).map_err(|error| wrong(Some(error.into())))?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !["http", "https"].contains(&url.scheme()) || !plain {
        return Err(wrong(None));
    }
    Ok(url)
}

/// A client for this address alone.
pub(super) fn http(api_url: &Url, connect_timeout: Duration) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("standin-rust/", env!("CARGO_PKG_VERSION")))
        // A redirect is no answer of the Backend API, and the key must not travel.
        .redirect(Policy::none())
        .connect_timeout(connect_timeout);
    let builder = match (is_this_machine(api_url), api_url.scheme()) {
        // Proxies of the environment lead away from this machine. To read the system's certificates takes longer than most
        // calls, and plain http asks for none.
        (true, "http") => builder.no_proxy().tls_certs_only([]),
        (true, _) => builder.no_proxy(),
        (false, _) => builder,
    };
    builder
        .build()
        .map_err(|error| Error::setting("no HTTPS client could be made", Some(error.into())))
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(builder: ClientBuilder) -> String {
        builder.build().unwrap_err().to_string()
    }

    #[test]
    fn a_key_is_needed_and_never_shown() {
        assert!(refusal(Client::builder()).contains("CLERK_SECRET_KEY"));
        assert!(refusal(Client::builder().secret_key(" ")).contains("no secret key"));
        assert!(refusal(Client::builder().secret_key("pk_test_abc")).contains("publishable"));
        let broken = Client::builder()
            .secret_key("sk_test_hidden\nkey")
            .build()
            .unwrap_err();
        assert!(!format!("{broken:?} {broken}").contains("hidden"));
        let builder = Client::builder().secret_key("sk_test_hidden");
        assert!(!format!("{builder:?}").contains("hidden"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("hidden"));
    }

    #[test]
    fn an_address_is_http_and_bare() {
        for text in [
            "localhost:4747",
            "ftp://host",
            "http://",
            "https://a:b@host",
            "https://host/?x=1",
            "",
        ] {
            let builder = Client::builder().secret_key("sk_test_x").api_url(text);
            assert!(refusal(builder).contains("no address"), "{text}");
        }
    }

    #[test]
    fn an_address_may_have_a_path_and_slashes() {
        for (text, kept) in [
            ("http://127.0.0.1:4747/", "http://127.0.0.1:4747"),
            ("https://host/prefix/", "https://host/prefix"),
        ] {
            let client = Client::builder()
                .secret_key("sk_test_x")
                .api_url(text)
                .build();
            assert_eq!(client.unwrap().api_url(), kept);
        }
    }
}

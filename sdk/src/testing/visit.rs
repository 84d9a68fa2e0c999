//! Opening a task's URL as a browser does.

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use url::Url;

use crate::client::Client;
use crate::error::{Error, Result};

/// A browser that has arrived.
#[derive(Debug)]
#[non_exhaustive]
pub struct Visit {
    /// The browser, signed in: it keeps the application's cookies and sends them along.
    pub browser: reqwest::Client,
    /// The page it landed on.
    pub page: reqwest::Response,
}

/// A client that behaves as a browser does when a person types addresses: it keeps cookies, follows redirects and asks for pages.
/// Nobody is signed in yet.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let stranger = standin::testing::browser()?;
/// let page = stranger.get("http://localhost:3000/dashboard").send().await?;
/// assert_eq!(page.status(), 401);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When no client can be made.
pub fn browser() -> Result<reqwest::Client> {
    make(Policy::limited(10))
}

fn make(redirects: Policy) -> Result<reqwest::Client> {
    let pages = HeaderValue::from_static("text/html,*/*;q=0.8");
    reqwest::Client::builder()
        .cookie_store(true)
        .redirect(redirects)
        .default_headers(HeaderMap::from_iter([(ACCEPT, pages)]))
        .no_proxy()
        .build()
        .map_err(|error| Error::testing("no browser could be made", Some(error.into())))
}

/// Opens a task's URL and follows it.
pub(super) async fn open(url: &str, server: &str) -> Result<Visit> {
    let browser = browser()?;
    let page = browser.get(url).send().await.map_err(|error| {
        let place = error.url().map(|url| url.origin().ascii_serialization());
        let place = place.unwrap_or_default();
        Error::testing(
            format!("{place} does not answer: is the application running there?"),
            Some(error.without_url().into()),
        )
    })?;
    if page
        .url()
        .as_str()
        .starts_with(&format!("{server}/v1/agents/tasks"))
    {
        let status = page.status();
        let why = page.text().await.unwrap_or_default();
        return Err(Error::testing(
            format!("the task's URL opened nothing ({status}): {why}"),
            None,
        ));
    }
    Ok(Visit { browser, page })
}

/// Opens a task's URL and takes the session token out of what it leads to, in the application's place.
pub(super) async fn token(client: &Client, url: &str) -> Result<String> {
    let nothing = |source| Error::testing("the task's URL opened nothing", source);
    let answer = make(Policy::none())?.get(url).send().await;
    let answer = answer.map_err(|error| nothing(Some(error.without_url().into())))?;
    let location = answer
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    let location = location
        .and_then(|text| Url::parse(text).ok())
        .ok_or_else(|| nothing(None))?;
    let mut query = location.query_pairs();
    let nonce = query.find(|(name, _)| name == "__clerk_handshake_nonce");
    let (_, nonce) = nonce.ok_or_else(|| nothing(None))?;
    let payload = client.clients().handshake_payload(&nonce).await?;
    let token = payload.directives.iter().find_map(|cookie| {
        let value = cookie.strip_prefix("__session=")?.split(';').next()?;
        (!value.is_empty()).then(|| value.to_owned())
    });
    token.ok_or_else(|| nothing(None))
}

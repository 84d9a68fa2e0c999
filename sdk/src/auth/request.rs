//! What of a request matters, read once: its address as the browser sees it, a few headers, and this instance's cookies.

use std::borrow::Cow;

use http::header::{ACCEPT, AUTHORIZATION, HOST, REFERER};
use http::{HeaderMap, HeaderName, Method, Uri, request};
use url::Url;

use super::cookies::{self, Cookies};
use super::instance::Instance;
use super::suffix;

/// The head of a request: all that authentication looks at.
///
/// It comes from a whole request, its parts, or method, address and headers by themselves.
///
/// ```
/// use standin::auth::Head;
///
/// let request = http::Request::get("/dashboard").header("host", "app.example.com").body(()).unwrap();
/// let head = Head::from(&request);
/// # let (parts, ()) = request.into_parts();
/// let head = Head::from(&parts);
/// let head = Head::from((&parts.method, &parts.uri, &parts.headers));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

impl<'a> From<&'a request::Parts> for Head<'a> {
    fn from(parts: &'a request::Parts) -> Self {
        Self::from((&parts.method, &parts.uri, &parts.headers))
    }
}

impl<'a, B> From<&'a http::Request<B>> for Head<'a> {
    fn from(request: &'a http::Request<B>) -> Self {
        Self::from((request.method(), request.uri(), request.headers()))
    }
}

impl<'a> From<(&'a Method, &'a Uri, &'a HeaderMap)> for Head<'a> {
    fn from((method, uri, headers): (&'a Method, &'a Uri, &'a HeaderMap)) -> Self {
        Self {
            method,
            uri,
            headers,
        }
    }
}

impl<'a> Head<'a> {
    fn header(&self, name: impl http::header::AsHeaderName) -> Option<&'a str> {
        self.headers
            .get(name)?
            .to_str()
            .ok()
            .filter(|value| !value.is_empty())
    }

    /// The request's headers.
    pub(crate) fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Whether this is a browser that opens a page, and so can be sent somewhere else. Only GET: what a form posted would
    /// be lost on the way.
    pub(crate) fn is_page(&self) -> bool {
        if self.method != Method::GET {
            return false;
        }
        match self.header(SEC_FETCH_DEST) {
            Some(destination) => matches!(destination, "document" | "iframe"),
            None => self
                .header(ACCEPT)
                .is_some_and(|accept| accept.starts_with("text/html")),
        }
    }

    /// The address as the browser sees it: what a proxy says of it, else what the request itself says.
    pub(crate) fn url(&self, origin: Option<&Url>) -> Url {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let own_scheme = self.uri.scheme_str().unwrap_or("http");
        let own_host = self
            .header(HOST)
            .or_else(|| self.uri.authority().map(http::uri::Authority::as_str));
        let own_host = own_host.unwrap_or("localhost");
        let told = |name| {
            self.header(name)
                .and_then(|value| value.split(',').next())
                .filter(|value| !value.is_empty())
        };
        let scheme = told(FORWARDED_PROTO).unwrap_or(own_scheme);
        let host = told(FORWARDED_HOST).unwrap_or(own_host);
        let fixed = origin.map(|origin| origin.origin().ascii_serialization());
        fixed
            .and_then(|origin| address(&origin, path))
            .or_else(|| address(&format!("{scheme}://{host}"), path))
            .or_else(|| address(&format!("{own_scheme}://{own_host}"), path))
            .or_else(|| address("http://localhost", path))
            .unwrap_or_else(|| NOWHERE.clone())
    }

    fn bearer(&self) -> Option<&'a str> {
        let value = self.header(AUTHORIZATION)?;
        let mut words = value.split(' ');
        let scheme = words.next()?;
        match words.next().filter(|token| !token.is_empty()) {
            // RFC 9110 §11.1: the scheme's letter case means nothing.
            Some(token) => scheme.eq_ignore_ascii_case("bearer").then_some(token),
            None => Some(scheme),
        }
    }
}

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

static NOWHERE: std::sync::LazyLock<Url> =
    std::sync::LazyLock::new(|| Url::parse("http://localhost/").expect("a constant address"));

/// The address of a path at an origin. The path is never resolved against it: `//other.example/x` stays a path.
fn address(origin: &str, path: &str) -> Option<Url> {
    let separator = if path.starts_with('/') { "" } else { "/" };
    let url = Url::parse(&format!("{origin}{separator}{path}")).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none();
    plain.then_some(url)
}

/// A handshake payload that came with the request.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// Its short form, which the Backend API exchanges.
    Nonce(String),
    /// Its long form, a signed token.
    Token(String),
}

/// A request, read.
pub(crate) struct Incoming<'a> {
    /// What it was read from.
    pub(crate) head: Head<'a>,
    /// Its address as the browser sees it.
    pub(crate) url: Url,
    /// A token in `Authorization`.
    pub(crate) bearer: Option<&'a str>,
    /// The session token in the cookies.
    pub(crate) session: Option<Cow<'a, str>>,
    /// When the client's sessions last changed, in seconds; 0 for signed out.
    pub(crate) client_uat: i64,
    /// The refresh token.
    pub(crate) refresh: Option<Cow<'a, str>>,
    /// The dev browser.
    pub(crate) dev_browser: Option<String>,
    /// Whether the address brings a dev browser.
    pub(crate) dev_browser_in_url: bool,
    /// What a handshake sent back.
    pub(crate) payload: Option<Payload>,
    /// How many handshakes came one after another.
    pub(crate) redirects: u32,
    /// Whether the cookies with the instance's suffix were taken.
    pub(crate) suffixed: bool,
    /// Whether there are more cookies than are read, so that none was.
    pub(crate) too_many_cookies: bool,
}

impl<'a> Incoming<'a> {
    /// Reads a request at the moment `now` (milliseconds since the epoch). `origin` is where the application is known to
    /// be; without it the headers say.
    pub(crate) fn read(
        head: Head<'a>,
        instance: &Instance,
        origin: Option<&Url>,
        now: i64,
    ) -> Self {
        let cookies = Cookies::of(head.headers, &instance.suffix);
        let url = head.url(origin);
        let query = |name: &str| {
            let found = url.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned())
        };
        let given = |name: &str| query(name).filter(|value| !value.is_empty());
        let suffixed = suffix::applies(&cookies, instance, now);
        let own = |name: &str| {
            if suffixed {
                cookies.suffixed(name)
            } else {
                cookies.plain(name)
            }
        };
        let plain = |name: &str| cookies.plain(name).map(Cow::into_owned);
        let nonce = given(cookies::NONCE).or_else(|| plain(cookies::NONCE));
        let token = given(cookies::HANDSHAKE).or_else(|| plain(cookies::HANDSHAKE));
        let redirects = cookies
            .plain(cookies::REDIRECTS)
            .and_then(|count| count.parse().ok());
        Self {
            head,
            bearer: head.bearer(),
            session: own(cookies::SESSION),
            client_uat: own(cookies::CLIENT_UAT).map_or(0, |value| leading_number(&value)),
            refresh: cookies.suffixed(cookies::REFRESH),
            dev_browser: given(cookies::DEV_BROWSER)
                .or_else(|| own(cookies::DEV_BROWSER).map(Cow::into_owned)),
            dev_browser_in_url: query(cookies::DEV_BROWSER).is_some(),
            payload: nonce.map(Payload::Nonce).or(token.map(Payload::Token)),
            redirects: redirects.unwrap_or(0),
            suffixed,
            too_many_cookies: cookies.too_long(),
            url,
        }
    }

    /// Whether this is a GET request.
    pub(crate) fn is_get(&self) -> bool {
        self.head.method == Method::GET
    }

    /// The session token, wherever it is.
    pub(crate) fn token(&self) -> Option<&str> {
        self.session.as_deref().or(self.bearer)
    }

    /// Whether a link on a page of another site was followed here. A referrer that is no address says nothing.
    pub(crate) fn foreign_referrer(&self) -> Option<Url> {
        let document = self.head.header(SEC_FETCH_DEST) == Some("document");
        let referrer = Url::parse(self.head.header(REFERER)?).ok()?;
        (document && self.is_get() && referrer.origin() != self.url.origin()).then_some(referrer)
    }

    /// The request's address without some of its query parameters.
    pub(crate) fn url_without(&self, names: &[&str]) -> Url {
        let mut url = self.url.clone();
        let kept: Vec<(String, String)> = self
            .url
            .query_pairs()
            .filter(|(name, _)| !names.contains(&&**name))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        if kept.is_empty() {
            url.set_query(None);
        } else {
            url.query_pairs_mut().clear().extend_pairs(kept);
        }
        url
    }
}

/// The number a text begins with, as browsers' scripts read one; 0 where it begins with none.
fn leading_number(text: &str) -> i64 {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let number = digits[..end]
        .parse()
        .unwrap_or(if end == 0 { 0 } else { i64::MAX });
    if text.starts_with('-') {
        -number
    } else {
        number
    }
}

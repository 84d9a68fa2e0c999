//! The handshake: where to send a browser that must say who it is, and what it brings back.
//!
//! The Frontend API knows the browser by a cookie of its own and answers with a redirect to the same page, which carries a
//! payload: in the address in development, in a cookie in production. The payload is a nonce, which the Backend API turns
//! into *directives*, whole `Set-Cookie` values, or a signed token that holds the directives themselves. They are passed on
//! to the browser as they are, and the session token among them is verified like any other.

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use url::Url;

use super::Rules;
use super::cookies;
use super::reason::Reason;
use super::request::Incoming;

/// The version of the Frontend API that the handshake speaks.
const VERSION: &str = "2026-05-12";
/// After so many handshakes one after another, in a few seconds, the next would not help either.
pub(crate) const LOOP: u32 = 3;
/// What a handshake leaves in an address.
const LEFT_BEHIND: [&str; 4] = [
    cookies::HANDSHAKE,
    "__clerk_help",
    cookies::DEV_BROWSER,
    cookies::NONCE,
];
/// What must not come back from a handshake: the answer brings its own.
const NOT_RETURNED: [&str; 2] = [cookies::DEV_BROWSER, "__dev_session"];

/// Where the Frontend API is for the browser of this request, without a trailing slash: the proxy URL, where there is one,
/// else https at the host in the publishable key.
pub(crate) fn frontend_api(rules: &Rules, request: &Incoming<'_>) -> String {
    let base = match rules.proxy_url.as_deref() {
        None => format!("https://{}", rules.instance.host),
        Some(path) if path.starts_with('/') => {
            format!("{}{path}", request.url.origin().ascii_serialization())
        }
        Some(url) => url.to_owned(),
    };
    base.trim_end_matches('/').to_owned()
}

/// The address that asks the Frontend API who this browser is. It holds the session token, if there is one.
pub(crate) fn ask(rules: &Rules, request: &Incoming<'_>, reason: &Reason) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("redirect_url", request.url_without(&NOT_RETURNED).as_str())
        .append_pair("__clerk_api_version", VERSION)
        .append_pair(
            "suffixed_cookies",
            if request.suffixed { "true" } else { "false" },
        )
        .append_pair("__clerk_hs_reason", &reason.as_str())
        .append_pair("format", "nonce");
    if let Some(token) = request.token() {
        query.append_pair(cookies::SESSION, token);
    }
    if let Some(dev_browser) = request
        .dev_browser
        .as_deref()
        .filter(|_| rules.instance.development)
    {
        query.append_pair(cookies::DEV_BROWSER, dev_browser);
    }
    format!(
        "{}/v1/client/handshake?{}",
        frontend_api(rules, request),
        query.finish()
    )
}

/// Counts this handshake, in a cookie that lives two seconds.
pub(crate) fn count(request: &Incoming<'_>, headers: &mut HeaderMap) {
    let count = request.redirects + 1;
    set(
        headers,
        &format!(
            "{}={count}; SameSite=Lax; HttpOnly; Max-Age=2",
            cookies::REDIRECTS
        ),
    );
}

/// The request's address without what a handshake left in it.
pub(crate) fn clean(request: &Incoming<'_>) -> String {
    request.url_without(&LEFT_BEHIND).into()
}

/// Cookies to set: whole `Set-Cookie` values, and the session token among them.
///
/// Clerk's SDKs also answer with `Access-Control-Allow-Origin: null` and credentials here. That would let any sandboxed
/// frame read a signed-in page, and no redirect needs it, so it is left out.
pub(crate) struct Directives {
    /// The headers to pass on.
    pub(crate) headers: HeaderMap,
    /// The session token; the last one counts. Empty for signed out.
    pub(crate) token: String,
}

impl Directives {
    pub(crate) fn read(directives: &[String]) -> Self {
        let mut headers = HeaderMap::new();
        let mut token = "";
        for directive in directives {
            set(&mut headers, directive);
            let pair = directive.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if name.starts_with(cookies::SESSION) {
                token = value;
            }
        }
        Self {
            headers,
            token: token.to_owned(),
        }
    }
}

/// Adds a cookie; one that is no header is left out.
fn set(headers: &mut HeaderMap, directive: &str) {
    if let Ok(mut value) = HeaderValue::from_str(directive) {
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
}

/// Whether a page is the instance's own: its Frontend API, or the account portal that goes with it.
pub(crate) fn is_own_page(rules: &Rules, request: &Incoming<'_>, page: &Url) -> bool {
    let Some(host) = page.host_str() else {
        return false;
    };
    let frontend_api = Url::parse(&frontend_api(rules, request)).ok();
    if frontend_api.as_ref().and_then(Url::host_str) == Some(host) {
        return true;
    }
    if rules.instance.development && is_development_portal(host) {
        return true;
    }
    // Only the portal of this very instance, over https: anybody can have a host that begins with `accounts.`.
    let portal = rules
        .instance
        .host
        .strip_prefix("clerk.")
        .map(|domain| format!("https://accounts.{domain}"));
    rules.proxy_url.is_none()
        && portal.is_some_and(|portal| page.origin().ascii_serialization() == portal)
}

/// The portals that Clerk gives development instances. Anybody can have one, so production trusts none of them.
fn is_development_portal(host: &str) -> bool {
    const CURRENT: [&str; 3] = [
        ".accounts.dev",
        ".accountsstage.dev",
        ".accounts.lclclerk.com",
    ];
    const LEGACY: [&str; 3] = [".lcl.dev", ".lclstage.dev", ".lclclerk.com"];
    let current = |suffix: &str| {
        host.strip_suffix(suffix)
            .is_some_and(|name| name.rsplit('.').next() != Some("clerk"))
    };
    let legacy = |suffix: &str| host.starts_with("accounts.") && host.ends_with(suffix);
    CURRENT.into_iter().any(current) || LEGACY.into_iter().any(legacy)
}

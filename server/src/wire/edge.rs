//! The edge: what happens to every request before a door sees it, and to every answer before it leaves.
//!
//! A request gets an id, and is refused when it names a host this server does not answer for. An answer gets the headers
//! that keep secrets out of caches, referrers and frames; a refusal gets its body. Each request leaves one log line,
//! without its query: tickets and session tokens travel there.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::rand;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::{error_body, header};
use crate::app::App;
use crate::error::{Error, Result};

/// Names one request in the log, the audit trail and error answers.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// What the edge knows about where a request came from.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// The caller's address, as far as proxies are trusted.
    pub(crate) ip: IpAddr,
}

/// Takes one request through a door and back.
pub(crate) async fn edge(
    app: App,
    door: Router,
    peer: SocketAddr,
    mut request: Request<Body>,
) -> Response {
    let started = Instant::now();
    let id = request_id();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let ip = caller_ip(&app, peer.ip(), request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(Edge { ip });
    let mut response = match admit(&app, &mut request) {
        Ok(()) => door
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {}),
        Err(refusal) => refusal.into_response(),
    };
    let error = response.extensions_mut().remove::<Arc<Error>>();
    if let Some(error) = &error {
        render(&mut response, error, &id);
    }
    guard(response.headers_mut());
    log(
        &method,
        &path,
        response.status().as_u16(),
        started,
        (&id, error.as_deref()),
    );
    response
}

/// Sixteen random bytes in hexadecimal.
fn request_id() -> String {
    use std::fmt::Write as _;
    let mut bytes = [0_u8; 16];
    // Only a name: should the machine have no randomness, zeros still let the request through.
    let _ = rand::fill(&mut bytes);
    bytes
        .iter()
        .fold(String::with_capacity(32), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The last address in `X-Forwarded-For` that a trusted proxy did not add itself; the peer's own where no proxy is
/// trusted.
fn caller_ip(app: &App, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |ip: &IpAddr| app.config.trusted_proxies.contains(&ip.to_canonical());
    if !trusted(&peer) {
        return peer.to_canonical();
    }
    let forwarded = headers
        .get_all("x-forwarded-for")
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> = forwarded
        .flat_map(|list| list.split(','))
        .filter_map(|hop| hop.trim().parse().ok())
        .collect();
    hops.into_iter()
        .rev()
        .find(|hop| !trusted(hop))
        .unwrap_or(peer)
        .to_canonical()
}

/// The most bytes of headers, names and values.
const HEADERS_MAX: usize = 32 * 1024;

/// What is answered whatever the clock says.
const TIMELESS: [&str; 3] = ["/v1/health", "/v1/jwks", "/.well-known/jwks.json"];

fn admit(app: &App, request: &mut Request<Body>) -> Result<()> {
    let lengths = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    if lengths.sum::<usize>() > HEADERS_MAX {
        return Err(Error::HeadersTooLarge(HEADERS_MAX));
    }
    if !answers_for(app, request) {
        return Err(Error::HostInvalid);
    }
    if !TIMELESS.contains(&request.uri().path()) {
        app.check_clock()?;
    }
    // No name and no id here holds a NUL, and PostgreSQL cannot even look for one.
    if request
        .uri()
        .path_and_query()
        .is_some_and(|target| target.as_str().contains("%00"))
    {
        return Err(Error::BodyInvalid(
            "the address holds a NUL character".into(),
        ));
    }
    tunnel(request)
}

/// Whether the request's `Host` is one of ours. A page of another name that resolves to this machine (DNS rebinding)
/// is stopped here.
fn answers_for(app: &App, request: &Request<Body>) -> bool {
    let mut named = request.headers().get_all(HOST).into_iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return false;
    };
    let Some(authority) = host
        .to_str()
        .ok()
        .and_then(|text| text.parse::<Authority>().ok())
    else {
        return false;
    };
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_ascii_lowercase();
    let loopback = host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    loopback
        || app.instance.public_url.host_str() == Some(host.as_str())
        || app.config.allowed_hosts.contains(&host)
}

/// Pages may send GET and POST only without asking first, so clerk-js sends the other methods as `POST …?_method=…`.
fn tunnel(request: &mut Request<Body>) -> Result<()> {
    const PAGES: [&str; 4] = ["/v1/client", "/v1/me", "/v1/environment", "/v1/dev_browser"];
    let uri = request.uri();
    if request.method() != Method::POST
        || !PAGES.iter().any(|prefix| uri.path().starts_with(prefix))
    {
        return Ok(());
    }
    let query = uri.query().unwrap_or_default();
    let meant = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "_method")
        .map(|(_, value)| value);
    let method = match meant.as_deref() {
        None | Some("POST") => return Ok(()),
        Some("PATCH") => Method::PATCH,
        Some("PUT") => Method::PUT,
        Some("DELETE") => Method::DELETE,
        Some(_) => return Err(Error::MethodNotAllowed),
    };
    *request.method_mut() = method;
    Ok(())
}

fn render(response: &mut Response, error: &Error, id: &str) {
    *response.body_mut() = Body::from(error_body(error, id).to_string());
    let headers = response.headers_mut();
    // Of the empty body that the marked response came with.
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
}

/// Headers every answer carries unless it says otherwise itself.
fn guard(headers: &mut HeaderMap) {
    const DEFAULTS: [(&str, &str); 6] = [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ];
    for (name, value) in DEFAULTS {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
}

fn log(
    method: &Method,
    path: &str,
    status: u16,
    started: Instant,
    (id, error): (&str, Option<&Error>),
) {
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let code = error.map(|error| error.shown().code);
    match error {
        Some(fault) if fault.is_fault() => {
            tracing::error!(target: "standin::request", %method, path, status, micros, code, request_id = id, cause = %fault);
        }
        _ => {
            tracing::info!(target: "standin::request", %method, path, status, micros, code, request_id = id);
        }
    }
}

/// The caller's `User-Agent`, short enough to keep.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = header(headers, http::header::USER_AGENT)?;
    Some(text.chars().filter(|c| !c.is_control()).take(256).collect())
}

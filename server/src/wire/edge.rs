//! The edge: what happens to every request before a door sees it, and to every answer before it leaves.
//!
//! A request gets an id, and is refused when it names a host this server does not answer for. An answer gets the headers
//! that keep secrets out of caches, referrers and frames; a refusal gets its body. Each request leaves one log line.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
};
use http::uri::PathAndQuery;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use percent_encoding::percent_decode_str;
use tokio::time::Instant;
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::access_log::{About, Line};
use super::host::Host;
use super::{Doors, Page, error_body, header, health, route};
use crate::app::App;
use crate::error::{Error, Result};
use crate::limits::Network;

/// Names one request in the log, the audit trail and error answers.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// Whether the connection is TLS, as far as this server: a proxy in front of it may have taken that off.
    pub(crate) is_tls: bool,
}

/// What the edge knows about where a request came from.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// The caller's address, as far as proxies are trusted.
    pub(crate) ip: IpAddr,
    /// Whether browsers take the address they reached for trustworthy, and so say how a request came about.
    pub(crate) is_trustworthy: bool,
    /// Until when the body may take.
    pub(crate) body_by: Instant,
}

impl Edge {
    /// Of a request that passed the edge.
    pub(crate) fn of(extensions: &Extensions) -> Result<&Self> {
        extensions
            .get()
            .ok_or_else(|| Error::Bug("a request did not pass the edge".into()))
    }

    /// What the caller is counted as.
    pub(crate) fn network(&self) -> Network {
        self.ip.into()
    }
}

/// Takes one request through a door and back.
pub(crate) async fn edge(
    app: App,
    doors: Doors,
    peer: Peer,
    mut request: Request<Body>,
) -> Response {
    let id = request_id();
    let line = Line::begin(&app, &request, id.clone());
    request.extensions_mut().insert(RequestId(id.clone()));
    let (mut response, route) = match admit(&app, peer, &mut request) {
        Ok(()) => {
            let door = doors.of(&request);
            route::noted(within(
                app.config.connections.request,
                door.oneshot(request),
            ))
            .await
        }
        Err(refusal) => (refusal.into_response(), None),
    };
    let error = response.extensions_mut().remove::<Arc<Error>>();
    if let Some(error) = &error {
        render(&mut response, error, &id);
    }
    guard(&app, response.headers_mut());
    let about = response.extensions_mut().remove::<About>();
    let status = response.status().as_u16();
    line.count(route.as_ref(), status, error.as_deref());
    line.answered(status, error.as_deref(), about.unwrap_or_default());
    response
}

/// An answer, or the refusal that says that there was no time for one.
async fn within(
    time: Duration,
    answer: impl Future<Output = std::result::Result<Response, Infallible>>,
) -> Response {
    match tokio::time::timeout(time, answer).await {
        Ok(answer) => answer.unwrap_or_else(|never| match never {}),
        Err(_) => Error::TooSlow(time.as_secs()).into_response(),
    }
}

/// A name of 32 hexadecimal digits.
fn request_id() -> String {
    let mut bytes = [0; 16];
    // Only a name: should the machine have no randomness, zeros still let the request through.
    let _ = rand::fill(&mut bytes);
    format!("{:032x}", u128::from_ne_bytes(bytes))
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

/// What is answered whatever the clock says, beside probes.
const TIMELESS: [&str; 2] = ["/v1/jwks", "/.well-known/jwks.json"];

fn admit(app: &App, peer: Peer, request: &mut Request<Body>) -> Result<()> {
    let lengths = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    if lengths.sum::<usize>() > HEADERS_MAX {
        return Err(Error::HeadersTooLarge(HEADERS_MAX));
    }
    let host = Host::named(request.headers()).ok_or(Error::HostInvalid)?;
    // Who asks for a pod's or a container's health knows its address only, and learns nothing else.
    let is_probe = health::is_probe(request.uri().path());
    if !is_probe && !host.is_ours(app) {
        return Err(Error::HostInvalid);
    }
    readable(request.uri())?;
    if !is_probe && !TIMELESS.contains(&request.uri().path()) {
        app.watch.check()?;
    }
    let edge = Edge {
        ip: caller_ip(app, peer.address.ip(), request.headers()),
        // In production TLS ends at a proxy, where it does not end here.
        is_trustworthy: peer.is_tls || host.is_loopback() || !app.instance.is_development(),
        body_by: Instant::now() + app.config.connections.body,
    };
    request.extensions_mut().insert(edge);
    tunnel(request)
}

/// Refuses an address that no name and no id here can stand in: PostgreSQL cannot even look for a NUL.
fn readable(uri: &Uri) -> Result<()> {
    let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
    if target.contains("%00") {
        return Err(Error::AddressInvalid("it holds a NUL character"));
    }
    let path = percent_decode_str(uri.path());
    let readable = path.decode_utf8().map(|_| ());
    readable.map_err(|_| Error::AddressInvalid("it is not UTF-8"))
}

/// Pages may send GET and POST only without asking first, so clerk-js sends the other methods as `POST …?_method=…`.
fn tunnel(request: &mut Request<Body>) -> Result<()> {
    const PAGES: [&str; 5] = [
        "/v1/client",
        "/v1/me",
        "/v1/environment",
        "/v1/dev_browser",
        "/v1/organizations",
    ];
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
    let page = response.extensions_mut().remove::<Page>();
    // Of the empty body that the marked response came with.
    response.headers_mut().remove(CONTENT_LENGTH);
    let (body, kind) = match page {
        Some(Page { html, policy }) => {
            let policy = HeaderValue::from_static(policy);
            let headers = response.headers_mut();
            headers.insert(CONTENT_SECURITY_POLICY, policy);
            (html, "text/html; charset=utf-8")
        }
        None => (error_body(error, id).to_string(), "application/json"),
    };
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
}

/// Headers every answer carries unless it says otherwise itself.
fn guard(app: &App, headers: &mut HeaderMap) {
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
    // In development the same name may speak plain http tomorrow. Names beside this one are not ours to speak for.
    if app.instance.secure && !app.instance.is_development() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
}

/// The caller's `User-Agent`, short enough to keep.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = header(headers, http::header::USER_AGENT)?;
    Some(text.chars().filter(|c| !c.is_control()).take(256).collect())
}

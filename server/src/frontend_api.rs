//! The door for browsers: Clerk's Frontend API, opened by cookies and, in development, by dev browser tokens.
//!
//! A navigation comes in with a ticket or a handshake and leaves by redirect; a page's script comes in with `fetch`, as
//! `application/x-www-form-urlencoded`, and gets an envelope: the resource and the client as it is now.

mod agent_tasks;
mod arrival;
mod asked;
mod client;
mod dead_links;
mod dev_browser;
mod environment;
mod evidence;
mod handshake;
mod headless;
mod invited;
mod landing;
mod me;
mod navigation;
mod organizations;
mod page;
mod pictures;
mod proxy;
mod question;
mod scripts;
mod sessions;
mod sign_ins;
mod sign_ups;
mod verification;
mod well_known;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::app::App;
use crate::error::{Error, Result};
use crate::limits::Tried;
use crate::wire::{self, Edge, Proxied};

/// All routes. What is not found here is left to `others`.
pub(crate) fn routes(app: &App, others: Router) -> Router {
    let elsewhere = others.clone();
    let links = agent_tasks::routes().route_layer(from_fn(navigation::spending));
    let links = links.merge(
        agent_tasks::answers().route_layer(from_fn_with_state(app.clone(), navigation::agreeing)),
    );
    let guesses = |routes: Router<App>| routes.route_layer(from_fn_with_state(app.clone(), guess));
    let tickets = links.merge(guesses(sign_ins::routes()));
    let routes = Router::new()
        .merge(
            tickets
                .route_layer(from_fn_with_state(app.clone(), ticket))
                .route_layer(from_fn_with_state(app.clone(), dead_links::explain)),
        )
        .merge(client::routes())
        .merge(dev_browser::routes())
        .merge(environment::routes())
        .merge(handshake::routes().route_layer(from_fn(navigation::carrying)))
        .merge(landing::routes())
        .merge(guesses(me::told(app)))
        .merge(me::routes(app))
        .merge(organizations::routes())
        .merge(sessions::routes())
        .merge(guesses(sign_ups::routes(app)))
        .merge(guesses(verification::routes()))
        .merge(well_known::routes());
    // Outside the layer: any page may load them, and a page's many files are not counted as calls.
    let files = scripts::routes()
        .merge(pictures::routes())
        .route_layer(from_fn(wire::route::named));
    wire::faults::exposed(app, routes)
        .method_not_allowed_fallback(move |request: Request| async move {
            let mut response = tower::ServiceExt::oneshot(elsewhere, request)
                .await
                .unwrap_or_else(|never| match never {});
            if response.status() == StatusCode::NOT_FOUND
                && response
                    .extensions()
                    .get::<std::sync::Arc<Error>>()
                    .is_some_and(|error| matches!(**error, Error::RouteUnknown))
            {
                response = Error::MethodNotAllowed.into_response();
            }
            response
        })
        .fallback_service(others)
        .layer(from_fn_with_state(app.clone(), admit))
        .merge(wire::faults::exposed(app, files))
        .merge(wire::health::routes())
        .with_state(app.clone())
}

/// Counts the caller's requests and holds the page's origin against the allow-list, preflights included.
async fn admit(State(app): State<App>, mut request: Request, next: Next) -> Result<Response> {
    wire::route::name(&request);
    let network = Edge::of(request.extensions())?.network();
    if let Some(key) = proxy::recognise(&app, request.headers(), network).await? {
        app.limiters.keys.check(&key.id)?;
        request.extensions_mut().insert(Proxied);
    } else {
        app.limiters.addresses.check(&network)?;
    }
    let origin = page_origin(&app, request.headers())?;
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        allow(&mut response, origin, is_preflight);
    }
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Origin"));
    Ok(response)
}

/// Turns a network away that has shown too many dead tickets, before the next one is looked up. What an application's
/// server passes on is its visitors' doing and is not held against it.
async fn ticket(State(app): State<App>, request: Request, next: Next) -> Result<Response> {
    if request.extensions().get::<Proxied>().is_some() {
        return Ok(next.run(request).await);
    }
    let network = Edge::of(request.extensions())?.network();
    app.limiters.refused.ask(Tried::Ticket, network)?;
    let response = next.run(request).await;
    if let Some(refusal) = response.extensions().get::<std::sync::Arc<Error>>() {
        app.limiters.refused.charge(Tried::Ticket, network, refusal);
    }
    Ok(response)
}

/// The same for people who guess: passwords, codes, and who there is.
async fn guess(State(app): State<App>, request: Request, next: Next) -> Result<Response> {
    if request.extensions().get::<Proxied>().is_some() {
        return Ok(next.run(request).await);
    }
    let network = Edge::of(request.extensions())?.network();
    app.limiters.guesses.ask(Tried::Guess, network)?;
    let response = next.run(request).await;
    if let Some(refusal) = response.extensions().get::<std::sync::Arc<Error>>() {
        app.limiters.guesses.charge(Tried::Guess, network, refusal);
    }
    Ok(response)
}

/// The `Origin` of a request that may be answered; `None` where there is none, as on navigations.
fn page_origin(app: &App, headers: &HeaderMap) -> Result<Option<HeaderValue>> {
    let Some(value) = headers.get(ORIGIN) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let own = app.instance.public_url.origin().ascii_serialization();
    if own == text || app.policy.hears(text) {
        Ok(Some(value.clone()))
    } else {
        Err(Error::OriginInvalid(text.chars().take(200).collect()))
    }
}

fn allow(response: &mut Response<Body>, origin: HeaderValue, is_preflight: bool) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Clerk-Db-Jwt, Retry-After, X-Country"),
    );
    if is_preflight {
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, PATCH, PUT, DELETE"),
        );
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Content-Type, Authorization"),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
}

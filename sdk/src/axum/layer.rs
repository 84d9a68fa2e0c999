//! The layer: looks at every request before the application does.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use super::session::SignIn;
use crate::auth::{Authenticator, Head, Verdict};

/// Says who is calling, for every request to the services under it.
///
/// * A browser that must first go to the Frontend API is sent there with 307; the application does not see the request.
/// * Any other request goes on, with a [`Verdict`] among its extensions, which [`Session`](super::Session) reads.
/// * Cookies that a handshake or a renewed token brought are set on the response, which then gets `Cache-Control: no-store`
///   unless it has a `Cache-Control` of its own.
///
/// Put it around everything that takes a [`Session`](super::Session), outside of [`DenyAgents`](super::DenyAgents), and on the
/// outermost router: in a nested one the request's address has lost its beginning, and browsers would come back to the rest.
#[derive(Clone, Debug)]
pub struct AuthLayer(Authenticator);

impl AuthLayer {
    /// A layer that asks this authenticator.
    pub fn new(authenticator: Authenticator) -> Self {
        Self(authenticator)
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService {
            inner,
            authenticator: self.0.clone(),
        }
    }
}

/// The service that [`AuthLayer`] makes.
#[derive(Clone, Debug)]
pub struct AuthService<S> {
    inner: S,
    authenticator: Authenticator,
}

impl<S, B> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was found ready serves the request; the clone may not be.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let authenticator = self.authenticator.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let outcome = authenticator.authenticate(&parts).await;
            if let Verdict::Redirect(_) = outcome.verdict {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                *response.headers_mut() = outcome.headers;
                return Ok(response);
            }
            if let Some(sign_in) = authenticator.sign_in_for(Head::from(&parts)) {
                parts.extensions.insert(SignIn(sign_in));
            }
            parts.extensions.insert(outcome.verdict);
            let answer = inner.call(Request::from_parts(parts, body)).await?;
            let mut response = answer.into_response();
            add(response.headers_mut(), outcome.headers);
            Ok(response)
        })
    }
}

/// Adds an outcome's headers to a response's own.
fn add(headers: &mut HeaderMap, more: HeaderMap) {
    if more.contains_key(SET_COOKIE) && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let mut last = None;
    for (name, value) in more {
        // Of several values only the first comes with the name.
        last = name.or(last);
        if let Some(name) = &last {
            headers.append(name, value);
        }
    }
}

//! A layer for routes that only people may use.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use super::{no_layer, refusal};
use crate::auth::Verdict;

/// Refuses agents: 403 with `{"error":"agents_denied"}` for every request in a session that an agent has. People pass, and so
/// do callers who are not signed in: whether those may is for the route to say.
///
/// It reads what [`AuthLayer`](super::AuthLayer) found out, which therefore must be around it; without one every request is
/// refused with 500.
#[derive(Clone, Copy, Debug, Default)]
pub struct DenyAgents;

impl<S> Layer<S> for DenyAgents {
    type Service = DenyAgentsService<S>;

    fn layer(&self, inner: S) -> DenyAgentsService<S> {
        DenyAgentsService(inner)
    }
}

/// The service that [`DenyAgents`] makes.
#[derive(Clone, Debug)]
pub struct DenyAgentsService<S>(S);

impl<S, B> Service<Request<B>> for DenyAgentsService<S>
where
    S: Service<Request<B>>,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let refused = match request.extensions().get::<Verdict>() {
            None => no_layer(),
            Some(Verdict::SignedIn(auth)) if auth.agent().is_some() => {
                refusal(StatusCode::FORBIDDEN, "agents_denied", None)
            }
            Some(_) => {
                let answer = self.0.call(request);
                return Box::pin(async move { answer.await.map(IntoResponse::into_response) });
            }
        };
        Box::pin(std::future::ready(Ok(refused)))
    }
}

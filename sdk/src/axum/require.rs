//! A layer for routes that take more than being signed in.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::{Request, StatusCode, request};
use tower_layer::Layer;
use tower_service::Service;

use super::session::{Rejection, Session};
use super::{no_layer, refusal};
use crate::auth::{self, Permission, Requirement, Role, Verdict};

/// Lets pass who has what is required, in the routes under it.
///
/// Who is signed in and has it not is answered with 403 and `{"error":"forbidden","reason":"permission org:invoices:read"}`; who
/// is not signed in as [`Session`] answers it: with 401, or with a 307 to where people sign in, where that is known and a
/// browser asks for a page. It reads what [`AuthLayer`](super::AuthLayer) found out, which therefore must be around it; without
/// one every request is refused with 500.
///
/// ```
/// use axum::{Router, routing::{delete, get}};
/// use standin::auth::{Permission, Plan};
/// use standin::axum::{Require, require_permission, require_role};
///
/// # fn app() -> Router {
/// let invoices = Router::new()
///     .route("/invoices", get(async || "all of them"))
///     .layer(require_permission("org:invoices:read"));
/// let settings = Router::new()
///     .route("/settings", get(async || "settings"))
///     .layer(require_role("admin"));
/// let export = Router::new()
///     .route("/export", get(async || "a file"))
///     .layer(Require((Permission("invoices:read"), Plan("org:pro"))));
/// # invoices.merge(settings).merge(export)
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Require<R>(pub R);

/// Lets pass who has this permission in the active organization; see [`Require`].
pub fn require_permission<T: AsRef<str>>(permission: T) -> Require<Permission<T>> {
    Require(Permission(permission))
}

/// Lets pass who has this role in the active organization; see [`Require`].
pub fn require_role<T: AsRef<str>>(role: T) -> Require<Role<T>> {
    Require(Role(role))
}

impl<S, R: Clone> Layer<S> for Require<R> {
    type Service = RequireService<S, R>;

    fn layer(&self, inner: S) -> RequireService<S, R> {
        RequireService {
            inner,
            requirement: self.0.clone(),
        }
    }
}

/// The service that [`Require`] makes.
#[derive(Clone, Debug)]
pub struct RequireService<S, R> {
    inner: S,
    requirement: R,
}

impl<S, R, B> Service<Request<B>> for RequireService<S, R>
where
    S: Service<Request<B>>,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    R: Requirement,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let refused = match request.extensions().get::<Verdict>() {
            Some(Verdict::SignedIn(auth)) if auth.has(&self.requirement) => {
                let answer = self.inner.call(request);
                return Box::pin(async move { answer.await.map(IntoResponse::into_response) });
            }
            Some(Verdict::SignedIn(_)) => {
                let missing = self.requirement.to_words();
                refusal(StatusCode::FORBIDDEN, "forbidden", Some(&missing))
            }
            Some(Verdict::SignedOut(out)) => {
                Rejection::signed_out(out, request.extensions()).into_response()
            }
            // The layer lets no redirect through.
            Some(Verdict::Redirect(_)) | None => no_layer(),
        };
        Box::pin(std::future::ready(Ok(refused)))
    }
}

/// The organization that is active in the caller's session.
///
/// A handler that takes one is not run for anybody without: who is signed in and has no active organization is answered with 403
/// and `{"error":"organization_required"}`, who is not signed in as by [`Session`]. One that takes an
/// `Option<Organization>` runs for everybody. All of [`auth::Organization`] can be asked of it.
#[derive(Clone, Debug)]
pub struct Organization(pub auth::Organization);

impl std::ops::Deref for Organization {
    type Target = auth::Organization;

    fn deref(&self) -> &auth::Organization {
        &self.0
    }
}

/// Why a handler that takes an [`Organization`] was not run.
#[derive(Clone, Debug)]
pub struct NoOrganization(Option<Rejection>);

impl IntoResponse for NoOrganization {
    fn into_response(self) -> Response {
        match self.0 {
            Some(signed_out) => signed_out.into_response(),
            None => refusal(StatusCode::FORBIDDEN, "organization_required", None),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Organization {
    type Rejection = NoOrganization;

    async fn from_request_parts(
        parts: &mut request::Parts,
        state: &S,
    ) -> Result<Self, NoOrganization> {
        let session = <Session as FromRequestParts<S>>::from_request_parts(parts, state).await;
        let session = session.map_err(|rejection| NoOrganization(Some(rejection)))?;
        let organization = session.organization().cloned().map(Self);
        organization.ok_or(NoOrganization(None))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Organization {
    type Rejection = Rejection;

    async fn from_request_parts(
        parts: &mut request::Parts,
        state: &S,
    ) -> Result<Option<Self>, Rejection> {
        let session =
            <Session as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(session.and_then(|session| session.organization().cloned().map(Self)))
    }
}

//! The extractor: a handler's caller.

use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION, WWW_AUTHENTICATE};
use http::{Extensions, HeaderValue, StatusCode, request};

use super::{no_layer, refusal};
use crate::auth::{Auth, Reason, SignedOut, Verdict};

/// A signed-in caller: a user, or an agent in a user's name.
///
/// A handler that takes one is not run for anybody else: see [`Rejection`]. One that takes an `Option<Session>` is.
/// All of [`Auth`] can be asked of it.
#[derive(Clone, Debug)]
pub struct Session(pub Auth);

impl Deref for Session {
    type Target = Auth;

    fn deref(&self) -> &Auth {
        &self.0
    }
}

/// Where people sign in and come back from to the page they asked for. Only with a page's request.
#[derive(Clone, Debug)]
pub(super) struct SignIn(pub(super) String);

/// Why a handler that takes a [`Session`] was not run.
///
/// The response is 401 with `{"error":"signed_out","reason":"…"}`; or, where the
/// [sign-in URL](crate::auth::Builder::sign_in_url) is known and a browser asked for a page, a 307 to it; or 500 where there is
/// no [`AuthLayer`](super::AuthLayer).
#[derive(Clone, Debug)]
pub struct Rejection(Why);

#[derive(Clone, Debug)]
enum Why {
    SignedOut(Reason, Option<SignIn>),
    NoLayer,
}

impl Rejection {
    /// Nobody is signed in; what the layer left of the request says where people sign in.
    pub(super) fn signed_out(out: &SignedOut, of: &Extensions) -> Self {
        Self(Why::SignedOut(out.reason().clone(), of.get().cloned()))
    }

    /// Why nobody is signed in; `None` where nobody looked.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.0 {
            Why::SignedOut(reason, _) => Some(reason),
            Why::NoLayer => None,
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let (reason, sign_in) = match self.0 {
            Why::SignedOut(reason, sign_in) => (reason, sign_in),
            Why::NoLayer => return no_layer(),
        };
        let mut response = refusal(
            StatusCode::UNAUTHORIZED,
            "signed_out",
            Some(&reason.as_str()),
        );
        let location = sign_in.and_then(|SignIn(address)| HeaderValue::from_str(&address).ok());
        let Some(location) = location else {
            // RFC 9110 §11.6.1: a 401 says how to do better.
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return response;
        };
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        response.headers_mut().insert(LOCATION, location);
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Rejection> {
        match parts.extensions.get::<Verdict>() {
            Some(Verdict::SignedIn(auth)) => Ok(Self(auth.clone())),
            Some(Verdict::SignedOut(out)) => Err(Rejection::signed_out(out, &parts.extensions)),
            // The layer lets no redirect through.
            Some(Verdict::Redirect(_)) | None => Err(Rejection(Why::NoLayer)),
        }
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(
        parts: &mut request::Parts,
        state: &S,
    ) -> Result<Option<Self>, Rejection> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(session) => Ok(Some(session)),
            Err(Rejection(Why::SignedOut(..))) => Ok(None),
            Err(no_layer) => Err(no_layer),
        }
    }
}

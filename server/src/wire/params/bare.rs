//! A request that has no parameters: one in its address is as unknown as one in a body.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::Params;
use crate::error::{Error, Result};

/// Refuses whatever stands in the query.
pub(crate) struct Bare;

impl<S: Sync> FromRequestParts<S> for Bare {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Params::query(parts.uri.query())?.finish()?;
        Ok(Self)
    }
}

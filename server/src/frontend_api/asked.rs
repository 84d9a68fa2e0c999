//! What a page's script asks for: who its browser is, who calls, and the form it sends.

use axum::extract::{FromRequest, FromRequestParts, Request};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::wire::{Browser, Params};

/// A call of a page that changes something.
pub(super) struct Asked {
    pub(super) browser: Browser,
    pub(super) by: Caller,
    pub(super) params: Params,
}

impl FromRequest<App> for Asked {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        Ok(Self {
            browser: Browser::from_request_parts(&mut parts, app).await?,
            by: Caller::from_request_parts(&mut parts, app).await?,
            params: Params::from_request(Request::from_parts(parts, body), app).await?,
        })
    }
}

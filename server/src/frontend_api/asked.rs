//! What a page's script asks for: who its browser is, who calls, and what for.

use axum::extract::{FromRequest, FromRequestParts, Request};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::wire::{Browser, Params};

/// A call of a page.
pub(super) struct Asked(pub Browser, pub Caller, pub Params);

impl FromRequest<App> for Asked {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        Ok(Self(
            Browser::from_request_parts(&mut parts, app).await?,
            Caller::from_request_parts(&mut parts, app).await?,
            Params::of_page(Request::from_parts(parts, body)).await?,
        ))
    }
}

/// A call that takes no parameters.
pub(super) struct Plain(pub Browser, pub Caller);

impl FromRequest<App> for Plain {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let Asked(browser, by, params) = Asked::from_request(request, app).await?;
        params.finish()?;
        Ok(Self(browser, by))
    }
}

//! The exchange of an expired token for new cookies.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde::Deserialize;

use super::Sessions;
use crate::call::{Call, hide_all};
use crate::error::Result;
use crate::id::SessionId;

impl Sessions<'_> {
    /// Exchanges an expired session token and a refresh token for new cookies (spec path `/sessions/{session_id}/refresh`).
    /// [`auth`](crate::auth) does so by itself.
    ///
    /// # Errors
    /// 401 for whatever does not belong together or is over; [`code`](crate::Error::code) says which.
    pub async fn refresh(self, id: &SessionId, with: Refresh<'_>) -> Result<RefreshedCookies> {
        let mut headers = BTreeMap::<&str, Vec<&str>>::new();
        for (name, value) in with.request_headers {
            // What is not text cannot be told in JSON, and the server decides nothing by it.
            let values = headers.entry(name.as_str()).or_default();
            values.extend(value.to_str().ok());
        }
        let mut call = Call::post(self.0, format!("/v1/sessions/{id}/refresh"))
            .set("format", "cookie")
            .set("expired_token", with.expired_token)
            .set("refresh_token", with.refresh_token)
            .set("request_origin", with.request_origin)
            .set("request_headers", headers);
        if with.suffixed_cookies {
            call = call.query("suffixed_cookies", true);
        }
        call.send().await
    }
}

/// What [`Sessions::refresh`] exchanges. All of it comes from the browser's request.
#[derive(Clone, Copy)]
pub struct Refresh<'a> {
    /// The session token that expired.
    pub expired_token: &'a str,
    /// The value of the refresh cookie.
    pub refresh_token: &'a str,
    /// The origin that the request was sent to, as in `https://app.example.com`.
    pub request_origin: &'a str,
    /// The request's headers.
    pub request_headers: &'a HeaderMap,
    /// Whether cookies with a suffix are wanted too.
    pub suffixed_cookies: bool,
}

/// What a refresh brings.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct RefreshedCookies {
    /// Whole values of `Set-Cookie` (RFC 6265 §4.1), to be passed on as they are. They hold a session token: a credential.
    pub cookies: Vec<String>,
}

hide_all!(Refresh<'_>, RefreshedCookies);

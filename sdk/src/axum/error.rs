//! A failed call as a handler's answer, so that handlers may use `?`.

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::auth::NotLive;
use crate::{Error, Refusal};

/// What the application's caller is told of a failed call, in the shape of the Backend API's own errors
/// (`{"errors":[{"code":…,"message":…,"long_message":…}]}`).
///
/// | the call | response |
/// |---|---|
/// | was refused with 403, 404 or 429 | the same status, with the reasons the server gave; 429 with its `Retry-After` |
/// | was refused with 401 for what it was about, as an expired token | 401, with the reasons |
/// | had no answer, or one with another status | 502, `backend_api_failed` |
/// | was never sent, since a setting or a parameter is wrong | 500, `internal_error` |
///
/// A secret key that the Backend API does not know is among the 502: the caller can do nothing about it, and a 401 would
/// send them to sign in again. What 500 and 502 are about stays out of the response; it is in the error, for the log.
///
/// ```
/// use axum::Json;
/// use axum::extract::State;
/// use standin::Client;
///
/// async fn count(State(client): State<Client>) -> standin::Result<Json<u64>> {
///     Ok(Json(client.users().count().await?))
/// }
/// # let _: axum::Router<Client> = axum::Router::new().route("/", axum::routing::get(count));
/// ```
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let passed_on = self.status().filter(|status| match *status {
            StatusCode::UNAUTHORIZED => !is_about_the_key(&self),
            status => matches!(
                status,
                StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::TOO_MANY_REQUESTS
            ),
        });
        let (status, errors) = match passed_on {
            Some(status) if !self.refusals().is_empty() => {
                (status, self.refusals().iter().map(reason).collect())
            }
            Some(status) => (status, vec![own(status, "backend_api_refused")]),
            None if self.was_sent() => {
                let status = StatusCode::BAD_GATEWAY;
                (status, vec![own(status, "backend_api_failed")])
            }
            None => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                (status, vec![own(status, "internal_error")])
            }
        };
        let mut response = Response::new(Body::from(json!({ "errors": errors }).to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let wait = self
            .retry_after()
            .filter(|_| status == StatusCode::TOO_MANY_REQUESTS);
        if let Some(wait) = wait {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        response
    }
}

/// 401 where the session is over, 503 where nobody knows: a caller is let through only where the server said so.
impl IntoResponse for NotLive {
    fn into_response(self) -> Response {
        let (status, code) = match self {
            Self::Over => (StatusCode::UNAUTHORIZED, "session_over"),
            Self::Unknown(_) => (StatusCode::SERVICE_UNAVAILABLE, "backend_api_failed"),
        };
        let body = json!({ "errors": [own(status, code)] });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

/// Whether the Backend API refused the application and not what the call was about.
fn is_about_the_key(error: &Error) -> bool {
    matches!(
        error.code(),
        None | Some(
            "authentication_invalid" | "authorization_header_format_invalid" | "clerk_key_invalid"
        )
    )
}

fn reason(refusal: &Refusal) -> Value {
    json!({
        "code": refusal.code, "message": refusal.message, "long_message": refusal.long_message,
        "meta": refusal.param().map(|name| json!({ "param_name": name })).unwrap_or_default(),
    })
}

fn own(status: StatusCode, code: &str) -> Value {
    json!({ "code": code, "message": status.canonical_reason() })
}

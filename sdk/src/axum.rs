//! For [axum](https://docs.rs/axum) and other services made of tower: a layer that says who is calling, and extractors.
//!
//! [`AuthLayer`] looks at every request, follows handshakes, passes the cookies on that they bring, and puts a
//! [`Verdict`](crate::auth::Verdict) into the request's extensions. A handler that takes a [`Session`] runs for signed-in
//! callers only; one that takes an `Option<Session>` runs for everybody. Handlers may answer with a
//! [`standin::Result`](crate::Result): a call that failed makes a response of its own.
//!
//! ```no_run
//! use axum::Router;
//! use axum::routing::{get, post};
//! use standin::auth::Authenticator;
//! use standin::axum::{AuthLayer, DenyAgents, Session};
//!
//! async fn hello(session: Option<Session>) -> String {
//!     session.map_or("Hello!".into(), |session| format!("Hello, {}!", session.user_id()))
//! }
//!
//! async fn order(session: Session) -> String {
//!     match session.agent() {
//!         Some(agent) => format!("{agent} orders for {}", session.user_id()),
//!         None => format!("{} orders", session.user_id()),
//!     }
//! }
//!
//! async fn change_password(session: Session) -> String {
//!     format!("{}, and nobody in their name", session.user_id())
//! }
//!
//! # fn app() -> standin::Result<Router> {
//! let people_only = Router::new().route("/password", post(change_password)).layer(DenyAgents);
//! let app = Router::new()
//!     .route("/", get(hello))
//!     .route("/orders", post(order))
//!     .merge(people_only)
//!     .layer(AuthLayer::new(Authenticator::from_env()?));
//! # Ok(app)
//! # }
//! ```

mod agents;
mod error;
mod layer;
mod require;
mod session;

pub use agents::{DenyAgents, DenyAgentsService};
pub use layer::{AuthLayer, AuthService};
pub use require::{NoOrganization, Organization, Require, RequireService};
pub use require::{require_permission, require_role};
pub use session::{Rejection, Session};

use axum_core::body::Body;
use axum_core::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

/// A refusal with a word for programs: `{"error":"…"}`, and why, where that is known.
fn refusal(status: StatusCode, error: &str, reason: Option<&str>) -> Response {
    let mut object = serde_json::Map::new();
    object.insert("error".into(), error.into());
    if let Some(reason) = reason {
        object.insert("reason".into(), reason.into());
    }
    let mut response = Response::new(Body::from(serde_json::Value::from(object).to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A handler that asks who is calling, where nobody looked: a mistake in the application, and never an open door.
fn no_layer() -> Response {
    refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        "there is no AuthLayer around this route",
        None,
    )
}

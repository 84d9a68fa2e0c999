//! Which door a request goes through.

use axum::Router;
use axum::body::Body;
use http::Request;
use http::header::AUTHORIZATION;

use super::header;

/// The doors behind one address.
#[derive(Clone)]
pub(crate) struct Doors {
    /// The Frontend API; or the only door there is.
    front: Router,
    /// The Backend API.
    back: Option<Router>,
    /// The dashboard.
    dashboard: Option<Router>,
}

impl Doors {
    /// One door, for everybody.
    pub(crate) fn one(front: Router) -> Self {
        Self {
            front,
            back: None,
            dashboard: None,
        }
    }

    /// The Backend API beside it: whoever shows a key goes there. What the front does not know it leaves to the Backend API too,
    /// so that a forgotten key is answered as such.
    #[must_use]
    pub(crate) fn with_back(self, back: Router) -> Self {
        let back = Some(back);
        Self { back, ..self }
    }

    /// The dashboard beside it.
    #[must_use]
    pub(crate) fn with_dashboard(self, dashboard: Router) -> Self {
        let dashboard = Some(dashboard);
        Self { dashboard, ..self }
    }

    /// The door for a request.
    pub(super) fn of(self, request: &Request<Body>) -> Router {
        if let Some(dashboard) = self.dashboard
            && is_below(request.uri().path(), "/dashboard")
        {
            return dashboard;
        }
        match self.back {
            Some(back) if shows_key(request) => back,
            _ => self.front,
        }
    }
}

fn is_below(path: &str, room: &str) -> bool {
    path.strip_prefix(room)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A proxy may ask browsers for a password of its own (`Basic`).
fn shows_key(request: &Request<Body>) -> bool {
    let authorization = header(request.headers(), AUTHORIZATION).unwrap_or_default();
    let scheme = authorization.split(' ').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("bearer")
}

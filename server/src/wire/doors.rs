//! Which door a request goes through.

use axum::Router;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::header;

/// The doors behind one address.
#[derive(Clone)]
pub(crate) enum Doors {
    /// One alone.
    One(Router),
    /// Both: whoever shows a key goes to the Backend API, everyone else to the Frontend API, which leaves to the Backend API
    /// what it does not know, so that a forgotten key is answered as such.
    Both {
        /// The Frontend API.
        front: Router,
        /// The Backend API.
        back: Router,
    },
}

impl Doors {
    /// The door for a request with these headers.
    pub(super) fn of(self, headers: &HeaderMap) -> Router {
        match self {
            Self::One(door) => door,
            Self::Both { front, back } => {
                // A proxy may ask browsers for a password of its own (`Basic`).
                let authorization = header(headers, AUTHORIZATION).unwrap_or_default();
                let scheme = authorization.split(' ').next().unwrap_or_default();
                if scheme.eq_ignore_ascii_case("bearer") {
                    back
                } else {
                    front
                }
            }
        }
    }
}

//! Faults of a development instance: answers that are refused or late because somebody wants to see what becomes of it.
//!
//! They are kept in memory and gone with the server. Where there is none, a request pays for a look at one flag; in production
//! there is not even that, because routes are not laid open to them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::Method;

use super::route;
use crate::app::App;
use crate::clock::Time;
use crate::error::{self, Error};

/// What requests may come upon.
#[derive(Default)]
pub(crate) struct Faults {
    /// Whether some of them are left.
    any: AtomicBool,
    all: Mutex<All>,
}

#[derive(Default)]
struct All {
    faults: Vec<Fault>,
    /// How many there ever were.
    count: u64,
}

/// Which requests, and what becomes of them.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) id: String,
    /// `None` is every one.
    pub(crate) method: Option<Method>,
    /// A path in which each `*` stands for anything.
    pub(crate) path: String,
    /// The refusal; `None` has the request go on to its answer.
    pub(crate) refusal: Option<error::Fault>,
    /// What passes before.
    pub(crate) delay: Duration,
    /// How many requests are left to come upon it; `None` for all to come.
    pub(crate) times_left: Option<u64>,
    /// How many did.
    pub(crate) hits: u64,
    pub(crate) created_at: Time,
}

impl Fault {
    fn is_left(&self) -> bool {
        self.times_left != Some(0)
    }

    fn is_for(&self, method: &Method, path: &str) -> bool {
        let is_its = self.method.as_ref().is_none_or(|its| its == method);
        self.is_left() && is_its && is_like(path, &self.path)
    }
}

/// Whether a path is like a pattern in which each `*` stands for anything.
fn is_like(path: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return path == pattern;
    };
    let Some(mut left) = path.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

/// How many there may be.
pub(crate) const FAULTS_MAX: usize = 100;

impl Faults {
    /// Adds one and names it. `None` where there are too many already.
    pub(crate) fn add(&self, fault: Fault) -> Option<Fault> {
        let mut all = self.all();
        if all.faults.len() >= FAULTS_MAX {
            return None;
        }
        all.count += 1;
        let id = format!("flt_{}", all.count);
        let fault = Fault { id, ..fault };
        all.faults.push(fault.clone());
        self.noted(&all);
        Some(fault)
    }

    /// All of them, those that are used up too, in the order in which they were added.
    pub(crate) fn list(&self) -> Vec<Fault> {
        self.all().faults.clone()
    }

    /// Takes those away that are meant, and gives them back.
    pub(crate) fn remove(&self, is_meant: impl Fn(&Fault) -> bool) -> Vec<Fault> {
        let mut all = self.all();
        let removed = all.faults.extract_if(.., |fault| is_meant(fault)).collect();
        self.noted(&all);
        removed
    }

    /// The first that is for this request, which has come upon it.
    fn hit(&self, method: &Method, path: &str) -> Option<Fault> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let mut all = self.all();
        let mut its = all.faults.iter_mut();
        let fault = its.find(|fault| fault.is_for(method, path))?;
        fault.hits += 1;
        fault.times_left = fault.times_left.map(|left| left - 1);
        let fault = fault.clone();
        self.noted(&all);
        Some(fault)
    }

    fn noted(&self, all: &All) {
        let any = all.faults.iter().any(Fault::is_left);
        self.any.store(any, Ordering::Relaxed);
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What no fault is ever for: the way to take it away again.
pub(crate) const SPARED: &str = "/v1/development/";

/// Lays routes open to faults, on a development instance.
pub(crate) fn exposed(app: &App, routes: Router<App>) -> Router<App> {
    if app.instance.is_development() {
        routes.route_layer(from_fn_with_state(app.clone(), strike))
    } else {
        routes
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "somebody asked for an answer that is late"
)]
async fn strike(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let fault = (!path.starts_with(SPARED)).then(|| app.faults.hit(request.method(), path));
    let Some(fault) = fault.flatten() else {
        return next.run(request).await;
    };
    route::name(&request);
    if !fault.delay.is_zero() {
        tokio::time::sleep(fault.delay).await;
    }
    match fault.refusal {
        Some(refusal) => Error::Fault(refusal).into_response(),
        None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_the_rest_for_itself() {
        for (pattern, like, unlike) in [
            ("/v1/client", "/v1/client", "/v1/client/sessions"),
            (
                "/v1/client/*",
                "/v1/client/sessions/sess_1/tokens",
                "/v1/client",
            ),
            (
                "/v1/*/touch",
                "/v1/client/sessions/sess_1/touch",
                "/v1/client/touched",
            ),
            (
                "*/sessions/*/tokens",
                "/v1/client/sessions/s/tokens",
                "/v1/client/sessions/tokens",
            ),
            ("*", "/", ""),
        ] {
            assert!(is_like(like, pattern), "{pattern} {like}");
            assert!(
                unlike.is_empty() || !is_like(unlike, pattern),
                "{pattern} {unlike}"
            );
        }
    }
}

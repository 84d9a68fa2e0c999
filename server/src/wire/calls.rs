//! The calls behind a secret key, each with the scope that the key needs for it. A call cannot be added without one.

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};

use crate::app::App;
use crate::error::{Error, Result};
use crate::secret_keys::{Scope, SecretKey};

// Scopes as tables of calls name them.
pub(crate) const READ: Scope = Scope::Read;
pub(crate) const TASKS: Scope = Scope::Tasks;
pub(crate) const FULL: Scope = Scope::Full;

/// Some calls, on their way to becoming routes.
#[derive(Default)]
pub(crate) struct Calls {
    router: Router<App>,
    #[cfg(test)]
    table: Vec<(Scope, &'static str, String)>,
}

macro_rules! methods {
    ($($method:ident)*) => {$(
        /// Adds a call, for keys of at least this scope. `GET` answers `HEAD` too.
        pub(crate) fn $method<H, T>(mut self, scope: Scope, path: &str, handler: H) -> Self
        where
            H: Handler<T, App>,
            T: 'static,
        {
            #[cfg(test)]
            self.table.push((scope, stringify!($method), path.to_owned()));
            let reached = from_fn_with_state(scope, reached);
            self.router = self.router.route(path, $method(handler).route_layer(reached));
            self
        }
    )*};
}

impl Calls {
    methods! { get post put patch delete }

    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds those of another file.
    pub(crate) fn merge(mut self, others: Self) -> Self {
        #[cfg(test)]
        self.table.extend(others.table);
        self.router = self.router.merge(others.router);
        self
    }

    /// All of them, a line each: the scope, the method, the path.
    #[cfg(test)]
    pub(crate) fn table(&self) -> String {
        let line = |(scope, method, path): &(Scope, &str, String)| {
            let scope = format!("{scope:?}").to_lowercase();
            format!("{scope:5} {method:6} {path}\n")
        };
        self.table.iter().map(line).collect()
    }

    /// The routes, which expect the key that was shown in a request's extensions.
    pub(crate) fn into_router(self) -> Router<App> {
        self.router
    }
}

/// Lets a request pass whose key reaches as far as the call needs.
async fn reached(State(needed): State<Scope>, request: Request, next: Next) -> Result<Response> {
    match request.extensions().get::<SecretKey>() {
        Some(key) if key.scope >= needed => Ok(next.run(request).await),
        _ => Err(Error::ScopeMissing),
    }
}

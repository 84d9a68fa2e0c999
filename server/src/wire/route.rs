//! Which route a request came to, for the figures: the pattern, which stands in the program, and never the path.

use std::cell::Cell;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

tokio::task_local! {
    /// Only a door's router knows it, and only the edge counts, after the answer is there.
    static ROUTE: Cell<Option<MatchedPath>>;
}

/// Tells the edge which route a request came to.
pub(crate) fn name(request: &Request) {
    let _ = ROUTE.try_with(|route| route.set(request.extensions().get().cloned()));
}

/// The same as a layer, for routes that have no other.
pub(crate) async fn named(request: Request, next: Next) -> Response {
    name(&request);
    next.run(request).await
}

/// Waits for an answer, and for what was told meanwhile.
pub(super) async fn noted<T>(answer: impl Future<Output = T>) -> (T, Option<MatchedPath>) {
    let answering = async {
        let answer = answer.await;
        (answer, ROUTE.with(Cell::take))
    };
    ROUTE.scope(Cell::new(None), answering).await
}

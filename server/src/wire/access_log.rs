//! The access log: one line for each request, also for those that nobody was left to answer, and the figures of them all.
//! Queries stay out of it, since tickets and session tokens travel there, and so does what in a path may be a secret.

use std::time::Instant;

use axum::extract::MatchedPath;
use http::{Method, Request};

use crate::app::App;
use crate::error::Error;
use crate::sessions::Session;

/// What an answer is about, for its line: ids, and what may be amiss. A door puts it into the answer, the edge takes it out.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// The user.
    pub(crate) user: Option<String>,
    /// The agent, or whoever else acts.
    pub(crate) agent: Option<String>,
    /// The session.
    pub(crate) session: Option<String>,
    /// What the caller should look at.
    pub(crate) warning: Option<String>,
}

impl About {
    /// A session, its user, and who acts in it.
    pub(crate) fn session(session: &Session) -> Self {
        let acts = session.acting();
        Self {
            user: Some(session.user_id.to_string()),
            agent: Some(acts.to_owned()).filter(|id| id != session.user_id.as_str()),
            session: Some(session.id.to_string()),
            warning: None,
        }
    }
}

/// The line of one request. Dropped before it was written, it says that the connection ended first.
pub(super) struct Line {
    app: App,
    request_id: String,
    method: Method,
    path: String,
    started: Instant,
    is_written: bool,
}

impl Line {
    /// Begins with what is known when a request comes in.
    pub(super) fn begin<B>(app: &App, request: &Request<B>, request_id: String) -> Self {
        Self {
            app: app.clone(),
            request_id,
            method: request.method().clone(),
            path: loggable(request.uri().path()),
            started: Instant::now(),
            is_written: false,
        }
    }

    /// Counts a request that came to a route, or to none.
    pub(super) fn count(&self, route: Option<&MatchedPath>, status: u16, error: Option<&Error>) {
        let (metrics, name) = (&self.app.metrics, route.map_or("none", MatchedPath::as_str));
        let requests = metrics.requests.of(word(&self.method), name);
        requests.answered(status, self.started.elapsed());
        if let Some(error) = error {
            metrics.refusals.of("", error.shown().code).count();
        }
    }

    /// Writes the line. Errors that are ours come with their cause.
    pub(super) fn answered(mut self, status: u16, error: Option<&Error>, about: About) {
        let About {
            user,
            agent,
            session,
            warning,
        } = about;
        let code = error.map(|error| error.shown().code);
        let (method, path, request_id) = (&self.method, &self.path, &self.request_id);
        let micros = self.micros();
        match error {
            Some(fault) if fault.is_fault() => {
                tracing::error!(target: "standin::request", %method, path, status, micros, code, request_id, cause = %fault);
            }
            _ => {
                tracing::info!(target: "standin::request", %method, path, status, micros, code, request_id, user, agent, session, warning);
            }
        }
        self.is_written = true;
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        /// What nginx made customary for a client that hung up.
        const STATUS: u16 = 499;
        if !self.is_written {
            self.count(None, STATUS, None);
            let (method, path, request_id) = (&self.method, &self.path, &self.request_id);
            let (micros, code) = (self.micros(), "connection_closed");
            tracing::info!(target: "standin::request", %method, path, status = STATUS, micros, code, request_id);
        }
    }
}

/// A method as it is counted. Whoever asks may make up others.
fn word(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"];
    let known = KNOWN.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or("other")
}

/// The longest part of a path that is an id or a word: a prefix and a KSUID stay below it, a ticket, a nonce and a key do
/// not.
const WORD_MAX: usize = 40;
/// The most bytes of a path that are logged.
const PATH_MAX: usize = 256;

/// A path as it may be logged.
fn loggable(path: &str) -> String {
    let is_secret = |part: &str| {
        part.len() > WORD_MAX
            || ["sk_", "dvb_"]
                .iter()
                .any(|prefix| part.starts_with(prefix))
    };
    let parts = path.split('/');
    let parts: Vec<_> = parts
        .map(|part| if is_secret(part) { "…" } else { part })
        .collect();
    let mut path = parts.join("/");
    if path.len() > PATH_MAX {
        path.truncate(path.floor_char_boundary(PATH_MAX));
        path.push('…');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::id::TaskId;
    use crate::secret::Secret;

    #[test]
    fn ids_are_logged_and_secrets_in_a_path_are_not() {
        let id = format!(
            "/v1/agents/tasks/{}/revoke",
            TaskId::new(Clock::System.now())
        );
        assert_eq!(loggable(&id), id);
        for secret in [
            Secret::random(),
            Secret::with_prefix("sk_test_"),
            Secret::with_prefix("dvb_"),
        ] {
            let path = format!("/v1/agents/tasks/{}", secret.expose());
            assert_eq!(loggable(&path), "/v1/agents/tasks/…");
        }
        assert_eq!(loggable("/sk_live_x/y"), "/…/y");
        assert!(loggable(&"/é".repeat(1000)).len() < 300);
    }
}

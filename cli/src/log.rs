//! The log, on stderr: one readable line a request in development, JSON in production. `RUST_LOG` chooses what is in it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Zoned;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt as lines};

use crate::terminal::{self, DIM, GREEN, RED, YELLOW};

/// Under this target the server reports each request.
const REQUEST: &str = "standin::request";

fn filter() -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"))
}

/// The log of a development server.
pub struct Log {
    all: Arc<AtomicBool>,
}

impl Log {
    /// Shows every request from now on.
    pub fn show_all(&self) {
        self.all.store(true, Ordering::Relaxed);
    }
}

/// For people. At first only requests that the server failed are shown.
pub fn development() -> Log {
    let others = lines::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time()
        .with_filter(tracing_subscriber::filter::filter_fn(|event| {
            event.target() != REQUEST
        }));
    let all = Arc::new(AtomicBool::new(false));
    let requests = Requests { all: all.clone() };
    let log = tracing_subscriber::registry().with(filter());
    let _ = log.with(requests).with(others).try_init();
    Log { all }
}

/// For machines. A thread of its own writes it, until the guard is dropped: where nobody reads stderr, requests go on, and
/// lines beyond the hundred thousand that wait are lost.
pub fn production() -> WorkerGuard {
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    let json = lines::layer().json().flatten_event(true);
    let log = tracing_subscriber::registry().with(filter());
    let _ = log.with(json.with_writer(writer)).try_init();
    guard
}

/// Writes one line for each request.
struct Requests {
    all: Arc<AtomicBool>,
}

impl<S: Subscriber> Layer<S> for Requests {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == REQUEST {
            let mut request = Request::default();
            event.record(&mut request);
            if request.status < 500 && !self.all.load(Ordering::Relaxed) || request.is_a_file() {
                return;
            }
            terminal::say(request.line(&Zoned::now()));
            if !request.warning.is_empty() {
                terminal::note(terminal::plain(&request.warning));
            }
        }
    }
}

/// What is reported of a request.
#[derive(Default)]
struct Request {
    method: String,
    path: String,
    status: u64,
    micros: u64,
    code: String,
    cause: String,
    user: String,
    agent: String,
    session: String,
    warning: String,
}

impl Request {
    /// Scripts and pictures, of which every page asks for a dozen.
    fn is_a_file(&self) -> bool {
        self.status < 400
            && ["/npm/", "/images/"]
                .iter()
                .any(|path| self.path.starts_with(path))
    }

    fn line(&self, at: &Zoned) -> String {
        let color = match self.status {
            500.. => RED,
            400.. => YELLOW,
            _ => GREEN,
        };
        let (time, path) = (at.strftime("%H:%M:%S"), terminal::plain(&self.path));
        let (status, method) = (self.status, &self.method);
        let millis = self.micros / 1000;
        let tenths = self.micros % 1000 / 100;
        // The cause is for whoever runs the server; the caller was not told.
        let why = [self.code.as_str(), self.cause.as_str()];
        let why: Vec<_> = why.into_iter().filter(|text| !text.is_empty()).collect();
        let why = terminal::plain(&why.join(": "));
        let who = [&self.user, &self.agent, &self.session].map(String::as_str);
        let who: Vec<_> = who.into_iter().filter(|id| !id.is_empty()).collect();
        let who = terminal::plain(&who.join(" "));
        let line = format!(
            "  {DIM}{time}{DIM:#} {method:6} {path:34} {color}{status}{color:#} {DIM}{millis:3}.{tenths} ms  {who}{DIM:#}{why}"
        );
        line.trim_end().to_owned()
    }
}

impl Visit for Request {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "method" => value.clone_into(&mut self.method),
            "path" => value.clone_into(&mut self.path),
            "code" => value.clone_into(&mut self.code),
            "cause" => value.clone_into(&mut self.cause),
            "user" => value.clone_into(&mut self.user),
            "agent" => value.clone_into(&mut self.agent),
            "session" => value.clone_into(&mut self.session),
            "warning" => value.clone_into(&mut self.warning),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "status" => self.status = value,
            "micros" => self.micros = value,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_whatever_was_asked_for() {
        let request = Request {
            method: "GET".into(),
            path: "/a\n\x1b[2Jb".into(),
            status: 404,
            micros: 1234,
            code: "resource_not_found".into(),
            ..Request::default()
        };
        let at = "2026-05-12T14:03:11[UTC]".parse().unwrap();
        let line = anstream::adapter::strip_str(&request.line(&at)).to_string();
        assert!(line.starts_with("  14:03:11 GET    /a"), "{line}");
        assert!(line.ends_with("404   1.2 ms  resource_not_found"), "{line}");
        assert!(!line.contains(['\n', '\x1b']), "{line:?}");
    }
}

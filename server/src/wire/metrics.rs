//! `/metrics`, on an address of its own: what the server counts, as Prometheus reads it. Nothing is looked up for it.

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;

use super::{health, route};
use crate::app::App;
use crate::error::Error;
use crate::metrics::{Metrics, Text};

/// Where it is.
pub(super) const PATH: &str = "/metrics";

pub(crate) fn routes(app: &App) -> Router {
    Router::new()
        .route(PATH, get(show))
        .route_layer(from_fn(route::named))
        .merge(health::routes())
        .fallback(async || Error::RouteUnknown)
        .with_state(app.clone())
}

async fn show(State(app): State<App>) -> Response {
    let mut text = Text::default();
    text.family(
        "standin_build_info",
        "gauge",
        "The program; its value is 1.",
    );
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    text.value("standin_build_info", &version, 1);
    requests(&app.metrics, &mut text);
    app.db.tell(&mut text);
    text.single(
        "standin_signatures_total",
        "counter",
        "Tokens signed with the instance's keys.",
        app.keys.signatures(),
    );
    text.single(
        "standin_sessions_alive",
        "gauge",
        "Sessions that neither ended nor expired, as housekeeping last counted them.",
        app.metrics.sessions.get(),
    );
    text.single(
        "standin_audit_unsealed",
        "gauge",
        "Numbers of audit records after the last seal.",
        app.metrics.unsealed.get(),
    );
    chores(&app.metrics, &mut text);
    webhooks(&app.metrics, &mut text);
    if let Some(bytes) = memory() {
        text.single(
            "process_resident_memory_bytes",
            "gauge",
            "Memory of the process.",
            bytes,
        );
    }
    let kind = (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([kind], text.into_string()).into_response()
}

fn requests(metrics: &Metrics, text: &mut Text) {
    let routes = metrics.requests.all();
    let name = "standin_http_requests_total";
    text.family(
        name,
        "counter",
        "Requests by the route they came to and the status of the answer; 499 is a caller that left.",
    );
    for of in &routes {
        for (status, count) in of.figure.by_status() {
            let labels = [
                ("method", of.kind),
                ("route", &*of.name),
                ("status", &status),
            ];
            text.value(name, &labels, count);
        }
    }
    let name = "standin_http_request_seconds";
    text.family(name, "histogram", "How long requests took.");
    for of in &routes {
        let labels = [("method", of.kind), ("route", &*of.name)];
        text.seconds(name, &labels, &of.figure.took);
    }
    let name = "standin_refusals_total";
    text.family(
        name,
        "counter",
        "Refusals by the code that the caller was shown.",
    );
    for of in metrics.refusals.all() {
        text.value(name, &[("code", &*of.name)], of.figure.get());
    }
}

fn chores(metrics: &Metrics, text: &mut Text) {
    let chores = metrics.chores.all();
    let mut family = |name: &str, kind: &str, help: &str, value: &dyn Fn(usize) -> String| {
        text.family(name, kind, help);
        for (place, of) in chores.iter().enumerate() {
            text.value(name, &[("chore", &*of.name)], value(place));
        }
    };
    let of = |place: usize| &chores[place].figure;
    let (done, failed) = (
        "standin_housekeeping_done_total",
        "standin_housekeeping_failed_total",
    );
    family(
        done,
        "counter",
        "How often each kind of housekeeping was done.",
        &|place| of(place).done.get().to_string(),
    );
    family(
        failed,
        "counter",
        "How often it could not be done.",
        &|place| of(place).failed.get().to_string(),
    );
    family(
        "standin_housekeeping_rows_total",
        "counter",
        "Rows that it changed or removed.",
        &|place| of(place).rows.get().to_string(),
    );
    family(
        "standin_housekeeping_last_seconds",
        "gauge",
        "When it was last done, in seconds since 1970.",
        &|place| of(place).last.get().to_string(),
    );
    let name = "standin_housekeeping_write_seconds";
    text.family(
        name,
        "histogram",
        "How long writes that remove what is old took until they were durable.",
    );
    text.seconds(name, &[], &metrics.slices);
}

fn webhooks(metrics: &Metrics, text: &mut Text) {
    let of = &metrics.webhooks;
    let name = "standin_webhook_attempts_total";
    text.family(
        name,
        "counter",
        "Attempts to deliver, by what came of them.",
    );
    for (outcome, count) in [
        ("delivered", &of.delivered),
        ("failed", &of.failed),
        ("dead", &of.dead),
    ] {
        text.value(name, &[("outcome", outcome)], count.get());
    }
    let name = "standin_webhook_attempt_seconds";
    text.family(name, "histogram", "How long attempts to deliver took.");
    text.seconds(name, &[], &of.took);
    text.single(
        "standin_webhook_oldest_waiting_seconds",
        "gauge",
        "How long the delivery waits that has waited longest.",
        of.oldest.get(),
    );
}

/// The memory of this process, where the system says it.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

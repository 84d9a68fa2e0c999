//! Pages of Standin's own: how they look, and how text gets into them.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::text;

/// Text as HTML shows it to the letter. Controls and marks that turn writing around become visible.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text::legible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Rows of a name and a text each.
pub(super) fn table(rows: &[(&str, String)]) -> String {
    let row = |(head, text): &(&str, String)| {
        format!("<tr><th>{head}</th><td>{}</td></tr>", escape(text))
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    format!("<table>{}</table>", rows.concat())
}

/// A page of Standin's own: no script, nothing from elsewhere, light or dark as the reader has it.
pub(super) fn html(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} · Standin</title><style>{STYLE}</style><main><h1>{title}</h1>{body}</main></html>"
    )
}

/// What such a page may do.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub(super) fn page(title: &str, body: &str) -> Response {
    (
        [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, POLICY),
        ],
        html(title, body),
    )
        .into_response()
}

const STYLE: &str = "\
    :root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
    main{max-width:46rem;margin:12vh auto;padding:0 1.5rem}h1{font-weight:600}\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.5rem .75rem;border-bottom:1px solid #8884}\
    th{width:6rem;font-weight:500;opacity:.7}td{overflow-wrap:anywhere}\
    button{font:inherit;padding:.5rem 1.25rem;margin:1rem 0;border-radius:.5rem;border:1px solid #8888;cursor:pointer}\
    pre{padding:.75rem 1rem;border-radius:.5rem;background:#8882;white-space:pre-wrap;overflow-wrap:anywhere}";

//! `GET /npm/@clerk/{package}@{version}/dist/{file}`: clerk-js and its user interface, for the script tags that SDKs put
//! into pages.
//!
//! The files are the user's own: they lie in a `node_modules` folder that the server was told of, and nothing is fetched
//! from anywhere. The folder is looked at with every request, so a package installed a moment ago is there.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::{self, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use http::{HeaderValue, Uri};
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use crate::app::App;
use crate::error::{Error, Result};
use crate::wire::Reply;

/// The packages that pages load. Others in the folder are nobody's business.
const PACKAGES: [&str; 2] = ["clerk-js", "ui"];

/// What a page may keep for a year: a file under the exact version it was published with never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// A tag may mean another file after the next `npm install`.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("public, no-cache");

pub(super) fn routes() -> Router<App> {
    Router::new().route("/npm/@clerk/{package}/dist/{*file}", get(show))
}

async fn show(
    State(app): State<App>,
    extract::Path((package, file)): extract::Path<(String, String)>,
    request: Request,
) -> Response {
    let found = file_of(&app, &package, &file, request).await;
    let mut response = found.unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    // Script tags ask without credentials, from any page; what they get is public. A refusal that the page may not read
    // would be shown as one of CORS, and hide the sentence that says what to install.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // A page that isolates itself (COEP) may load it too.
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("cross-origin"),
    );
    response
}

async fn file_of(app: &App, package: &str, file: &str, request: Request) -> Reply {
    let (name, version) = package.split_once('@').unwrap_or((package, "latest"));
    if !PACKAGES.contains(&name) {
        return Err(Error::RouteUnknown);
    }
    let (dist, installed) = find(&app.config.npm, name)
        .await
        .ok_or_else(|| Error::ScriptMissing(name.to_owned()))?;
    if !means(version, &installed) {
        return Err(Error::ScriptVersion {
            name: name.to_owned(),
            wanted: version.chars().take(40).collect(),
            installed,
        });
    }
    let cache = if version == installed {
        FOR_EVER
    } else {
        ASK_AGAIN
    };
    let mut response = read(&dist, file, request).await?;
    response.headers_mut().insert(CACHE_CONTROL, cache);
    Ok(response)
}

/// The package's `dist` folder, and its version, in the first folder that has it.
async fn find(folders: &[PathBuf], name: &str) -> Option<(PathBuf, String)> {
    for folder in folders {
        let package = folder.join("@clerk").join(name);
        if let Some(version) = version(&package).await {
            return Some((package.join("dist"), version));
        }
    }
    None
}

async fn version(package: &Path) -> Option<String> {
    let manifest = tokio::fs::read(package.join("package.json")).await.ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    Some(manifest["version"].as_str()?.to_owned())
}

/// Whether a version in an address (`6`, `6.40`, `6.40.0`, a tag such as `latest`) means the one that is installed.
fn means(wanted: &str, installed: &str) -> bool {
    let is_number = wanted.starts_with(|c: char| c.is_ascii_digit());
    let rest = installed.strip_prefix(wanted);
    !is_number || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
}

async fn read(dist: &Path, file: &str, request: Request) -> Result<Response> {
    let (mut parts, _) = request.into_parts();
    parts.uri = format!("/{file}")
        .parse::<Uri>()
        .map_err(|_| Error::RouteUnknown)?;
    let request = Request::from_parts(parts, axum::body::Body::empty());
    let folder = ServeDir::new(dist).append_index_html_on_directories(false);
    let answer = folder
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {});
    if answer.status().is_client_error() {
        return Err(Error::RouteUnknown);
    }
    Ok(answer.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_in_an_address_means_the_installed_one_or_not() {
        for wanted in ["6", "6.40", "6.40.0", "latest", "canary"] {
            assert!(means(wanted, "6.40.0"), "{wanted}");
        }
        for wanted in ["5", "6.4", "6.40.1", "64"] {
            assert!(!means(wanted, "6.40.0"), "{wanted}");
        }
    }
}

//! Production: the page at which somebody shows a secret key, and the way out again.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::HeaderMap;
use http::header::SET_COOKIE;

use super::gate::{Pass, Visitor, no_cookie};
use super::page::{Field, Form, Page};
use crate::app::App;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::secret_keys::Scope;
use crate::wire::{Edge, Params};

/// Where to sign in.
pub(super) const SIGN_IN: &str = "/dashboard/sign-in";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(SIGN_IN, get(show).post(sign_in))
        .route("/dashboard/sign-out", post(sign_out))
}

/// Whether a page needs nobody to be signed in.
pub(super) fn is_open(path: &str) -> bool {
    path == SIGN_IN || super::assets::is_asset(path)
}

async fn show(Extension(visitor): Extension<Visitor>) -> Result<Response> {
    if visitor.is_known {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    let mut page = Page::new("", &visitor);
    page.title("Sign in");
    page.forms.push(Form {
        fields: vec![Field::Secret {
            name: "secret_key",
            label: "A secret key of full scope (standin key create)",
        }],
        ..Form::button(SIGN_IN.into(), "Sign in")
    });
    page.answer()
}

/// Counted and looked up as the Backend API does it.
async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    Extension(edge): Extension<Edge>,
    mut params: Params,
) -> Result<Response> {
    if app.instance.is_development() {
        return Err(Error::RouteUnknown);
    }
    let digest = Secret::from(params.required_text("secret_key", 256)?.trim()).digest();
    params.finish()?;
    let key = app.shown_key(digest, edge.network()).await?;
    if key.scope != Scope::Full {
        return Err(Error::ScopeMissing);
    }
    let cookie = Pass::new(key.id, app.now()).cookie(&app, &headers)?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/dashboard")).into_response())
}

async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response> {
    let cookie = no_cookie(&app, &headers)?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to(SIGN_IN)).into_response())
}

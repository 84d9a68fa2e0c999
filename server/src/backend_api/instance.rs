//! `/v1/instance` and `GET /v1/domains` (spec paths of the same names): what scripts ask about the instance before they use it,
//! and what they set. Where links may lead and which pages may call is set where the server is started: see DESIGN.md.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::json;
use url::Url;

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::settings::{self, Change, Preferred};
use crate::users::IdentifierKind;
use crate::views;
use crate::wire::{Answer, Calls, FULL, Params, READ, Reply};
use crate::word::Word as _;

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, "/v1/instance", show)
        .patch(FULL, "/v1/instance", update)
        .patch(FULL, "/v1/instance/restrictions", restrict)
        .get(READ, "/v1/domains", domains)
}

/// Origins that are configured one by one. That a development instance takes every loopback origin beside them is no origin
/// and not shown.
fn origins(app: &App) -> Vec<String> {
    let origin = |url: &Url| url.origin().ascii_serialization();
    app.policy.applications().iter().map(origin).collect()
}

async fn show(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    let origins = origins(&app);
    let origins = Some(&origins[..]).filter(|origins| !origins.is_empty());
    Ok(Json(views::instance(&app.instance, origins)))
}

/// One: an instance has no satellites.
async fn domains(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    let own = views::domain(&app.instance, origins(&app).first());
    Ok(Json(json!({ "data": [own], "total_count": 1 })))
}

/// What Clerk can set and Standin goes without.
const ABSENT: [(&str, &str); 4] = [
    (
        "allowed_origins",
        "the allow-list is set where the server is started, with --allow-origin",
    ),
    (
        "development_origin",
        "the allow-list is set where the server is started, with --allow-origin",
    ),
    (
        "clerk_js_version",
        "clerk-js comes from your own node_modules",
    ),
    ("hibp", "Standin asks nobody about passwords"),
];

async fn update(State(app): State<App>, by: Caller, mut params: Params) -> Reply {
    let change = change(&app, &mut params)?;
    params.finish()?;
    app.db
        .write(by, move |tx| settings::update(tx, &change))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) fn change(app: &App, params: &mut Params) -> Result<Change> {
    let in_development = app.instance.is_development();
    for name in ["test_mode", "url_based_session_syncing", "cookieless_dev"] {
        // Each is how development works, and nothing else does.
        if params.boolean(name)?.is_some_and(|on| on != in_development) {
            let is = format!("{in_development} here: it is so in development and nowhere else");
            return Err(Error::ParamValue(name, is));
        }
    }
    let support_email = params.text("support_email")?;
    let change = Change {
        support_email: support_email.as_deref().map(address).transpose()?,
        preferred: preferred(params, in_development)?,
        ..Change::default()
    };
    for (name, why) in ABSENT {
        params.absent(name, why)?;
    }
    Ok(change)
}

/// An empty text is no address.
fn address(text: &str) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    let normal = IdentifierKind::EmailAddress.normal(text).map(Some);
    normal.map_err(|_| Error::ParamFormat("support_email", "an e-mail address"))
}

fn preferred(params: &mut Params, in_development: bool) -> Result<Option<Preferred>> {
    const NAME: &str = "preferred_sign_in_strategy_when_password_required";
    match params.text(NAME)?.as_deref() {
        None => Ok(None),
        Some("") => Ok(Some(Preferred::Password)),
        Some("otp") if !in_development => {
            let only = "password: nobody can be sent a code here";
            Err(Error::ParamValue(NAME, only.into()))
        }
        Some(word) => Preferred::from_word(word)
            .map(Some)
            .ok_or_else(|| Error::ParamValue(NAME, Preferred::list())),
    }
}

async fn restrict(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let change = restrictions(&mut params)?;
    params.finish()?;
    let set = app.db.write(by, move |tx| settings::update(tx, &change));
    Ok(Json(views::restrictions(&set.await?)))
}

pub(super) fn restrictions(params: &mut Params) -> Result<Change> {
    const ON_SIGN_IN: &str = "allowlist_blocklist_disabled_on_sign_in";
    let change = Change {
        allowlist: params.boolean("allowlist")?,
        blocklist: params.boolean("blocklist")?,
        block_email_subaddresses: params.boolean("block_email_subaddresses")?,
        ..Change::default()
    };
    if params.boolean(ON_SIGN_IN)? == Some(false) {
        let only =
            "true or left out: the lists are about signing up, and a user is kept out by a ban";
        return Err(Error::ParamValue(ON_SIGN_IN, only.into()));
    }
    let unknown = "Standin does not know which domains those are; block them by name";
    params.absent("block_disposable_email_domains", unknown)?;
    let as_written = "addresses are compared as they are written";
    params.absent("ignore_dots_for_gmail_addresses", as_written)?;
    Ok(change)
}

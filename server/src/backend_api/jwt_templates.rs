//! `/v1/jwt_templates` (spec paths `/jwt_templates…`).

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::id::JwtTemplateId;
use crate::jwt_templates::{self, Algorithm, CLOCK_SKEW, Change, LIFETIME, OwnKey};
use crate::secret::MasterKey;
use crate::views;
use crate::wire::{Answer, Bare, COUNTED, Calls, FULL, Params, READ};

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, "/v1/jwt_templates", list)
        .post(FULL, "/v1/jwt_templates", create)
        .get(READ, "/v1/jwt_templates/{id}", show)
        .patch(FULL, "/v1/jwt_templates/{id}", update)
        .delete(FULL, "/v1/jwt_templates/{id}", delete)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let paginated = params.boolean("paginated")?.unwrap_or(false);
    let page = params.page()?;
    params.finish()?;
    let (templates, total) = app
        .db
        .read(move |tx| {
            let total = jwt_templates::count(tx, COUNTED)?;
            Ok((jwt_templates::list(tx, page)?, total))
        })
        .await?;
    let data: Vec<_> = templates.iter().map(views::jwt_template).collect();
    Ok(Json(if paginated {
        json!({ "data": data, "total_count": total })
    } else {
        json!(data)
    }))
}

async fn show(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let id = JwtTemplateId::from(id);
    let template = app.db.read(move |tx| jwt_templates::get(tx, &id)).await?;
    Ok(Json(views::jwt_template(&template)))
}

async fn create(State(app): State<App>, by: Caller, params: Params) -> Answer {
    let change = read(params, &app.master_key)?;
    let id = JwtTemplateId::new(by.at);
    let create = move |tx: &mut Write<'_>| jwt_templates::create(tx, &id, &change);
    app.answer(by, create, |_, made| views::jwt_template(made))
        .await
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    let change = read(params, &app.master_key)?;
    let id = JwtTemplateId::from(id);
    let changed = app
        .db
        .write(by, move |tx| jwt_templates::update(tx, &id, &change))
        .await?;
    Ok(Json(views::jwt_template(&changed)))
}

async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let id = JwtTemplateId::from(id);
    let gone = views::deleted("jwt_template", id.as_str());
    app.db
        .write(by, move |tx| jwt_templates::delete(tx, &id))
        .await?;
    Ok(Json(gone))
}

/// The same for a new template and for a change to one (spec: both must be given a name and claims).
pub(super) fn read(mut params: Params, master: &MasterKey) -> Result<Change> {
    let name = params.required_name("name", 255)?;
    let claims = params
        .object("claims")?
        .ok_or(Error::ParamMissing("claims"))?;
    let lifetime = within(&mut params, "lifetime", LIFETIME, 30, 315_360_000)?;
    let allowed_clock_skew = within(&mut params, "allowed_clock_skew", CLOCK_SKEW, 0, 300)?;
    let key = key(&mut params, master)?;
    params.finish()?;
    Ok(Change {
        name,
        claims,
        lifetime,
        allowed_clock_skew,
        key,
    })
}

/// A number between two others; null stands for the usual one.
fn within(
    params: &mut Params,
    name: &'static str,
    usual: i64,
    least: i64,
    most: i64,
) -> Result<Option<i64>> {
    if params.takes_null(name) {
        return Ok(Some(usual));
    }
    match params.integer(name)? {
        Some(number) if !(least..=most).contains(&number) => Err(Error::ParamValue(
            name,
            format!("between {least} and {most}"),
        )),
        given => Ok(given),
    }
}

/// The key, which comes with its algorithm and with the word that there is one, or not at all.
#[expect(
    clippy::option_option,
    reason = "not given, the instance's, and one of its own are three things in an update"
)]
fn key(params: &mut Params, master: &MasterKey) -> Result<Option<Option<OwnKey>>> {
    let own = params.boolean("custom_signing_key")?;
    let algorithm: Option<Algorithm> = params.word("signing_algorithm")?;
    let given = params.long_text("signing_key", KEY_MAX)?;
    if own == Some(true) {
        let algorithm = algorithm.ok_or(Error::ParamMissing("signing_algorithm"))?;
        let given = given.ok_or(Error::ParamMissing("signing_key"))?;
        return OwnKey::new(algorithm, &given, master).map(|key| Some(Some(key)));
    }
    if given.is_some() {
        let wanted = "true where a signing_key is given";
        return Err(Error::ParamValue("custom_signing_key", wanted.into()));
    }
    // The instance's key signs with RS256 and nothing else.
    if algorithm.is_some_and(|algorithm| algorithm != Algorithm::Rs256) {
        let wanted = "RS256 without a key of the template's own";
        return Err(Error::ParamValue("signing_algorithm", wanted.into()));
    }
    Ok(own.map(|_| None))
}

/// An RSA key of 8192 bits takes some 6,400 characters in PEM.
const KEY_MAX: usize = 8192;

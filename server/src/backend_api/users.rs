//! `/v1/users` (spec paths `/users…`).

pub(super) mod form;
mod row;
mod search;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::db::{Read, Write};
use crate::error::{Error, Result};
use crate::events::Action;
use crate::id::UserId;
use crate::passwords;
use crate::secret::Secret;
use crate::users::{self, Change, Edit, Verification};
use crate::views;
use crate::wire::{Answer, Bare, Calls, FULL, Params, READ};
pub(super) use form::time;
pub use row::UserRow;
pub(super) use row::{is_id, rfc_3339};
pub(super) use search::filter;

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, "/v1/users", list)
        .post(FULL, "/v1/users", create)
        .get(READ, "/v1/users/count", count)
        .post(FULL, "/v1/users/ban", ban_all)
        .post(FULL, "/v1/users/unban", unban_all)
        .get(READ, "/v1/users/{id}", show)
        .patch(FULL, "/v1/users/{id}", update)
        .delete(FULL, "/v1/users/{id}", delete)
        .post(FULL, "/v1/users/{id}/ban", ban)
        .post(FULL, "/v1/users/{id}/unban", unban)
        .post(FULL, "/v1/users/{id}/lock", lock)
        .post(FULL, "/v1/users/{id}/unlock", unlock)
        .patch(FULL, "/v1/users/{id}/metadata", merge_metadata)
        .put(FULL, "/v1/users/{id}/metadata", replace_metadata)
        .post(FULL, "/v1/users/{id}/verify_password", verify_password)
        .post(FULL, "/v1/users/{id}/remove_password", remove_password)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let filter = search::filter(&mut params)?;
    let selection = search::selection(&mut params)?;
    params.finish()?;
    let now = app.now();
    let is_search = filter.is_search() || !selection.order_by.is_by_creation();
    let find = move |tx: &mut Read<'_>| users::list(tx, &filter, &selection);
    let profiles = app.db.find(is_search, find).await?;
    Ok(Json(
        profiles
            .iter()
            .map(|one| views::user(one, &app.instance, now))
            .collect(),
    ))
}

async fn count(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let filter = search::filter(&mut params)?;
    // SDKs ask for a list and its count with the same parameters.
    search::selection(&mut params)?;
    params.finish()?;
    let total = app.db.search(move |tx| users::count(tx, &filter)).await?;
    Ok(Json(
        json!({ "object": "total_count", "total_count": total }),
    ))
}

async fn create(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let now = by.at;
    let statuses = [Verification::Verified, Verification::Reserved];
    let form = form::new_user(&mut params, &statuses, now)?;
    params.finish()?;
    let (identifiers, mut edits) = (form.identifiers, form.edits);
    edits.extend(form.password.edit().await?);
    let id = UserId::new(now);
    let create = move |tx: &mut Write<'_>| users::create(tx, &id, &identifiers, &edits);
    app.answer(by, create, move |app, made| {
        views::user(made, &app.instance, now)
    })
    .await
}

async fn show(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let id = UserId::from(id);
    let profile = app.db.read(move |tx| users::profile(tx, &id)).await?;
    Ok(Json(views::user(&profile, &app.instance, app.now())))
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let mut edits = form::edits(&mut params)?;
    edits.extend(form::primaries(&mut params)?);
    let sign_out = params.boolean("sign_out_of_other_sessions")?;
    let password = form::password(&mut params)?;
    params.finish()?;
    edits.extend(password.edit().await?);
    let change = Change {
        sign_out: sign_out.unwrap_or(false),
        ..Change::new(Action::UserUpdate, edits)
    };
    edit(&app, &id, change, by).await
}

async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let gone = views::deleted("user", &id);
    let id = UserId::from(id);
    app.db.write(by, move |tx| users::delete(tx, &id)).await?;
    Ok(Json(gone))
}

async fn ban(app: State<App>, id: Path<String>, by: Caller, params: Params) -> Answer {
    let change = Change::new(Action::UserBan, vec![Edit::Ban]);
    alone(app, id, by, params, change).await
}

async fn unban(app: State<App>, id: Path<String>, by: Caller, params: Params) -> Answer {
    let change = Change::new(Action::UserUnban, vec![Edit::Unban]);
    alone(app, id, by, params, change).await
}

async fn lock(app: State<App>, id: Path<String>, by: Caller, params: Params) -> Answer {
    let change = Change::new(Action::UserLock, vec![Edit::Lock]);
    alone(app, id, by, params, change).await
}

async fn unlock(app: State<App>, id: Path<String>, by: Caller, params: Params) -> Answer {
    let change = Change::new(Action::UserUnlock, vec![Edit::Unlock]);
    alone(app, id, by, params, change).await
}

async fn ban_all(app: State<App>, by: Caller, params: Params) -> Answer {
    let change = Change::new(Action::UserBan, vec![Edit::Ban]);
    edit_all(&app, params, change, by).await
}

async fn unban_all(app: State<App>, by: Caller, params: Params) -> Answer {
    let change = Change::new(Action::UserUnban, vec![Edit::Unban]);
    edit_all(&app, params, change, by).await
}

async fn merge_metadata(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let edits = form::metadata(&mut params, Edit::MergeMetadata)?;
    params.finish()?;
    edit(&app, &id, Change::new(Action::UserUpdate, edits), by).await
}

async fn replace_metadata(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let edits = form::metadata(&mut params, Edit::ReplaceMetadata)?;
    params.finish()?;
    edit(&app, &id, Change::new(Action::UserUpdate, edits), by).await
}

async fn verify_password(
    State(app): State<App>,
    Path(id): Path<String>,
    mut params: Params,
) -> Answer {
    let password = Secret::from(params.required_text("password", 1024)?);
    params.finish()?;
    let id = UserId::from(id);
    let user = app.db.read(move |tx| users::get(tx, &id)).await?;
    let hash = user.password.ok_or(Error::PasswordNotSet)?;
    passwords::verify(password, hash).await?;
    Ok(Json(json!({ "verified": true })))
}

async fn remove_password(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let sign_out = params
        .boolean("sign_out_of_other_sessions")?
        .unwrap_or(false);
    params.finish()?;
    let change = Change {
        sign_out,
        ..Change::new(Action::UserPasswordRemove, vec![Edit::Password(None)])
    };
    edit(&app, &id, change, by).await
}

/// A change that the path alone asks for.
async fn alone(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
    change: Change,
) -> Answer {
    params.finish()?;
    edit(&app, &id, change, by).await
}

/// Changes one user and shows it.
async fn edit(app: &App, id: &str, change: Change, by: Caller) -> Answer {
    let (id, now) = (UserId::from(id), by.at);
    let edit = move |tx: &mut Write<'_>| users::edit(tx, &id, &change);
    app.answer(by, edit, move |app, changed| {
        views::user(changed, &app.instance, now)
    })
    .await
}

/// As [`edit`], for 1 to 50 users (spec): all of them or, when one is unknown, none.
async fn edit_all(app: &App, mut params: Params, change: Change, by: Caller) -> Answer {
    let ids = params.texts("user_ids", 50)?;
    params.finish()?;
    if ids.is_empty() {
        return Err(Error::ParamMissing("user_ids"));
    }
    let mut ids: Vec<_> = ids.into_iter().map(UserId::from).collect();
    // In one order everywhere, so that two such calls never wait for each other's rows.
    ids.sort();
    ids.dedup();
    let now = by.at;
    let edit = move |tx: &mut Write<'_>| {
        let one = |id| users::edit(tx, id, &change);
        ids.iter().map(one).collect::<Result<Vec<_>>>()
    };
    app.answer(by, edit, move |app, changed| {
        let view = |one| views::user(one, &app.instance, now);
        changed.iter().map(view).collect()
    })
    .await
}

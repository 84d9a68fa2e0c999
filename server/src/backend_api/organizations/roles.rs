//! `/v1/organization_roles` and `/v1/organization_permissions` (spec paths of the same names).

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::Value;

use super::form;
use crate::app::App;
use crate::caller::Caller;
use crate::db::{Page, Read, Write};
use crate::error::{Error, Result};
use crate::id::{PermissionId, RoleId};
use crate::organizations::{self, Named, NamedOrder, PermissionChange, Role, RoleChange};
use crate::views;
use crate::wire::{Answer, Bare, Calls, FULL, Params, READ};

const ROLES: &str = "/v1/organization_roles";
const ROLE: &str = "/v1/organization_roles/{id}";
const HELD: &str = "/v1/organization_roles/{id}/permissions/{permission}";
const PERMISSIONS: &str = "/v1/organization_permissions";
const PERMISSION: &str = "/v1/organization_permissions/{id}";

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, ROLES, list)
        .post(FULL, ROLES, create)
        .get(READ, ROLE, show)
        .patch(FULL, ROLE, update)
        .delete(FULL, ROLE, delete)
        .post(FULL, HELD, give)
        .delete(FULL, HELD, take)
        .get(READ, PERMISSIONS, list_permissions)
        .post(FULL, PERMISSIONS, create_permission)
        .get(READ, PERMISSION, show_permission)
        .patch(FULL, PERMISSION, update_permission)
        .delete(FULL, PERMISSION, delete_permission)
}

/// How many permissions one role can be given at once.
const PERMISSIONS_MAX: usize = 500;

/// What to list, in which order.
struct Wish {
    text: Option<String>,
    order: NamedOrder,
    page: Page,
}

impl Wish {
    fn read(query: Option<&str>) -> Result<Self> {
        let mut params = Params::query(query)?;
        let (by, descending) = params.order(Named::Created)?;
        let wish = Self {
            text: params.text("query")?.filter(|text| !text.is_empty()),
            order: NamedOrder { by, descending },
            page: params.page()?,
        };
        params.ignore(&["paginated"]);
        params.finish()?;
        Ok(wish)
    }
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let wish = Wish::read(query.as_deref())?;
    let find = move |tx: &mut Read<'_>| {
        let (found, total) =
            organizations::list_roles(tx, wish.text.as_deref(), wish.order, wish.page)?;
        let permissions = organizations::permissions_of(tx, &found)?;
        let view = |role: &Role| views::role(role, &permissions);
        Ok((found.iter().map(view).collect::<Vec<_>>(), total))
    };
    let (data, total) = app.db.search(find).await?;
    Ok(Json(views::listed(&data, total)))
}

async fn show(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let id = RoleId::from(id);
    let find = move |tx: &mut Read<'_>| {
        let found = organizations::role(tx, &id)?;
        Ok(views::role(&found, &organizations::held_by(tx, &found)?))
    };
    app.db.read(find).await.map(Json)
}

pub(in crate::backend_api) fn change(params: &mut Params) -> Result<RoleChange> {
    let given = params.has("permissions");
    let permissions = params.texts("permissions", PERMISSIONS_MAX)?;
    Ok(RoleChange {
        name: form::name(params)?,
        key: params.text("key")?,
        description: params.nullable_text("description")?,
        permissions: given.then(|| permissions.into_iter().map(Into::into).collect()),
    })
}

async fn write(
    app: &App,
    by: Caller,
    with: impl Fn(&mut Write<'_>) -> Result<Role> + Send + 'static,
) -> Answer {
    let written = move |tx: &mut Write<'_>| {
        let written = with(tx)?;
        let held = organizations::held_by(tx, &written)?;
        Ok(views::role(&written, &held))
    };
    app.answer(by, written, |_, shown| shown.clone()).await
}

async fn create(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let new = change(&mut params)?;
    if new.name.is_none() {
        return Err(Error::ParamMissing("name"));
    }
    let why = "every organization has all roles";
    params.absent("include_in_initial_role_set", why)?;
    params.finish()?;
    let id = RoleId::new(by.at);
    write(&app, by, move |tx| {
        organizations::create_role(tx, &id, &new)
    })
    .await
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let change = change(&mut params)?;
    params.finish()?;
    let id = RoleId::from(id);
    write(&app, by, move |tx| {
        organizations::update_role(tx, &id, &change)
    })
    .await
}

async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let gone = views::deleted("role", &id);
    let id = RoleId::from(id);
    app.db
        .write(by, move |tx| organizations::delete_role(tx, &id))
        .await?;
    Ok(Json(gone))
}

async fn give(
    State(app): State<App>,
    Path((id, more)): Path<(String, String)>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let (id, more) = (RoleId::from(id), PermissionId::from(more));
    write(&app, by, move |tx| {
        organizations::give_permission(tx, &id, &more)
    })
    .await
}

async fn take(
    State(app): State<App>,
    Path((id, less)): Path<(String, String)>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let (id, less) = (RoleId::from(id), PermissionId::from(less));
    write(&app, by, move |tx| {
        organizations::take_permission(tx, &id, &less)
    })
    .await
}

async fn list_permissions(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let wish = Wish::read(query.as_deref())?;
    let find = move |tx: &mut Read<'_>| {
        organizations::list_permissions(tx, wish.text.as_deref(), wish.order, wish.page)
    };
    let (found, total) = app.db.search(find).await?;
    let data: Vec<Value> = found.iter().map(views::permission).collect();
    Ok(Json(views::listed(&data, total)))
}

async fn show_permission(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let id = PermissionId::from(id);
    let found = app.db.read(move |tx| organizations::permission(tx, &id));
    Ok(Json(views::permission(&found.await?)))
}

pub(in crate::backend_api) fn permission_change(params: &mut Params) -> Result<PermissionChange> {
    Ok(PermissionChange {
        name: form::name(params)?,
        key: params.text("key")?,
        description: params.text("description")?,
    })
}

async fn create_permission(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let new = permission_change(&mut params)?;
    params.finish()?;
    if new.name.is_none() {
        return Err(Error::ParamMissing("name"));
    }
    let id = PermissionId::new(by.at);
    let create = move |tx: &mut Write<'_>| organizations::create_permission(tx, &id, &new);
    app.answer(by, create, |_, made| views::permission(made))
        .await
}

async fn update_permission(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let change = permission_change(&mut params)?;
    params.finish()?;
    let id = PermissionId::from(id);
    let changed = app.db.write(by, move |tx| {
        organizations::update_permission(tx, &id, &change)
    });
    Ok(Json(views::permission(&changed.await?)))
}

async fn delete_permission(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let gone = views::deleted("permission", &id);
    let id = PermissionId::from(id);
    app.db
        .write(by, move |tx| organizations::delete_permission(tx, &id))
        .await?;
    Ok(Json(gone))
}

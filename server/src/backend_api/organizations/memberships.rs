//! `/v1/organizations/{id}/memberships`, `/v1/organization_memberships` and `/v1/users/{id}/organization_memberships` (spec
//! paths of the same names).

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::Value;

use super::super::users::filter;
use super::form;
use crate::app::App;
use crate::caller::Caller;
use crate::db::Write;
use crate::error::Result;
use crate::id::{MembershipId, OrganizationId, UserId};
use crate::organizations::{self, Member, MemberFilter, MemberOrder, NewMembership};
use crate::users;
use crate::views;
use crate::wire::{Answer, Calls, FULL, Params, READ};

const ALL: &str = "/v1/organizations/{id}/memberships";
const ONE: &str = "/v1/organizations/{id}/memberships/{user}";

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, ALL, list)
        .post(FULL, ALL, create)
        .patch(FULL, ONE, update)
        .delete(FULL, ONE, delete)
        .patch(
            FULL,
            "/v1/organizations/{id}/memberships/{user}/metadata",
            merge_metadata,
        )
        .get(READ, "/v1/organization_memberships", list_all)
        .get(
            READ,
            "/v1/users/{id}/organization_memberships",
            list_of_user,
        )
}

async fn list(State(app): State<App>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let users = filter(&mut params)?;
    let filter = MemberFilter {
        organization: Some(id.into()),
        roles: params.texts("role", form::VALUES_MAX)?,
        by_user: users.restricts(),
        users,
        ..MemberFilter::default()
    };
    listed(&app, params, filter).await
}

async fn list_all(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let params = Params::query(query.as_deref())?;
    listed(&app, params, MemberFilter::default()).await
}

async fn list_of_user(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let params = Params::query(query.as_deref())?;
    let user = UserId::from(id);
    let filter = MemberFilter {
        user: Some(user.clone()),
        ..MemberFilter::default()
    };
    app.db.read(move |tx| users::get(tx, &user)).await?;
    listed(&app, params, filter).await
}

/// A page of memberships and how many there are.
async fn listed(app: &App, mut params: Params, filter: MemberFilter) -> Answer {
    let (page, order) = (params.page()?, params.order(MemberOrder::Created)?);
    params.ignore(&["paginated"]);
    params.finish()?;
    let (found, total) = app.members(filter, order, page).await?;
    let data: Vec<Value> = found
        .iter()
        .map(|one| views::membership(one, &app.instance))
        .collect();
    Ok(Json(views::listed(&data, total)))
}

async fn create(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let new = NewMembership {
        id: MembershipId::new(by.at),
        organization: id.into(),
        user: params.required_text("user_id", 64)?.into(),
        public_metadata: params.object("public_metadata")?.unwrap_or_default(),
        private_metadata: params.object("private_metadata")?.unwrap_or_default(),
    };
    let role = params.required_text("role", 256)?;
    params.finish()?;
    let add = move |tx: &mut Write<'_>| organizations::add_member(tx, &new, &role);
    app.answer(by, add, |app, made| views::membership(made, &app.instance))
        .await
}

fn one(app: &App, member: Result<Member>) -> Answer {
    Ok(Json(views::membership(&member?, &app.instance)))
}

async fn update(
    State(app): State<App>,
    Path((id, user)): Path<(String, String)>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let role = params.required_text("role", 256)?;
    params.finish()?;
    let (id, user) = (OrganizationId::from(id), UserId::from(user));
    let changed = app
        .db
        .write(by, move |tx| organizations::set_role(tx, &id, &user, &role));
    one(&app, changed.await)
}

async fn merge_metadata(
    State(app): State<App>,
    Path((id, user)): Path<(String, String)>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let change = form::metadata(&mut params, true)?;
    params.finish()?;
    let (id, user) = (OrganizationId::from(id), UserId::from(user));
    let changed = app.db.write(by, move |tx| {
        organizations::set_member_metadata(tx, &id, &user, &change)
    });
    one(&app, changed.await)
}

async fn delete(
    State(app): State<App>,
    Path((id, user)): Path<(String, String)>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let (id, user) = (OrganizationId::from(id), UserId::from(user));
    let gone = app
        .db
        .write(by, move |tx| organizations::remove_member(tx, &id, &user));
    one(&app, gone.await)
}

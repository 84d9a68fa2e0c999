//! `/v1/organizations` (spec paths `/organizations…`), and what belongs to them.

mod domains;
pub(super) mod form;
mod invitations;
mod memberships;
pub(super) mod roles;
pub(super) mod settings;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::users::time;
use crate::app::App;
use crate::caller::Caller;
use crate::db::{Read, Write};
use crate::error::{Error, OrganizationError, Result};
use crate::id::{MembershipId, OrganizationId};
use crate::organizations::{
    self, Change, Filter, NewOrganization, OrderBy, Organization, lacks_manager,
};
use crate::views;
use crate::wire::{Answer, Calls, FULL, Params, READ, header};

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, "/v1/organizations", list)
        .post(FULL, "/v1/organizations", create)
        .get(READ, "/v1/organizations/{id}", show)
        .patch(FULL, "/v1/organizations/{id}", update)
        .delete(FULL, "/v1/organizations/{id}", delete)
        .patch(FULL, "/v1/organizations/{id}/metadata", merge_metadata)
        .put(FULL, "/v1/organizations/{id}/metadata", replace_metadata)
        .put(FULL, "/v1/organizations/{id}/logo", set_logo)
        .delete(FULL, "/v1/organizations/{id}/logo", remove_logo)
        .merge(memberships::routes())
        .merge(invitations::routes())
        .merge(domains::routes())
        .merge(roles::routes())
        .merge(settings::routes())
}

/// Which counts and hints an answer shall have.
#[derive(Clone, Copy)]
struct Wanted {
    counts: bool,
    managers: bool,
}

impl Wanted {
    fn read(params: &mut Params) -> Result<Self> {
        let missing = "include_missing_member_with_elevated_permissions";
        Ok(Self {
            counts: params.boolean("include_members_count")?.unwrap_or(false),
            managers: params.boolean(missing)?.unwrap_or(false),
        })
    }

    fn view(self, tx: &mut Read<'_>, organization: &Organization) -> Result<Value> {
        let mut view = views::organization(organization, self.counts);
        if self.managers {
            let lacks = lacks_manager(tx, &organization.id)?;
            view["missing_member_with_elevated_permissions"] = lacks.into();
        }
        Ok(view)
    }
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let wanted = Wanted::read(&mut params)?;
    let (page, order) = (params.page()?, params.order(OrderBy::Created)?);
    let filter = Filter {
        query: params.text("query")?.filter(|text| !text.is_empty()),
        user_ids: params.texts("user_id", form::VALUES_MAX)?,
        ids: params.texts("organization_id", form::VALUES_MAX)?,
    };
    params.ignore(&["paginated"]);
    params.finish()?;
    let now = app.now();
    let find = move |tx: &mut Read<'_>| {
        let total = organizations::count(tx, &filter)?;
        let found = organizations::list(tx, &filter, order, page, now)?;
        let views: Result<Vec<Value>> = found.iter().map(|one| wanted.view(tx, one)).collect();
        Ok((views?, total))
    };
    // The number of all is asked for with every page.
    let (data, total) = app.db.search(find).await?;
    Ok(Json(views::listed(&data, total)))
}

async fn create(State(app): State<App>, by: Caller, mut params: Params) -> Answer {
    let new = NewOrganization {
        id: OrganizationId::new(by.at),
        membership: MembershipId::new(by.at),
        name: form::name(&mut params)?.ok_or(Error::ParamMissing("name"))?,
        slug: params.text("slug")?.filter(|slug| !slug.is_empty()),
        created_by: params
            .text("created_by")?
            .filter(|id| !id.is_empty())
            .map(Into::into),
        public_metadata: params.object("public_metadata")?.unwrap_or_default(),
        private_metadata: params.object("private_metadata")?.unwrap_or_default(),
        max_allowed_memberships: form::max_members(&mut params)?,
        created_at: time(&mut params, "created_at")?,
    };
    form::no_role_set(&mut params)?;
    params.finish()?;
    let create = move |tx: &mut Write<'_>| organizations::create(tx, &new);
    app.answer(by, create, |_, made| views::organization(made, true))
        .await
}

async fn show(State(app): State<App>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let wanted = Wanted::read(&mut params)?;
    params.finish()?;
    let now = app.now();
    let find = move |tx: &mut Read<'_>| {
        let found = organizations::get(tx, &id, now)?;
        wanted.view(tx, &found)
    };
    app.db.read(find).await.map(Json)
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let change = Change {
        name: form::name(&mut params)?,
        slug: params.text("slug")?,
        max_allowed_memberships: form::max_members(&mut params)?,
        admin_delete_enabled: params.boolean("admin_delete_enabled")?,
        created_at: time(&mut params, "created_at")?,
        ..Change::default()
    };
    form::no_role_set(&mut params)?;
    params.finish()?;
    changed(&app, id, by, change).await
}

async fn merge_metadata(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let metadata = form::metadata(&mut params, true)?;
    params.finish()?;
    let change = Change {
        metadata,
        ..Change::default()
    };
    changed(&app, id, by, change).await
}

async fn replace_metadata(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let metadata = form::metadata(&mut params, false)?;
    params.finish()?;
    let change = Change {
        metadata,
        ..Change::default()
    };
    changed(&app, id, by, change).await
}

/// The description has a file sent here. Standin keeps none, and takes the logo's address instead.
async fn set_logo(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    by: Caller,
    params: Result<Params>,
) -> Answer {
    let kind = header(&headers, CONTENT_TYPE).unwrap_or_default();
    if !kind.trim_start().starts_with("application/json") {
        return Err(OrganizationError::LogoByAddress.into());
    }
    let mut params = params?;
    let logo = organizations::logo(&params.required_text("image_url", 2048)?)?;
    params.finish()?;
    let change = Change {
        logo: Some(Some(logo)),
        ..Change::default()
    };
    changed(&app, id, by, change).await
}

async fn remove_logo(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let change = Change {
        logo: Some(None),
        ..Change::default()
    };
    changed(&app, id, by, change).await
}

async fn changed(app: &App, id: String, by: Caller, change: Change) -> Answer {
    let id = OrganizationId::from(id);
    let changed = app
        .db
        .write(by, move |tx| organizations::update(tx, &id, &change));
    Ok(Json(views::organization(&changed.await?, true)))
}

async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let id = OrganizationId::from(id);
    let gone = app
        .db
        .write(by, move |tx| organizations::delete(tx, &id))
        .await?;
    let mut view = views::deleted("organization", gone.id.as_str());
    view["slug"] = gone.slug.into();
    Ok(Json(view))
}

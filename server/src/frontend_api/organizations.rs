//! `/v1/organizations` (spec paths `/v1/organizations…`), for pages of members. What a member may do, the permissions of its
//! role say; the house holds each call against them. An agent's page reads what its user may read and changes nothing.

mod invitations;
mod mine;
mod parts;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, put};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::asked::{Asked, Plain};
use super::client::Seen;
use crate::app::App;
use crate::caller::Caller;
use crate::db::{Page, Read, Write};
use crate::error::{Error, OrganizationError, Result};
use crate::id::{MembershipId, OrganizationId};
use crate::organizations::{self, Active, Change, NewOrganization, Permit, system};
use crate::sessions::{self, Session};
use crate::views;
use crate::wire::{Answer, Browser, Params, Reply, header};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/organizations", axum::routing::post(create))
        .route(
            "/v1/organizations/{id}",
            get(show).patch(update).delete(delete),
        )
        .route(
            "/v1/organizations/{id}/logo",
            put(set_logo).delete(remove_logo),
        )
        .merge(parts::routes())
        .merge(invitations::routes())
        .merge(mine::routes())
}

/// Which part of a list a page wants.
fn page(params: &mut Params) -> Result<Page> {
    if params.boolean("paginated")? == Some(false) {
        let by_pages = "true or left out: lists are answered by pages";
        return Err(Error::ParamValue("paginated", by_pages.into()));
    }
    params.page()
}

/// Reads for the session of a page.
async fn read<T: Send + 'static>(
    app: &App,
    browser: Browser,
    with: impl Fn(&mut Read<'_>, &Session) -> Result<T> + Send + 'static,
) -> Result<T> {
    let now = app.now();
    app.db
        .read(move |tx| {
            let (_, session) = sessions::of_page(tx, browser.meant(), now)?;
            with(tx, &session)
        })
        .await
}

/// The answer to a read.
fn answer(response: &Value) -> Json<Value> {
    Json(json!({ "response": response, "client": null }))
}

/// Changes something for the session of a page, and answers with the outcome and the client as it is afterwards.
async fn write(
    app: &App,
    browser: Browser,
    by: Caller,
    with: impl Fn(&mut Write<'_>, &Session) -> Result<Value> + Send + 'static,
) -> Reply {
    let (now, origin) = (by.at, browser.origin.clone());
    let written = app.db.write(by, move |tx| {
        let (_, session) = sessions::of_user(tx, browser.meant(), now)?;
        tx.acts_as(session.acting());
        let response = with(tx, &session)?;
        Ok((response, Seen::find(tx, &browser, now)?))
    });
    let (response, seen) = written.await?;
    let client = match seen {
        Some(seen) => seen.view(app, origin.as_deref(), now).await?,
        None => Value::Null,
    };
    Ok(Json(json!({ "response": response, "client": client })).into_response())
}

/// The organization with this id or slug, where the session's user has this permission.
fn permitted(
    tx: &mut Read<'_>,
    session: &Session,
    id: &str,
    needs: Option<&'static str>,
) -> Result<OrganizationId> {
    let user = &session.user_id;
    organizations::permit(tx, id, Permit { user, needs })
}

/// Changes something in the organization with this id, where the role of the page's user has the permission for it.
async fn change(
    app: &App,
    browser: Browser,
    by: Caller,
    (id, needs): (String, &'static str),
    with: impl Fn(&mut Write<'_>, &Session, &OrganizationId) -> Result<Value> + Send + 'static,
) -> Reply {
    write(app, browser, by, move |tx, session| {
        let id = permitted(tx, session, &id, Some(needs))?;
        with(tx, session, &id)
    })
    .await
}

async fn create(State(app): State<App>, Asked(browser, by, mut params): Asked) -> Reply {
    let name = organizations::name(params.required_text("name", 2048)?)?;
    let slug = params.text("slug")?.filter(|slug| !slug.is_empty());
    params.finish()?;
    let (id, membership) = (OrganizationId::new(by.at), MembershipId::new(by.at));
    write(&app, browser, by, move |tx, session| {
        let new = NewOrganization {
            id: id.clone(),
            membership: membership.clone(),
            name: name.clone(),
            slug: slug.clone(),
            created_by: Some(session.user_id.clone()),
            public_metadata: serde_json::Map::new(),
            private_metadata: serde_json::Map::new(),
            max_allowed_memberships: None,
            created_at: None,
        };
        organizations::create_own(tx, &new).map(|made| views::own_organization(&made))
    })
    .await
}

async fn show(State(app): State<App>, Path(id): Path<String>, Plain(browser, _): Plain) -> Answer {
    let now = app.now();
    let found = read(&app, browser, move |tx, session| {
        let active = Active::find(tx, &session.user_id, &id)?
            .ok_or(OrganizationError::NotFoundOrUnauthorized)?;
        organizations::get(tx, active.id.as_str(), now)
    });
    Ok(answer(&views::own_organization(&found.await?)))
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Reply {
    let change = Change {
        name: params.text("name")?.map(organizations::name).transpose()?,
        slug: params.text("slug")?,
        ..Change::default()
    };
    params.finish()?;
    changed(&app, id, browser, by, change).await
}

async fn changed(app: &App, id: String, browser: Browser, by: Caller, change: Change) -> Reply {
    let place = (id, system::PROFILE_MANAGE);
    self::change(app, browser, by, place, move |tx, _, id| {
        let changed = organizations::update(tx, id, &change)?;
        Ok(views::own_organization(&changed))
    })
    .await
}

/// Files are not kept, as clerk-js sends one; a page may give the logo's address.
async fn set_logo(
    State(app): State<App>,
    (Path(id), headers): (Path<String>, HeaderMap),
    asked: Result<Asked>,
) -> Reply {
    let kind = header(&headers, CONTENT_TYPE).unwrap_or_default();
    let kind = kind.trim_start();
    if !kind.starts_with("application/json") && !kind.starts_with("application/x-www-form") {
        return Err(OrganizationError::LogoByAddress.into());
    }
    let Asked(browser, by, mut params) = asked?;
    params.absent("file", "no files are kept; `image_url` takes an address")?;
    let address = params.required_text("image_url", 2048)?;
    params.finish()?;
    let change = Change {
        logo: Some(Some(organizations::logo(&address)?)),
        ..Change::default()
    };
    changed(&app, id, browser, by, change).await
}

async fn remove_logo(
    State(app): State<App>,
    Path(id): Path<String>,
    Plain(browser, by): Plain,
) -> Reply {
    let change = Change {
        logo: Some(None),
        ..Change::default()
    };
    changed(&app, id, browser, by, change).await
}

async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    Plain(browser, by): Plain,
) -> Reply {
    let place = (id, system::PROFILE_DELETE);
    change(&app, browser, by, place, move |tx, _, id| {
        let now = tx.now();
        if !organizations::get(tx, id.as_str(), now)?.admin_delete_enabled {
            return Err(OrganizationError::AdminDeleteNotEnabled.into());
        }
        organizations::delete(tx, id)?;
        Ok(views::deleted("organization", id.as_str()))
    })
    .await
}

//! Organizations and who is in them.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};

use super::gate::Visitor;
use super::page::{Cell, Page, Table};
use super::show::{self, ROWS};
use crate::app::App;
use crate::db::Read;
use crate::error::Result;
use crate::organizations::{
    self, Filter, Member, MemberFilter, MemberOrder, OrderBy, Organization,
};
use crate::wire::Params;

const ROOM: &str = "/dashboard/organizations";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/organizations/{id}", get(one))
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let mut params = Params::query(query.as_deref())?;
    let text = params.text("query")?.filter(|text| !text.is_empty());
    let part = show::part(params.integer("offset")?, ROWS);
    params.finish()?;
    let now = app.now();
    let filter = Filter {
        query: text.clone(),
        ..Filter::default()
    };
    let look = move |tx: &mut Read<'_>| {
        organizations::list(tx, &filter, (OrderBy::Created, true), part, now)
    };
    let found = if text.is_some() {
        app.db.search(look).await?
    } else {
        app.db.read(look).await?
    };
    let row = |one: &Organization| {
        vec![
            Cell::link(show::organization(one.id.as_str()), &one.name),
            Cell::text_if(one.slug.as_deref()),
            Cell::code(&one.id),
            Cell::text(one.members_count.to_string()),
            Cell::moment(one.created_at, now),
        ]
    };
    let columns = ["Name", "Slug", "Id", "Members", "Created"];
    let older = || format!("{ROOM}?offset={}", part.offset + ROWS);
    let mut page = Page::new(ROOM, "Organizations");
    page.search = Some(("Part of a name or slug, or an id", text.unwrap_or_default()));
    page.tables.push(
        Table::new("Organizations", &columns, "None.")
            .rows(found.iter().map(row))
            .part(ROWS, older),
    );
    page.answer(&visitor)
}

async fn one(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let mut params = Params::query(query.as_deref())?;
    let part = show::part(params.integer("offset")?, ROWS);
    params.finish()?;
    let now = app.now();
    let look = move |tx: &mut Read<'_>| {
        let organization = organizations::get(tx, &id, now)?;
        let its = MemberFilter {
            organization: Some(organization.id.clone()),
            ..MemberFilter::default()
        };
        let members = organizations::members(tx, &its, (MemberOrder::Created, true), part, now)?;
        Ok((organization, members))
    };
    let (organization, members) = app.db.read(look).await?;
    let mut page = Page::new(ROOM, &organization.name);
    page.facts = vec![
        ("Id", Cell::code(&organization.id)),
        ("Slug", Cell::text_if(organization.slug.as_deref())),
        (
            "Members",
            Cell::text(organization.members_count.to_string()),
        ),
        (
            "Invited",
            Cell::text(organization.pending_invitations.to_string()),
        ),
        ("Created", Cell::moment(organization.created_at, now)),
    ];
    let row = |one: &Member| {
        vec![
            Cell::link(
                show::user(one.profile.user.id.as_str()),
                show::name(&one.profile),
            ),
            Cell::text(&one.membership.role_name),
            Cell::moment(one.membership.created_at, now),
        ]
    };
    let here = show::organization(organization.id.as_str());
    let older = || format!("{here}?offset={}", part.offset + ROWS);
    let columns = ["Member", "Role", "Since"];
    page.tables.push(
        Table::new("Members", &columns, "None.")
            .rows(members.iter().map(row))
            .part(ROWS, older),
    );
    page.answer(&visitor)
}

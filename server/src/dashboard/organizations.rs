//! Organizations and who is in them.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use super::look::Look;
use super::page::{Cell, Table};
use super::show;
use crate::app::App;
use crate::db::Read;
use crate::error::Result;
use crate::organizations::{
    self, Filter, Member, MemberFilter, MemberOrder, OrderBy, Organization,
};

const ROOM: &str = "/dashboard/organizations";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/organizations/{id}", get(one))
}

async fn list(State(app): State<App>, mut look: Look) -> Result<Response> {
    let text = look.params.text("query")?;
    let text = text.filter(|text| !text.is_empty());
    let (mut page, part) = (look.begin(ROOM)?, look.part);
    let now = app.now();
    let filter = Filter {
        query: text.clone(),
        ..Filter::default()
    };
    let read = move |tx: &mut Read<'_>| {
        organizations::list(tx, &filter, (OrderBy::Created, true), part, now)
    };
    let found = app.db.find(text.is_some(), read).await?;
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
    page.title("Organizations");
    page.search = Some(("Part of a name or slug, or an id", text.unwrap_or_default()));
    let table = Table::new("Organizations", &columns, "None.").rows(found.iter().map(row));
    page.tables.push(look.rows(table, ROOM));
    page.answer()
}

async fn one(State(app): State<App>, Path(id): Path<String>, mut look: Look) -> Result<Response> {
    let (mut page, part) = (look.begin(ROOM)?, look.part);
    let now = app.now();
    let read = move |tx: &mut Read<'_>| {
        let organization = organizations::get(tx, &id, now)?;
        let its = MemberFilter {
            organization: Some(organization.id.clone()),
            ..MemberFilter::default()
        };
        let members = organizations::members(tx, &its, (MemberOrder::Created, true), part, now)?;
        Ok((organization, members))
    };
    let (organization, members) = app.db.read(read).await?;
    page.title(&organization.name);
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
    let columns = ["Member", "Role", "Since"];
    let table = Table::new("Members", &columns, "None.").rows(members.iter().map(row));
    page.tables.push(look.rows(table, &here));
    page.answer()
}

//! Members, roles and domains of an organization, for pages of its members (spec paths `/v1/organizations/{id}/…`).

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, patch};
use serde_json::{Map, Value, json};

use super::{answer, change, page, permitted, read};
use crate::app::App;
use crate::error::Error;
use crate::frontend_api::asked::{Asked, Plain};
use crate::id::{DomainId, MembershipId, UserId};
use crate::organizations::{
    self, DomainFilter, DomainOrder, Member, MemberFilter, MemberOrder, Named, NamedOrder,
    NewMembership, system,
};
use crate::users;
use crate::views;
use crate::wire::{Answer, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{id}/memberships", get(members).post(add))
        .route(
            "/v1/organizations/{id}/memberships/{user}",
            patch(set_role).delete(remove),
        )
        .route("/v1/organizations/{id}/membership_requests", get(requests))
        .route("/v1/organizations/{id}/roles", get(roles))
        .route(
            "/v1/organizations/{id}/domains",
            get(domains).fallback(async || Error::RouteUnknown),
        )
        .route(
            "/v1/organizations/{id}/domains/{domain}",
            get(domain)
                .delete(remove_domain)
                .fallback(async || Error::RouteUnknown),
        )
}

fn view(app: &App, member: &Member) -> Value {
    let Member {
        membership,
        organization,
        profile,
        ..
    } = member;
    views::own_membership(membership, organization, profile, &app.instance)
}

async fn members(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, _, mut params): Asked,
) -> Answer {
    let (page, order) = (page(&mut params)?, params.order(MemberOrder::Created)?);
    let part = params.text("query")?.filter(|part| !part.is_empty());
    let given = params.texts("role", 100)?;
    let roles = given.iter().flat_map(|role| role.split(','));
    let roles: Vec<String> = roles.map(ToOwned::to_owned).collect();
    params.finish()?;
    let organization = read(&app, browser, move |tx, session| {
        permitted(tx, session, &id, Some(system::MEMBERSHIPS_READ))
    });
    let filter = MemberFilter {
        organization: Some(organization.await?),
        roles,
        by_user: part.is_some(),
        users: users::Filter {
            query: part,
            ..users::Filter::default()
        },
        ..MemberFilter::default()
    };
    let (found, total) = app.members(filter, order, page).await?;
    let data: Vec<Value> = found.iter().map(|one| view(&app, one)).collect();
    Ok(answer(&views::listed(&data, total)))
}

async fn add(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, mut params): Asked,
) -> Reply {
    let user = UserId::from(params.required_text("user_id", 64)?);
    let role = params.required_text("role", 256)?;
    params.finish()?;
    let membership = MembershipId::new(by.at);
    let of = app.clone();
    let place = (id, system::MEMBERSHIPS_MANAGE);
    change(&app, browser, by, place, move |tx, _, id| {
        let new = NewMembership {
            id: membership.clone(),
            organization: id.clone(),
            user: user.clone(),
            public_metadata: Map::new(),
            private_metadata: Map::new(),
        };
        organizations::add_member(tx, &new, &role).map(|made| view(&of, &made))
    })
    .await
}

async fn set_role(
    State(app): State<App>,
    Path((id, user)): Path<(String, String)>,
    Asked(browser, by, mut params): Asked,
) -> Reply {
    let role = params.required_text("role", 256)?;
    params.finish()?;
    let user = UserId::from(user);
    let of = app.clone();
    let place = (id, system::MEMBERSHIPS_MANAGE);
    change(&app, browser, by, place, move |tx, _, id| {
        organizations::set_role(tx, id, &user, &role).map(|changed| view(&of, &changed))
    })
    .await
}

async fn remove(
    State(app): State<App>,
    Path((id, user)): Path<(String, String)>,
    Plain(browser, by): Plain,
) -> Reply {
    let user = UserId::from(user);
    let of = app.clone();
    let place = (id, system::MEMBERSHIPS_MANAGE);
    change(&app, browser, by, place, move |tx, _, id| {
        organizations::remove_member(tx, id, &user).map(|gone| view(&of, &gone))
    })
    .await
}

/// Nobody asks to come in: that is done by domains that enroll, which Standin has none of.
async fn requests(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, _, mut params): Asked,
) -> Answer {
    page(&mut params)?;
    params.ignore(&["status"]);
    params.finish()?;
    read(&app, browser, move |tx, session| {
        permitted(tx, session, &id, Some(system::MEMBERSHIPS_MANAGE))
    })
    .await?;
    Ok(answer(&views::listed(&[], 0)))
}

async fn roles(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, _, mut params): Asked,
) -> Answer {
    let page = page(&mut params)?;
    params.finish()?;
    let order = NamedOrder {
        by: Named::Created,
        descending: false,
    };
    let found = read(&app, browser, move |tx, session| {
        permitted(tx, session, &id, None)?;
        let (found, total) = organizations::list_roles(tx, None, order, page)?;
        let permissions = organizations::permissions_of(tx, &found)?;
        Ok((found, permissions, total))
    });
    let (found, permissions, total) = found.await?;
    let view = |role| views::role(role, &permissions);
    let data: Vec<Value> = found.iter().map(view).collect();
    Ok(answer(
        &json!({ "data": data, "total_count": total, "has_role_set_migration": false }),
    ))
}

async fn domains(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, _, mut params): Asked,
) -> Answer {
    let page = page(&mut params)?;
    let mode = params.text("enrollment_mode")?;
    let mut filter = DomainFilter {
        verified: params.boolean("verified")?,
        // All are of this one.
        nothing: mode.is_some_and(|mode| mode != "manual_invitation"),
        ..DomainFilter::default()
    };
    params.finish()?;
    let order = (DomainOrder::Created, true);
    let organization = read(&app, browser, move |tx, session| {
        permitted(tx, session, &id, Some(system::DOMAINS_READ))
    });
    filter.organization = Some(organization.await?);
    let find = move |tx: &mut crate::db::Read<'_>| {
        let total = organizations::count_domains(tx, &filter)?;
        Ok((
            organizations::list_domains(tx, &filter, order, page)?,
            total,
        ))
    };
    let (found, total) = app.db.read(find).await?;
    let data: Vec<Value> = found
        .iter()
        .map(|one| views::organization_domain(one, None))
        .collect();
    Ok(answer(&views::listed(&data, total)))
}

async fn domain(
    State(app): State<App>,
    Path((id, domain)): Path<(String, String)>,
    Plain(browser, _): Plain,
) -> Answer {
    let domain = DomainId::from(domain);
    let found = read(&app, browser, move |tx, session| {
        let id = permitted(tx, session, &id, Some(system::DOMAINS_READ))?;
        organizations::domain(tx, &id, &domain)
    });
    Ok(answer(&views::organization_domain(&found.await?, None)))
}

async fn remove_domain(
    State(app): State<App>,
    Path((id, domain)): Path<(String, String)>,
    Plain(browser, by): Plain,
) -> Reply {
    let place = (id, system::DOMAINS_MANAGE);
    change(&app, browser, by, place, move |tx, _, id| {
        organizations::remove_domain(tx, id, &DomainId::from(domain.as_str()))?;
        Ok(views::deleted("organization_domain", &domain))
    })
    .await
}

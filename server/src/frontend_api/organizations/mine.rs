//! The user's own place in organizations (spec paths `/v1/me/organization_…`).

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

use super::{answer, page, permitted, read, write};
use crate::app::App;
use crate::frontend_api::asked::{Asked, Plain};
use crate::id::{InvitationId, MembershipId};
use crate::organizations::{self, InvitationFilter, InvitationOrder, MemberFilter, MemberOrder};
use crate::views;
use crate::wire::{Answer, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/me/organization_memberships", get(memberships))
        .route("/v1/me/organization_memberships/{id}", delete(leave))
        .route("/v1/me/organization_invitations", get(invitations))
        .route("/v1/me/organization_invitations/{id}/accept", post(accept))
        .route("/v1/me/organization_suggestions", get(suggestions))
        .route("/v1/me/organization_creation_defaults", get(defaults))
}

async fn memberships(State(app): State<App>, Asked(browser, _, mut params): Asked) -> Answer {
    let page = page(&mut params)?;
    params.finish()?;
    let now = app.now();
    let order = (MemberOrder::Created, true);
    let found = read(&app, browser, move |tx, session| {
        let filter = MemberFilter {
            user: Some(session.user_id.clone()),
            ..MemberFilter::default()
        };
        let total = organizations::count_members(tx, &filter, now)?;
        Ok((
            organizations::members(tx, &filter, order, page, now)?,
            total,
        ))
    });
    let (found, total) = found.await?;
    let view = |one: &organizations::Member| {
        views::own_membership(
            &one.membership,
            &one.organization,
            &one.profile,
            &app.instance,
        )
    };
    let data: Vec<Value> = found.iter().map(view).collect();
    Ok(answer(&views::listed(&data, total)))
}

async fn leave(State(app): State<App>, Path(id): Path<String>, Plain(browser, by): Plain) -> Reply {
    write(&app, browser, by, move |tx, session| {
        let id = permitted(tx, session, &id, None)?;
        let gone = organizations::remove_member(tx, &id, &session.user_id)?;
        let id = gone.membership.id;
        Ok(views::deleted("organization_membership", id.as_str()))
    })
    .await
}

/// Invitations of addresses that the user has proven to hold.
async fn invitations(State(app): State<App>, Asked(browser, _, mut params): Asked) -> Answer {
    let page = page(&mut params)?;
    let statuses = params.words("status")?;
    params.finish()?;
    let now = app.now();
    let order = (InvitationOrder::Created, true);
    let found = read(&app, browser, move |tx, session| {
        let filter = InvitationFilter {
            holder: Some(session.user_id.clone()),
            statuses: statuses.clone(),
            ..InvitationFilter::default()
        };
        let total = organizations::count_invitations(tx, &filter, now)?;
        let found = organizations::invitations(tx, &filter, order, page, now)?;
        Ok((organizations::invited(tx, found, now)?, total))
    });
    let (found, total) = found.await?;
    let view = |one: &organizations::Invited| {
        views::own_invitation(&one.invitation, Some(&one.organization), now)
    };
    let data: Vec<Value> = found.iter().map(view).collect();
    Ok(answer(&views::listed(&data, total)))
}

async fn accept(
    State(app): State<App>,
    Path(id): Path<String>,
    Plain(browser, by): Plain,
) -> Reply {
    let (now, id) = (by.at, InvitationId::from(id));
    let membership = MembershipId::new(now);
    write(&app, browser, by, move |tx, session| {
        let user = &session.user_id;
        let accepted = organizations::accept_invitation(tx, &id, user, &membership)?;
        let whole = organizations::invited(tx, vec![accepted], now)?;
        let view = |one: &organizations::Invited| {
            views::own_invitation(&one.invitation, Some(&one.organization), now)
        };
        Ok(whole.first().map(view).unwrap_or_default())
    })
    .await
}

/// Nothing is suggested: that is done by domains that enroll, which Standin has none of.
async fn suggestions(State(app): State<App>, Asked(browser, _, mut params): Asked) -> Answer {
    page(&mut params)?;
    params.ignore(&["status"]);
    params.finish()?;
    read(&app, browser, |_, _| Ok(())).await?;
    Ok(answer(&views::listed(&[], 0)))
}

/// What a form for a new organization begins with: nothing.
async fn defaults(State(app): State<App>, Plain(browser, _): Plain) -> Answer {
    read(&app, browser, |_, _| Ok(())).await?;
    Ok(answer(&json!({
        "advisory": null,
        "form": { "name": "", "slug": "", "logo": null, "blur_hash": null },
    })))
}

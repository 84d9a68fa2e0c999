//! Invitations, for pages of members who manage them (spec paths `/v1/organizations/{id}/invitations…`).
//!
//! No link is given to a page: it would sign its administrator in as whoever was invited. The invited find the invitation in
//! their own page, and the application's server can make one with a link.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde_json::{Map, Value};

use super::{answer, change, page, permitted, read};
use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::frontend_api::asked::{Asked, Plain};
use crate::id::InvitationId;
use crate::invitations::Status;
use crate::organizations::{self, InvitationFilter, InvitationOrder, NewInvitation, system};
use crate::users::IdentifierKind;
use crate::views;
use crate::wire::{Answer, Browser, Params, Reply};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{id}/invitations", get(list).post(create))
        .route("/v1/organizations/{id}/invitations/bulk", post(create_many))
        .route(
            "/v1/organizations/{id}/invitations/pending",
            get(list_pending),
        )
        .route(
            "/v1/organizations/{id}/invitations/{invitation}/revoke",
            post(revoke),
        )
}

/// How long an invitation of a page can be accepted, in days.
const DAYS: i64 = 30;
/// How many addresses one call invites at most (spec).
const MANY: usize = 10;

/// The addresses and the role of a form, as invitations that are still without an inviter.
fn wanted(mut params: Params, most: usize, at: Time) -> Result<Vec<NewInvitation>> {
    let addresses = params.texts("email_address", most)?;
    let role = params.required_text("role", 256)?;
    params.notify()?;
    params.finish()?;
    if addresses.is_empty() {
        return Err(Error::ParamMissing("email_address"));
    }
    let new = |address: String| {
        Ok(NewInvitation {
            id: InvitationId::new(at),
            email_address: IdentifierKind::EmailAddress.normal(&address)?,
            role: role.clone(),
            inviter: None,
            public_metadata: Map::new(),
            private_metadata: Map::new(),
            redirect_url: None,
            ticket: None,
            seconds: DAYS * 86_400,
        })
    };
    addresses.into_iter().map(new).collect()
}

async fn invite(
    app: &App,
    id: String,
    browser: Browser,
    by: Caller,
    (all, one): (Vec<NewInvitation>, bool),
) -> Reply {
    let now = by.at;
    let place = (id, system::MEMBERSHIPS_MANAGE);
    change(app, browser, by, place, move |tx, session, id| {
        let mut all = all.clone();
        for new in &mut all {
            new.inviter = Some(session.user_id.clone());
        }
        let made = organizations::invite(tx, id, &all)?;
        let view = |one| views::own_invitation(one, None, now);
        let mut views: Vec<Value> = made.iter().map(view).collect();
        if one {
            Ok(views.pop().unwrap_or_default())
        } else {
            Ok(views.into())
        }
    })
    .await
}

async fn create(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, params): Asked,
) -> Reply {
    let all = wanted(params, 1, by.at)?;
    invite(&app, id, browser, by, (all, true)).await
}

async fn create_many(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, by, params): Asked,
) -> Reply {
    let all = wanted(params, MANY, by.at)?;
    invite(&app, id, browser, by, (all, false)).await
}

async fn list(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, _, mut params): Asked,
) -> Answer {
    let statuses = params.words("status")?;
    listed(&app, id, browser, params, statuses).await
}

async fn list_pending(
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(browser, _, params): Asked,
) -> Answer {
    listed(&app, id, browser, params, vec![Status::Pending]).await
}

async fn listed(
    app: &App,
    id: String,
    browser: Browser,
    mut params: Params,
    statuses: Vec<Status>,
) -> Answer {
    let page = page(&mut params)?;
    params.finish()?;
    let now = app.now();
    let organization = read(app, browser, move |tx, session| {
        permitted(tx, session, &id, Some(system::MEMBERSHIPS_MANAGE))
    });
    let filter = InvitationFilter {
        organization: Some(organization.await?),
        statuses,
        ..InvitationFilter::default()
    };
    let order = (InvitationOrder::Created, true);
    let find = move |tx: &mut crate::db::Read<'_>| {
        let total = organizations::count_invitations(tx, &filter, now)?;
        let found = organizations::invitations(tx, &filter, order, page, now)?;
        Ok((found, total))
    };
    let (found, total) = app.db.search(find).await?;
    let view = |one| views::own_invitation(one, None, now);
    let data: Vec<Value> = found.iter().map(view).collect();
    Ok(answer(&views::listed(&data, total)))
}

async fn revoke(
    State(app): State<App>,
    Path((id, invitation)): Path<(String, String)>,
    Plain(browser, by): Plain,
) -> Reply {
    let (now, invitation) = (by.at, InvitationId::from(invitation));
    let place = (id, system::MEMBERSHIPS_MANAGE);
    change(&app, browser, by, place, move |tx, _, id| {
        let revoked = organizations::revoke_invitation(tx, id, &invitation, None)?;
        Ok(views::own_invitation(&revoked, None, now))
    })
    .await
}

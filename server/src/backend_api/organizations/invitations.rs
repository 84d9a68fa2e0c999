//! `/v1/organizations/{id}/invitations`, `/v1/organization_invitations` and `/v1/users/{id}/organization_invitations` (spec
//! paths of the same names).
//!
//! Standin sends no mail. The link that Clerk would send is in the answer, as `url`, once.

use axum::Json;
use axum::extract::{Path, RawQuery, Request, State};
use serde_json::Value;

use super::super::invitations::{Letter, several};
use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::db::{Read, Write};
use crate::error::Result;
use crate::id::{InvitationId, OrganizationId, UserId};
use crate::invitations::Status;
use crate::organizations::{self, InvitationFilter, InvitationOrder, Invited, NewInvitation};
use crate::secret::Secret;
use crate::users::{self, IdentifierKind};
use crate::views;
use crate::wire::{Answer, Bare, Calls, FULL, Params, READ};

const ALL: &str = "/v1/organizations/{id}/invitations";

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, ALL, list)
        .post(FULL, ALL, create)
        .post(FULL, "/v1/organizations/{id}/invitations/bulk", create_many)
        .get(
            READ,
            "/v1/organizations/{id}/invitations/pending",
            list_pending,
        )
        .get(
            READ,
            "/v1/organizations/{id}/invitations/{invitation}",
            show,
        )
        .post(
            FULL,
            "/v1/organizations/{id}/invitations/{invitation}/revoke",
            revoke,
        )
        .get(READ, "/v1/organization_invitations", list_all)
        .get(
            READ,
            "/v1/users/{id}/organization_invitations",
            list_of_user,
        )
}

/// An invitation to be made, and the secret of its link.
struct Form {
    new: NewInvitation,
    ticket: Secret,
}

impl Form {
    fn read(app: &App, mut params: Params, at: Time) -> Result<Self> {
        let (letter, ticket) = (Letter::read(app, &mut params)?, Secret::random());
        let new = NewInvitation {
            id: InvitationId::new(at),
            email_address: letter.email_address,
            role: params.required_text("role", 256)?,
            inviter: params.text("inviter_user_id")?.map(Into::into),
            public_metadata: letter.public_metadata,
            private_metadata: params.object("private_metadata")?.unwrap_or_default(),
            redirect_url: letter.redirect_url,
            ticket: Some(ticket.digest()),
            seconds: letter.seconds,
        };
        params.finish()?;
        Ok(Self { new, ticket })
    }
}

/// Makes the invitations and shows each with its link.
async fn make(
    app: &App,
    id: String,
    by: Caller,
    forms: Vec<Form>,
    show: impl Fn(Vec<Value>) -> Value + Send + 'static,
) -> Answer {
    let (now, id) = (by.at, OrganizationId::from(id));
    let (new, tickets): (Vec<_>, Vec<_>) = forms
        .into_iter()
        .map(|form| (form.new, form.ticket))
        .unzip();
    let invite = move |tx: &mut Write<'_>| {
        let made = organizations::invite(tx, &id, &new)?;
        organizations::invited(tx, made, now)
    };
    let shown = move |app: &App, made: &Vec<Invited>| {
        let view = |(one, ticket): (&Invited, &Secret)| {
            let mut view = view_of(app, one, now);
            view["url"] = app.instance.link(ticket).into();
            view
        };
        show(made.iter().zip(&tickets).map(view).collect())
    };
    app.answer(by, invite, shown).await
}

async fn create(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    let form = Form::read(&app, params, by.at)?;
    let only = |mut made: Vec<Value>| made.pop().unwrap_or_default();
    make(&app, id, by, vec![form], only).await
}

/// The body is a list of what the call for a single one takes.
async fn create_many(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    request: Request,
) -> Answer {
    let at = by.at;
    let forms = several(request).await?;
    let forms = forms.into_iter().map(|params| Form::read(&app, params, at));
    let forms = forms.collect::<Result<Vec<_>>>()?;
    make(&app, id, by, forms, |made| {
        let total = i64::try_from(made.len()).unwrap_or_default();
        views::listed(&made, total)
    })
    .await
}

async fn list(State(app): State<App>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let filter = InvitationFilter {
        organization: Some(id.into()),
        email_address: address(&mut params)?,
        statuses: params.words("status")?,
        ..InvitationFilter::default()
    };
    listed(&app, params, filter, false).await
}

fn address(params: &mut Params) -> Result<Option<String>> {
    let given = params.text("email_address")?;
    given
        .map(|text| IdentifierKind::EmailAddress.normal(&text))
        .transpose()
}

async fn list_pending(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let params = Params::query(query.as_deref())?;
    let filter = InvitationFilter {
        organization: Some(id.into()),
        statuses: vec![Status::Pending],
        ..InvitationFilter::default()
    };
    listed(&app, params, filter, false).await
}

async fn list_all(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let filter = InvitationFilter {
        part: params.text("query")?.filter(|text| !text.is_empty()),
        statuses: params.words("status")?,
        ..InvitationFilter::default()
    };
    listed(&app, params, filter, true).await
}

async fn list_of_user(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let user = UserId::from(id);
    let filter = InvitationFilter {
        holder: Some(user.clone()),
        statuses: params.words("status")?,
        ..InvitationFilter::default()
    };
    app.db.read(move |tx| users::get(tx, &user)).await?;
    listed(&app, params, filter, true).await
}

/// A page of invitations, with their organizations where they may be into any, and how many there are.
async fn listed(
    app: &App,
    mut params: Params,
    filter: InvitationFilter,
    with_organization: bool,
) -> Answer {
    let (page, order) = (params.page()?, params.order(InvitationOrder::Created)?);
    params.ignore(&["paginated"]);
    params.finish()?;
    let now = app.now();
    let find = move |tx: &mut Read<'_>| {
        let total = organizations::count_invitations(tx, &filter, now)?;
        let found = organizations::invitations(tx, &filter, order, page, now)?;
        Ok((organizations::invited(tx, found, now)?, total))
    };
    let (found, total) = app.db.search(find).await?;
    let view = |one: &Invited| {
        let organization = with_organization.then_some(&one.organization);
        views::invitation(
            &one.invitation,
            organization,
            one.inviter.as_ref(),
            &app.instance,
            now,
        )
    };
    let data: Vec<Value> = found.iter().map(view).collect();
    Ok(Json(views::listed(&data, total)))
}

fn one(app: &App, found: Result<Vec<Invited>>, now: Time) -> Answer {
    Ok(Json(first(app, &found?, now)))
}

fn first(app: &App, found: &[Invited], now: Time) -> Value {
    let view = |one| view_of(app, one, now);
    found.first().map(view).unwrap_or_default()
}

fn view_of(app: &App, one: &Invited, now: Time) -> Value {
    let inviter = one.inviter.as_ref();
    views::invitation(&one.invitation, None, inviter, &app.instance, now)
}

async fn show(
    _: Bare,
    State(app): State<App>,
    Path((id, invitation)): Path<(String, String)>,
) -> Answer {
    let now = app.now();
    let (id, invitation) = (OrganizationId::from(id), InvitationId::from(invitation));
    let find = move |tx: &mut Read<'_>| {
        let found = organizations::invitation(tx, &id, &invitation)?;
        organizations::invited(tx, vec![found], now)
    };
    one(&app, app.db.read(find).await, now)
}

async fn revoke(
    State(app): State<App>,
    Path((id, invitation)): Path<(String, String)>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let user = params.text("requesting_user_id")?.map(UserId::from);
    params.finish()?;
    let now = by.at;
    let (id, invitation) = (OrganizationId::from(id), InvitationId::from(invitation));
    let revoke = move |tx: &mut Write<'_>| {
        let found = organizations::revoke_invitation(tx, &id, &invitation, user.as_ref())?;
        organizations::invited(tx, vec![found], now)
    };
    app.answer(by, revoke, move |app, found| first(app, found, now))
        .await
}

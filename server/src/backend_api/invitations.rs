//! `/v1/invitations` (spec paths of the same name).
//!
//! Standin sends no mail. The link that Clerk would send is in the answer, as `url`, once.

use axum::Json;
use axum::extract::{Path, RawQuery, Request, State};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::db::{Read, Write};
use crate::error::{Error, Result};
use crate::id::AppInvitationId;
use crate::invitations::{self, Filter, NewInvitation, Order};
use crate::secret::Secret;
use crate::users::IdentifierKind;
use crate::views;
use crate::wire::{Answer, Calls, FULL, Params, READ};

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, "/v1/invitations", list)
        .post(FULL, "/v1/invitations", create)
        .post(FULL, "/v1/invitations/bulk", create_many)
        .post(FULL, "/v1/invitations/{id}/revoke", revoke)
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
            id: AppInvitationId::new(at),
            email_address: letter.email_address,
            ignore_existing: params.boolean("ignore_existing")?.unwrap_or(false),
            public_metadata: letter.public_metadata,
            redirect_url: letter.redirect_url,
            ticket: ticket.digest(),
            seconds: letter.seconds,
        };
        params.only("template_slug", "invitation", "Standin sends no mail")?;
        params.finish()?;
        Ok(Self { new, ticket })
    }
}

/// How long an invitation can be accepted where the request does not say, in days (spec).
pub(super) const DAYS: i64 = 30;
/// How many invitations one call makes at most (spec).
const MANY: usize = 10;

/// What invitations to the application and into organizations alike say.
pub(super) struct Letter {
    pub(super) email_address: String,
    pub(super) public_metadata: Map<String, Value>,
    pub(super) redirect_url: Option<String>,
    pub(super) seconds: i64,
}

impl Letter {
    pub(super) fn read(app: &App, params: &mut Params) -> Result<Self> {
        let address = params.required_text("email_address", 320)?;
        let days = params.integer("expires_in_days")?.unwrap_or(DAYS);
        if !(1..=365).contains(&days) {
            return Err(Error::ParamValue(
                "expires_in_days",
                "between 1 and 365".into(),
            ));
        }
        params.notify()?;
        let redirect_url = params.text("redirect_url")?.filter(|url| !url.is_empty());
        let redirect_url = redirect_url.map(|url| app.policy.lands(&url)).transpose()?;
        Ok(Self {
            email_address: IdentifierKind::EmailAddress.normal(&address)?,
            public_metadata: params.object("public_metadata")?.unwrap_or_default(),
            redirect_url: redirect_url.map(Into::into),
            seconds: days * 86_400,
        })
    }
}

/// The invitations in a body that is a list of them.
pub(super) async fn several(request: Request) -> Result<Vec<Params>> {
    Params::from_list(request, "invitations", MANY).await
}

/// Makes the invitations and shows each with its link.
async fn make(
    app: &App,
    by: Caller,
    forms: Vec<Form>,
    show: impl Fn(Vec<Value>) -> Value + Send + 'static,
) -> Answer {
    let now = by.at;
    let (new, tickets): (Vec<_>, Vec<_>) = forms
        .into_iter()
        .map(|form| (form.new, form.ticket))
        .unzip();
    let invite = move |tx: &mut Write<'_>| invitations::invite(tx, &new);
    let shown = move |app: &App, made: &Vec<invitations::Invitation>| {
        let view = |(one, ticket): (&invitations::Invitation, &Secret)| {
            let mut view = views::app_invitation(one, now);
            view["url"] = app.instance.link(ticket).into();
            view
        };
        show(made.iter().zip(&tickets).map(view).collect())
    };
    app.answer(by, invite, shown).await
}

async fn create(State(app): State<App>, by: Caller, params: Params) -> Answer {
    let form = Form::read(&app, params, by.at)?;
    let only = |mut made: Vec<Value>| made.pop().unwrap_or_default();
    make(&app, by, vec![form], only).await
}

/// The body is a list of what the call for a single one takes.
async fn create_many(State(app): State<App>, by: Caller, request: Request) -> Answer {
    let forms = several(request).await?;
    let forms = forms
        .into_iter()
        .map(|params| Form::read(&app, params, by.at));
    let forms = forms.collect::<Result<Vec<_>>>()?;
    make(&app, by, forms, Value::from).await
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let paginated = params.boolean("paginated")?.unwrap_or(false);
    let filter = Filter {
        statuses: params.words("status")?,
        query: params.text("query")?.filter(|text| !text.is_empty()),
    };
    let (page, order) = (params.page()?, params.order(Order::Created)?);
    params.finish()?;
    let now = app.now();
    let find = move |tx: &mut Read<'_>| {
        let found = invitations::list(tx, &filter, order, page, now)?;
        let total = paginated.then(|| invitations::count(tx, &filter, now));
        Ok((found, total.transpose()?))
    };
    let (found, total) = app.db.search(find).await?;
    let view = |one| views::app_invitation(one, now);
    let data: Vec<Value> = found.iter().map(view).collect();
    Ok(Json(match total {
        Some(total) => views::listed(&data, total),
        None => json!(data),
    }))
}

async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let (id, now) = (AppInvitationId::from(id), by.at);
    let revoke = move |tx: &mut Write<'_>| invitations::revoke(tx, &id);
    app.answer(by, revoke, move |_, one| views::app_invitation(one, now))
        .await
}

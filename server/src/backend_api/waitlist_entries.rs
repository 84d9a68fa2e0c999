//! `/v1/waitlist_entries` (spec paths of the same names). Nobody is told by mail: whoever is invited has a link, which is in the
//! answer, once.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, RawQuery, Request, State};
use serde_json::{Map, Value, json};

use super::invitations::DAYS;
use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::db::{Read, Write};
use crate::error::{Error, Result};
use crate::id::{AppInvitationId, WaitlistEntryId};
use crate::invitations::NewInvitation;
use crate::secret::Secret;
use crate::users::IdentifierKind;
use crate::views;
use crate::waitlist::{self, Filter, Order};
use crate::wire::{Answer, Calls, FULL, Params, READ};

const ALL: &str = "/v1/waitlist_entries";

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, ALL, list)
        .post(FULL, ALL, create)
        .post(FULL, "/v1/waitlist_entries/bulk", create_many)
        .delete(FULL, "/v1/waitlist_entries/{id}", delete)
        .post(FULL, "/v1/waitlist_entries/{id}/invite", invite)
        .post(FULL, "/v1/waitlist_entries/{id}/reject", reject)
}

/// How many entries one call makes at most (spec).
const MANY: usize = 50;

/// Who shall wait, and the id the entry will have.
fn read(mut params: Params, at: Time) -> Result<(WaitlistEntryId, String)> {
    let address = params.required_text("email_address", 320)?;
    params.notify()?;
    params.finish()?;
    let address = IdentifierKind::EmailAddress.normal(&address)?;
    Ok((WaitlistEntryId::new(at), address))
}

async fn add(
    app: &App,
    by: Caller,
    all: Vec<(WaitlistEntryId, String)>,
    show: impl Fn(Vec<Value>) -> Value + Send + 'static,
) -> Answer {
    let now = by.at;
    let add = move |tx: &mut Write<'_>| waitlist::add(tx, &all);
    app.answer(by, add, move |_, added| {
        let view = |entry| views::waitlist_entry(entry, now);
        show(added.iter().map(view).collect())
    })
    .await
}

async fn create(State(app): State<App>, by: Caller, params: Params) -> Answer {
    let new = read(params, by.at)?;
    let only = |mut added: Vec<Value>| added.pop().unwrap_or_default();
    add(&app, by, vec![new], only).await
}

/// The body is a list of what the call for a single one takes.
async fn create_many(State(app): State<App>, by: Caller, request: Request) -> Answer {
    let all = Params::from_list(request, "waitlist_entries", MANY).await?;
    let all = all.into_iter().map(|params| read(params, by.at));
    let all = all.collect::<Result<Vec<_>>>()?;
    let addresses: BTreeSet<_> = all.iter().map(|(_, address)| address).collect();
    if addresses.len() < all.len() {
        return Err(Error::ParamDuplicate("email_address".into()));
    }
    add(&app, by, all, Value::from).await
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let filter = Filter {
        statuses: params.words("status")?,
        query: params.text("query")?.filter(|text| !text.is_empty()),
    };
    let (page, order) = (params.page()?, params.order(Order::Created)?);
    params.ignore(&["paginated"]);
    params.finish()?;
    let now = app.now();
    let find = move |tx: &mut Read<'_>| {
        let total = waitlist::count(tx, &filter)?;
        Ok((waitlist::list(tx, &filter, order, page)?, total))
    };
    let (found, total) = app.db.search(find).await?;
    let view = |entry| views::waitlist_entry(entry, now);
    let data: Vec<Value> = found.iter().map(view).collect();
    Ok(Json(views::listed(&data, total)))
}

async fn invite(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let (id, now, ticket) = (WaitlistEntryId::from(id), by.at, Secret::random());
    let new = NewInvitation {
        id: AppInvitationId::new(now),
        // That of the entry.
        email_address: String::new(),
        ignore_existing: params.boolean("ignore_existing")?.unwrap_or(false),
        public_metadata: Map::new(),
        redirect_url: None,
        ticket: ticket.digest(),
        seconds: DAYS * 86_400,
    };
    params.finish()?;
    let invite = move |tx: &mut Write<'_>| waitlist::invite(tx, &id, &new);
    app.answer(by, invite, move |app, invited| {
        let mut view = views::waitlist_entry(invited, now);
        view["invitation"]["url"] = json!(app.instance.link(&ticket));
        view
    })
    .await
}

async fn reject(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let (id, now) = (WaitlistEntryId::from(id), by.at);
    let reject = move |tx: &mut Write<'_>| waitlist::reject(tx, &id);
    app.answer(by, reject, move |_, one| views::waitlist_entry(one, now))
        .await
}

async fn delete(State(app): State<App>, Path(id): Path<String>, by: Caller) -> Answer {
    let id = WaitlistEntryId::from(id);
    let view = views::deleted("waitlist_entry", id.as_str());
    app.db
        .write(by, move |tx| waitlist::delete(tx, &id))
        .await?;
    Ok(Json(view))
}

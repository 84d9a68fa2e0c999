//! `/v1/webhook_endpoints`: Standin's own. Where events are sent to, and what became of them. Clerk's calls under `/v1/webhooks`
//! open the pages of another company.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};
use url::Url;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::db::{Read, Write};
use crate::error::{Error, Result};
use crate::id::WebhookId;
use crate::secret::{Digest, Purpose, Secret};
use crate::webhooks::{self, Change, Filter, Kind, Kinds, Message, SigningSecret, State as Stage};
use crate::wire::{Answer, Bare, Calls, FULL, Params, READ};
use crate::{id, views};

pub(super) fn routes() -> Calls {
    const ALL: &str = "/v1/webhook_endpoints";
    const ONE: &str = "/v1/webhook_endpoints/{id}";
    const DELIVERIES: &str = "/v1/webhook_endpoints/{id}/deliveries";
    const DELIVERY: &str = "/v1/webhook_endpoints/{id}/deliveries/{delivery}";
    const REPLAY_ONE: &str = "/v1/webhook_endpoints/{id}/deliveries/{delivery}/replay";
    Calls::new()
        .get(READ, ALL, list)
        .post(FULL, ALL, create)
        .get(READ, ONE, show)
        .patch(FULL, ONE, update)
        .delete(FULL, ONE, delete)
        .get(FULL, "/v1/webhook_endpoints/{id}/secret", secret)
        .post(FULL, "/v1/webhook_endpoints/{id}/rotate_secret", rotate)
        .post(FULL, "/v1/webhook_endpoints/{id}/test", test)
        .post(FULL, "/v1/webhook_endpoints/{id}/replay", replay_since)
        .get(READ, DELIVERIES, deliveries)
        .get(READ, DELIVERY, delivery)
        .post(FULL, REPLAY_ONE, replay)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    let all = app.db.read(webhooks::list).await?;
    let data: Vec<_> = all.iter().map(views::webhook).collect();
    Ok(Json(json!({ "data": data, "total_count": data.len() })))
}

async fn show(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let id = WebhookId::from(id);
    let found = app.db.read(move |tx| webhooks::get(tx, &id)).await?;
    Ok(Json(views::webhook(&found)))
}

async fn secret(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let id = WebhookId::from(id);
    let found = app.db.read(move |tx| webhooks::get(tx, &id)).await?;
    let secret = found.secret(&app.master_key)?;
    Ok(Json(views::webhook_with_secret(&found, &secret)))
}

async fn create(State(app): State<App>, by: Caller, params: Params) -> Answer {
    let change = read(&app, params)?;
    if change.url.is_none() {
        return Err(Error::ParamMissing("url"));
    }
    let id = WebhookId::new(by.at);
    let (secret, sealed) = new_secret(&app)?;
    let create = move |tx: &mut Write<'_>| webhooks::create(tx, &id, &change, &sealed);
    let show = move |_: &App, made: &_| views::webhook_with_secret(made, &secret);
    app.answer(by, create, show).await
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    let change = read(&app, params)?;
    let id = WebhookId::from(id);
    let update = move |tx: &mut Write<'_>| webhooks::update(tx, &id, &change);
    app.answer(by, update, |_, endpoint| views::webhook(endpoint))
        .await
}

/// The same for a new endpoint and for a change to one.
pub(super) fn read(app: &App, mut params: Params) -> Result<Change> {
    let url = params.text("url")?;
    let url = url.map(|url| target(app, &url)).transpose()?;
    let description = params.text("description")?;
    let is_chosen = params.has("events");
    let events = params.texts("events", 50)?;
    let events = is_chosen.then(|| Kinds::named(&events)).transpose()?;
    let disabled = params.boolean("disabled")?;
    params.finish()?;
    Ok(Change {
        url,
        description,
        events,
        disabled,
    })
}

fn target(app: &App, given: &str) -> Result<Url> {
    let url = Url::parse(given).map_err(|_| Error::ParamFormat("url", "an absolute URL"))?;
    let reach = app.config.webhook_reach;
    reach
        .takes(&url)
        .map_err(|wanted| Error::ParamValue("url", wanted.into()))?;
    Ok(url)
}

fn new_secret(app: &App) -> Result<(Secret, String)> {
    let secret = SigningSecret::random();
    let sealed = sealed(app, &secret)?;
    Ok((secret, sealed))
}

pub(super) fn sealed(app: &App, secret: &Secret) -> Result<String> {
    let shown = secret.expose().as_bytes();
    app.master_key.seal(Purpose::WebhookSecret, shown)
}

async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let id = WebhookId::from(id);
    let gone = views::deleted("webhook", id.as_str());
    app.db
        .write(by, move |tx| webhooks::delete(tx, &id))
        .await?;
    Ok(Json(gone))
}

async fn rotate(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let id = WebhookId::from(id);
    let (secret, sealed) = new_secret(&app)?;
    let rotate = move |tx: &mut Write<'_>| webhooks::rotate(tx, &id, &sealed);
    let show = move |_: &App, endpoint: &_| views::webhook_with_secret(endpoint, &secret);
    app.answer(by, rotate, show).await
}

/// Sends an event that tells of the endpoint itself.
async fn test(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let (id, at) = (WebhookId::from(id), by.at);
    let data = json!({ "object": "webhook", "id": id });
    let from = (by.ip.as_deref(), by.user_agent.as_deref());
    let body = views::event((Kind::Test, &data), &app.instance, at, from);
    let message = Message {
        id: id::message(at, &Digest::of(Secret::random().expose().as_bytes())),
        kind: Kind::Test,
        object: id.to_string(),
        payload: body.to_string(),
        at,
    };
    let test = move |tx: &mut Write<'_>| webhooks::test(tx, &id, message.clone());
    app.answer(by, test, |_, made| views::delivery(made)).await
}

async fn deliveries(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let page = params.page()?;
    let kind: Option<Kind> = params.word("type")?;
    let filter = Filter {
        endpoint: WebhookId::from(id),
        state: params.word::<Stage>("status")?,
        kind: kind.map(|kind| kind.as_str().to_owned()),
        object: params.text("object_id")?,
    };
    params.finish()?;
    let now = app.now();
    let find = move |tx: &mut Read<'_>| {
        webhooks::get(tx, &filter.endpoint)?;
        webhooks::list_deliveries(tx, &filter, page, now)
    };
    let found = app.db.search(find).await?;
    let data: Vec<_> = found.iter().map(views::delivery).collect();
    Ok(Json(json!({ "data": data })))
}

async fn delivery(
    _: Bare,
    State(app): State<App>,
    Path((id, number)): Path<(String, String)>,
) -> Answer {
    let (id, number) = named(id, &number)?;
    let find = move |tx: &mut Read<'_>| {
        let found = webhooks::delivery(tx, &id, number)?;
        Ok((webhooks::attempts(tx, number)?, found))
    };
    let (attempts, found) = app.db.read(find).await?;
    Ok(Json(views::whole_delivery(&found, &attempts)))
}

fn named(id: String, number: &str) -> Result<(WebhookId, i64)> {
    let unknown = |_| Error::NotFound("delivery", number.to_owned());
    Ok((WebhookId::from(id), number.parse().map_err(unknown)?))
}

async fn replay(
    State(app): State<App>,
    Path((id, number)): Path<(String, String)>,
    by: Caller,
    params: Params,
) -> Answer {
    params.finish()?;
    let (id, number) = named(id, &number)?;
    let replay = move |tx: &mut Write<'_>| webhooks::replay(tx, &id, number);
    app.answer(by, replay, |_, found| views::delivery(found))
        .await
}

async fn replay_since(
    State(app): State<App>,
    Path(id): Path<String>,
    by: Caller,
    mut params: Params,
) -> Answer {
    let id = WebhookId::from(id);
    let since = params
        .integer("since")?
        .ok_or(Error::ParamMissing("since"))?;
    let only_dead = match params.word::<Stage>("status")? {
        None => false,
        Some(Stage::Dead) => true,
        Some(_) => return Err(Error::ParamValue("status", Stage::Dead.as_str().into())),
    };
    params.finish()?;
    let replay = move |tx: &mut Write<'_>| webhooks::replay_since(tx, &id, Time(since), only_dead);
    let show = |_: &App, (count, last): &(u64, Option<Time>)| -> Value {
        json!({ "object": "webhook_replay", "count": count, "continue_since": last })
    };
    app.answer(by, replay, show).await
}

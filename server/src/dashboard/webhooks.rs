//! Where events are sent, what became of each, and the button that sends one again.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};

use super::gate::{By, Visitor};
use super::page::{Cell, Form, Page, Table, Tone};
use super::show::{self, ROWS};
use super::{back, done};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::id::WebhookId;
use crate::webhooks::{self, Delivery, Endpoint, Filter, State as Stage};
use crate::wire::Params;
use crate::word::Word as _;

const ROOM: &str = "/dashboard/webhooks";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/webhooks/{id}", get(one))
        .route(
            "/dashboard/webhooks/{id}/deliveries/{number}/replay",
            post(replay),
        )
}

fn address(id: &WebhookId) -> String {
    format!("{ROOM}/{id}")
}

fn state(endpoint: &Endpoint) -> Cell {
    match endpoint.disabled_at {
        None => Cell::state("sends", Tone::Good),
        Some(_) => Cell::state("disabled", Tone::Bad),
    }
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    params: Params,
) -> Result<Response> {
    params.finish()?;
    let (found, now) = (app.db.read(webhooks::list).await?, app.now());
    let row = |one: &Endpoint| {
        vec![
            state(one),
            Cell::link(address(&one.id), &one.url),
            Cell::text(&one.description),
            Cell::moment(one.created_at, now),
        ]
    };
    let columns = ["State", "Address", "What for", "Made"];
    let empty = "None. Make one: standin webhook add URL";
    let mut page = Page::new(ROOM, "Webhooks");
    page.tables
        .push(Table::new("Webhooks", &columns, empty).rows(found.iter().map(row)));
    page.answer(&visitor)
}

async fn one(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let mut params = Params::query(query.as_deref())?;
    let wanted: Option<Stage> = params.word("status")?;
    let part = show::part(params.integer("offset")?, ROWS);
    let notice = params.text("done")?.and_then(|word| done(&word));
    params.finish()?;
    let now = app.now();
    let filter = Filter {
        endpoint: id.into(),
        state: wanted,
        kind: None,
        object: None,
    };
    let look = move |tx: &mut Read<'_>| {
        let endpoint = webhooks::get(tx, &filter.endpoint)?;
        Ok((webhooks::list_deliveries(tx, &filter, part, now)?, endpoint))
    };
    let (found, endpoint) = app.db.search(look).await?;
    let here = address(&endpoint.id);
    let of = |wanted: Option<Stage>| match wanted {
        Some(wanted) => format!("{here}?status={}", wanted.as_str()),
        None => here.clone(),
    };
    let mut page = Page::new(ROOM, &endpoint.url);
    page.notice = notice;
    page.facts = vec![
        ("State", state(&endpoint)),
        ("Id", Cell::code(&endpoint.id)),
        ("What for", Cell::text(&endpoint.description)),
        ("Made", Cell::moment(endpoint.created_at, now)),
    ];
    page.tabs.push((of(None), "all", wanted.is_none()));
    for one in Stage::ALL {
        page.tabs
            .push((of(Some(*one)), one.as_str(), wanted == Some(*one)));
    }
    let mark = if wanted.is_some() { '&' } else { '?' };
    let older = || format!("{}{mark}offset={}", of(wanted), part.offset + ROWS);
    page.tables.push(deliveries(&found, now).part(ROWS, older));
    page.answer(&visitor)
}

fn deliveries(found: &[Delivery], now: Time) -> Table {
    let row = |one: &Delivery| {
        let stage = one.state();
        let tone = match stage {
            Stage::Waiting => Tone::Waiting,
            Stage::Delivered => Tone::Good,
            Stage::Dead => Tone::Bad,
        };
        let again = format!("{}/deliveries/{}/replay", address(&one.endpoint_id), one.id);
        vec![
            Cell::state(stage.as_str(), tone),
            Cell::text(&one.kind),
            Cell::code(&one.object),
            Cell::text(one.attempts.to_string()),
            Cell::moment(one.created_at, now),
            Cell::moment_if(one.due_at, now),
            match stage {
                Stage::Waiting => Cell::text(""),
                _ => Cell::Form(Form::button(again, "Send again")),
            },
        ]
    };
    let columns = [
        "State",
        "Event",
        "About",
        "Attempts",
        "Happened",
        "Tried next",
        "Action",
    ];
    Table::new("Deliveries", &columns, "None.").rows(found.iter().map(row))
}

async fn replay(
    State(app): State<App>,
    Path((id, number)): Path<(String, String)>,
    By(by): By,
) -> Result<Response> {
    let unknown = |_| Error::NotFound("delivery", number.clone());
    let (id, number) = (WebhookId::from(id), number.parse().map_err(unknown)?);
    let page = address(&id);
    let _: Delivery = app
        .db
        .write(by, move |tx| webhooks::replay(tx, &id, number))
        .await?;
    Ok(back(&page, "replayed"))
}

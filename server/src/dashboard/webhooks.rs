//! Where events are sent, what became of each, and the button that sends one again.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::back;
use super::gate::By;
use super::look::{Look, tabs};
use super::page::{Cell, Form, Table, Tone};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::id::WebhookId;
use crate::webhooks::{self, Delivery, Endpoint, Filter, State as Stage};
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

async fn list(State(app): State<App>, mut look: Look) -> Result<Response> {
    let mut page = look.begin(ROOM)?;
    page.title("Webhooks");
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
    page.tables
        .push(Table::new("Webhooks", &columns, empty).rows(found.iter().map(row)));
    page.answer()
}

async fn one(State(app): State<App>, Path(id): Path<String>, mut look: Look) -> Result<Response> {
    let wanted: Option<Stage> = look.params.word("status")?;
    let mut page = look.begin(ROOM)?;
    let (now, part) = (app.now(), look.part);
    let filter = Filter {
        endpoint: id.into(),
        state: wanted,
        kind: None,
        object: None,
    };
    let read = move |tx: &mut Read<'_>| {
        let endpoint = webhooks::get(tx, &filter.endpoint)?;
        Ok((webhooks::list_deliveries(tx, &filter, part, now)?, endpoint))
    };
    let (found, endpoint) = app.db.search(read).await?;
    page.title(&endpoint.url);
    page.facts = vec![
        ("State", state(&endpoint)),
        ("Id", Cell::code(&endpoint.id)),
        ("What for", Cell::text(&endpoint.description)),
        ("Made", Cell::moment(endpoint.created_at, now)),
    ];
    let here = tabs(&mut page, &address(&endpoint.id), Stage::ALL, wanted);
    page.tables.push(look.rows(deliveries(&found, now), &here));
    page.answer()
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

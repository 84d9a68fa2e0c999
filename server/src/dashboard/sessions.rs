//! Sessions by their states, and one of them.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};

use super::gate::{By, Visitor};
use super::page::{Cell, Form, Page};
use super::show::{self, Names, ROWS};
use super::{back, done};
use crate::app::App;
use crate::error::Result;
use crate::id::SessionId;
use crate::sessions::{self, Filter, Session, Status};
use crate::wire::Params;

const ROOM: &str = "/dashboard/sessions";
/// The states that there are tabs for: what is neither lies in between, and would be looked for among all there ever were.
const TABS: [Status; 2] = [Status::Active, Status::Revoked];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/sessions/{id}", get(one))
        .route("/dashboard/sessions/{id}/revoke", post(revoke))
}

async fn list(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let mut params = Params::query(query.as_deref())?;
    let status: Option<Status> = params.word("status")?;
    let part = show::part(params.integer("offset")?, ROWS);
    params.finish()?;
    let (now, filter) = (
        app.now(),
        Filter {
            status,
            ..Filter::default()
        },
    );
    // Of a state alone, the next one may lie far back.
    let (found, names) = app
        .db
        .search(move |tx| {
            let found = sessions::list(tx, &filter, part, now)?;
            let names = Names::of(tx, found.iter().map(|session| &session.user_id))?;
            Ok((found, names))
        })
        .await?;
    let of = |status: Option<Status>| match status {
        Some(status) => format!("{ROOM}?status={}", status.as_str()),
        None => ROOM.to_owned(),
    };
    let mut page = Page::new(ROOM, "Sessions");
    page.tabs.push((of(None), "all", status.is_none()));
    for one in TABS {
        page.tabs
            .push((of(Some(one)), one.as_str(), status == Some(one)));
    }
    let mark = if status.is_some() { '&' } else { '?' };
    let older = || format!("{}{mark}offset={}", of(status), part.offset + ROWS);
    page.tables
        .push(show::sessions(&found, &names, now).part(ROWS, older));
    page.answer(&visitor)
}

async fn one(
    State(app): State<App>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let mut params = Params::query(query.as_deref())?;
    let notice = params.text("done")?.and_then(|word| done(&word));
    params.finish()?;
    let (id, now) = (SessionId::from(id), app.now());
    let (session, names) = app
        .db
        .read(move |tx| {
            let session = sessions::get(tx, &id)?;
            let names = Names::of(tx, std::iter::once(&session.user_id))?;
            Ok((session, names))
        })
        .await?;
    let organization = session.organization.as_ref().map(|active| &active.id);
    let mut page = Page::new(ROOM, "Session");
    page.notice = notice;
    page.facts = vec![
        ("State", show::session_state(&session, now)),
        ("Id", Cell::code(&session.id)),
        ("Of", names.cell(&session.user_id)),
        ("Acts", show::acts(&session)),
        (
            "Restricted",
            Cell::text(if session.restricted { "yes" } else { "no" }),
        ),
        ("Began", Cell::moment(session.created_at, now)),
        ("Last active", Cell::moment(session.last_active_at, now)),
        ("Ends", Cell::moment(session.expire_at, now)),
        (
            "Organization",
            organization.map_or(Cell::Empty, |id| {
                Cell::link(show::organization(id.as_str()), id.as_str())
            }),
        ),
        ("From", Cell::text_if(session.ip.as_deref())),
        ("With", Cell::text_if(session.user_agent.as_deref())),
        ("Client", Cell::code(&session.client_id)),
    ];
    if session.is_active(now) {
        let revoke = format!("{}/revoke", show::session(session.id.as_str()));
        page.forms.push(Form::grave(revoke, "Revoke"));
    }
    page.answer(&visitor)
}

async fn revoke(State(app): State<App>, Path(id): Path<String>, By(by): By) -> Result<Response> {
    let id = SessionId::from(id);
    let page = show::session(id.as_str());
    let _: Session = app
        .db
        .write(by, move |tx| sessions::revoke(tx, &id))
        .await?;
    Ok(back(&page, "revoked"))
}

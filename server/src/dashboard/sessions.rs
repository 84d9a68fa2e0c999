//! Sessions by their states, and one of them.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::back;
use super::gate::By;
use super::look::{ByState, Its, Look, by_state};
use super::page::{Cell, Form};
use super::show::{self, Names};
use crate::app::App;
use crate::error::Result;
use crate::id::SessionId;
use crate::sessions::{self, Filter, Session, Status};

pub(super) const ROOM: &str = "/dashboard/sessions";
/// The states that there are tabs for: what is neither lies in between, and would be looked for among all there ever were.
const TABS: [Status; 2] = [Status::Active, Status::Revoked];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(ROOM, get(list))
        .route("/dashboard/sessions/{id}", get(one))
        .route("/dashboard/sessions/{id}/revoke", post(revoke))
}

async fn list(State(app): State<App>, look: Look) -> Result<Response> {
    let of = ByState {
        room: ROOM,
        title: "Sessions",
        states: &TABS,
        list: |tx, Its { user, agent }, status, part, now| {
            let filter = Filter {
                user,
                agent,
                status,
                ..Filter::default()
            };
            sessions::list(tx, &filter, part, now)
        },
        user: |session| &session.user_id,
        table: show::sessions,
    };
    by_state(app, look, of).await
}

async fn one(State(app): State<App>, Path(id): Path<String>, mut look: Look) -> Result<Response> {
    let mut page = look.begin(ROOM)?;
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
    page.title("Session");
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
    page.answer()
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

//! Keys, without their secrets: those that open the Backend API, and those that sign.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::look::Look;
use super::page::{Cell, Table, Tone};
use crate::app::App;
use crate::clock::Time;
use crate::db::Read;
use crate::error::Result;
use crate::keys::{self, Published};
use crate::secret_keys::{self, SecretKey};

const ROOM: &str = "/dashboard/keys";

pub(super) fn routes() -> Router<App> {
    Router::new().route(ROOM, get(show))
}

async fn show(State(app): State<App>, mut look: Look) -> Result<Response> {
    let mut page = look.begin(ROOM)?;
    page.title("Keys");
    let both = |tx: &mut Read<'_>| Ok((secret_keys::list(tx)?, keys::list(tx)?));
    let (secrets, signing) = app.db.read(both).await?;
    let now = app.now();
    let jwks = app.instance.address("/.well-known/jwks.json");
    page.facts = vec![
        ("Publishable", Cell::code(&app.instance.publishable_key)),
        ("Issuer", Cell::code(&app.instance.issuer)),
        ("JWKS", Cell::link(jwks.clone(), &jwks)),
    ];
    let columns = ["State", "Name", "Ends in", "Scope", "Made", "Last used"];
    let table = Table::new(
        "Secret keys",
        &columns,
        "None. Make one: standin key create",
    );
    page.tables
        .push(table.rows(secrets.iter().map(|key| secret(key, now))));
    let (current, waiting) = keys::next(&signing, now);
    let state = |key: &Published| {
        let is = |other: Option<&Published>| other.is_some_and(|other| other.kid == key.kid);
        match key.retired_at {
            _ if is(current) => Cell::state("signs", Tone::Good),
            _ if is(waiting) => Cell::state("waits", Tone::Waiting),
            Some(at) if at <= now => Cell::state("retired", Tone::Over),
            _ => Cell::state("verifies", Tone::Over),
        }
    };
    let row = |key: &Published| {
        vec![
            state(key),
            Cell::code(&key.kid),
            Cell::moment(key.created_at, now),
            Cell::moment(key.active_at, now),
            Cell::moment_if(key.retired_at, now),
        ]
    };
    let columns = ["State", "Key", "Published", "Signs from", "Published until"];
    page.tables
        .push(Table::new("Signing keys", &columns, "None.").rows(signing.iter().map(row)));
    page.answer()
}

fn secret(key: &SecretKey, now: Time) -> Vec<Cell> {
    vec![
        match key.revoked_at {
            None => Cell::state("live", Tone::Good),
            Some(_) => Cell::state("revoked", Tone::Bad),
        },
        Cell::text(&key.name),
        Cell::code(format!("…{}", key.hint)),
        Cell::text(key.scope.as_str()),
        Cell::moment(key.created_at, now),
        Cell::moment_if(key.last_used_at, now),
    ]
}

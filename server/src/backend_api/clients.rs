//! `/v1/clients` (spec paths `/clients`, `/clients/{client_id}`, `/clients/verify`), and the exchange of handshake nonces that every
//! server SDK makes (not in the public description).

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value, json};

use super::tokens::session_of;
use crate::app::App;
use crate::clients::{self, Client};
use crate::clock::Time;
use crate::db::Read;
use crate::error::{Error, Result};
use crate::handshake::Payload;
use crate::id::ClientId;
use crate::sessions;
use crate::views;
use crate::wire::{Answer, Bare, Calls, FULL, Params, READ};

pub(super) fn routes() -> Calls {
    Calls::new()
        .get(READ, "/v1/clients/handshake_payload", handshake_payload)
        .post(FULL, "/v1/clients/verify", verify)
        .get(READ, "/v1/clients", list)
        .get(READ, "/v1/clients/{id}", show)
}

fn client(tx: &mut Read<'_>, id: &ClientId, now: Time) -> Result<Value> {
    let client = clients::get(tx, id)?;
    viewed(tx, &client, now)
}

fn viewed(tx: &mut Read<'_>, client: &Client, now: Time) -> Result<Value> {
    let sessions = sessions::of_client(tx, &client.id)?;
    Ok(views::client(client, &sessions, now))
}

/// All clients. Clerk is about to drop this call.
async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let paginated = params.boolean("paginated")?.unwrap_or(false);
    let page = params.page()?;
    params.finish()?;
    let now = app.now();
    let find = move |tx: &mut Read<'_>| {
        let found = clients::list(tx, page)?;
        let found = found.iter().map(|one| viewed(tx, one, now));
        let found = found.collect::<Result<Vec<_>>>()?;
        let total = paginated.then(|| clients::count(tx)).transpose()?;
        Ok((found, total))
    };
    let (found, total) = app.db.search(find).await?;
    Ok(Json(match total {
        Some(total) => views::listed(&found, total),
        None => json!(found),
    }))
}

async fn show(_: Bare, State(app): State<App>, Path(id): Path<String>) -> Answer {
    let (id, now) = (ClientId::from(id), app.now());
    app.db.read(move |tx| client(tx, &id, now)).await.map(Json)
}

/// Which client a session token came from.
async fn verify(State(app): State<App>, mut params: Params) -> Answer {
    let token = params.required_text("token", 8192)?;
    params.finish()?;
    let now = app.now();
    let claims = app.keys.verify_live(&token, now);
    let session = claims.as_ref().and_then(session_of);
    let session = session.ok_or(Error::SignedOut)?;
    app.db
        .read(move |tx| {
            let session = sessions::find(tx, &session)?
                .filter(|session| session.is_active(now))
                .ok_or(Error::SignedOut)?;
            client(tx, &session.client_id, now)
        })
        .await
        .map(Json)
}

/// Turns a nonce into directives. What the session is now counts, not what it was when the nonce was made.
async fn handshake_payload(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut params = Params::query(query.as_deref())?;
    let nonce = params.text("nonce")?.ok_or(Error::QueryMissing("nonce"))?;
    params.finish()?;
    let now = app.now();
    let payload = Payload::open(&app.master_key, &nonce, now)
        .ok_or_else(|| Error::NotFound("handshake payload", "for this nonce".into()))?;
    let arriving = payload.clone();
    let found = app.db.read(move |tx| arriving.find(tx, now)).await?;
    let directives = app.directives(&payload, found.as_ref(), now).await?;
    Ok(Json(json!({ "directives": directives })))
}

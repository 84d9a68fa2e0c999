//! Clients: a browser, as the server knows it. A client is opened by the secret in its `__client` cookie or, in
//! development, by its dev browser token; both are replaced at every sign-in, so that one planted before opens nothing
//! after.
//!
//! `updated_at` becomes the cookie `__client_uat`, against which SDKs hold every token's age. It moves only when the
//! client's set of sessions changes; were it to move with every request, every page would loop through a handshake.

use crate::clock::Time;
use crate::db::{FromRow, Row, Tx, values};
use crate::error::{Error, Result};
use crate::id::{ClientId, SessionId};
use crate::secret::Digest;

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// The session its pages should use.
    pub last_active_session_id: Option<SessionId>,
    /// When it was made.
    pub created_at: Time,
    /// When its set of sessions last changed.
    pub updated_at: Time,
}

impl FromRow for Client {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            last_active_session_id: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

/// What a browser shows to be recognised.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The secret of the `__client` cookie.
    Cookie(Digest),
    /// A dev browser token.
    DevBrowser(Digest),
}

/// What a client gets at a sign-in, made before the write.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The id, if the browser is new.
    pub id: ClientId,
    /// The new secret of the `__client` cookie.
    pub cookie: Digest,
    /// The new dev browser token; development only.
    pub dev_browser: Option<Digest>,
}

/// The client that the first good one of these credentials opens.
pub fn find(tx: &mut Tx<'_>, shown: &[Credential]) -> Result<Option<Client>> {
    for credential in shown {
        if let Some(client) = opened_by(tx, credential)? {
            return Ok(Some(client));
        }
    }
    Ok(None)
}

/// The client that a credential opens.
pub fn opened_by(tx: &mut Tx<'_>, credential: &Credential) -> Result<Option<Client>> {
    match credential {
        Credential::Cookie(digest) => tx.first(
            "select id, last_active_session_id, created_at, updated_at from clients where secret_digest = $1",
            values![digest],
        ),
        Credential::DevBrowser(digest) => tx.first(
            "select c.id, c.last_active_session_id, c.created_at, c.updated_at
             from dev_browsers d join clients c on c.id = d.client_id where d.digest = $1",
            values![digest],
        ),
    }
}

/// The client with this id.
pub fn get(tx: &mut Tx<'_>, id: &ClientId) -> Result<Client> {
    tx.first(
        "select id, last_active_session_id, created_at, updated_at from clients where id = $1",
        values![id],
    )?
    .ok_or_else(|| Error::NotFound("client", id.to_string()))
}

/// Lets a browser in: the client it already is, or a new one, in either case under new secrets.
pub fn admit(tx: &mut Tx<'_>, shown: &[Credential], fresh: &Fresh, at: Time) -> Result<ClientId> {
    let id = if let Some(client) = find(tx, shown)? {
        tx.execute(
            "update clients set secret_digest = $2 where id = $1",
            values![&client.id, &fresh.cookie],
        )?;
        tx.execute(
            "delete from dev_browsers where client_id = $1",
            values![&client.id],
        )?;
        client.id
    } else {
        tx.execute(
            "insert into clients (id, secret_digest, created_at, updated_at) values ($1, $2, $3, $3)",
            values![&fresh.id, &fresh.cookie, at],
        )?;
        fresh.id.clone()
    };
    if let Some(token) = &fresh.dev_browser {
        link(tx, token, &id, at)?;
    }
    Ok(id)
}

/// Gives a client one more dev browser token.
pub fn link(tx: &mut Tx<'_>, token: &Digest, client: &ClientId, at: Time) -> Result<()> {
    tx.execute(
        "insert into dev_browsers (digest, client_id, created_at) values ($1, $2, $3)",
        values![token, client, at],
    )?;
    Ok(())
}

/// Notes that the client's set of sessions changed; `opened` is the new session, if one was opened.
pub fn changed(tx: &mut Tx<'_>, id: &ClientId, opened: Option<&SessionId>, at: Time) -> Result<()> {
    tx.execute(
        "update clients set updated_at = $2, last_active_session_id = $3 where id = $1",
        values![id, at, opened],
    )?;
    Ok(())
}

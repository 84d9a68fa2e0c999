//! Clients: a browser, as the server knows it. A client is opened by the secret in its `__client` cookie or, in
//! development, by its dev browser token; both are replaced at every sign-in, so that one planted before opens nothing
//! after.
//!
//! `updated_at` becomes the cookie `__client_uat`, against which SDKs hold every token's age. It moves only when the
//! client's set of sessions changes; were it to move with every request, every page would loop through a handshake.

use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::id::{ClientId, SessionId};
use crate::secret::Digest;

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// The client's id.
    pub id: ClientId,
    /// The session its pages should use.
    pub last_active_session_id: Option<SessionId>,
    /// When the browser first signed in.
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

/// The new secrets of a client that signs in, made before the write.
#[derive(Clone, Debug)]
pub struct NewSecrets {
    /// The client's id, if the browser is new.
    pub id: ClientId,
    /// The digest of the new `__client` cookie.
    pub cookie: Digest,
    /// The digest of the new dev browser token; development only.
    pub dev_browser: Option<Digest>,
}

/// The client that a browser is.
///
/// A browser may show several cookies of one name: another page on its host can plant one, and the first of them is then
/// not the browser's own. So each is tried. Of several clients only one may be signed in; if two are, nobody can tell
/// which of them the browser is, and it is none.
pub fn find(tx: &mut Read<'_>, credentials: &[Credential], now: Time) -> Result<Option<Client>> {
    let mut known = all(tx, credentials)?;
    if known.len() < 2 {
        return Ok(known.pop());
    }
    let mut signed_in = Vec::new();
    for client in &known {
        let active: Option<String> = tx.first(
            "select id from sessions where client_id = $1 and ended_at is null and expire_at > $2 limit 1",
            values![&client.id, now],
        )?;
        if active.is_some() {
            signed_in.push(client.clone());
        }
    }
    match signed_in.len() {
        0 => Ok(known.into_iter().next()),
        1 => Ok(signed_in.pop()),
        _ => Ok(None),
    }
}

/// Every client that one of the credentials opens, in their order.
pub fn all(tx: &mut Read<'_>, credentials: &[Credential]) -> Result<Vec<Client>> {
    let mut known: Vec<Client> = Vec::new();
    for credential in credentials {
        if let Some(client) = opened_by(tx, credential)?
            && known.iter().all(|other| other.id != client.id)
        {
            known.push(client);
        }
    }
    Ok(known)
}

/// The client that a credential opens.
pub fn opened_by(tx: &mut Read<'_>, credential: &Credential) -> Result<Option<Client>> {
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
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Read<'_>, id: &ClientId) -> Result<Client> {
    tx.first(
        "select id, last_active_session_id, created_at, updated_at from clients where id = $1",
        values![id],
    )?
    .ok_or_else(|| Error::NotFound("client", id.to_string()))
}

/// A page of all clients, the newest first.
pub fn list(tx: &mut Read<'_>, page: Page) -> Result<Vec<Client>> {
    Query::new("select id, last_active_session_id, created_at, updated_at from clients")
        .page("created_at desc, id desc", page)
        .all(tx)
}

/// How many clients there are.
pub fn count(tx: &mut Read<'_>) -> Result<i64> {
    tx.one("select count(*) from clients", &[])
}

/// Lets a browser in under new secrets, as the client it already is or as a new one, with this session.
pub fn admit(
    tx: &mut Write<'_>,
    known: Option<&Client>,
    new: &NewSecrets,
    session: &SessionId,
) -> Result<ClientId> {
    let now = tx.now();
    let id = if let Some(client) = known {
        let changed = tx.execute(
            "update clients set secret_digest = $2, last_active_session_id = $3, updated_at = $4 where id = $1",
            values![&client.id, &new.cookie, session, now],
        )?;
        if changed == 0 {
            return Err(Error::Conflict(
                "the client was removed at this moment".into(),
            ));
        }
        tx.execute(
            "delete from dev_browsers where client_id = $1",
            values![&client.id],
        )?;
        &client.id
    } else {
        tx.execute(
            "insert into clients (id, secret_digest, last_active_session_id, created_at, updated_at)
             values ($1, $2, $3, $4, $4)",
            values![&new.id, &new.cookie, session, now],
        )?;
        &new.id
    };
    if let Some(token) = &new.dev_browser {
        link(tx, token, id)?;
    }
    Ok(id.clone())
}

/// Gives a client one more dev browser token.
pub fn link(tx: &mut Write<'_>, token: &Digest, client: &ClientId) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "insert into dev_browsers (digest, client_id, created_at) values ($1, $2, $3)",
        values![token, client, now],
    )?;
    Ok(())
}

/// How many clients one statement changes at most.
const CHUNK: usize = 50;

/// Notes that these clients lost their sessions.
pub fn signed_out(tx: &mut Write<'_>, ids: &[ClientId]) -> Result<()> {
    for chunk in ids.chunks(CHUNK) {
        let mut query =
            Query::new("update clients set updated_at = $1, last_active_session_id = null");
        query.mark(tx.now());
        let marks = query.marks_of_two_sizes(chunk.iter(), CHUNK);
        query.and(&format!("id in ({marks})"));
        query.execute(tx)?;
    }
    Ok(())
}

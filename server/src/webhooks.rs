//! Webhooks: where events are sent to, and what is on its way there.
//!
//! The ledger posts a delivery for every endpoint that listens, in the write that the event tells of. The sender claims what
//! is due and says what came of it; it waits for networks, and this room does not.

mod deliveries;
mod kinds;
mod turns;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use zeroize::Zeroizing;

use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::WebhookId;
use crate::secret::{MasterKey, Purpose, Secret};
pub use deliveries::{
    Attempt, Delivery, Filter, State, attempts, delivery, forget, list_deliveries, oldest_waiting,
    replay, replay_since,
};
pub use kinds::{Kind, Kinds};
pub use turns::{Claimed, Message, Outcome, due, hurry, post, settle, take, withdraw};

/// How many endpoints there may be. Each costs every event a row.
pub const ENDPOINTS_MAX: i64 = 20;

/// How long the secret before signs too, in seconds.
pub const OVERLAP: i64 = 86_400;

/// Where events are sent to.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its id.
    pub id: WebhookId,
    /// Where.
    pub url: String,
    /// A remark of whoever made it.
    pub description: String,
    /// Which events.
    pub events: Kinds,
    secret: String,
    old_secret: Option<String>,
    old_until: Option<Time>,
    /// Since when nothing is sent to it.
    pub disabled_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
}

impl FromRow for Endpoint {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            url: row.take()?,
            description: row.take()?,
            events: Kinds::stored(row.take()?),
            secret: row.take()?,
            old_secret: row.take()?,
            old_until: row.take()?,
            disabled_at: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

const SELECT: &str = "select id, url, description, events, secret, old_secret, old_until, disabled_at, created_at, updated_at
     from webhook_endpoints";

/// The fewest bytes of a secret, as its form has them elsewhere.
const SECRET_BYTES: usize = 24;

/// What an endpoint's events are signed with.
pub struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    const PREFIX: &str = "whsec_";

    /// Takes it as it is shown.
    fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(Self::PREFIX)?).ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// One that somebody has already, as they show it.
    ///
    /// # Errors
    /// [`Error::ParamFormat`].
    pub fn given(text: &str) -> Result<Secret> {
        match Self::parse(text) {
            Some(secret) if secret.0.len() >= SECRET_BYTES => Ok(Secret::from(text)),
            _ => Err(Error::ParamFormat(
                "signing_secret",
                "whsec_ and then at least 24 bytes in base64",
            )),
        }
    }

    /// A new one, as its holder sees it.
    pub fn random() -> Secret {
        // The 43 characters hold 256 random bits; what is behind the prefix is base64 for those who verify.
        let key = STANDARD.encode(Secret::random().expose());
        Secret::from(format!("{}{key}", Self::PREFIX))
    }

    /// The key.
    pub fn key(&self) -> &[u8] {
        &self.0
    }
}

impl Endpoint {
    /// The secrets that sign at this moment, the present one first.
    ///
    /// # Errors
    /// [`Error::Bug`] where this master key did not seal them.
    pub fn signing(&self, master: &MasterKey, now: Time) -> Result<Vec<SigningSecret>> {
        let old = self.old_secret.as_ref();
        let old = old.filter(|_| self.old_until.is_some_and(|until| now < until));
        let open = |sealed: &String| {
            let shown = open(master, sealed)?;
            SigningSecret::parse(shown.expose())
                .ok_or_else(|| Error::Bug("a webhook's secret is none".into()))
        };
        [Some(&self.secret), old]
            .into_iter()
            .flatten()
            .map(open)
            .collect()
    }

    /// The present secret, as its holder sees it.
    ///
    /// # Errors
    /// As [`Endpoint::signing`].
    pub fn secret(&self, master: &MasterKey) -> Result<Secret> {
        open(master, &self.secret)
    }
}

fn open(master: &MasterKey, sealed: &str) -> Result<Secret> {
    let opened = master.open(Purpose::WebhookSecret, sealed);
    let text = opened.and_then(|bytes| std::str::from_utf8(&bytes).map(Secret::from).ok());
    text.ok_or_else(|| Error::Bug("a webhook's secret cannot be read with this master key".into()))
}

/// What is to be different about an endpoint; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Where events are sent to.
    pub url: Option<Url>,
    /// See [`Endpoint`].
    pub description: Option<String>,
    /// See [`Endpoint`].
    pub events: Option<Kinds>,
    /// Whether nothing is sent to it.
    pub disabled: Option<bool>,
}

impl Change {
    fn apply(&self, endpoint: &mut Endpoint, now: Time) {
        if let Some(url) = &self.url {
            endpoint.url = url.to_string();
        }
        if let Some(description) = &self.description {
            endpoint.description.clone_from(description);
        }
        if let Some(events) = &self.events {
            endpoint.events = events.clone();
        }
        if let Some(disabled) = self.disabled {
            endpoint.disabled_at = disabled.then(|| endpoint.disabled_at.unwrap_or(now));
        }
        endpoint.updated_at = now;
    }
}

fn event(action: Action, id: &WebhookId) -> Event {
    Event::new(action).detail(id.as_str())
}

/// Makes an endpoint with a secret that is sealed already.
///
/// # Errors
/// [`Error::ParamTooMany`] where there are enough.
pub fn create(tx: &mut Write<'_>, id: &WebhookId, with: &Change, sealed: &str) -> Result<Endpoint> {
    let now = tx.now();
    tx.attempt(event(Action::WebhookCreate, id));
    let there: i64 = tx.one("select count(*) from webhook_endpoints", &[])?;
    if there >= ENDPOINTS_MAX {
        let most = usize::try_from(ENDPOINTS_MAX).unwrap_or_default();
        return Err(Error::ParamTooMany("webhooks".into(), most));
    }
    let mut made = Endpoint {
        id: id.clone(),
        url: String::new(),
        description: String::new(),
        events: Kinds::all(),
        secret: sealed.to_owned(),
        old_secret: None,
        old_until: None,
        disabled_at: None,
        created_at: now,
        updated_at: now,
    };
    with.apply(&mut made, now);
    tx.execute(
        "insert into webhook_endpoints (id, url, description, events, secret, disabled_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        values![
            id,
            &made.url,
            &made.description,
            made.events.text(),
            sealed,
            made.disabled_at,
            now
        ],
    )?;
    tx.note(event(Action::WebhookCreate, id));
    Ok(made)
}

/// All endpoints, the oldest first.
pub fn list(tx: &mut Read<'_>) -> Result<Vec<Endpoint>> {
    tx.all(&format!("{SELECT} order by created_at, id"), &[])
}

/// The endpoint with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Read<'_>, id: &WebhookId) -> Result<Endpoint> {
    find(tx, id)?.ok_or_else(|| Error::NotFound("webhook", id.to_string()))
}

/// The same, where there is one.
pub fn find(tx: &mut Read<'_>, id: &WebhookId) -> Result<Option<Endpoint>> {
    tx.first(&format!("{SELECT} where id = $1"), values![id])
}

/// Reads one that will be changed, under its lock.
fn hold(tx: &mut Write<'_>, id: &WebhookId) -> Result<Endpoint> {
    let now = tx.now();
    tx.execute(
        "update webhook_endpoints set updated_at = $2 where id = $1",
        values![id, now],
    )?;
    get(tx, id)
}

/// Changes an endpoint. What waits for it goes to its new address.
///
/// # Errors
/// [`Error::NotFound`].
pub fn update(tx: &mut Write<'_>, id: &WebhookId, with: &Change) -> Result<Endpoint> {
    let now = tx.now();
    tx.attempt(event(Action::WebhookUpdate, id));
    let mut endpoint = hold(tx, id)?;
    with.apply(&mut endpoint, now);
    tx.execute(
        "update webhook_endpoints set url = $2, description = $3, events = $4, disabled_at = $5 where id = $1",
        values![
            id,
            &endpoint.url,
            &endpoint.description,
            endpoint.events.text(),
            endpoint.disabled_at
        ],
    )?;
    tx.note(event(Action::WebhookUpdate, id));
    Ok(endpoint)
}

/// Has it sign with another secret. The present one signs beside it for a day.
///
/// # Errors
/// [`Error::NotFound`].
pub fn rotate(tx: &mut Write<'_>, id: &WebhookId, sealed: &str) -> Result<Endpoint> {
    let until = tx.now().plus_seconds(OVERLAP);
    tx.attempt(event(Action::WebhookRotate, id));
    hold(tx, id)?;
    tx.execute(
        "update webhook_endpoints set old_secret = secret, old_until = $3, secret = $2 where id = $1",
        values![id, sealed, until],
    )?;
    tx.note(event(Action::WebhookRotate, id));
    get(tx, id)
}

/// Removes an endpoint. Nothing is sent there any more; its deliveries go with their time.
///
/// # Errors
/// [`Error::NotFound`].
pub fn delete(tx: &mut Write<'_>, id: &WebhookId) -> Result<()> {
    tx.attempt(event(Action::WebhookDelete, id));
    let deleted = tx.execute("delete from webhook_endpoints where id = $1", values![id])?;
    if deleted == 0 {
        return Err(Error::NotFound("webhook", id.to_string()));
    }
    tx.note(event(Action::WebhookDelete, id));
    Ok(())
}

/// Which endpoint listens to what.
pub struct Listener {
    /// The endpoint.
    pub id: WebhookId,
    /// To these.
    pub events: Kinds,
    created_at: Time,
}

impl FromRow for Listener {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            events: Kinds::stored(row.take()?),
            created_at: row.take()?,
        })
    }
}

/// Everybody who listens.
pub fn listeners(tx: &mut Read<'_>) -> Result<Vec<Listener>> {
    tx.all(
        "select id, events, created_at from webhook_endpoints where disabled_at is null order by id",
        &[],
    )
}

/// Since when there is somebody who listens to this; `None` where nobody does.
pub fn heard_since(tx: &mut Read<'_>, kind: Kind) -> Result<Option<Time>> {
    let listeners = listeners(tx)?.into_iter();
    let hear = listeners.filter(|one| one.events.hold(kind));
    Ok(hear.map(|one| one.created_at).min())
}

/// Has an endpoint hear of something that did not happen.
///
/// # Errors
/// [`Error::NotFound`].
pub fn test(tx: &mut Write<'_>, id: &WebhookId, message: Message) -> Result<Delivery> {
    tx.attempt(event(Action::WebhookTest, id));
    let endpoint = get(tx, id)?;
    let made = post(tx, vec![(endpoint.id, message)])?;
    tx.note(event(Action::WebhookTest, id));
    let made = made.first().copied();
    delivery(tx, id, made.unwrap_or_default())
}

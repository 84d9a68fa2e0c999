//! How one signing key takes the place of another without a token that somebody cannot verify.
//!
//! Everything is a time in the key's row, so nodes agree without talking: a key is published from its making on, signs from
//! `active_at` until the next one does, and is published until `retired_at`, when the last token that it signed has ended.

use crate::clock::Time;
use crate::db::{FromRow, Read, Row as DbRow, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::secret::{MasterKey, Purpose};

/// A key as a node reads it.
pub(super) struct Row {
    pub(super) kid: String,
    pub(super) sealed: String,
    pub(super) active_at: Time,
    pub(super) retired_at: Option<Time>,
}

impl FromRow for Row {
    fn from_row(row: &mut DbRow) -> Result<Self> {
        Ok(Self {
            kid: row.take()?,
            sealed: row.take()?,
            active_at: row.take()?,
            retired_at: row.take()?,
        })
    }
}

/// The keys that are published, in the order in which they sign.
pub(super) fn published(tx: &mut Read<'_>, now: Time) -> Result<Vec<Row>> {
    tx.all(
        "select kid, private_key, active_at, retired_at from signing_keys
         where retired_at is null or retired_at > $1 order by active_at, kid",
        values![now],
    )
}

/// Keeps the first key: several nodes may start at once on an empty database.
pub(super) fn first(tx: &mut Write<'_>, kid: &str, sealed: &str) -> Result<Vec<Row>> {
    let now = tx.now();
    one_at_a_time(tx)?;
    if published(tx, now)?.is_empty() {
        insert(tx, kid, sealed, now)?;
    }
    published(tx, now)
}

fn insert(tx: &mut Write<'_>, kid: &str, sealed: &str, active_at: Time) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "insert into signing_keys (kid, private_key, created_at, active_at) values ($1, $2, $3, $4)",
        values![kid, sealed, now, active_at],
    )?;
    Ok(())
}

/// A key, without its secret half.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Published {
    /// Its name.
    pub kid: String,
    /// When it was made, and published.
    pub created_at: Time,
    /// From when on it signs, until a later one does.
    pub active_at: Time,
    /// From when on it is not published any more.
    pub retired_at: Option<Time>,
}

impl FromRow for Published {
    fn from_row(row: &mut DbRow) -> Result<Self> {
        Ok(Self {
            kid: row.take()?,
            created_at: row.take()?,
            active_at: row.take()?,
            retired_at: row.take()?,
        })
    }
}

/// All keys, the one that signs last first.
pub fn list(tx: &mut Read<'_>) -> Result<Vec<Published>> {
    tx.all(
        "select kid, created_at, active_at, retired_at from signing_keys order by active_at desc, kid desc",
        &[],
    )
}

/// The key that signs at this moment, and the one that will.
pub fn next(keys: &[Published], now: Time) -> (Option<&Published>, Option<&Published>) {
    let live = |key: &&Published| key.retired_at.is_none_or(|at| now < at);
    let signing = keys.iter().find(|key| key.active_at <= now && live(key));
    let waiting = keys.iter().find(|key| key.active_at > now && live(key));
    (signing, waiting)
}

/// What became of a rotation.
#[derive(Clone, Debug)]
pub enum Rotated {
    /// This key takes over.
    Done(Published),
    /// Another one is about to already.
    UnderWay(Published),
}

/// A rotation to be done.
pub struct Rotation {
    /// The new key's name.
    pub kid: String,
    /// Its secret half, sealed.
    pub sealed: String,
    /// How long it is published before it signs, in seconds.
    pub lead: i64,
    /// How long the keys before it are published after they signed for the last time, in seconds.
    pub keep: i64,
    /// Whether a key that waits already is to sign that soon, instead of being the reason to do nothing.
    pub is_urgent: bool,
}

/// Lets a new key take over.
pub fn rotate(tx: &mut Write<'_>, rotation: &Rotation) -> Result<Rotated> {
    let now = tx.now();
    one_at_a_time(tx)?;
    let active_at = now.plus_seconds(rotation.lead);
    let waiting = next(&list(tx)?, now).1.cloned();
    let kid = match waiting {
        Some(waiting) if !rotation.is_urgent => return Ok(Rotated::UnderWay(waiting)),
        Some(waiting) => {
            tx.execute(
                "update signing_keys set active_at = $2 where kid = $1",
                values![&waiting.kid, active_at],
            )?;
            waiting.kid
        }
        None => {
            insert(tx, &rotation.kid, &rotation.sealed, active_at)?;
            rotation.kid.clone()
        }
    };
    tx.execute(
        "update signing_keys set retired_at = $2 where kid <> $1 and retired_at is null",
        values![&kid, active_at.plus_seconds(rotation.keep)],
    )?;
    tx.note(Event::new(Action::SigningKeyRotate).detail(&kid));
    let made = list(tx)?.into_iter().find(|key| key.kid == kid);
    made.map(Rotated::Done)
        .ok_or_else(|| Error::Bug("a signing key was made and is not there".into()))
}

/// Changes of keys, from any node, come one after the other.
fn one_at_a_time(tx: &mut Write<'_>) -> Result<()> {
    tx.execute("update instance set created_at = created_at", &[])?;
    Ok(())
}

/// What became of a key that was to be retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It is not published any more.
    Done,
    /// It is the one that signs.
    Signs,
}

/// Takes a key out of the published ones now, so that nothing that it signed verifies any more.
///
/// # Errors
/// [`Error::NotFound`] when no key that is published has this name.
pub fn retire(tx: &mut Write<'_>, kid: &str) -> Result<Retired> {
    let now = tx.now();
    one_at_a_time(tx)?;
    let keys = list(tx)?;
    let (signs, waits) = next(&keys, now);
    if signs.is_some_and(|signs| signs.kid == kid) {
        return Ok(Retired::Signs);
    }
    let retired = tx.execute(
        "update signing_keys set retired_at = $2 where kid = $1 and (retired_at is null or retired_at > $2)",
        values![kid, now],
    )?;
    if retired == 0 {
        return Err(Error::NotFound("signing key in use", kid.to_owned()));
    }
    if let Some(signs) = signs
        && waits.is_some_and(|waits| waits.kid == kid)
    {
        // Its turn does not end after all.
        tx.execute(
            "update signing_keys set retired_at = null where kid = $1",
            values![&signs.kid],
        )?;
    }
    tx.note(Event::new(Action::SigningKeyRetire).detail(kid));
    Ok(Retired::Done)
}

/// Removes the secret halves of keys that nobody needs any more.
pub fn sweep(tx: &mut Write<'_>) -> Result<u64> {
    let now = tx.now();
    tx.execute(
        "delete from signing_keys where retired_at <= $1",
        values![now],
    )
}

/// Something that a master key sealed.
pub struct Sealed {
    purpose: Purpose,
    id: String,
    text: String,
}

/// Everything that is sealed and kept.
pub fn sealed(tx: &mut Read<'_>) -> Result<Vec<Sealed>> {
    const ALL: [(Purpose, &str); 4] = [
        (
            Purpose::SigningKey,
            "select kid, private_key from signing_keys",
        ),
        (
            Purpose::TemplateKey,
            "select id, signing_key from jwt_templates where signing_key is not null",
        ),
        (
            Purpose::WebhookSecret,
            "select id, secret from webhook_endpoints",
        ),
        (
            Purpose::WebhookSecret,
            "select id, old_secret from webhook_endpoints where old_secret is not null",
        ),
    ];
    let mut all = Vec::new();
    for (purpose, sql) in ALL {
        let rows: Vec<(String, String)> = tx.all(sql, &[])?;
        all.extend(
            rows.into_iter()
                .map(|(id, text)| Sealed { purpose, id, text }),
        );
    }
    Ok(all)
}

impl Sealed {
    /// Whether this master key sealed it, or opens it.
    pub fn opens_with(&self, master: &MasterKey) -> bool {
        master.open(self.purpose, &self.text).is_some()
    }

    /// The same sealed anew, where another master key than the present one had sealed it.
    ///
    /// # Errors
    /// As [`MasterKey::seal`].
    pub fn anew(self, master: &MasterKey) -> Result<Option<(Self, String)>> {
        let text = master.reseal(self.purpose, &self.text)?;
        Ok(text.map(|text| (self, text)))
    }
}

/// Puts what was sealed anew in its place, unless it changed meanwhile.
pub fn replace(tx: &mut Write<'_>, resealed: &[(Sealed, String)]) -> Result<()> {
    for (old, new) in resealed {
        let sql = match old.purpose {
            Purpose::TemplateKey => {
                "update jwt_templates set signing_key = $3 where id = $1 and signing_key = $2"
            }
            Purpose::WebhookSecret => {
                "update webhook_endpoints set secret = case when secret = $2 then $3 else secret end,
                                              old_secret = case when old_secret = $2 then $3 else old_secret end
                 where id = $1 and (secret = $2 or old_secret = $2)"
            }
            _ => "update signing_keys set private_key = $3 where kid = $1 and private_key = $2",
        };
        tx.execute(sql, values![&old.id, &old.text, new])?;
    }
    let event = Event::new(Action::MasterKeyRotate);
    tx.note(event.detail(format!("{} sealed anew", resealed.len())));
    Ok(())
}

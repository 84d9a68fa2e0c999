//! The custom claims of session tokens: one setting of the instance, in the database, so that all nodes agree.
//!
//! Every look at a session brings the setting's revision along (zero where there are no custom claims), so a node that has
//! compiled an earlier one notices with the very next token.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Map, Value as Json};

use super::{Custom, Part, Template, fill};
use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::id::UserId;
use crate::instance::Instance;
use crate::sessions::Session;
use crate::users;

/// The setting.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// The claims, as they were given; empty where there are none.
    pub claims: Map<String, Json>,
    /// Moves with every change.
    pub revision: i64,
    /// The last change, if there ever was one.
    pub updated_at: Option<Time>,
}

impl FromRow for Setting {
    fn from_row(row: &mut Row) -> Result<Self> {
        let claims: Option<String> = row.take()?;
        let claims = claims.as_deref().unwrap_or("{}");
        Ok(Self {
            claims: serde_json::from_str(claims)
                .map_err(|error| Error::Bug(format!("stored session claims: {error}")))?,
            revision: row.take()?,
            updated_at: row.take()?,
        })
    }
}

/// The setting as it is.
pub fn get(tx: &mut Read<'_>) -> Result<Setting> {
    tx.one(
        "select session_claims, session_claims_revision, session_claims_updated_at from instance",
        &[],
    )
}

/// Sets the claims of every session token that is made from now on; an empty object takes them away. Whether they can be
/// claims is seen before, with [`Template::new`].
pub fn set(tx: &mut Write<'_>, claims: &Map<String, Json>) -> Result<Setting> {
    let now = tx.now();
    let event = Event::new(Action::SessionClaimsUpdate);
    tx.attempt(event.clone());
    let text = (!claims.is_empty()).then(|| Json::from(claims.clone()).to_string());
    tx.execute(
        "update instance set session_claims = $1, session_claims_revision = session_claims_revision + 1,
                             session_claims_updated_at = $2",
        values![text, now],
    )?;
    tx.note(event);
    get(tx)
}

/// The template this node has compiled, with the revision of the setting it was made of.
#[derive(Default)]
pub struct Current(RwLock<Option<(i64, Arc<Template>)>>);

impl Current {
    /// The template of this revision, if this node has compiled it.
    pub fn at(&self, revision: i64) -> Option<Arc<Template>> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (known, template) = held.as_ref()?;
        (*known == revision).then(|| template.clone())
    }

    /// Keeps a template in the place of the one before.
    pub fn keep(&self, revision: i64, template: Arc<Template>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((revision, template));
    }
}

/// What a user's token would say.
pub struct Sample {
    /// A session as the user's would be.
    pub session: Session,
    /// What it would say beside the claims that all tokens have.
    pub custom: Custom,
}

/// Whom claims are tried on before they are set.
pub struct Survey {
    /// The user who was asked for.
    pub given: Option<Sample>,
    /// Those with the most in their fields, the newest beside them.
    pub users: Vec<Sample>,
}

/// How many users of either sort claims are tried on.
const TRIED: i64 = 20;

/// Tries claims on the users whose tokens would be the largest and on the newest ones. This goes through all users, once
/// whenever claims are set.
///
/// # Errors
/// [`Error::NotFound`] for a given user who is not there; [`crate::error::ClaimsError::TooLarge`].
pub fn survey(
    tx: &mut Read<'_>,
    template: &Template,
    given: Option<&UserId>,
    instance: &Instance,
    now: Time,
) -> Result<Survey> {
    let sample = |tx: &mut Read<'_>, user: &UserId| {
        let session = Session::specimen(user, now);
        let custom = fill(tx, template, &session, instance)?;
        Ok::<_, Error>(Sample { session, custom })
    };
    if let Some(id) = given {
        users::get(tx, id)?;
    }
    let given = given.map(|id| sample(tx, id)).transpose()?;
    let mut ids: Vec<UserId> = Vec::new();
    if template.asks_for(Part::User) {
        ids.extend(users::fullest(tx, TRIED)?);
        ids.extend(users::newest(tx, TRIED)?);
        ids.sort();
        ids.dedup();
    } else {
        // The same for everybody, and so also for somebody who is not there.
        ids.push(UserId::new(now));
    }
    let users: Result<Vec<_>> = ids.iter().map(|id| sample(tx, id)).collect();
    Ok(Survey {
        given,
        users: users?,
    })
}

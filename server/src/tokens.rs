//! Session tokens: what an application's server believes for a minute without asking.
//!
//! Claims are version 2 as Clerk's SDKs read them. A token never outlives its session, and is never made for one that
//! is over: revoking a session stops the very next token.

mod recent;

use serde::Serialize;

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::id;
use crate::instance::Instance;
use crate::keys::SigningKey;
use crate::organizations::{Active, Claim};
use crate::secret::MasterKey;
use crate::sessions::{Actor, Session};

pub use recent::Recent;

/// Life of a session token, in seconds.
pub const LIFE: i64 = 60;
/// How far before its making a token is valid, in seconds: clocks of other machines may be a little behind.
const HEAD_START: i64 = 10;

/// What a session token says.
#[derive(Serialize)]
struct Claims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<&'a str>,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fea: Option<String>,
    fva: [i64; 2],
    iat: i64,
    iss: &'a str,
    jti: String,
    nbf: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    o: Option<Claim>,
    sid: &'a str,
    sts: &'a str,
    sub: &'a str,
    v: u8,
}

/// For whom a token is made, and for how long at most.
#[derive(Clone, Copy, Debug)]
pub struct Audience<'a> {
    /// The origin of the pages that will use it (`azp`).
    pub origin: Option<&'a str>,
    /// Its life in seconds; it ends with its session in any case.
    pub life: i64,
}

impl<'a> Audience<'a> {
    /// The pages of an origin, for the usual time.
    pub fn pages(origin: Option<&'a str>) -> Self {
        Self { origin, life: LIFE }
    }
}

/// What tokens are made with.
#[derive(Clone, Copy)]
pub struct Issuer<'a> {
    /// In whose name.
    pub instance: &'a Instance,
    /// Signs them.
    pub signing_key: &'a SigningKey,
    /// Seals what only this server reads.
    pub master_key: &'a MasterKey,
}

impl Issuer<'_> {
    /// Makes a session token.
    ///
    /// # Errors
    /// [`Error::SignedOut`] when the session is not active at the moment `now`.
    pub fn mint(&self, session: &Session, audience: Audience<'_>, now: Time) -> Result<String> {
        if !session.is_active(now) {
            return Err(Error::SignedOut);
        }
        let issued = now.seconds();
        let organization = session.organization.as_ref().map(Active::claims);
        let (o, fea) = organization.map_or((None, None), |claims| {
            (Some(claims.organization), claims.features)
        });
        self.signing_key.sign(&Claims {
            act: session.actor.as_ref().map(Actor::claim),
            azp: audience.origin,
            fea,
            exp: (issued + audience.life).min(session.expire_at.seconds()),
            fva: factor_age(session, now),
            iat: issued,
            iss: &self.instance.issuer,
            jti: id::ksuid(now),
            nbf: issued - HEAD_START,
            o,
            sid: session.id.as_str(),
            sts: session.status(now).as_str(),
            sub: session.user_id.as_str(),
            v: 2,
        })
    }
}

/// Minutes since the first factor was checked, which for a ticket is when it was spent, and since the second: never.
pub fn factor_age(session: &Session, now: Time) -> [i64; 2] {
    [(now.seconds_since(session.created_at) / 60).max(0), -1]
}

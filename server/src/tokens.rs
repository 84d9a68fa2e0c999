//! Session tokens: what an application's server believes for a minute without asking.
//!
//! Claims are version 2 as Clerk's SDKs read them. A token never outlives its session, and is never made for one that
//! is over: revoking a session stops the very next token.

mod recent;

use serde::Serialize;

use crate::claims::Custom;
use crate::clock::Time;
use crate::error::{ClaimsError, Error, Result};
use crate::id;
use crate::instance::Instance;
use crate::jwt_templates::Ready;
use crate::keys::Keys;
use crate::organizations::{Active, Claim};
use crate::secret::MasterKey;
use crate::sessions::{Actor, Session};

pub use recent::Recent;

/// Life of a session token, in seconds.
pub const LIFE: i64 = 60;
/// How far before its making a token is valid, in seconds: clocks of other machines may be a little behind.
const HEAD_START: i64 = 10;

/// How large a session token may be, in bytes. Browsers drop a cookie of more than 4096; its name and attributes, as clerk-js
/// writes them, take the rest.
pub const TOKEN_MAX: usize = 4096 - 128;

/// What a session token says beside custom claims.
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

/// What a token made by a JWT template says beside the template's own claims.
#[derive(Serialize)]
struct TemplateClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<&'a str>,
    exp: i64,
    iat: i64,
    iss: &'a str,
    jti: String,
    nbf: i64,
    sub: &'a str,
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

/// Whose token is made.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Who is signed in, and where.
    pub session: &'a Session,
    /// What is said of them beside the claims that all have.
    pub custom: &'a Custom,
}

/// What tokens are made with.
#[derive(Clone, Copy)]
pub struct Issuer<'a> {
    /// In whose name.
    pub instance: &'a Instance,
    /// Sign them.
    pub keys: &'a Keys,
    /// Seals what only this server reads.
    pub master_key: &'a MasterKey,
}

impl Issuer<'_> {
    /// Makes a session token.
    ///
    /// # Errors
    /// [`Error::SignedOut`] when the session is not active at the moment `now`; [`ClaimsError::TokenTooLarge`].
    pub fn mint(&self, of: Subject<'_>, audience: Audience<'_>, now: Time) -> Result<String> {
        if !of.session.is_active(now) {
            return Err(Error::SignedOut);
        }
        let claims = self.claims(of, audience, now)?;
        carried(of.session, self.keys.length(claims.len()))?;
        self.keys.signing(now).sign_session(&claims)
    }

    /// Makes a token by a JWT template. It ends with the session that it was asked for by, whatever its lifetime is: who lets
    /// somebody in for half an hour must not have given out more.
    ///
    /// # Errors
    /// [`Error::SignedOut`] when the session is not active at the moment `now`.
    pub fn mint_by(
        &self,
        template: &Ready,
        of: Subject<'_>,
        audience: Audience<'_>,
        now: Time,
    ) -> Result<String> {
        let Subject { session, custom } = of;
        if !session.is_active(now) {
            return Err(Error::SignedOut);
        }
        let issued = now.seconds();
        let mut claims = json(&TemplateClaims {
            azp: audience.origin,
            exp: expiry(session, audience.life, now),
            iat: issued,
            iss: &self.instance.issuer,
            jti: id::ksuid(now),
            nbf: issued - template.clock_skew,
            sub: session.user_id.as_str(),
        })?;
        custom.add_to(&mut claims);
        template.sign(&self.keys.signing(now), &claims)
    }

    /// How large a session token would be, in bytes.
    pub fn measure(&self, of: Subject<'_>, now: Time) -> Result<usize> {
        let origin = self.instance.public_url.origin().ascii_serialization();
        let audience = Audience::pages(Some(&origin));
        let claims = self.claims(of, audience, now)?;
        Ok(self.keys.length(claims.len()))
    }

    fn claims(&self, of: Subject<'_>, audience: Audience<'_>, now: Time) -> Result<Vec<u8>> {
        let Subject { session, custom } = of;
        let issued = now.seconds();
        let organization = session.organization.as_ref().map(Active::claims);
        let (o, fea) = organization.map_or((None, None), |claims| {
            (Some(claims.organization), claims.features)
        });
        let mut claims = json(&Claims {
            act: session.actor.as_ref().map(Actor::claim),
            azp: audience.origin,
            fea,
            exp: expiry(session, audience.life, now),
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
        })?;
        custom.add_to(&mut claims);
        Ok(claims)
    }
}

/// When a token ends that is made now for so many seconds, in seconds since the epoch: with its session, if that is sooner.
pub fn expiry(session: &Session, life: i64, now: Time) -> i64 {
    (now.seconds() + life).min(session.expire_at.seconds())
}

/// Refuses a session token of so many bytes that no cookie could carry.
///
/// # Errors
/// [`ClaimsError::TokenTooLarge`].
pub fn carried(session: &Session, bytes: usize) -> Result<()> {
    if bytes <= TOKEN_MAX {
        return Ok(());
    }
    Err(ClaimsError::TokenTooLarge {
        user: session.user_id.to_string(),
        bytes,
        max: TOKEN_MAX,
    }
    .into())
}

fn json(claims: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(claims).map_err(|error| Error::Bug(error.to_string()))
}

/// Minutes since the first factor was checked, which for a ticket is when it was spent and may have been again since, and
/// since the second: never.
pub fn factor_age(session: &Session, now: Time) -> [i64; 2] {
    [(now.seconds_since(session.proven_at()) / 60).max(0), -1]
}

//! What a verified session token says.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::organization::Organization;
use super::reason::Reason;
use super::token::{Demands, Failure};
use crate::Actor;
use crate::id::{SessionId, UserId};

/// The claims of a session token whose signature, times and parties were found good.
#[derive(Clone, Debug)]
pub struct Claims {
    user: UserId,
    session: SessionId,
    expires_at: Timestamp,
    issued_at: Option<Timestamp>,
    party: Option<String>,
    actor: Option<Actor>,
    organization: Option<Organization>,
    pending: bool,
    all: Map<String, Value>,
}

impl Claims {
    /// Holds claims against the demands, in the order in which Clerk's SDKs do: who, for whom, until when.
    pub(super) fn read(all: Map<String, Value>, demands: &Demands<'_>) -> Result<Self, Failure> {
        let failed = || Failure::Refused(Reason::TokenVerificationFailed);
        let text = |name: &str| all.get(name).and_then(Value::as_str);
        let user = text("sub")
            .and_then(|id| UserId::try_from(id).ok())
            .ok_or_else(failed)?;
        let party = text("azp").map(ToOwned::to_owned);
        let known = |party: &String| demands.parties.contains(party);
        if !demands.parties.is_empty() && !party.as_ref().is_some_and(known) {
            return Err(Reason::TokenInvalidAuthorizedParties.into());
        }
        let Some(expires_at) = moment(&all, "exp")? else {
            return Err(failed());
        };
        if expires_at.as_millisecond() <= demands.now.saturating_sub(demands.skew) {
            return Err(Failure::Expired);
        }
        let future =
            |at: &Timestamp| at.as_millisecond() > demands.now.saturating_add(demands.skew);
        if moment(&all, "nbf")?.as_ref().is_some_and(future) {
            return Err(Failure::NotYet);
        }
        let issued_at = moment(&all, "iat")?;
        if issued_at.as_ref().is_some_and(future) {
            return Err(Failure::IssuedInFuture);
        }
        // A token that names no session would outlive the session's end.
        let session = text("sid")
            .and_then(|id| SessionId::try_from(id).ok())
            .ok_or_else(failed)?;
        Ok(Self {
            user,
            session,
            expires_at,
            issued_at,
            party,
            actor: actor(&all)?,
            organization: Organization::read(&all),
            pending: text("sts") == Some("pending"),
            all,
        })
    }

    /// Who is signed in (`sub`).
    pub fn user_id(&self) -> &UserId {
        &self.user
    }

    /// The session (`sid`).
    pub fn session_id(&self) -> &SessionId {
        &self.session
    }

    /// When the token stops being valid (`exp`). Session tokens live a minute; the session lives on.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// When the token was made (`iat`), where it says so.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// The origin of the pages the token was made for (`azp`), as in `https://app.example.com`.
    pub fn authorized_party(&self) -> Option<&str> {
        self.party.as_deref()
    }

    /// Who acts in the user's name (`act`), if it is not the user.
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    /// The organization that is active in the session, if one is (`o`, or `org_id` in older tokens).
    pub fn organization(&self) -> Option<&Organization> {
        self.organization.as_ref()
    }

    /// Whether the session still waits for something the user must do (`sts: pending`).
    pub(super) fn is_pending(&self) -> bool {
        self.pending
    }

    /// Any claim by its name, for those that an application adds to its tokens. `None` where it is missing or of another
    /// shape.
    ///
    /// ```
    /// # fn role(claims: &standin::auth::Claims) -> Option<String> {
    /// claims.get("role")
    /// # }
    /// ```
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.all.get(name)?).ok()
    }

    /// All claims at once as a type of the application's, for those that it adds to its tokens. Fields of the type that the
    /// token has not must be optional.
    ///
    /// ```
    /// #[derive(serde::Deserialize)]
    /// struct Custom {
    ///     plan: Option<String>,
    ///     metadata: Option<serde_json::Value>,
    /// }
    ///
    /// # fn plan(claims: &standin::auth::Claims) -> standin::Result<Option<String>> {
    /// let custom: Custom = claims.read_as()?;
    /// # Ok(custom.plan)
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where a claim has another shape than the type wants.
    pub fn read_as<T: DeserializeOwned>(&self) -> crate::Result<T> {
        T::deserialize(&self.all).map_err(crate::Error::claims)
    }
}

/// A time claim (`NumericDate`, RFC 7519 §2): seconds since the epoch, fractions dropped.
fn moment(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Reason> {
    let failed = Reason::TokenVerificationFailed;
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "casts from float saturate, and no clock reads such a time"
    )]
    let seconds = match value.as_i64() {
        Some(seconds) => seconds,
        None => value.as_f64().ok_or_else(|| failed.clone())? as i64,
    };
    Timestamp::from_second(seconds)
        .map(Some)
        .map_err(|_| failed)
}

/// Reads `act`. One that cannot be read refuses the token: a request must not pass for the user's own because of an oddity.
fn actor(claims: &Map<String, Value>) -> Result<Option<Actor>, Reason> {
    match claims.get("act") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => Actor::deserialize(value)
            .map(Some)
            .map_err(|_| Reason::TokenVerificationFailed),
    }
}

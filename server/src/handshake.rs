//! The handshake: how a session reaches the application's own domain.
//!
//! The answer to a visit or a handshake is a redirect to the application that carries a *nonce*; the application's server
//! exchanges it, with its secret key, for directives: complete `Set-Cookie` values. The nonce is sealed with the master
//! key and holds names only, no session token, so any node reads it, nothing need be stored for it, and whether the
//! session is still alive is decided when it is exchanged, not when it was made.
//!
//! Which cookies there are and how they are set is in [`cookies`], all of it.

pub mod cookies;

use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use crate::claims::Custom;
use crate::clients;
use crate::clock::Time;
use crate::cookie::{self, Cookie};
use crate::db::Read;
use crate::error::{Error, Result};
use crate::id::{ClientId, SessionId};
use crate::instance::Instance;
use crate::keys::SigningKey;
use crate::policy::Policy;
use crate::secret::{MasterKey, Purpose, Secret};
use crate::sessions::{self, Session};
use crate::stage::Stage;
use crate::tokens::{Audience, Issuer, Subject};

/// How long a nonce can be exchanged, in seconds. It can be read more than once: parallel requests carry the same one.
pub const NONCE_SECONDS: i64 = 60;

/// What a nonce says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Payload {
    client: Option<String>,
    session: Option<String>,
    /// The origin of the application the nonce is for: the `azp` of its tokens.
    pub origin: String,
    dev_browser: Option<String>,
    /// The secret of the client, where the application's own origin stands for the Frontend API and so keeps its cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    expires: i64,
}

/// A session that is alive when its payload arrives.
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// When its client's set of sessions last changed.
    pub changed_at: Time,
}

impl Payload {
    /// The payload for a browser on its way to `target`; `known` is its client and, if it is signed in, its session.
    pub fn new(
        target: &Url,
        known: Option<(&ClientId, Option<&SessionId>)>,
        dev_browser: Option<&Secret>,
        now: Time,
    ) -> Self {
        Self {
            client: known.map(|(client, _)| client.to_string()),
            session: known
                .and_then(|(_, session)| session)
                .map(ToString::to_string),
            origin: target.origin().ascii_serialization(),
            dev_browser: dev_browser.map(|token| token.expose().to_owned()),
            client_secret: None,
            expires: now.seconds() + NONCE_SECONDS,
        }
    }

    /// Carries the client's cookie too: for a browser that reaches the Frontend API through the application.
    #[must_use]
    pub fn with_client(self, secret: &Secret) -> Self {
        Self {
            client_secret: Some(secret.expose().to_owned()),
            ..self
        }
    }

    /// The payload as an opaque text.
    pub fn seal(&self, master: &MasterKey) -> Result<String> {
        master.seal_value(Purpose::HandshakeNonce, self)
    }

    /// Reads a nonce; `None` for one that this instance did not make or that is too old.
    pub fn open(master: &MasterKey, nonce: &str, now: Time) -> Option<Self> {
        let payload: Self = master.open_value(Purpose::HandshakeNonce, nonce)?;
        (now.seconds() < payload.expires).then_some(payload)
    }

    /// The session that the payload speaks of, if it is alive now.
    pub fn find(&self, tx: &mut Read<'_>, now: Time) -> Result<Option<SignedIn>> {
        let (Some(client), Some(session)) = (&self.client, &self.session) else {
            return Ok(None);
        };
        let session = sessions::find(tx, &session.as_str().into())?;
        let Some(session) = session.filter(|session| session.is_active(now)) else {
            return Ok(None);
        };
        let changed_at = clients::get(tx, &client.as_str().into())?.updated_at;
        Ok(Some(SignedIn {
            session,
            changed_at,
        }))
    }

    /// The cookies the application must set: signed in with `found` and its custom claims, or signed out.
    pub fn directives(
        &self,
        issuer: Issuer<'_>,
        found: Option<(&SignedIn, &Custom)>,
        now: Time,
    ) -> Result<Vec<Cookie>> {
        let tokens = found
            .map(|(found, custom)| {
                let audience = Audience::pages(Some(&self.origin));
                let session = &found.session;
                let of = Subject { session, custom };
                Ok::<_, Error>(cookies::Tokens {
                    session: issuer.mint(of, audience, now)?,
                    refresh: refresh_token(issuer.master_key, &found.session.id)?,
                    changed_at: found.changed_at,
                })
            })
            .transpose()?;
        Ok(cookies::directives(self, issuer.instance, tokens.as_ref()))
    }
}

/// How a payload travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A short text that the application's server exchanges.
    Nonce,
    /// A signed token that holds the directives themselves; older SDKs know only this one.
    Token,
}

impl Form {
    /// This form, unless the applications' SDKs follow a nonce in circles. Some of those ask for one.
    #[must_use]
    pub fn suits(self, policy: &Policy) -> Self {
        match policy.stage {
            Stage::Development if !policy.nonces => Self::Token,
            Stage::Development | Stage::Production => self,
        }
    }

    fn cookie(self) -> &'static str {
        match self {
            Self::Nonce => cookie::NONCE,
            Self::Token => cookie::HANDSHAKE,
        }
    }
}

/// The signed form of directives. In production a cookie must carry it, in which the session token does not always fit twice:
/// then it is under the one name that the application's SDK reads, `suffixed` or plain, and is taken away under the other.
///
/// # Errors
/// [`Error::HandshakeInvalid`] where no cookie carries even that.
pub fn token(
    instance: &Instance,
    key: &SigningKey,
    directives: &[Cookie],
    suffixed: bool,
) -> Result<String> {
    let signed = |directives: &[Cookie]| key.sign(&json!({ "handshake": directives }));
    let fits = |token: &str| {
        let cookie = format!("{}={token}", cookie::HANDSHAKE);
        instance.is_development() || cookie.len() <= COOKIE_MAX
    };
    let whole = signed(directives)?;
    if fits(&whole) {
        return Ok(whole);
    }
    let (sessions, mut short): (Vec<Cookie>, Vec<Cookie>) = directives
        .iter()
        .cloned()
        .partition(|one| one.name.starts_with(cookie::SESSION));
    let (kept, mut gone): (Vec<_>, Vec<_>) = sessions
        .into_iter()
        .partition(|one| (one.name != cookie::SESSION) == suffixed);
    for cookie in &mut gone {
        cookie.value.clear();
        cookie.max_age = 0;
    }
    // The full one last, which is the one that SDKs take.
    short.extend(gone);
    short.extend(kept);
    let short = signed(&short)?;
    if fits(&short) {
        return Ok(short);
    }
    Err(Error::HandshakeInvalid(
        "no cookie carries this session's claims in the long form; an SDK that asks for format=nonce can be answered",
    ))
}

/// How large a cookie may be for browsers, its name included.
const COOKIE_MAX: usize = 4096;

/// Puts a payload on its way: into the address in development, into a cookie in production. Returns the address to
/// redirect to and the cookie to set.
pub fn carry(
    instance: &Instance,
    mut target: Url,
    form: Form,
    payload: &str,
) -> (Url, Option<Cookie>) {
    if !instance.is_development() {
        return (target, Some(cookies::carrying(instance, form, payload)));
    }
    // An application that never removes a stale payload from its address would otherwise carry two.
    let stale = |pair: &&str| !pair.starts_with(cookie::HANDSHAKE);
    let kept: Option<String> = target
        .query()
        .map(|query| query.split('&').filter(stale).collect::<Vec<_>>().join("&"));
    target.set_query(kept.as_deref().filter(|query| !query.is_empty()));
    target.query_pairs_mut().append_pair(form.cookie(), payload);
    (target, None)
}

/// The opaque text of the refresh cookie: it names the session and proves that this instance made it.
fn refresh_token(master: &MasterKey, session: &SessionId) -> Result<String> {
    master.seal(Purpose::RefreshToken, session.as_str().as_bytes())
}

/// The session a refresh cookie belongs to.
pub fn refresh_session(master: &MasterKey, token: &str) -> Option<SessionId> {
    let bytes = master.open(Purpose::RefreshToken, token)?;
    Some(SessionId::from(std::str::from_utf8(&bytes).ok()?))
}

//! The handshake: how a session reaches the application's own domain.
//!
//! The answer to a visit or a handshake is a redirect to the application that carries a *nonce*; the application's server
//! exchanges it, with its secret key, for directives: complete `Set-Cookie` values. The nonce is sealed with the master
//! key and holds names only, no session token, so any node reads it, nothing need be stored for it, and whether the
//! session is still alive is decided when it is exchanged, not when it was made.

use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use crate::clock::Time;
use crate::cookie::{self, Cookie, Setting, YEAR};
use crate::error::{Error, Result};
use crate::id::{ClientId, SessionId};
use crate::instance::Instance;
use crate::keys::SigningKey;
use crate::secret::{MasterKey, Secret};

/// How long a nonce can be exchanged, in seconds. It can be read more than once: parallel requests carry the same one.
pub const NONCE_SECONDS: i64 = 60;
const NONCE: &str = "handshake nonce";
const REFRESH: &str = "refresh token";

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
        let bytes = serde_json::to_vec(self).map_err(|error| Error::Bug(error.to_string()))?;
        master.seal(NONCE, &bytes)
    }

    /// Reads a nonce; `None` for one that this instance did not make or that is too old.
    pub fn open(master: &MasterKey, nonce: &str, now: Time) -> Option<Self> {
        let payload: Self = serde_json::from_slice(&master.open(NONCE, nonce)?).ok()?;
        (now.seconds() < payload.expires).then_some(payload)
    }

    /// The session the nonce speaks of.
    pub fn session(&self) -> Option<SessionId> {
        self.session.clone().map(SessionId::from)
    }

    /// The client the nonce speaks of.
    pub fn client(&self) -> Option<ClientId> {
        self.client.clone().map(ClientId::from)
    }

    /// The cookies the application must set. `token` is the session token, or `None` for a browser that is signed out;
    /// `changed_at` is when the client's set of sessions last changed.
    pub fn directives(
        &self,
        instance: &Instance,
        token: Option<&str>,
        changed_at: Time,
        refresh: &str,
    ) -> Vec<Cookie> {
        let secure = self.origin.starts_with("https:");
        let max_age = if token.is_some() { YEAR } else { 0 };
        let own = Setting {
            max_age,
            secure,
            http_only: false,
            domain: None,
        };
        // The shared domain makes the application's cookie and the one the Frontend API sets the same cookie.
        let shared = Setting {
            max_age: YEAR,
            domain: instance.cookie_domain.as_deref(),
            ..own
        };
        let uat = if token.is_some() {
            changed_at.seconds().to_string()
        } else {
            "0".to_owned()
        };
        let mut all = Vec::with_capacity(10);
        all.extend(shared.both(cookie::CLIENT_UAT, &uat, instance));
        let refresh = if token.is_some() { refresh } else { "" };
        let hidden = Setting {
            http_only: true,
            ..own
        };
        all.push(hidden.own(cookie::REFRESH, refresh, instance));
        if let Some(dev_browser) = &self.dev_browser {
            let kept = Setting {
                max_age: YEAR,
                ..own
            };
            all.extend(kept.both(cookie::DEV_BROWSER, dev_browser, instance));
        }
        if let (Some(secret), Some(_)) = (&self.client_secret, token) {
            all.extend(hidden.both(cookie::CLIENT, secret, instance));
        }
        if !instance.is_development() {
            let spent = Setting {
                max_age: 0,
                http_only: true,
                domain: instance.cookie_domain.as_deref(),
                ..own
            };
            all.push(spent.one(cookie::NONCE, ""));
            all.push(spent.one(cookie::HANDSHAKE, ""));
        }
        // Last: SDKs take the token from the last directive whose name begins with `__session`.
        all.extend(own.both(cookie::SESSION, token.unwrap_or_default(), instance));
        all
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

/// The signed form of directives.
pub fn token(key: &SigningKey, directives: &[Cookie]) -> Result<String> {
    key.sign(&json!({ "handshake": directives }))
}

/// Puts a payload on its way: into the address in development, into a cookie in production. Returns the address to
/// redirect to and the cookie to set.
pub fn carry(
    instance: &Instance,
    mut target: Url,
    form: Form,
    payload: &str,
) -> (Url, Option<Cookie>) {
    let name = match form {
        Form::Nonce => cookie::NONCE,
        Form::Token => cookie::HANDSHAKE,
    };
    if instance.is_development() {
        // An application that never removes a stale payload from its address would otherwise carry two.
        let stale = |pair: &&str| !pair.starts_with(cookie::HANDSHAKE);
        let kept: Option<String> = target
            .query()
            .map(|query| query.split('&').filter(stale).collect::<Vec<_>>().join("&"));
        target.set_query(kept.as_deref().filter(|query| !query.is_empty()));
        target.query_pairs_mut().append_pair(name, payload);
        return (target, None);
    }
    let setting = Setting {
        max_age: NONCE_SECONDS,
        secure: instance.secure,
        http_only: true,
        domain: instance.cookie_domain.as_deref(),
    };
    (target, Some(setting.one(name, payload)))
}

/// The opaque text of the refresh cookie: it names the session and proves that this instance made it.
pub fn refresh_token(master: &MasterKey, session: &SessionId) -> Result<String> {
    master.seal(REFRESH, session.as_str().as_bytes())
}

/// The session a refresh cookie belongs to.
pub fn refresh_session(master: &MasterKey, token: &str) -> Option<SessionId> {
    let bytes = master.open(REFRESH, token)?;
    Some(SessionId::from(std::str::from_utf8(&bytes).ok()?))
}

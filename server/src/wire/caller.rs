//! Who calls: read from a request before its handler runs.

use axum::extract::FromRequestParts;
use http::header::{ORIGIN, REFERER};
use http::request::Parts;
use url::{Url, form_urlencoded};

use super::{Edge, RequestId, header, user_agent};
use crate::app::App;
use crate::caller::Caller;
use crate::clients::Credential;
use crate::cookie::{self, Cookies};
use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::instance::Instance;
use crate::secret::Secret;
use crate::secret_keys::SecretKey;
use crate::sessions::{self, Consent};
use crate::{sign_ins, sign_ups};

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let actor = parts
            .extensions
            .get::<SecretKey>()
            .map_or("anyone", |key| key.id.as_str())
            .to_owned();
        let request_id = parts
            .extensions
            .get::<RequestId>()
            .map(|id| id.0.clone())
            .unwrap_or_default();
        Ok(Self {
            at: app.now(),
            actor,
            ip: parts
                .extensions
                .get::<Edge>()
                .map(|edge| edge.ip.to_string()),
            user_agent: user_agent(&parts.headers),
            request_id,
            once: parts.extensions.get().cloned(),
        })
    }
}

/// Marks a request that an application's own server passed on.
#[derive(Clone, Debug)]
pub(crate) struct Proxied;

/// A browser at the Frontend API.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    /// What it shows to be recognised, the most telling first.
    pub(crate) credentials: Vec<Credential>,
    /// The session that its page believes to be in, where it says so (`_clerk_session_id`).
    pub(crate) session: Option<SessionId>,
    /// The origin of the page that asks, for `azp`.
    pub(crate) origin: Option<String>,
    /// Names of cookies that it would be better without, see [`Cookies::strays`]. In development only: there instances come
    /// and go.
    pub(crate) strays: Vec<String>,
    /// Whether pages of this host find no dev browser token in it, see [`Browser::wants_name`].
    pub(crate) nameless: bool,
    /// Whether it comes through an application's own server, which then keeps the cookies.
    pub(crate) proxied: bool,
    /// How it came here.
    pub(crate) consent: Consent,
    /// The attempt to sign in that it is in the middle of.
    pub(crate) sign_in: Option<sign_ins::Attempt>,
    /// The attempt to sign up.
    pub(crate) sign_up: Option<sign_ups::Attempt>,
}

impl Browser {
    /// Which session its page means.
    pub(crate) fn meant(&self) -> sessions::Meant<'_> {
        sessions::Meant {
            credentials: &self.credentials,
            session: self.session.as_ref(),
        }
    }

    /// Whether its page shares this host's cookies and misses a dev browser token among them. Where an application has a server,
    /// that asks for one before the page is there; where it has none, clerk-js' components draw nothing without it.
    pub(crate) fn wants_name(&self, instance: &Instance) -> bool {
        if !instance.is_development() || !self.nameless || self.proxied {
            return false;
        }
        let page = self.origin.as_ref().and_then(|text| Url::parse(text).ok());
        page.is_some_and(|page| page.host() == instance.public_url.host())
    }
}

/// What the address says under this name, first and not empty.
fn named(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(known, text)| known == name && !text.is_empty());
    found.map(|(_, text)| text.into_owned())
}

impl FromRequestParts<App> for Browser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let (cookies, now) = (Cookies::of(&parts.headers), app.now());
        let attempts = |name| cookies.all(name, &app.instance).take(COOKIES_MAX);
        Ok(Self {
            sign_in: attempts(cookie::SIGN_IN)
                .find_map(|text| sign_ins::Attempt::open(&app.master_key, text, now)),
            sign_up: attempts(cookie::SIGN_UP)
                .find_map(|text| sign_ups::Attempt::open(&app.master_key, text, now)),
            credentials: credentials(parts, app),
            session: named(parts, "_clerk_session_id").map(SessionId::from),
            origin: page_origin(parts, app),
            strays: if app.instance.is_development() {
                Cookies::of(&parts.headers).strays(&app.instance)
            } else {
                Vec::new()
            },
            nameless: cookies.named(cookie::DEV_BROWSER).next().is_none(),
            // Where nothing was found out, a page of an allowed origin calls.
            consent: parts.extensions.get().copied().unwrap_or(Consent::Own),
            proxied: parts.extensions.get::<Proxied>().is_some(),
        })
    }
}

/// In development the dev browser token in the address goes before the cookie: a page on another site has no cookie here.
fn credentials(parts: &Parts, app: &App) -> Vec<Credential> {
    let mut credentials = Vec::new();
    if app.instance.is_development() {
        let token = named(parts, cookie::DEV_BROWSER);
        credentials.extend(token.map(|token| Credential::DevBrowser(Secret::from(token).digest())));
    }
    let cookies = Cookies::of(&parts.headers);
    let mut secrets: Vec<&str> = Vec::new();
    for secret in cookies.all(cookie::CLIENT, &app.instance) {
        // Usually there are two, of the same value.
        if secrets.len() < COOKIES_MAX && !secrets.contains(&secret) {
            secrets.push(secret);
        }
    }
    let digest = |secret| Credential::Cookie(Secret::from(secret).digest());
    credentials.extend(secrets.into_iter().map(digest));
    credentials
}

/// How many cookies of one browser are tried.
const COOKIES_MAX: usize = 8;

/// The page's origin: what the browser says, else where it says it comes from (a same-origin GET carries no `Origin`),
/// else the application's, when only one is configured.
fn page_origin(parts: &Parts, app: &App) -> Option<String> {
    let claimed = header(&parts.headers, ORIGIN)
        .map(ToOwned::to_owned)
        .or_else(|| {
            let referer = Url::parse(header(&parts.headers, REFERER)?).ok()?;
            Some(referer.origin().ascii_serialization())
        });
    claimed
        .filter(|origin| app.policy.hears(origin))
        .or_else(|| match app.policy.applications() {
            [only] => Some(only.origin().ascii_serialization()),
            _ => None,
        })
}

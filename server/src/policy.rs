//! What this instance allows: where a session may be carried to, and how long tickets and sessions may live. Made from the
//! configuration at the start, and handed to whatever decides by it.

use url::Url;

use crate::config::Config;
use crate::error::Result;
use crate::origin::{self, Origin};
use crate::stage::Stage;
use crate::word::words;

/// What happens when a used ticket is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReplay {
    /// It is refused and recorded.
    Refuse,
    /// It is refused and recorded, and the session it opened is revoked.
    RevokeSession,
}

words! {
    /// Who is asked before a ticket is spent.
    pub enum Confirm {
        /// Nobody: whoever opens the link is signed in.
        Nobody = "nobody",
        /// Whoever opens it, on a page that says who would act as whom.
        Visitor = "visitor",
    }
}

/// No ticket lives longer than a day, in seconds.
pub const TICKET_SECONDS_MAX: i64 = 86_400;

/// The rules of one instance.
#[derive(Debug)]
pub struct Policy {
    /// Development or production.
    pub stage: Stage,
    /// Life of a ticket in seconds where the task does not say.
    pub ticket_seconds: i64,
    /// The longest session a task may ask for, in seconds.
    pub session_cap_seconds: i64,
    /// See [`OnReplay`].
    pub on_replay: OnReplay,
    /// Who is asked before a ticket is spent, where the task does not say.
    pub confirm: Confirm,
    /// Whether the applications' SDKs take a nonce out of the address again once they have exchanged it (`@clerk/backend`
    /// before 2.19.1 does not). Matters in development, where it is in the address.
    pub nonces: bool,
    /// Whether pages of a task's session may use it and nothing more, where the task does not say.
    pub restricted: bool,
    allowed_origins: Vec<Origin>,
    /// The configured origins that are not our own.
    applications: Vec<Url>,
}

impl Policy {
    /// The rules that a configuration sets; `own` is the public URL of the Frontend API.
    pub fn new(config: &Config, own: &Url) -> Self {
        let own = own.origin();
        let application = |entry: &Origin| match entry {
            Origin::Exact(origin) => Url::parse(origin).ok().filter(|url| url.origin() != own),
            Origin::Loopback => None,
        };
        Self {
            stage: config.stage,
            ticket_seconds: config.ticket_seconds,
            session_cap_seconds: config.session_cap_seconds,
            on_replay: config.on_replay,
            confirm: config.confirm,
            nonces: config.nonces,
            restricted: config.restricted,
            applications: config
                .allowed_origins
                .iter()
                .filter_map(application)
                .collect(),
            allowed_origins: config.allowed_origins.clone(),
        }
    }

    /// Reads a redirect target and holds it against the allow-list.
    ///
    /// # Errors
    /// As [`origin::redirect_target`].
    pub fn lands(&self, redirect_url: &str) -> Result<Url> {
        origin::redirect_target(redirect_url, self.stage, &self.allowed_origins)
    }

    /// Whether pages of `origin` (an `Origin` header) may call the Frontend API.
    pub fn hears(&self, origin: &str) -> bool {
        origin::is_allowed(origin, &self.allowed_origins)
    }

    /// The origins of applications, as far as they are configured one by one.
    pub fn applications(&self) -> &[Url] {
        &self.applications
    }

    /// Whether this is a development instance.
    pub fn is_development(&self) -> bool {
        self.stage == Stage::Development
    }
}

//! What comes of looking at a request.

use std::fmt;
use std::sync::Arc;

use http::header::LOCATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::claims::Claims;
use super::organization::Organization;
use super::reason::Reason;
use super::requirement::Requirement;
use crate::id::{AgentId, SessionId, UserId};
use crate::{Actor, Error};

/// What is known of a request's caller, and what the response must say to the browser.
///
/// ```
/// use http::{Response, StatusCode};
/// use standin::auth::{Outcome, Verdict};
///
/// fn answer(outcome: Outcome) -> Response<String> {
///     let (status, body) = match &outcome.verdict {
///         Verdict::SignedIn(auth) => (StatusCode::OK, format!("hello, {}", auth.user_id())),
///         Verdict::SignedOut(_) => (StatusCode::UNAUTHORIZED, "who are you?".into()),
///         // The address to go to is among the headers.
///         Verdict::Redirect(_) => (StatusCode::TEMPORARY_REDIRECT, String::new()),
///     };
///     let mut response = Response::new(body);
///     *response.status_mut() = status;
///     response.headers_mut().extend(outcome.headers);
///     response
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "the verdict is to be acted on, and the headers belong into the response"]
pub struct Outcome {
    /// Who is calling.
    pub verdict: Verdict,
    /// To be added to the response, whatever it is: cookies that a handshake or a renewed token brought, where to go, and
    /// `x-clerk-auth-status` and `x-clerk-auth-reason` for whoever looks for the reason in a browser. What is a credential among
    /// them shows in no `Debug`.
    pub headers: HeaderMap,
}

/// Who is calling.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// A user, or an agent in a user's name.
    SignedIn(Auth),
    /// Nobody that is known.
    SignedOut(SignedOut),
    /// Not known before the browser has been elsewhere: answer with 307.
    Redirect(Redirect),
}

/// A caller whose session token verified. Its `Debug` leaves the token out.
#[derive(Clone)]
pub struct Auth {
    claims: Arc<Claims>,
    token: Arc<str>,
}

impl Auth {
    pub(super) fn new(claims: Claims, token: &str) -> Self {
        Self {
            claims: Arc::new(claims),
            token: token.into(),
        }
    }

    /// The user who is signed in, or in whose name an agent is.
    pub fn user_id(&self) -> &UserId {
        self.claims.user_id()
    }

    /// The session.
    pub fn session_id(&self) -> &SessionId {
        self.claims.session_id()
    }

    /// Who acts in the user's name; `None` where the user does.
    pub fn actor(&self) -> Option<&Actor> {
        self.claims.actor()
    }

    /// The agent that acts in the user's name; `None` where the user does, or another user who impersonates them.
    pub fn agent(&self) -> Option<&AgentId> {
        self.actor()?.agent()
    }

    /// The organization that is active in the session; `None` where the user acts for themselves.
    pub fn organization(&self) -> Option<&Organization> {
        self.claims.organization()
    }

    /// Whether the caller has what is asked for.
    ///
    /// ```
    /// use standin::auth::{Auth, Permission, Plan, Role};
    ///
    /// # fn ask(auth: &Auth) -> bool {
    /// auth.has(Role("admin"))
    ///     || auth.has(Permission("org:invoices:read"))
    ///     || auth.has((Permission("invoices:write"), Plan("org:pro")))
    /// # }
    /// ```
    pub fn has(&self, requirement: impl Requirement) -> bool {
        requirement.is_met(self)
    }

    /// Everything the token says as a type of the application's; see [`Claims::read_as`].
    ///
    /// # Errors
    /// As [`Claims::read_as`].
    pub fn custom_claims<T: serde::de::DeserializeOwned>(&self) -> crate::Result<T> {
        self.claims.read_as()
    }

    /// Everything the token says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The token itself, to call another service in the same name. It is a credential until [`Claims::expires_at`].
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("user_id", self.user_id())
            .field("session_id", self.session_id())
            .field("actor", &self.actor())
            .finish_non_exhaustive()
    }
}

/// Nobody that is known, and why.
#[derive(Clone, Debug)]
pub struct SignedOut {
    reason: Reason,
    error: Option<Arc<Error>>,
}

impl SignedOut {
    /// Why.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The Backend API's failure on the way here, if it was one: of a server that does not answer, everybody is signed out.
    /// Worth a line in the log.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_deref()
    }
}

/// Where the browser must go before it is known who it is. Its `Debug` leaves the address out.
#[derive(Clone)]
pub struct Redirect {
    location: String,
    reason: Option<Reason>,
}

impl Redirect {
    /// The address to go to, which is in the outcome's headers too. Not for logs: it can hold a session token.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Why the browser is sent to the Frontend API; `None` on its way back, when the cookies are set and only the payload
    /// is taken out of the address.
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }
}

impl fmt::Debug for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirect")
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl Outcome {
    pub(super) fn signed_in(auth: Auth, headers: HeaderMap) -> Self {
        Self {
            verdict: Verdict::SignedIn(auth),
            headers,
        }
    }

    pub(super) fn signed_out(reason: Reason, mut headers: HeaderMap) -> Self {
        tell(&mut headers, "signed-out", &reason);
        Self {
            verdict: Verdict::SignedOut(SignedOut {
                reason,
                error: None,
            }),
            headers,
        }
    }

    /// A redirect to an address that is a URL, and so is always a header's value.
    pub(super) fn redirect(
        location: String,
        reason: Option<Reason>,
        mut headers: HeaderMap,
    ) -> Self {
        if let Some(reason) = &reason {
            tell(&mut headers, "handshake", reason);
        }
        if let Ok(mut value) = HeaderValue::from_str(&location) {
            value.set_sensitive(true);
            headers.insert(LOCATION, value);
        }
        // A cached redirect would be followed again without end.
        headers.insert(
            http::header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        );
        Self {
            verdict: Verdict::Redirect(Redirect { location, reason }),
            headers,
        }
    }

    /// Remembers the Backend API's failure.
    pub(super) fn after(mut self, failure: Option<Arc<Error>>) -> Self {
        if let Verdict::SignedOut(out) = &mut self.verdict {
            out.error = failure;
        }
        self
    }
}

/// Puts a verdict where Clerk's SDKs put it, for people who look for it in a browser.
fn tell(headers: &mut HeaderMap, status: &'static str, reason: &Reason) {
    headers.insert(
        HeaderName::from_static("x-clerk-auth-status"),
        HeaderValue::from_static(status),
    );
    if let Ok(value) = HeaderValue::from_str(&reason.as_str()) {
        headers.insert(HeaderName::from_static("x-clerk-auth-reason"), value);
    }
}

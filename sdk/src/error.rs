//! What can go wrong, in one opaque type.
//!
//! An [`Error`] answers the questions a caller has (was it refused, and with which code; did the server answer at all;
//! is it worth trying again) and keeps what happened below it as its source. Its variants stay private, so that finding
//! out more about a failure never breaks a caller.

mod refusal;

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::id::InvalidId;
pub(crate) use refusal::Answer;
pub use refusal::Refusal;

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
///
/// The text is one sentence that says what was asked and what came of it. It holds no secret key, no ticket and no
/// token.
///
/// ```
/// # fn handle(error: standin::Error) {
/// if error.is_not_found() {
///     println!("nobody there");
/// } else if let Some(code) = error.code() {
///     println!("refused: {code}, trace {:?}", error.trace_id());
/// } else if error.is_timeout() {
///     println!("no answer in time");
/// }
/// # }
/// ```
pub struct Error(Box<Kind>);

enum Kind {
    /// The server answered, and not with success.
    Refused(Asked, Answer),
    /// No answer, or not a whole one.
    Transport(Asked, reqwest::Error),
    /// An answer that is not of the documented shape.
    Unreadable(Asked, StatusCode, serde_json::Error),
    /// A parameter that cannot be sent.
    Parameter(&'static str, Source),
    /// Claims of another shape than was asked for.
    Claims(serde_json::Error),
    /// A setting that cannot work.
    Setting(String, Option<Source>),
    /// A test server that did not start, or a page that did not sign in.
    #[cfg(feature = "testing")]
    Testing(String, Option<Source>),
}

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What was asked, without the query.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) api_url: String,
    pub(crate) path: String,
}

impl Error {
    pub(crate) fn refused(asked: Asked, answer: Answer) -> Self {
        Self(Box::new(Kind::Refused(asked, answer)))
    }

    pub(crate) fn transport(asked: Asked, error: reqwest::Error) -> Self {
        // The query can hold a nonce.
        Self(Box::new(Kind::Transport(asked, error.without_url())))
    }

    pub(crate) fn unreadable(asked: Asked, status: StatusCode, error: serde_json::Error) -> Self {
        Self(Box::new(Kind::Unreadable(asked, status, error)))
    }

    pub(crate) fn parameter(name: &'static str, source: impl Into<Source>) -> Self {
        Self(Box::new(Kind::Parameter(name, source.into())))
    }

    pub(crate) fn claims(error: serde_json::Error) -> Self {
        Self(Box::new(Kind::Claims(error)))
    }

    pub(crate) fn setting(sentence: impl Into<String>, source: Option<Source>) -> Self {
        Self(Box::new(Kind::Setting(sentence.into(), source)))
    }

    #[cfg(feature = "testing")]
    pub(crate) fn testing(sentence: impl Into<String>, source: Option<Source>) -> Self {
        Self(Box::new(Kind::Testing(sentence.into(), source)))
    }

    fn answer(&self) -> Option<&Answer> {
        match &*self.0 {
            Kind::Refused(_, answer) => Some(answer),
            _ => None,
        }
    }

    fn below(&self) -> Option<&reqwest::Error> {
        match &*self.0 {
            Kind::Transport(_, error) => Some(error),
            _ => None,
        }
    }

    /// The HTTP status, where the server answered.
    pub fn status(&self) -> Option<StatusCode> {
        match &*self.0 {
            Kind::Refused(_, answer) => Some(answer.status),
            Kind::Unreadable(_, status, _) => Some(*status),
            _ => None,
        }
    }

    /// The code of the first reason the server gave, as in `agent_task_not_found` (Clerk's error catalogue).
    pub fn code(&self) -> Option<&str> {
        self.refusals().first().map(|one| one.code.as_str())
    }

    /// All reasons the server gave. Empty where it gave none, or did not answer.
    ///
    /// ```
    /// # fn handle(error: standin::Error) {
    /// for refusal in error.refusals() {
    ///     println!("{} {:?}: {}", refusal.code, refusal.param(), refusal.message);
    /// }
    /// # }
    /// ```
    pub fn refusals(&self) -> &[Refusal] {
        self.answer().map_or(&[], |answer| &answer.refusals)
    }

    /// The server's name for this failure (`clerk_trace_id`), to be quoted to whoever runs it.
    pub fn trace_id(&self) -> Option<&str> {
        self.answer()?.trace_id.as_deref()
    }

    /// How long to wait before trying again, where the server said so (`Retry-After` in seconds, RFC 9110 §10.2.3).
    ///
    /// ```
    /// # fn handle(error: standin::Error) {
    /// if error.is_rate_limited() {
    ///     let wait = error.retry_after().unwrap_or(std::time::Duration::from_secs(1));
    ///     println!("again in {} s", wait.as_secs());
    /// }
    /// # }
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer()?.retry_after
    }

    /// What was asked for does not exist (404).
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// The secret key opens nothing (401).
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(StatusCode::UNAUTHORIZED)
    }

    /// Too many requests (429); see [`retry_after`](Self::retry_after).
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether the call left for the server at all, or was at least to.
    #[cfg(feature = "axum")]
    pub(crate) fn was_sent(&self) -> bool {
        matches!(
            &*self.0,
            Kind::Refused(..) | Kind::Transport(..) | Kind::Unreadable(..)
        )
    }

    /// No answer in time. Whether a change was made is unknown.
    pub fn is_timeout(&self) -> bool {
        self.below().is_some_and(reqwest::Error::is_timeout)
    }

    /// The answer did not come, or broke off, for another reason than time.
    pub(crate) fn is_lost(&self) -> bool {
        self.below().is_some_and(|error| !error.is_timeout())
    }

    /// No connection: nothing was sent, so nothing was changed.
    pub fn is_connect(&self) -> bool {
        self.below().is_some_and(reqwest::Error::is_connect)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Refused(Asked { method, path, .. }, answer) => {
                write!(f, "{method} {path} was refused: {answer}")
            }
            Kind::Transport(asked, error) => {
                let Asked {
                    method,
                    path,
                    api_url,
                } = asked;
                let what = if error.is_timeout() {
                    "got no answer in time from"
                } else if error.is_connect() {
                    "could not connect to"
                } else {
                    "got no whole answer from"
                };
                write!(f, "{method} {path} {what} {api_url}")
            }
            Kind::Unreadable(asked, status, _) => {
                let Asked {
                    method,
                    path,
                    api_url,
                } = asked;
                let doubt = "but not as the Backend API does; is its address right?";
                write!(
                    f,
                    "{method} {path} was answered {status} by {api_url}, {doubt}"
                )
            }
            Kind::Parameter(name, source) => write!(f, "{name} cannot be sent: {source}"),
            Kind::Claims(_) => f.write_str("the session token's claims have another shape"),
            Kind::Setting(sentence, _) => f.write_str(sentence),
            #[cfg(feature = "testing")]
            Kind::Testing(sentence, _) => f.write_str(sentence),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Error");
        shown.field("message", &format_args!("{self}"));
        if let Some(source) = std::error::Error::source(self) {
            shown.field("source", &source);
        }
        shown.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Kind::Refused(..) => None,
            Kind::Transport(_, error) => Some(error),
            Kind::Unreadable(_, _, error) | Kind::Claims(error) => Some(error),
            Kind::Parameter(_, source) => Some(&**source),
            Kind::Setting(_, source) => source.as_deref().map(|source| source as _),
            #[cfg(feature = "testing")]
            Kind::Testing(_, source) => source.as_deref().map(|source| source as _),
        }
    }
}

impl From<InvalidId> for Error {
    fn from(error: InvalidId) -> Self {
        Self::parameter(error.kind(), error)
    }
}

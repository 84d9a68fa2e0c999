//! Whether a session goes on at this very moment. A token alone says that it did when the token was made, up to a minute ago.

use std::fmt;
use std::sync::Arc;

use super::{Auth, Authenticator};
use crate::Error;

/// Why somebody whose token verifies is not let through.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NotLive {
    /// Their session is over, or the token has expired meanwhile.
    Over,
    /// Nobody knows: the Backend API did not answer in time, or refused to.
    Unknown(Arc<Error>),
}

impl fmt::Display for NotLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over => f.write_str("the session is over"),
            Self::Unknown(why) => write!(f, "whether the session goes on is not known: {why}"),
        }
    }
}

impl std::error::Error for NotLive {}

impl Authenticator {
    /// Asks the Backend API whether the caller's session goes on at this moment, for what must not be done in a session that was
    /// revoked seconds ago: moving money, deleting, adding a way to sign in. **Standin only**.
    ///
    /// It costs a call, within the [deadline](super::Builder::backend_timeout), and fails closed.
    ///
    /// ```no_run
    /// # async fn run(authenticator: standin::auth::Authenticator, auth: standin::auth::Auth) -> Result<(), standin::auth::NotLive> {
    /// authenticator.require_live(&auth).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotLive::Over`], or [`NotLive::Unknown`] where there is no answer.
    pub async fn require_live(&self, auth: &Auth) -> Result<(), NotLive> {
        let backend = self.0.backend.as_ref().ok_or_else(|| {
            let sentence = "nobody to ask whether a session goes on: set CLERK_SECRET_KEY";
            NotLive::Unknown(Arc::new(Error::setting(sentence, None)))
        })?;
        let token = auth.token().to_owned();
        let ask = async |client: &crate::Client| client.introspect(&token).await;
        let found = backend.ask(ask).await.map_err(NotLive::Unknown)?;
        let is_same = found.session_id.as_ref() == Some(auth.session_id());
        (found.active && is_same).then_some(()).ok_or(NotLive::Over)
    }
}

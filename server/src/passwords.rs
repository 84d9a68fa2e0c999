//! Passwords, kept as Argon2id hashes (RFC 9106) in the PHC string format. Standin never signs anyone in with one; an
//! application can ask whether one is right.

use std::fmt;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::db::{FromValue, Value};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// The fewest and the most characters of a password.
pub(crate) const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// Each hash takes 19 MiB and one core for some 20 ms, one brought from elsewhere up to 256 MiB; more at once would only
/// starve the rest of the server.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));
/// How many may wait for their turn; that is about a second.
static PLACES: Semaphore = Semaphore::const_new(64);

/// A password's hash as it is kept. Its `Debug` form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a digest made elsewhere, in the PHC format of `argon2i` or `argon2id`, with costs that can be borne here.
    ///
    /// # Errors
    /// [`Error::PasswordDigest`].
    pub fn import(digest: &str) -> Result<Self> {
        let parsed = phc::PasswordHash::new(digest).map_err(|_| Error::PasswordDigest)?;
        let known = [Algorithm::Argon2i, Algorithm::Argon2id]
            .iter()
            .any(|algorithm| algorithm.ident().as_str() == parsed.algorithm.as_str());
        let cost = |name| parsed.params.get_decimal(name).unwrap_or_default();
        let bearable = cost("m") <= 256 * 1024 && cost("t") <= 16 && cost("p") <= 16;
        if known && bearable && parsed.hash.is_some() {
            Ok(Self(digest.to_owned()))
        } else {
            Err(Error::PasswordDigest)
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

impl From<&PasswordHash> for Value {
    fn from(hash: &PasswordHash) -> Self {
        Value::Text(hash.0.clone())
    }
}

impl FromValue for PasswordHash {
    fn from_value(value: Value) -> Result<Self> {
        String::from_value(value).map(Self)
    }
}

/// Hashes a new password, which must be of an allowed length unless the check is skipped (users brought from elsewhere).
///
/// # Errors
/// [`Error::PasswordTooShort`], [`Error::PasswordTooLong`].
pub async fn hash(password: Secret, skip_checks: bool) -> Result<PasswordHash> {
    let length = password.expose().chars().count();
    if length > *LENGTH.end() {
        return Err(Error::PasswordTooLong(*LENGTH.end()));
    }
    if length < *LENGTH.start() && !skip_checks {
        return Err(Error::PasswordTooShort(*LENGTH.start()));
    }
    in_turn(move || {
        Argon2::default()
            .hash_password(password.expose().as_bytes())
            .map(|hash| PasswordHash(hash.to_string()))
            .map_err(|error| Error::Bug(format!("hashing a password: {error}")))
    })
    .await
}

/// Whether this is the password.
///
/// # Errors
/// [`Error::PasswordIncorrect`] when it is not.
pub async fn verify(password: Secret, hash: PasswordHash) -> Result<()> {
    in_turn(move || {
        let parsed = phc::PasswordHash::new(&hash.0)
            .map_err(|error| Error::Bug(format!("a stored password hash: {error}")))?;
        Argon2::default()
            .verify_password(password.expose().as_bytes(), &parsed)
            .map_err(|_| Error::PasswordIncorrect)
    })
    .await
}

async fn in_turn<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let bug = |error: &dyn fmt::Display| Error::Bug(format!("a password job: {error}"));
    let _place = PLACES.try_acquire().map_err(|_| Error::Overloaded)?;
    let turn = TURNS.clone().acquire_owned().await;
    let turn = turn.map_err(|error| bug(&error))?;
    let working = spawn_blocking(move || {
        // The turn is the job's and not the caller's, who may hang up while the job goes on.
        let _turn = turn;
        work()
    });
    working.await.map_err(|error| bug(&error))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_knows_its_password_and_no_other() {
        let hash = hash("correct horse".into(), false).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$"));
        assert_eq!(format!("{hash:?}"), "PasswordHash(***)");
        assert!(verify("correct horse".into(), hash.clone()).await.is_ok());
        assert!(verify("correct horsf".into(), hash.clone()).await.is_err());
        assert_eq!(PasswordHash::import(&hash.0).unwrap(), hash);
    }

    #[tokio::test]
    async fn callers_who_hang_up_leave_no_more_than_two_jobs_at_work() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static AT_WORK: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let job = || {
            MOST.fetch_max(AT_WORK.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let hash = Argon2::default().hash_password(b"correct horse");
            AT_WORK.fetch_sub(1, Ordering::SeqCst);
            hash.map(|_| ()).map_err(|_| Error::PasswordDigest)
        };
        for _ in 0..40 {
            let hung_up = tokio::time::timeout(std::time::Duration::from_millis(1), in_turn(job));
            let _ = hung_up.await;
        }
        in_turn(job).await.unwrap();
        assert_eq!(MOST.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn lengths_are_held_to() {
        assert!(hash("short".into(), false).await.is_err());
        assert!(hash("short".into(), true).await.is_ok());
        assert!(hash("x".repeat(129).into(), true).await.is_err());
    }

    #[test]
    fn digests_of_other_kinds_or_of_crushing_cost_are_refused() {
        for digest in [
            "",
            "$2b$12$KIXQnJ8t0rS1Xk6l0p3oUe",
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21l$4nUmQ0B2mE4zqPCRdmCzXvA7zOsT0u5bEo5yZ3tQy0o",
            "$scrypt$ln=15,r=8,p=1$c29tZXNhbHRzb21l$4nUmQ0B2mE4zqPCRdmCzXvA7zOsT0u5bEo5yZ3tQy0o",
        ] {
            assert!(PasswordHash::import(digest).is_err(), "{digest}");
        }
    }
}

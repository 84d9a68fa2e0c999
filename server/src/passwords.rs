//! Passwords, kept as Argon2id hashes (RFC 9106) in the PHC string format; those brought from elsewhere may be bcrypt's.
//! People sign in with theirs, and an application can ask whether one is right.

use std::fmt;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::db::{FromValue, Value};
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::word::words;

words! {
    /// How a digest that was made elsewhere was made (`password_hasher`); those that can be checked here.
    pub enum Hasher {
        /// RFC 9106, for which the digest names its variant.
        Argon2i = "argon2i",
        /// The same.
        Argon2id = "argon2id",
        /// Provos and Mazières, as `$2a$`, `$2b$` or `$2y$`. What Clerk uses, and exports.
        Bcrypt = "bcrypt",
    }
}

/// The fewest and the most characters of a password.
pub(crate) const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// The costs of bcrypt that are taken; each step doubles the work, and 14 is about a second of one core.
const BCRYPT_COST: std::ops::RangeInclusive<u32> = 4..=14;
/// Each hash takes 19 MiB and one core for some 20 ms, one brought from elsewhere up to 256 MiB; more at once would only
/// starve the rest of the server.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));
/// How many may wait for their turn; that is about a second.
static PLACES: Semaphore = Semaphore::const_new(64);

/// A password's hash as it is kept. Its `Debug` form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a digest made elsewhere, with costs that can be borne here.
    ///
    /// # Errors
    /// [`Error::PasswordDigest`].
    pub fn import(hasher: Hasher, digest: &str) -> Result<Self> {
        match hasher {
            Hasher::Argon2i | Hasher::Argon2id => Self::import_argon2(digest),
            Hasher::Bcrypt => Self::import_bcrypt(digest),
        }
    }

    /// How it was made.
    pub fn hasher(&self) -> Hasher {
        match self.0.as_bytes() {
            [b'$', b'2', ..] => Hasher::Bcrypt,
            digest if digest.starts_with(b"$argon2i$") => Hasher::Argon2i,
            _ => Hasher::Argon2id,
        }
    }

    /// The digest itself, for whoever takes the users elsewhere.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn import_bcrypt(digest: &str) -> Result<Self> {
        let known = ["$2a$", "$2b$", "$2y$"].map(|version| digest.starts_with(version));
        let parsed: bcrypt::HashParts = digest.parse().map_err(|_| Error::PasswordDigest)?;
        if known.contains(&true) && BCRYPT_COST.contains(&parsed.get_cost()) {
            Ok(Self(digest.to_owned()))
        } else {
            Err(Error::PasswordDigest)
        }
    }

    fn import_argon2(digest: &str) -> Result<Self> {
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
    check(&password, skip_checks)?;
    in_turn(move || argon2id(&password)).await
}

/// The same on the calling thread, for who makes users one after the other and has no server to keep free.
///
/// # Errors
/// As [`hash`].
pub fn hash_here(password: &Secret, skip_checks: bool) -> Result<PasswordHash> {
    check(password, skip_checks)?;
    argon2id(password)
}

fn check(password: &Secret, skip_checks: bool) -> Result<()> {
    let length = password.expose().chars().count();
    if length > *LENGTH.end() {
        return Err(Error::PasswordTooLong(*LENGTH.end()));
    }
    if length < *LENGTH.start() && !skip_checks {
        return Err(Error::PasswordTooShort(*LENGTH.start()));
    }
    Ok(())
}

fn argon2id(password: &Secret) -> Result<PasswordHash> {
    Argon2::default()
        .hash_password(password.expose().as_bytes())
        .map(|hash| PasswordHash(hash.to_string()))
        .map_err(|error| Error::Bug(format!("hashing a password: {error}")))
}

/// Whether this is the password.
///
/// # Errors
/// [`Error::PasswordIncorrect`] when it is not.
pub async fn verify(password: Secret, hash: PasswordHash) -> Result<()> {
    in_turn(move || {
        let stored =
            |error: &dyn fmt::Display| Error::Bug(format!("a stored password hash: {error}"));
        if hash.hasher() == Hasher::Bcrypt {
            let right = bcrypt::verify(password.expose(), &hash.0);
            return if right.map_err(|error| stored(&error))? {
                Ok(())
            } else {
                Err(Error::PasswordIncorrect)
            };
        }
        let parsed = phc::PasswordHash::new(&hash.0).map_err(|error| stored(&error))?;
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
        assert_eq!(
            PasswordHash::import(Hasher::Argon2id, &hash.0).unwrap(),
            hash
        );
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
            for hasher in [Hasher::Argon2i, Hasher::Argon2id, Hasher::Bcrypt] {
                assert!(PasswordHash::import(hasher, digest).is_err(), "{digest}");
            }
        }
    }

    /// What libxcrypt made of `correct horse`.
    const BCRYPT: [&str; 3] = [
        "$2b$04$Zq7wJm3Vb1sK0cXuYtRfPemHxko1iGF.qGehI9sAd2PiWcu9nMbfW",
        "$2a$04$Zq7wJm3Vb1sK0cXuYtRfPemHxko1iGF.qGehI9sAd2PiWcu9nMbfW",
        "$2y$04$Zq7wJm3Vb1sK0cXuYtRfPemHxko1iGF.qGehI9sAd2PiWcu9nMbfW",
    ];

    #[tokio::test]
    async fn a_bcrypt_digest_made_elsewhere_knows_its_password_and_no_other() {
        for digest in BCRYPT {
            let hash = PasswordHash::import(Hasher::Bcrypt, digest).unwrap();
            assert_eq!(hash.hasher(), Hasher::Bcrypt);
            assert!(verify("correct horse".into(), hash.clone()).await.is_ok());
            assert!(verify("correct horsf".into(), hash).await.is_err());
            assert!(PasswordHash::import(Hasher::Argon2id, digest).is_err());
        }
    }

    #[test]
    fn bcrypt_digests_that_would_hold_a_core_for_long_are_refused() {
        for (cost, taken) in [
            ("03", false),
            ("04", true),
            ("14", true),
            ("15", false),
            ("31", false),
        ] {
            let digest = BCRYPT[0].replacen("$04$", &format!("${cost}$"), 1);
            let outcome = PasswordHash::import(Hasher::Bcrypt, &digest);
            assert_eq!(outcome.is_ok(), taken, "{digest}");
        }
        // The variant of a library that hashed letters beyond ASCII wrongly.
        let wrong = BCRYPT[0].replacen("$2b$", "$2x$", 1);
        assert!(PasswordHash::import(Hasher::Bcrypt, &wrong).is_err());
    }
}

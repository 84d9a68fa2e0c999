//! Secrets and what may be kept of them.
//!
//! A [`Secret`] is 256 random bits on its way to its one holder; it is never stored and never printed. A [`Digest`] is
//! its SHA-256 and is what the database keeps: a stolen copy of the database opens nothing. What must be read back
//! (signing keys, handshake nonces) is sealed with the [`MasterKey`], which lives outside the database.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{constant_time, digest, hkdf, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::db::{FromValue, Value};
use crate::error::{Error, Result};
use crate::stage::Stage;

/// A bearer secret in the clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// 256 bits from the operating system's generator, as 43 characters of base64url.
    ///
    /// # Panics
    /// When the operating system has no randomness to give; nothing secret can be made then.
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rand::fill(bytes.as_mut()).expect("the operating system gives random bytes");
        Self::from(URL_SAFE_NO_PAD.encode(bytes.as_ref()))
    }

    /// A random secret behind a prefix that says what it is (`sk_test_…`), so that secret scanners can find a leak.
    #[must_use]
    pub fn with_prefix(prefix: &str) -> Self {
        Self::from(format!("{prefix}{}", Self::random().expose()))
    }

    /// A secret key of an instance: its prefix, 256 random bits, and six digits by which a scanner tells it from text that only
    /// looks like one (`sk_(live|test)_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}`).
    #[must_use]
    pub fn secret_key(stage: Stage) -> Self {
        let key = Self::with_prefix(&format!("sk_{}_", stage.key_word()));
        Self::from(format!("{}{}", key.expose(), checksum(key.expose())))
    }

    /// What the database keeps of this secret.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// The secret itself, for the one answer that hands it to its holder.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// How many digits a key's checksum has.
const CHECKSUM: usize = 6;

/// CRC-32 (as in zip and in GitHub's tokens) in base 62. It finds slips and guards nothing.
fn checksum(text: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let step = |crc: u32, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
    let byte = |crc: u32, byte: u8| (0..8).fold(crc ^ u32::from(byte), step);
    let mut rest = !text.bytes().fold(!0, byte);
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.map(char::from).iter().collect()
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(Zeroizing::new(text.into()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The SHA-256 of a secret, base64url. Equality takes the same time wherever two digests differ.
#[derive(Clone, Debug)]
pub struct Digest(String);

impl Digest {
    /// The digest of anything.
    pub fn of(bytes: &[u8]) -> Self {
        let sum = digest::digest(&digest::SHA256, bytes);
        Self(URL_SAFE_NO_PAD.encode(sum.as_ref()))
    }
}

impl Digest {
    /// The first half of it, to make names of.
    pub(crate) fn half(&self) -> [u8; 16] {
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).unwrap_or_default();
        bytes.first_chunk().copied().unwrap_or_default()
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl From<&Digest> for Value {
    fn from(digest: &Digest) -> Self {
        Value::Text(digest.0.clone())
    }
}

impl FromValue for Digest {
    fn from_value(value: Value) -> Result<Self> {
        String::from_value(value).map(Self)
    }
}

/// What a sealed text is for; it opens for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A signing key in the database.
    SigningKey,
    /// A handshake nonce on its way to an application's server.
    HandshakeNonce,
    /// A refresh token in a browser's cookie.
    RefreshToken,
    /// The signing key of a JWT template.
    TemplateKey,
    /// An attempt to sign in, in a browser's cookie.
    SignIn,
    /// An attempt to sign up, in a browser's cookie.
    SignUp,
    /// An answer that is kept in case its request is sent again.
    Answer,
    /// That somebody has shown a key to the dashboard, in a browser's cookie.
    Dashboard,
    /// What a webhook's events are signed with.
    WebhookSecret,
}

impl Purpose {
    /// What is authenticated with the text.
    fn label(self) -> &'static str {
        match self {
            Self::SigningKey => "signing key",
            Self::HandshakeNonce => "handshake nonce",
            Self::RefreshToken => "refresh token",
            Self::TemplateKey => "template key",
            Self::SignIn => "sign-in attempt",
            Self::SignUp => "sign-up attempt",
            Self::Answer => "answer",
            Self::Dashboard => "dashboard",
            Self::WebhookSecret => "webhook secret",
        }
    }
}

/// The key over everything that must be read back. Kept in a file of its own or in the environment, never in the database.
pub struct MasterKey {
    /// AES-256-GCM, for what is sealed once in a key's life.
    keeping: RandomizedNonceKey,
    /// AES-256-GCM-SIV (RFC 8452), for what is sealed with every visit: its random nonces may meet without harm, so one key
    /// lasts.
    passing: RandomizedNonceKey,
    /// Another master key, whose seals open too: the one before or after this one.
    also: Option<Box<MasterKey>>,
}

impl MasterKey {
    /// Takes the 256-bit key written as base64url text (43 characters), as [`Secret::random`] makes it.
    pub fn parse(text: &Secret) -> Result<Self> {
        let wrong = || {
            Error::Config("the master key must be 43 characters of base64url, as `standin key master` makes it".into())
        };
        let bytes = Zeroizing::new(
            URL_SAFE_NO_PAD
                .decode(text.expose().trim())
                .map_err(|_| wrong())?,
        );
        if bytes.len() != 32 {
            return Err(wrong());
        }
        // The key is not used as it is, so that each use has one of its own.
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"standin").extract(&bytes);
        let derived = |label: &[u8], algorithm| {
            let mut key = Zeroizing::new([0_u8; 32]);
            root.expand(&[label], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(key.as_mut()))
                .and_then(|()| RandomizedNonceKey::new(algorithm, key.as_ref()))
                .map_err(|_| wrong())
        };
        Ok(Self {
            keeping: derived(b"seal v1", &AES_256_GCM)?,
            passing: derived(b"pass v1", &AES_256_GCM_SIV)?,
            also: None,
        })
    }

    /// The same, which also opens what another key sealed.
    #[must_use]
    pub fn opening_also(self, other: Self) -> Self {
        let also = Some(Box::new(other));
        Self { also, ..self }
    }

    /// Seals anew what only the other key opens; `None` where this one does, or neither.
    ///
    /// # Errors
    /// As [`MasterKey::seal`].
    pub fn reseal(&self, purpose: Purpose, sealed: &str) -> Result<Option<String>> {
        if self.open_alone(purpose, sealed).is_some() {
            return Ok(None);
        }
        let plain = self.open(purpose, sealed);
        plain.map(|plain| self.seal(purpose, &plain)).transpose()
    }

    fn key(&self, purpose: Purpose) -> &RandomizedNonceKey {
        match purpose {
            Purpose::SigningKey | Purpose::TemplateKey | Purpose::WebhookSecret => &self.keeping,
            Purpose::HandshakeNonce
            | Purpose::RefreshToken
            | Purpose::SignIn
            | Purpose::SignUp
            | Purpose::Answer
            | Purpose::Dashboard => &self.passing,
        }
    }

    /// The same for a value, as JSON.
    ///
    /// # Errors
    /// As [`MasterKey::seal`].
    pub fn seal_value(&self, purpose: Purpose, value: &impl Serialize) -> Result<String> {
        let bytes = serde_json::to_vec(value).map_err(|error| Error::Bug(error.to_string()))?;
        self.seal(purpose, &bytes)
    }

    /// Reads what [`MasterKey::seal_value`] made; `None` as with [`MasterKey::open`], and where it is no such value.
    pub fn open_value<T: DeserializeOwned>(&self, purpose: Purpose, sealed: &str) -> Option<T> {
        serde_json::from_slice(&self.open(purpose, sealed)?).ok()
    }

    /// Encrypts and authenticates `plain` for one `purpose`; only [`MasterKey::open`] with the same purpose reads it. The
    /// result is base64url text.
    pub fn seal(&self, purpose: Purpose, plain: &[u8]) -> Result<String> {
        let mut bytes = plain.to_vec();
        let nonce = self
            .key(purpose)
            .seal_in_place_append_tag(Aad::from(purpose.label()), &mut bytes)
            .map_err(|_| Error::Bug("sealing failed".into()))?;
        let mut out = nonce.as_ref().to_vec();
        out.extend_from_slice(&bytes);
        Ok(URL_SAFE_NO_PAD.encode(out))
    }

    /// Reads what [`MasterKey::seal`] made; `None` for anything else, whoever made it.
    pub fn open(&self, purpose: Purpose, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let other = || self.also.as_ref()?.open_alone(purpose, sealed);
        self.open_alone(purpose, sealed).or_else(other)
    }

    fn open_alone(&self, purpose: Purpose, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, cipher) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut cipher = Zeroizing::new(cipher.to_vec());
        let length = self
            .key(purpose)
            .open_in_place(nonce, Aad::from(purpose.label()), &mut cipher)
            .ok()?
            .len();
        cipher.truncate(length);
        Some(cipher)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        let secret = Secret::random();
        assert_eq!(format!("{secret:?}"), "Secret(***)");
        let master = MasterKey::parse(&secret).unwrap();
        assert_eq!(format!("{master:?}"), "MasterKey(***)");
        assert_eq!(secret.expose().len(), 43);
        assert_ne!(secret.digest(), Secret::random().digest());
    }

    /// What a scanner does with text that looks like a secret key.
    fn is_key(text: &str) -> bool {
        let (key, sum) = text.split_at(text.len() - CHECKSUM);
        checksum(key) == sum
    }

    #[test]
    fn a_secret_key_is_told_from_text_that_looks_like_one() {
        // The check value of CRC-32 is cbf43926, which is this in base 62.
        assert_eq!(checksum("123456789"), "3jZRME");
        for stage in [Stage::Development, Stage::Production] {
            let key = Secret::secret_key(stage);
            let key = key.expose();
            assert!(is_key(key) && key.len() == 8 + 43 + CHECKSUM);
            for place in 8..key.len() {
                let mut other = key.to_owned().into_bytes();
                other[place] = if other[place] == b'x' { b'y' } else { b'x' };
                assert!(!is_key(std::str::from_utf8(&other).unwrap()));
            }
        }
    }

    #[test]
    fn another_master_key_opens_too_and_what_it_sealed_is_sealed_anew() {
        let [old, new] = [Secret::random(), Secret::random()];
        let parse = |key| MasterKey::parse(key).unwrap();
        let sealed = parse(&old).seal(Purpose::SigningKey, b"words").unwrap();
        let both = parse(&new).opening_also(parse(&old));
        let opened = both.open(Purpose::SigningKey, &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"words");
        let anew = both.reseal(Purpose::SigningKey, &sealed).unwrap().unwrap();
        assert!(parse(&new).open(Purpose::SigningKey, &anew).is_some());
        assert!(parse(&old).open(Purpose::SigningKey, &anew).is_none());
        assert_eq!(both.reseal(Purpose::SigningKey, &anew).unwrap(), None);
        assert_eq!(both.reseal(Purpose::SigningKey, "nothing").unwrap(), None);
    }

    #[test]
    fn a_seal_opens_for_its_purpose_only_and_not_after_a_change() {
        use Purpose::{
            Answer, HandshakeNonce, RefreshToken, SignIn, SignUp, SigningKey, TemplateKey,
            WebhookSecret,
        };
        let all = [
            SigningKey,
            RefreshToken,
            HandshakeNonce,
            TemplateKey,
            SignIn,
            SignUp,
            Answer,
            WebhookSecret,
        ];
        let key = MasterKey::parse(&Secret::random()).unwrap();
        for purpose in all {
            let sealed = key.seal(purpose, b"words").unwrap();
            assert_eq!(key.open(purpose, &sealed).unwrap().as_slice(), b"words");
            for other in all {
                assert_eq!(key.open(other, &sealed).is_some(), other == purpose);
            }
        }
        let sealed = key.seal(HandshakeNonce, b"words").unwrap();
        for position in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[position] = if changed[position] == b'A' {
                b'B'
            } else {
                b'A'
            };
            // The last character may carry bits that base64 ignores or refuses; either way nothing wrong may come out.
            let opened = key.open(HandshakeNonce, std::str::from_utf8(&changed).unwrap());
            assert!(
                opened.is_none_or(|plain| plain.as_slice() == b"words"),
                "{position}"
            );
        }
        assert!(
            MasterKey::parse(&Secret::random())
                .unwrap()
                .open(HandshakeNonce, &sealed)
                .is_none()
        );
    }

    #[test]
    fn a_master_key_of_another_length_is_refused() {
        for text in ["", "short", "!!!"] {
            assert!(MasterKey::parse(&Secret::from(text)).is_err());
        }
    }
}

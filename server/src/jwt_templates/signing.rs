//! Keys of a template's own, and the algorithms they are for (RFC 7518 §3).

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use zeroize::Zeroizing;

use crate::error::{ClaimsError, Error, Result};
use crate::keys::{TEMPLATE_CLASS, compact, rsa};
use crate::word::words;

words! {
    /// How a template's tokens are signed.
    pub enum Algorithm {
        /// RSA with SHA-256; the instance's own key signs so too.
        Rs256 = "RS256",
        /// RSA with SHA-384.
        Rs384 = "RS384",
        /// RSA with SHA-512.
        Rs512 = "RS512",
        /// A shared secret with SHA-256.
        Hs256 = "HS256",
        /// A shared secret with SHA-384.
        Hs384 = "HS384",
        /// A shared secret with SHA-512.
        Hs512 = "HS512",
    }
}

/// What an algorithm works with.
enum Means {
    Rsa(&'static dyn RsaEncoding),
    Hmac(hmac::Algorithm),
}

impl Algorithm {
    fn means(self) -> Means {
        match self {
            Self::Rs256 => Means::Rsa(&RSA_PKCS1_SHA256),
            Self::Rs384 => Means::Rsa(&RSA_PKCS1_SHA384),
            Self::Rs512 => Means::Rsa(&RSA_PKCS1_SHA512),
            Self::Hs256 => Means::Hmac(hmac::HMAC_SHA256),
            Self::Hs384 => Means::Hmac(hmac::HMAC_SHA384),
            Self::Hs512 => Means::Hmac(hmac::HMAC_SHA512),
        }
    }

    /// The bytes of a key as it is given, if the algorithm can be used with it: a secret as it is, an RSA key as DER.
    pub(super) fn read(self, given: &str) -> Result<Zeroizing<Vec<u8>>> {
        let bytes = match self.means() {
            // RFC 7518 §3.2: no secret shorter than the digest.
            Means::Hmac(algorithm) => {
                if given.len() < algorithm.digest_algorithm().output_len() {
                    return Err(Error::Claims(ClaimsError::TemplateKey(match self {
                        Self::Hs256 => "a secret of at least 32 bytes for HS256",
                        Self::Hs384 => "a secret of at least 48 bytes for HS384",
                        _ => "a secret of at least 64 bytes for HS512",
                    })));
                }
                given.as_bytes().to_vec()
            }
            Means::Rsa(_) => match PrivateKeyDer::from_pem_slice(given.as_bytes()) {
                Ok(key) => key.secret_der().to_vec(),
                Err(_) => return Err(NO_RSA_KEY),
            },
        };
        let bytes = Zeroizing::new(bytes);
        self.signer(&bytes).map_err(|_| NO_RSA_KEY)?;
        Ok(bytes)
    }

    /// A key in the form in which it is shown, however it was written when it was given.
    ///
    /// # Errors
    /// [`ClaimsError::TemplateKey`] for a key that the algorithm cannot be used with.
    pub fn normal(self, given: &str) -> Result<String> {
        self.write(&self.read(given)?)
    }

    /// A key that [`Algorithm::read`] took, as it would take it again.
    pub(super) fn write(self, key: &[u8]) -> Result<String> {
        if matches!(self.means(), Means::Hmac(_)) {
            let text = String::from_utf8(key.to_vec());
            return text.map_err(|error| Error::Bug(format!("a template's secret: {error}")));
        }
        let label = match KeyPair::from_pkcs8(key) {
            Ok(_) => "PRIVATE KEY",
            Err(_) => "RSA PRIVATE KEY",
        };
        let text = STANDARD.encode(key);
        let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
        let lines: Vec<_> = lines.collect();
        let lines = lines.join("\n");
        Ok(format!(
            "-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
        ))
    }

    /// A signer with a key that [`Algorithm::read`] took.
    pub(super) fn signer(self, key: &[u8]) -> Result<Signer> {
        let header = json!({ "alg": self, "cat": TEMPLATE_CLASS, "typ": "JWT" });
        let key = match self.means() {
            Means::Hmac(algorithm) => Key::Hmac(Box::new(hmac::Key::new(algorithm, key))),
            Means::Rsa(encoding) => {
                // PKCS #8, or the older PKCS #1.
                let pair = KeyPair::from_pkcs8(key).or_else(|_| KeyPair::from_der(key));
                let pair =
                    pair.map_err(|_| Error::Bug("a template's key cannot be read".into()))?;
                Key::Rsa(Box::new(pair), encoding)
            }
        };
        Ok(Signer {
            header: URL_SAFE_NO_PAD.encode(header.to_string()),
            key,
        })
    }
}

const NO_RSA_KEY: Error = Error::Claims(ClaimsError::TemplateKey(
    "an RSA private key of 2048 to 8192 bits in PEM (PKCS #8 or PKCS #1)",
));

enum Key {
    Rsa(Box<KeyPair>, &'static dyn RsaEncoding),
    Hmac(Box<hmac::Key>),
}

/// A key of a template's own, ready to sign.
pub(super) struct Signer {
    header: String,
    key: Key,
}

impl Signer {
    pub(super) fn sign(&self, claims: &[u8]) -> Result<String> {
        compact(&self.header, claims, |text| match &self.key {
            Key::Rsa(pair, encoding) => rsa(pair, *encoding, text),
            Key::Hmac(key) => Ok(hmac::sign(key, text).as_ref().to_vec()),
        })
    }
}

//! The keys that sign session tokens: RSA, 2048 bits, RS256, kept sealed in the database.
//!
//! Every key has a `kid` of its own, because SDKs cache keys by it for minutes; a key outlives a restart, because a token
//! with an unknown `kid` leaves its holder signed out without a way back. How one takes the place of another is in
//! `keys/rotation.rs`, and what a node holds of them in `keys/ring.rs`.

mod ring;
mod rotation;

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::id;
use crate::metrics::Counter;
use crate::secret::{MasterKey, Purpose};
pub use ring::Keys;
pub use rotation::{
    Published, Retired, Rotated, Rotation, Sealed, list, next, replace, retire, rotate, sealed,
    sweep,
};

/// A signing key, ready to sign.
pub struct SigningKey {
    pair: KeyPair,
    kid: String,
    /// The base64url header of every session token: it never changes while the key does not.
    header: String,
    /// That of tokens made by a JWT template, which are no session tokens: SDKs and this server tell them apart by it.
    template_header: String,
    /// How many tokens this key and its like signed.
    signatures: Arc<Counter>,
}

impl SigningKey {
    pub(crate) fn new(kid: String, pair: KeyPair, signatures: Arc<Counter>) -> Self {
        let header = |class| {
            let header = json!({ "alg": "RS256", "cat": class, "kid": kid, "typ": "JWT" });
            URL_SAFE_NO_PAD.encode(header.to_string())
        };
        Self {
            pair,
            header: header("cl_B7d4PD111AAA"),
            template_header: header(TEMPLATE_CLASS),
            kid,
            signatures,
        }
    }

    /// The public half as a JWK (RFC 7517).
    pub fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "use": "sig",
            "kty": "RSA",
            "kid": self.kid,
            "alg": "RS256",
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
        })
    }

    /// A compact JWS (RFC 7515 §7.1) over the claims.
    ///
    /// # Errors
    /// [`Error::Bug`] when the cryptographic library refuses, which it has no reason to.
    pub fn sign(&self, claims: &impl serde::Serialize) -> Result<String> {
        let claims = serde_json::to_vec(claims).map_err(|error| Error::Bug(error.to_string()))?;
        self.sign_session(&claims)
    }

    /// The same over claims that are JSON already.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn sign_session(&self, claims: &[u8]) -> Result<String> {
        compact(&self.header, claims, |text| self.signature(text))
    }

    /// A token made by a JWT template, over claims that are JSON already.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn sign_by_template(&self, claims: &[u8]) -> Result<String> {
        compact(&self.template_header, claims, |text| self.signature(text))
    }

    /// How long a session token over so many bytes of claims is.
    pub fn length(&self, claims: usize) -> usize {
        let encoded = |bytes: usize| (bytes * 4).div_ceil(3);
        self.header.len() + encoded(claims) + encoded(self.pair.public_modulus_len()) + 2
    }

    fn signature(&self, text: &[u8]) -> Result<Vec<u8>> {
        self.signatures.count();
        rsa(&self.pair, &RSA_PKCS1_SHA256, text)
    }

    /// The claims of a token that this key signed, expired or not; `None` for any other text. Only RS256 is ever tried,
    /// with our own key: what the header asks for is not asked (RFC 8725 §3.1).
    pub fn verify(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        // All our tokens share one header, so any other header is not ours.
        if header != self.header || claims.contains('.') {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = self.pair.public_key();
        let key = aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
            public.as_ref(),
        );
        key.verify(signed.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

/// The class of tokens made by a JWT template (`cat`).
pub(crate) const TEMPLATE_CLASS: &str = "cl_B7d4PD222AAA";

/// A compact JWS of a header that is base64url already, and of claims that are JSON.
pub(crate) fn compact(
    header: &str,
    claims: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>>,
) -> Result<String> {
    let mut token = String::with_capacity(1024);
    token.push_str(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// A signature of RSASSA-PKCS1-v1_5 with one of the digests.
pub(crate) fn rsa(
    pair: &KeyPair,
    encoding: &'static dyn RsaEncoding,
    text: &[u8],
) -> Result<Vec<u8>> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), text, &mut signature)
        .map_err(|_| Error::Bug("signing failed".into()))?;
    Ok(signature)
}

/// Makes a key: its name, and its private half, sealed.
///
/// # Errors
/// [`Error::Bug`] when the cryptographic library refuses, which it has no reason to.
pub fn generate(master: &MasterKey, now: Time) -> Result<(String, String)> {
    let failed = |_| Error::Bug("no RSA key could be made".into());
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?;
    let sealed = master.seal(Purpose::SigningKey, der.as_ref())?;
    Ok((format!("kid_{}", id::ksuid(now)), sealed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_until_any_byte_changes() {
        let key = SigningKey::new(
            "kid_1".into(),
            KeyPair::generate(KeySize::Rsa2048).unwrap(),
            Arc::default(),
        );
        let token = key.sign(&json!({ "sub": "user_1" })).unwrap();
        assert_eq!(key.verify(&token).unwrap()["sub"], "user_1");
        for claims in [&b"{}"[..], b"{ }", b"{  }", b"{   }"] {
            let token = key.sign_session(claims).unwrap();
            assert_eq!(key.length(claims.len()), token.len());
        }
        let other = SigningKey::new(
            "kid_1".into(),
            KeyPair::generate(KeySize::Rsa2048).unwrap(),
            Arc::default(),
        );
        assert!(other.verify(&token).is_none());
        for position in (0..token.len() - 1).step_by(7) {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            assert!(
                key.verify(std::str::from_utf8(&bytes).unwrap()).is_none(),
                "{position}"
            );
        }
        for forged in ["", ".", "..", "a.b.c", &format!("{}.e30.", key.header)] {
            assert!(key.verify(forged).is_none());
        }
    }
}

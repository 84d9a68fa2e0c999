//! The keys that an instance's tokens verify with: RSA, at least 2048 bits, for RS256. Each is parsed once and kept.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::jwks::{Jwk, JwkSet};
use crate::{Error, Result};

/// A set of keys, by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(HashMap<String, Arc<ParsedPublicKey>>);

impl Keys {
    /// The usable ones of a published set: a key for another algorithm or use is never tried.
    pub(crate) fn of(set: &JwkSet) -> Self {
        let usable = set.keys.iter().filter_map(|key| {
            let name = key.kid.clone()?;
            Some((name, Arc::new(parse(key)?)))
        });
        Self(usable.collect())
    }

    /// The key of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<ParsedPublicKey>> {
        self.0.get(name)
    }

    /// Whether there is no usable key.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn parse(key: &Jwk) -> Option<ParsedPublicKey> {
    let says =
        |text: &Option<String>, wanted: &str| text.as_deref().is_none_or(|text| text == wanted);
    if key.kty != "RSA" || !says(&key.alg, "RS256") || !says(&key.use_for, "sig") {
        return None;
    }
    key.components()?
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .ok()
}

/// Reads a public key in PEM (RFC 7468 §13, `BEGIN PUBLIC KEY`), with the line breaks that environments leave of it:
/// real ones, none, or the two characters `\n`.
///
/// # Errors
/// When it is no RSA public key of 2048 to 8192 bits.
pub(crate) fn from_pem(pem: &str) -> Result<ParsedPublicKey> {
    let wrong = || {
        Error::setting(
            "the JWT key (CLERK_JWT_KEY) is no RSA public key in PEM: it begins with -----BEGIN PUBLIC KEY-----",
            None,
        )
    };
    let body = pem.replace("\\n", "\n");
    let body = body
        .split_once("-----BEGIN PUBLIC KEY-----")
        .ok_or_else(wrong)?
        .1;
    let body = body
        .split_once("-----END PUBLIC KEY-----")
        .ok_or_else(wrong)?
        .0;
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| wrong())?;
    // The length is checked here, because the library looks at it only when it verifies.
    if der.len() < 2048 / 8 {
        return Err(wrong());
    }
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};

    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn pem(pair: &KeyPair, line: &str) -> String {
        let der = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
        let body = STANDARD.encode(der.as_ref());
        let body: Vec<&str> = body
            .as_bytes()
            .chunks(64)
            .map(|part| std::str::from_utf8(part).unwrap())
            .collect();
        format!(
            "-----BEGIN PUBLIC KEY-----{line}{}{line}-----END PUBLIC KEY-----{line}",
            body.join(line)
        )
    }

    #[test]
    fn a_published_key_is_written_as_the_pem_that_it_is_read_from() {
        for size in [KeySize::Rsa2048, KeySize::Rsa3072] {
            let pair = KeyPair::generate(size).unwrap();
            let number = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
            let public = pair.public_key();
            let mut key = Jwk {
                kty: "RSA".into(),
                kid: None,
                alg: Some("RS256".into()),
                use_for: Some("sig".into()),
                n: number(public.modulus().big_endian_without_leading_zero()),
                e: number(public.exponent().big_endian_without_leading_zero()),
            };
            assert_eq!(key.pem().unwrap(), pem(&pair, "\n"));
            key.n = number(&[1; 32]);
            assert_eq!(key.pem(), None);
        }
    }

    #[test]
    fn a_pem_key_verifies_whatever_became_of_its_line_breaks() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            b"text",
            &mut signature,
        )
        .unwrap();
        for line in ["\n", "\r\n", "", "\\n"] {
            let key = from_pem(&pem(&pair, line)).unwrap();
            assert!(key.verify_sig(b"text", &signature).is_ok(), "{line:?}");
            assert!(key.verify_sig(b"test", &signature).is_err());
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let private = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----";
        let short = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMs=\n-----END PUBLIC KEY-----";
        for text in [
            "",
            "no key",
            private,
            short,
            "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----",
        ] {
            assert!(from_pem(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_published_key_for_something_else_is_passed_over() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let key = |kty: &str, alg: &str, used: &str, n: &str| serde_json::json!({ "kid": "k", "kty": kty, "alg": alg, "use": used, "n": n, "e": "AQAB" });
        let usable = |key: serde_json::Value| {
            let set = serde_json::from_value(serde_json::json!({ "keys": [key] })).unwrap();
            Keys::of(&set).get("k").is_some()
        };
        assert!(usable(key("RSA", "RS256", "sig", &n)));
        assert!(!usable(key("RSA", "RS512", "sig", &n)));
        assert!(!usable(key("RSA", "RS256", "enc", &n)));
        assert!(!usable(key("oct", "RS256", "sig", &n)));
        assert!(!usable(key("RSA", "RS256", "sig", "!")));
        assert!(!usable(key("RSA", "RS256", "sig", "")));
    }
}

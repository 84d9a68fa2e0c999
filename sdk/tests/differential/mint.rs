//! Tokens of every kind: signed with the instance's key or with a stranger's, with any header and any claims.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512};
use aws_lc_rs::{hmac, signature::KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// The keys a test signs with.
pub struct Mint {
    pub ours: KeyPair,
    pub kid: String,
    foreign: KeyPair,
}

impl Mint {
    pub fn new(kid: String, pkcs8: &[u8]) -> Self {
        Self {
            ours: KeyPair::from_pkcs8(pkcs8).unwrap(),
            kid,
            foreign: KeyPair::generate(KeySize::Rsa2048).unwrap(),
        }
    }

    /// The header of a session token.
    pub fn header(&self) -> Value {
        json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": self.kid, "typ": "JWT" })
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        seal(&header.to_string(), &claims.to_string(), |text| {
            rsa(&self.ours, header["alg"] == "RS512", text)
        })
    }

    pub fn sign_foreign(&self, header: &Value, claims: &Value) -> String {
        seal(&header.to_string(), &claims.to_string(), |text| {
            rsa(&self.foreign, false, text)
        })
    }

    /// The header and claims as they are written, so that they need be no proper JSON.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        seal(header, claims, |text| rsa(&self.ours, false, text))
    }

    /// HS256 with the public key as the secret: the classic confusion.
    pub fn sign_hmac(&self, claims: &Value) -> String {
        let mut header = self.header();
        header["alg"] = "HS256".into();
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.pem().as_bytes());
        seal(&header.to_string(), &claims.to_string(), |text| {
            hmac::sign(&key, text).as_ref().to_vec()
        })
    }

    /// Not signed at all.
    pub fn unsigned(&self, claims: &Value) -> String {
        let mut header = self.header();
        header["alg"] = "none".into();
        seal(&header.to_string(), &claims.to_string(), |_| Vec::new())
    }

    /// The instance's public key.
    pub fn pem(&self) -> String {
        use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
        let der = AsDer::<PublicKeyX509Der<'_>>::as_der(self.ours.public_key()).unwrap();
        let body = STANDARD.encode(der.as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }
}

fn seal(header: &str, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = URL_SAFE_NO_PAD.encode(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

fn rsa(pair: &KeyPair, long: bool, text: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    let padding = if long {
        &RSA_PKCS1_SHA512
    } else {
        &RSA_PKCS1_SHA256
    };
    pair.sign(padding, &SystemRandom::new(), text, &mut signature)
        .unwrap();
    signature
}

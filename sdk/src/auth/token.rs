//! Session tokens: a compact JWS (RFC 7515 §7.1) read with suspicion.
//!
//! [`Token::read`] only takes a text apart. It refuses what two readers could understand differently (claims named twice,
//! padding, bytes that are no text) and headers that ask for more than this module does (`crit`) or offer a key of their
//! own (`jwk`, `jku`, `x5c`, `x5u`). [`Token::verify`] then wants RS256 and a key of the instance, whatever the header
//! asks for (RFC 8725 §3.1), and the claims of a session.

use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::claims::Claims;
use super::reason::Reason;

/// The longest token that is looked at, in bytes. Browsers cut cookies at 4096; a bearer token may be longer.
const LONGEST: usize = 16 * 1024;
/// The class of session tokens and of handshake payloads (`cat`).
const SESSION_CLASS: &str = "cl_B7d4PD111AAA";
/// The class that some instances put on every token, so that it says nothing.
const ANY_CLASS: &str = "cl_I7d4PD111III";

/// A token taken apart. Nothing in it is to be believed yet.
pub(crate) struct Token<'a> {
    header: Header,
    claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

#[derive(Debug)]
struct Header {
    algorithm: Option<String>,
    /// The name of the key.
    key: Option<String>,
    plain_type: bool,
    session_class: bool,
    access_token: bool,
}

/// Why a token does not verify.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// It was valid once.
    Expired,
    /// It will be valid.
    NotYet,
    /// It was made in the future.
    IssuedInFuture,
    /// It never was and never will be.
    Refused(Reason),
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

/// What is asked of a token beside its signature.
pub(crate) struct Demands<'a> {
    /// Milliseconds since the epoch.
    pub(crate) now: i64,
    /// How far clocks may differ, in milliseconds.
    pub(crate) skew: i64,
    /// Origins that `azp` may name; empty for any.
    pub(crate) parties: &'a [String],
}

impl<'a> Token<'a> {
    /// Takes a token apart; `None` for any other text.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: Header::of(&object(header)?)?,
            claims: object(claims)?,
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// The name of the key it says it is signed with.
    pub(crate) fn key(&self) -> Option<&str> {
        self.header.key.as_deref()
    }

    /// Who it says made it.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims
            .get("iss")?
            .as_str()
            .filter(|issuer| !issuer.is_empty())
    }

    /// When it says it was made, in seconds.
    pub(crate) fn issued_at(&self) -> Option<f64> {
        self.claims.get("iat")?.as_f64()
    }

    /// When it says it expires, in seconds.
    pub(crate) fn expires_at(&self) -> Option<f64> {
        self.claims.get("exp")?.as_f64()
    }

    /// The session it says it is of.
    pub(crate) fn session(&self) -> Option<&str> {
        self.claims.get("sid")?.as_str()
    }

    /// Whether it looks like a session token, and not like one made for a machine or from a template.
    pub(crate) fn is_of_a_session(&self) -> bool {
        let machine = self
            .claims
            .get("sub")
            .and_then(Value::as_str)
            .is_some_and(|sub| sub.starts_with("mch_"));
        self.header.session_class && !self.header.access_token && !machine
    }

    /// Whether any key at all could make it verify.
    pub(crate) fn check_header(&self) -> Result<(), Reason> {
        if !self.header.plain_type {
            return Err(Reason::TokenInvalid);
        }
        match self.header.algorithm.as_deref() {
            Some("RS256") => Ok(()),
            // Known to Clerk's SDKs, and useless with the keys that instances publish, which say RS256.
            Some("RS384" | "RS512") => Err(Reason::TokenVerificationFailed),
            _ => Err(Reason::TokenInvalidAlgorithm),
        }
    }

    fn check_signature(&self, key: &ParsedPublicKey) -> Result<(), Reason> {
        self.check_header()?;
        key.verify_sig(self.signed.as_bytes(), &self.signature)
            .map_err(|_| Reason::TokenInvalidSignature)
    }

    /// Verifies a session token.
    pub(crate) fn verify(
        self,
        key: &ParsedPublicKey,
        demands: &Demands<'_>,
    ) -> Result<Claims, Failure> {
        self.check_signature(key)?;
        Claims::read(self.claims, demands)
    }

    /// Verifies the long form of a handshake payload, which says when it was made to nobody: the session token inside it
    /// does. Returns its directives.
    pub(crate) fn verify_handshake(mut self, key: &ParsedPublicKey) -> Result<Vec<String>, Reason> {
        if !self.header.session_class {
            return Err(Reason::TokenInvalid);
        }
        self.check_signature(key)?;
        match self.claims.remove("handshake") {
            Some(Value::Array(directives)) => Ok(directives
                .into_iter()
                .filter_map(|one| {
                    if let Value::String(text) = one {
                        Some(text)
                    } else {
                        None
                    }
                })
                .collect()),
            _ => Ok(Vec::new()),
        }
    }
}

impl Header {
    fn of(object: &Map<String, Value>) -> Option<Self> {
        const REFUSED: [&str; 6] = ["crit", "jwk", "jku", "x5c", "x5u", "b64"];
        if REFUSED.iter().any(|name| object.contains_key(*name)) {
            return None;
        }
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let is = |name: &str, known: &[&str]| match object.get(name) {
            None => true,
            Some(value) => value.as_str().is_some_and(|value| known.contains(&value)),
        };
        Some(Self {
            algorithm: text("alg").map(ToOwned::to_owned),
            key: text("kid").map(ToOwned::to_owned),
            plain_type: is("typ", &["JWT"]),
            session_class: is("cat", &[SESSION_CLASS, ANY_CLASS]),
            access_token: matches!(text("typ"), Some("at+jwt" | "application/at+jwt")),
        })
    }
}

/// A base64url JSON object without repeated names.
fn object(encoded: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    serde_json::from_slice::<Distinct>(&bytes)
        .ok()
        .map(|object| object.0)
}

/// A JSON object in which a name that comes twice is an error, at the level where claims are: readers differ in which of
/// the two they take.
struct Distinct(Map<String, Value>);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Distinct;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Distinct, A::Error> {
                let mut object = Map::new();
                while let Some((name, value)) = members.next_entry::<String, Value>()? {
                    if object.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name comes twice"));
                    }
                }
                Ok(Distinct(object))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

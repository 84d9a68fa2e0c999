//! The session tokens that requests show, good and bad.

use serde_json::{Value, json};

use crate::world::World;

macro_rules! kinds {
    (agreed: $($agreed:ident)*; strict: $($strict:ident)*;) => {
        /// Kinds of tokens. What is wrong with each is in its name; everything else about it is right.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($agreed,)*
            $($strict,)*
        }

        use Kind::*;

        /// Kinds that both SDKs should judge alike.
        pub const AGREED: &[Kind] = &[$($agreed),*];

        /// Kinds that are refused here and not by Clerk's SDK; `differences.rs` says why.
        pub const STRICT: &[Kind] = &[$($strict),*];
    };
}

kinds! {
    agreed:
        Good OfAgent Older Newer Expired ExpiredWithoutSession NotYet IssuedInFuture Pending
        ForeignKey UnknownKey NoKeyName Algorithm Unsigned HmacWithPublicKey Sha512
        Type Class TemplateClass MachineClass AnyClass MachineSubject AccessToken
        NoSubject ForeignIssuer NoIssuer NoParty OtherParty
        Changed Garbage TwoParts NoExpiry;
    strict:
        NoSession Critical OwnKey KeyAddress Twice Padded OddActor NoObject;
}

/// Seconds since the epoch.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The claims of a session token, `age` seconds old, that lives ten minutes.
pub fn claims(world: &World, session: &str, age: i64) -> Value {
    let issued = now() - age;
    json!({
        "iss": world.issuer, "sub": world.user, "sid": session, "azp": world.origin, "v": 2, "sts": "active",
        "iat": issued, "nbf": issued - 10, "exp": issued + 600, "fva": [0, -1],
    })
}

/// A token of a kind.
pub fn token(world: &World, session: &str, kind: Kind) -> String {
    let mut header = world.mint.header();
    let mut with = claims(world, session, 20);
    match kind {
        Older => with = claims(world, session, 200),
        Newer => with = claims(world, session, 2),
        Expired => with = claims(world, session, 3600),
        NotYet => with["nbf"] = (now() + 300).into(),
        IssuedInFuture => with["iat"] = (now() + 300).into(),
        ForeignIssuer => with["iss"] = "https://clerk.elsewhere.example".into(),
        OtherParty => with["azp"] = "https://other.example.com".into(),
        Pending => with["sts"] = "pending".into(),
        MachineSubject => with["sub"] = "mch_1".into(),
        OfAgent => with["act"] = json!({ "type": "agent", "sub": "agt_1" }),
        OddActor => with["act"] = "agt_1".into(),
        NoSubject => without(&mut with, "sub"),
        NoIssuer => without(&mut with, "iss"),
        NoParty => without(&mut with, "azp"),
        NoSession => without(&mut with, "sid"),
        NoExpiry => without(&mut with, "exp"),
        ExpiredWithoutSession => {
            with = claims(world, session, 3600);
            without(&mut with, "sid");
        }
        UnknownKey => header["kid"] = "kid_nobody".into(),
        NoKeyName => without(&mut header, "kid"),
        Algorithm => header["alg"] = "ES256".into(),
        Sha512 => header["alg"] = "RS512".into(),
        Type => header["typ"] = "JOSE".into(),
        AccessToken => header["typ"] = "at+jwt".into(),
        Class => without(&mut header, "cat"),
        TemplateClass => header["cat"] = "cl_B7d4PD222AAA".into(),
        MachineClass => header["cat"] = "cl_B7d4PD333AAA".into(),
        AnyClass => header["cat"] = "cl_I7d4PD111III".into(),
        Critical => header["crit"] = json!(["exp"]),
        KeyAddress => header["jku"] = "https://attacker.example/jwks".into(),
        OwnKey => header["jwk"] = json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
        Good => {}
        ForeignKey => return world.mint.sign_foreign(&header, &with),
        HmacWithPublicKey => return world.mint.sign_hmac(&with),
        Unsigned => return world.mint.unsigned(&with),
        Twice => {
            let text = with.to_string();
            let twice = format!("{{\"sub\":\"user_other\",{}", &text[1..]);
            return world.mint.sign_text(&header.to_string(), &twice);
        }
        NoObject => return world.mint.sign_text(&header.to_string(), "null"),
        Padded => return format!("{}=", world.mint.sign(&header, &with)),
        Changed => {
            let token = world.mint.sign(&header, &with);
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let first = if signature.starts_with('A') { "B" } else { "A" };
            return format!("{signed}.{first}{}", &signature[1..]);
        }
        Garbage => return "x.y.z".to_owned(),
        TwoParts => return "eyJhbGciOiJSUzI1NiJ9.e30".to_owned(),
    }
    world.mint.sign(&header, &with)
}

fn without(object: &mut Value, name: &str) {
    object.as_object_mut().unwrap().remove(name);
}

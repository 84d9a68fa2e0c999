//! Ids, one type for each kind of thing, so that a session's id never lands where a user's belongs.
//!
//! An id is opaque. It holds nothing but ASCII letters, digits, `_` and `-`, which is checked wherever one is made, so it can
//! stand in a path as it is. What its first letters mean is the server's business.
//!
//! ```
//! use standin::id::UserId;
//!
//! let id: UserId = "user_2xKqYbN0f3pQ".parse()?;
//! assert_eq!(id.as_str(), "user_2xKqYbN0f3pQ");
//! assert!("../sessions".parse::<UserId>().is_err());
//! # Ok::<(), standin::id::InvalidId>(())
//! ```

use std::fmt;
use std::str::FromStr;

/// The longest id, in bytes.
const LENGTH_MAX: usize = 255;

/// A text that is no id: empty, longer than 255 bytes, or with a character that no id has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId {
    kind: &'static str,
}

impl InvalidId {
    pub(crate) fn of(kind: &'static str) -> Self {
        Self { kind }
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no valid {}: one has 1 to {LENGTH_MAX} letters, digits, _ and -",
            self.kind
        )
    }
}

impl std::error::Error for InvalidId {}

/// Whether a text can stand in a path as it is.
pub(crate) fn sound(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $kind:literal),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                if sound(&text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId::of($kind))
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidId;

            fn try_from(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::try_from(text).map_err(serde::de::Error::custom)
            }
        }
    )+ };
}

ids! {
    /// Names a user.
    UserId = "user id",
    /// Names a session.
    SessionId = "session id",
    /// Names a browser's client, the holder of its sessions.
    ClientId = "client id",
    /// Names an agent task.
    AgentTaskId = "agent task id",
    /// Names an agent: stable for an agent name in an instance.
    AgentId = "agent id",
    /// Names a fault of a development instance.
    FaultId = "fault id",
    /// Names an endpoint that events are sent to.
    WebhookId = "webhook id",
    /// Names an organization.
    OrganizationId = "organization id",
    /// Names a membership in an organization.
    MembershipId = "membership id",
    /// Names an e-mail address.
    EmailAddressId = "e-mail address id",
    /// Names a phone number.
    PhoneNumberId = "phone number id",
    /// Names a sign-in token.
    SignInTokenId = "sign-in token id",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        let long = "a".repeat(256);
        for text in [
            "",
            ".",
            "..",
            "a/b",
            "a?b",
            "a#b",
            "a%2fb",
            "a b",
            "é",
            "a\n",
            long.as_str(),
        ] {
            assert!(text.parse::<UserId>().is_err(), "{text:?}");
            assert!(
                serde_json::from_value::<UserId>(text.into()).is_err(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_id_survives_json_and_text() {
        let id: SessionId = "sess_2a-b_C".parse().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"sess_2a-b_C\"");
        assert_eq!(
            serde_json::from_str::<SessionId>("\"sess_2a-b_C\"").unwrap(),
            id
        );
        assert_eq!(id.to_string().parse::<SessionId>().unwrap(), id);
        assert_eq!(format!("{id:?}"), "SessionId(sess_2a-b_C)");
    }
}

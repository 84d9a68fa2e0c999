//! Typed identifiers: a prefix that names the kind and a KSUID (27 base62 characters: 4 bytes of time, 16 random bytes).
//!
//! An id names a thing and opens nothing: whoever knows one still needs a key, a cookie or a ticket. New ids are made by
//! the doors before a write, never inside one, so that a write can be run again.

use std::fmt;

use svix_ksuid::{Ksuid, KsuidLike};

use crate::clock::Time;
use crate::db::{Row, Value};
use crate::error::Result;
use crate::secret::Digest;

/// A KSUID of the moment `at` as text.
pub(crate) fn ksuid(at: Time) -> String {
    Ksuid::from_seconds(Some(at.seconds()), None).to_base62()
}

/// The id of an event that is sent, made of the digest of what it stands for: the house draws no randomness.
pub(crate) fn message(at: Time, of: &Digest) -> String {
    let payload = of.half();
    let id = Ksuid::from_seconds(Some(at.seconds()), Some(&payload));
    format!("msg_{}", id.to_base62())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new, unique id made at the moment `at`.
            pub fn new(at: Time) -> Self {
                Self(format!("{}{}", $prefix, ksuid(at)))
            }

            /// The id as it travels.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Takes any text: an id that was never given out is simply not found.
        impl<T: Into<String>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&$name> for Value {
            fn from(id: &$name) -> Self {
                Value::Text(id.0.clone())
            }
        }

        impl crate::db::FromValue for $name {
            fn from_value(value: Value) -> Result<Self> {
                String::from_value(value).map(Self)
            }
        }

        impl crate::db::FromRow for $name {
            fn from_row(row: &mut Row) -> Result<Self> {
                row.take()
            }
        }
    )+};
}

ids! {
    /// The one instance a server is.
    InstanceId = "ins_";
    /// A secret key of the Backend API (the row, not the secret).
    SecretKeyId = "key_";
    /// A user of the application.
    UserId = "user_";
    /// An e-mail address or phone number of a user.
    IdentifierId = "idn_";
    /// An agent: the stable identity behind an `agent_name`.
    AgentId = "agent_";
    /// Where events are sent to.
    WebhookId = "whk_";
    /// An agent task.
    TaskId = "agttsk_";
    /// A sign-in token.
    SignInTokenId = "sit_";
    /// An actor token.
    ActorTokenId = "act_";
    /// A browser's client.
    ClientId = "client_";
    /// A session.
    SessionId = "sess_";
    /// An address or number on a list of those who may sign up, or may not.
    ListedId = "lid_";
    /// A JWT template.
    JwtTemplateId = "jtmp_";
    /// An attempt to sign in.
    SignInId = "sia_";
    /// An attempt to sign up.
    SignUpId = "sua_";
    /// An invitation to the application.
    AppInvitationId = "inv_";
    /// An address on the waitlist.
    WaitlistEntryId = "wle_";
    /// An organization.
    OrganizationId = "org_";
    /// A user's place in an organization.
    MembershipId = "orgmem_";
    /// An invitation into an organization.
    InvitationId = "orginv_";
    /// A domain of an organization.
    DomainId = "orgdmn_";
    /// A role in organizations.
    RoleId = "role_";
    /// A permission that roles give.
    PermissionId = "perm_";
}

//! What can be changed about a user.

use serde_json::{Map, Value as Json};

use super::{IdentifierKind, User};
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::id::IdentifierId;
use crate::passwords::PasswordHash;

/// How long a lock lasts, in seconds.
pub(super) const LOCK_SECONDS: i64 = 60 * 60;

/// Which of a user's three metadata objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// `public_metadata`
    Public,
    /// `private_metadata`
    Private,
    /// `unsafe_metadata`
    Unsafe,
}

/// One change to a user.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Another username, or none.
    Username(Option<String>),
    /// Another given name, or none.
    FirstName(Option<String>),
    /// Another family name, or none.
    LastName(Option<String>),
    /// Another locale, or none.
    Locale(Option<String>),
    /// Another time zone, or none.
    Timezone(Option<String>),
    /// Another id of the application's own, or none.
    ExternalId(Option<String>),
    /// The verified identifier of this user that becomes the primary one of its kind.
    Primary(IdentifierKind, IdentifierId),
    /// Another password, or none.
    Password(Option<PasswordHash>),
    /// Merges deeply; null removes.
    MergeMetadata(Metadata, Map<String, Json>),
    /// Replaces the whole object.
    ReplaceMetadata(Metadata, Map<String, Json>),
    /// No sign-in from now on.
    Ban,
    /// Ends a ban.
    Unban,
    /// No sign-in for an hour.
    Lock,
    /// Ends a lock.
    Unlock,
    /// Whether pages may offer the user to delete itself.
    DeleteSelfEnabled(bool),
    /// Whether pages may offer the user to create organizations.
    CreateOrganizationEnabled(bool),
    /// How many organizations pages may let the user create; `None` is any number.
    CreateOrganizationsLimit(Option<i64>),
    /// When the user accepted the terms.
    LegalAcceptedAt(Option<Time>),
    /// When the user signed up, for users brought from elsewhere.
    CreatedAt(Time),
}

impl User {
    /// Makes one change, apart from the database.
    pub(super) fn apply(&mut self, edit: &Edit, at: Time) -> Result<()> {
        match edit.clone() {
            Edit::Username(name) => self.username = name.as_deref().map(username).transpose()?,
            Edit::FirstName(name) => self.first_name = name,
            Edit::LastName(name) => self.last_name = name,
            Edit::Locale(locale) => self.locale = locale,
            Edit::Timezone(zone) => self.timezone = zone,
            Edit::ExternalId(id) => self.external_id = id,
            Edit::Primary(IdentifierKind::EmailAddress, id) => {
                self.primary_email_address = Some(id);
            }
            Edit::Primary(IdentifierKind::PhoneNumber, id) => self.primary_phone_number = Some(id),
            Edit::Password(hash) => {
                self.password = hash;
                self.password_changed_at = Some(at);
            }
            Edit::MergeMetadata(which, patch) => {
                merge(self.metadata(which), patch);
                self.bounded(which)?;
            }
            Edit::ReplaceMetadata(which, whole) => {
                *self.metadata(which) = whole;
                self.bounded(which)?;
            }
            Edit::Ban => self.banned_at = self.banned_at.or(Some(at)),
            Edit::Unban => self.banned_at = None,
            Edit::Lock => self.locked_until = Some(at.plus_seconds(LOCK_SECONDS)),
            Edit::Unlock => {
                self.locked_until = None;
                self.failed_attempts = 0;
            }
            Edit::DeleteSelfEnabled(yes) => self.delete_self_enabled = yes,
            Edit::CreateOrganizationEnabled(yes) => self.create_organization_enabled = yes,
            Edit::CreateOrganizationsLimit(limit) => self.create_organizations_limit = limit,
            Edit::LegalAcceptedAt(time) => self.legal_accepted_at = time,
            Edit::CreatedAt(time) => self.created_at = time,
        }
        Ok(())
    }

    /// Refuses a metadata object that is too large, however small the parts were that it came in.
    fn bounded(&mut self, which: Metadata) -> Result<()> {
        let param = match which {
            Metadata::Public => "public_metadata",
            Metadata::Private => "private_metadata",
            Metadata::Unsafe => "unsafe_metadata",
        };
        metadata_text(param, self.metadata(which)).map(|_| ())
    }

    fn metadata(&mut self, which: Metadata) -> &mut Map<String, Json> {
        match which {
            Metadata::Public => &mut self.public_metadata,
            Metadata::Private => &mut self.private_metadata,
            Metadata::Unsafe => &mut self.unsafe_metadata,
        }
    }
}

/// How large one metadata object may be as JSON, in bytes; Clerk's bound.
const METADATA_MAX: usize = 8 * 1024;

/// A metadata object as it is kept.
///
/// # Errors
/// [`Error::ParamTooLong`].
pub(crate) fn metadata_text(param: &'static str, metadata: &Map<String, Json>) -> Result<String> {
    match serde_json::to_string(metadata) {
        Ok(text) if text.len() <= METADATA_MAX => Ok(text),
        _ => Err(Error::ParamTooLong(param, METADATA_MAX)),
    }
}

/// Lower case; 4 to 64 of letters, digits, `_` and `-`, and not a number, which could be taken for a phone's.
fn username(text: &str) -> Result<String> {
    let name = text.trim().to_ascii_lowercase();
    if !(4..=64).contains(&name.chars().count()) {
        return Err(Error::UsernameLength(4, 64));
    }
    if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    {
        return Err(Error::UsernameCharacter);
    }
    if name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::UsernameNumber);
    }
    Ok(name)
}

/// Lays `patch` over `into`: objects are merged, null removes, anything else replaces (RFC 7396).
pub(crate) fn merge(into: &mut Map<String, Json>, patch: Map<String, Json>) {
    for (key, value) in patch {
        match value {
            Json::Null => {
                into.remove(&key);
            }
            Json::Object(inner) => match into.entry(key).or_insert_with(|| Map::new().into()) {
                Json::Object(target) => merge(target, inner),
                other => {
                    let mut target = Map::new();
                    merge(&mut target, inner);
                    *other = target.into();
                }
            },
            other => {
                into.insert(key, other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(mut into: Json, patch: Json) -> Json {
        let Json::Object(patch) = patch else {
            unreachable!()
        };
        merge(into.as_object_mut().unwrap(), patch);
        into
    }

    #[test]
    fn metadata_merges_as_rfc_7396_says() {
        // The examples of its appendix A that patch an object with an object.
        for (original, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": "c"}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            assert_eq!(merged(original, patch), result);
        }
    }

    #[test]
    fn usernames_are_lowered_and_held_to_their_form() {
        assert_eq!(username(" Grace_H ").unwrap(), "grace_h");
        for wrong in [
            "abc",
            "with space",
            "grace@home",
            "12345678",
            "größe",
            &"x".repeat(65),
        ] {
            assert!(username(wrong).is_err(), "{wrong}");
        }
    }
}

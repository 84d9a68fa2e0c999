//! Users as the server shows them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;

use crate::id::{EmailAddressId, PhoneNumberId, UserId};
use crate::identifiers::{EmailAddress, PhoneNumber};
use crate::wire;

/// What an application keeps with a user: a JSON object of its own making.
///
/// ```
/// # fn handle(user: standin::users::User) {
/// #[derive(serde::Deserialize)]
/// struct Plan { plan: String, seats: u32 }
///
/// let metadata = serde_json::Value::Object(user.public_metadata);
/// match serde_json::from_value::<Plan>(metadata) {
///     Ok(plan) => println!("{} with {} seats", plan.plan, plan.seats),
///     Err(_) => println!("no plan"),
/// }
/// # }
/// ```
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// A user (spec schema `User`). What the SDK has no calls for, as accounts at other services, is left out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the API has them")]
#[non_exhaustive]
pub struct User {
    /// The user.
    pub id: UserId,
    /// The application's own id for the user.
    pub external_id: Option<String>,
    /// The name it signs in with, if the instance knows such names.
    pub username: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// The preferred language, as in `en-US` (BCP 47).
    pub locale: Option<String>,
    /// A picture; empty where there is none.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub image_url: String,
    /// The e-mail address it goes by.
    pub primary_email_address_id: Option<EmailAddressId>,
    /// The phone number it goes by.
    pub primary_phone_number_id: Option<PhoneNumberId>,
    /// All its e-mail addresses.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub email_addresses: Vec<EmailAddress>,
    /// All its phone numbers.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub phone_numbers: Vec<PhoneNumber>,
    /// Whether it has a password.
    #[serde(default)]
    pub password_enabled: bool,
    /// Whether it signs in with a second factor.
    #[serde(default)]
    pub two_factor_enabled: bool,
    /// What the user and everybody else may see, and the application's servers write.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub public_metadata: Metadata,
    /// What the application's servers alone see and write.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub private_metadata: Metadata,
    /// What the user's own browser may write. Believe nothing of it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub unsafe_metadata: Metadata,
    /// Whether it is kept from signing in, for good.
    #[serde(default)]
    pub banned: bool,
    /// Whether it is kept from signing in, for a time.
    #[serde(default)]
    pub locked: bool,
    /// How long the lock holds from now on.
    #[serde(
        rename = "lockout_expires_in_seconds",
        default,
        deserialize_with = "wire::optional_seconds"
    )]
    pub lockout_expires_in: Option<Duration>,
    /// Whether it may delete itself.
    #[serde(default)]
    pub delete_self_enabled: bool,
    /// Whether it may create organizations.
    #[serde(default)]
    pub create_organization_enabled: bool,
    /// When it agreed to the terms.
    #[serde(default, with = "millisecond::optional")]
    pub legal_accepted_at: Option<Timestamp>,
    /// When it last signed in.
    #[serde(default, with = "millisecond::optional")]
    pub last_sign_in_at: Option<Timestamp>,
    /// When it was last seen, to the day at Clerk.
    #[serde(default, with = "millisecond::optional")]
    pub last_active_at: Option<Timestamp>,
    /// When it was created.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "millisecond::required")]
    pub updated_at: Timestamp,
}

impl User {
    /// The e-mail address it goes by.
    pub fn primary_email_address(&self) -> Option<&str> {
        let id = self.primary_email_address_id.as_ref()?;
        let found = self.email_addresses.iter().find(|one| one.id == *id)?;
        Some(&found.email_address)
    }

    /// The phone number it goes by.
    pub fn primary_phone_number(&self) -> Option<&str> {
        let id = self.primary_phone_number_id.as_ref()?;
        let found = self.phone_numbers.iter().find(|one| one.id == *id)?;
        Some(&found.phone_number)
    }

    /// Given and family name, or the one of them that it has.
    pub fn full_name(&self) -> Option<String> {
        match (&self.first_name, &self.last_name) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (first, last) => first.as_ref().or(last.as_ref()).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_read_from_what_must_be_there_and_whatever_else_there_is() {
        let text = r#"{
            "object": "user", "id": "user_1", "username": null, "first_name": "Ada", "last_name": null,
            "email_addresses": null, "private_metadata": null, "lockout_expires_in_seconds": 90, "locked": true,
            "created_at": 1700000000000, "updated_at": 1700000000500, "news": { "unheard": ["of"] }
        }"#;
        let user: User = serde_json::from_str(text).unwrap();
        assert_eq!(user.full_name().as_deref(), Some("Ada"));
        assert_eq!(user.primary_email_address(), None);
        assert_eq!(user.lockout_expires_in, Some(Duration::from_secs(90)));
        assert_eq!(user.updated_at.as_millisecond(), 1_700_000_000_500);
        assert!(user.email_addresses.is_empty() && user.private_metadata.is_empty());
    }
}

//! What users are created with and changed to (spec operations `CreateUser`, `UpdateUser`, `UpdateUserMetadata`).

use jiff::Timestamp;
use serde::Serialize;

use super::User;
use crate::call::{Call, awaitable};
use crate::id::{EmailAddressId, PhoneNumberId};

/// The creation of a user; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct CreateUser(pub(super) Call<User>);

/// The change of a user; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct UpdateUser(pub(super) Call<User>);

/// The change of a user's metadata; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct ChangeMetadata(pub(super) Call<User>);

awaitable!(CreateUser => User, UpdateUser => User, ChangeMetadata => User);

/// Something a user can be without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// The application's own id.
    ExternalId,
    /// The given name.
    FirstName,
    /// The family name.
    LastName,
    /// The preferred language.
    Locale,
    /// The username.
    Username,
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::ExternalId => "external_id",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Locale => "locale",
            Self::Username => "username",
        }
    }
}

macro_rules! fields {
    ($($name:ident),+) => { $(
        impl $name {
            /// The application's own id for the user: one user's alone.
            pub fn external_id(self, id: &str) -> Self {
                Self(self.0.set("external_id", id))
            }

            /// The given name.
            pub fn first_name(self, name: &str) -> Self {
                Self(self.0.set("first_name", name))
            }

            /// The family name.
            pub fn last_name(self, name: &str) -> Self {
                Self(self.0.set("last_name", name))
            }

            /// The preferred language, as in `en-US` (BCP 47).
            pub fn locale(self, locale: &str) -> Self {
                Self(self.0.set("locale", locale))
            }

            /// The username: one user's alone.
            pub fn username(self, name: &str) -> Self {
                Self(self.0.set("username", name))
            }

            /// The password.
            pub fn password(self, password: &str) -> Self {
                Self(self.0.set("password", password))
            }

            /// A password that is known by its digest only, and the way it was made, as in `argon2id`.
            pub fn password_digest(self, hasher: &str, digest: &str) -> Self {
                Self(self.0.set("password_hasher", hasher).set("password_digest", digest))
            }

            /// Takes a password that is weaker than the instance wants.
            pub fn skip_password_checks(self) -> Self {
                Self(self.0.set("skip_password_checks", true))
            }

            /// Whether the user may delete itself.
            pub fn delete_self_enabled(self, yes: bool) -> Self {
                Self(self.0.set("delete_self_enabled", yes))
            }

            /// Whether the user may create organizations.
            pub fn create_organization_enabled(self, yes: bool) -> Self {
                Self(self.0.set("create_organization_enabled", yes))
            }

            /// When the user agreed to the terms.
            pub fn legal_accepted_at(self, at: Timestamp) -> Self {
                Self(self.0.set("legal_accepted_at", at))
            }

            /// When the user was created, for one that comes from elsewhere.
            pub fn created_at(self, at: Timestamp) -> Self {
                Self(self.0.set("created_at", at))
            }
        }
    )+ };
}

fields!(CreateUser, UpdateUser);

macro_rules! metadata {
    ($($name:ident),+) => { $(
        impl $name {
            /// What everybody may see: anything that is written as a JSON object.
            pub fn public_metadata(self, object: impl Serialize) -> Self {
                Self(self.0.set("public_metadata", object))
            }

            /// What the application's servers alone see.
            pub fn private_metadata(self, object: impl Serialize) -> Self {
                Self(self.0.set("private_metadata", object))
            }

            /// What the user's own browser may write too.
            pub fn unsafe_metadata(self, object: impl Serialize) -> Self {
                Self(self.0.set("unsafe_metadata", object))
            }
        }
    )+ };
}

metadata!(CreateUser, ChangeMetadata);

impl CreateUser {
    /// An e-mail address, taken for verified. Can be used again for more; the first one is primary.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let ada = client
    ///     .users()
    ///     .create()
    ///     .email_address("ada@example.com")
    ///     .email_address("countess@example.com")
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn email_address(self, address: &str) -> Self {
        Self(self.0.push("email_address", address))
    }

    /// A phone number, taken for verified, as in `+15551234567` (E.164). Can be used again for more; the first one is
    /// primary.
    pub fn phone_number(self, number: &str) -> Self {
        Self(self.0.push("phone_number", number))
    }

    /// Makes a user without a password where the instance wants one.
    pub fn skip_password_requirement(self) -> Self {
        Self(self.0.set("skip_password_requirement", true))
    }

    /// Makes a user that nothing names.
    pub fn skip_user_requirement(self) -> Self {
        Self(self.0.set("skip_user_requirement", true))
    }
}

impl UpdateUser {
    /// Empties a field.
    pub fn clear(self, field: Field) -> Self {
        Self(self.0.set(field.name(), None::<()>))
    }

    /// The e-mail address the user goes by: one of its own.
    pub fn primary_email_address(self, id: &EmailAddressId) -> Self {
        Self(self.0.set("primary_email_address_id", id))
    }

    /// The phone number the user goes by: one of its own.
    pub fn primary_phone_number(self, id: &PhoneNumberId) -> Self {
        Self(self.0.set("primary_phone_number_id", id))
    }

    /// Ends the user's sessions, after a change of password for example.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// client.users().update(&ada).password("a new one").sign_out_of_other_sessions().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_out_of_other_sessions(self) -> Self {
        Self(self.0.set("sign_out_of_other_sessions", true))
    }
}

//! E-mail addresses and phone numbers of users. Both take the same calls under their own names, so both are one generic here
//! and two pairs of types outside.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

use http::Method;
use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::id::{EmailAddressId, PhoneNumberId, UserId};

mod sealed {
    pub trait Names {
        /// What the API calls it: in bodies so, in paths with an `es` or `s`.
        const NAME: &'static str;
        const PATH: &'static str;
    }
}

/// What a user can be reached at: [`EmailAddress`] and [`PhoneNumber`].
pub trait Identifier: sealed::Names + DeserializeOwned + Send + 'static {
    /// The type of its ids.
    type Id: fmt::Display;
}

/// The calls about e-mail addresses or phone numbers; from [`Client::email_addresses`] and [`Client::phone_numbers`].
pub struct Identifiers<'a, I>(&'a Client, PhantomData<fn() -> I>);

impl Client {
    /// The calls about users' e-mail addresses (spec paths `/email_addresses…`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::id::UserId) -> standin::Result<()> {
    /// let made = client.email_addresses().create(&ada, "ada@example.org").primary(true).await?;
    /// client.email_addresses().delete(&made.id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn email_addresses(&self) -> Identifiers<'_, EmailAddress> {
        Identifiers(self, PhantomData)
    }

    /// The calls about users' phone numbers (spec paths `/phone_numbers…`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let made = client.phone_numbers().create(&ada, "+15555550100").verified(false).await?;
    /// assert!(!made.is_verified());
    /// # Ok(())
    /// # }
    /// ```
    pub fn phone_numbers(&self) -> Identifiers<'_, PhoneNumber> {
        Identifiers(self, PhantomData)
    }
}

impl<I: Identifier> Identifiers<'_, I> {
    /// Gives a user another one. Verified and not primary where nothing else is said.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let address = client.email_addresses().create(&ada, "ada@example.org").verified(false);
    /// println!("{}", address.await?.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `form_identifier_exists` (422) where another user has it; 422 for what is no address or number.
    pub fn create(self, user: &UserId, value: &str) -> ChangeIdentifier<I> {
        ChangeIdentifier(
            Call::post(self.0, I::PATH)
                .set("user_id", user)
                .set(I::NAME, value),
        )
    }

    /// One of them.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one.
    pub async fn get(self, id: &I::Id) -> Result<I> {
        Call::get(self.0, format!("{}/{id}", I::PATH)).send().await
    }

    /// Changes whether it is verified, or makes it the primary one.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, id: standin::id::EmailAddressId) -> standin::Result<()> {
    /// client.email_addresses().update(&id).verified(true).primary(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(self, id: &I::Id) -> ChangeIdentifier<I> {
        ChangeIdentifier(Call::patch(self.0, format!("{}/{id}", I::PATH)))
    }

    /// Takes one from its user.
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one; 400 for a user's last verified one.
    pub async fn delete(self, id: &I::Id) -> Result<()> {
        let call = Call::<IgnoredAny>::delete(self.0, format!("{}/{id}", I::PATH));
        call.send().await.map(|_| ())
    }

    /// Puts one in the place of all that the user has of this kind: verified and primary.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let only = client.email_addresses().replace(&ada, "countess@example.com").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn replace(self, user: &UserId, value: &str) -> Result<I> {
        Call::new(self.0, Method::PUT, format!("/v1/users/{user}/{}", I::NAME))
            .set(I::NAME, value)
            .send()
            .await
    }
}

impl<I> Clone for Identifiers<'_, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for Identifiers<'_, I> {}

impl<I> fmt::Debug for Identifiers<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identifiers").field(self.0).finish()
    }
}

/// The creation or change of an e-mail address or a phone number; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct ChangeIdentifier<I>(Call<I>);

impl<I: Identifier> ChangeIdentifier<I> {
    /// Whether the user is known to own it.
    pub fn verified(self, yes: bool) -> Self {
        Self(self.0.set("verified", yes))
    }

    /// Whether it is the one the user goes by. There is no taking that back: make another one primary.
    pub fn primary(self, yes: bool) -> Self {
        Self(self.0.set("primary", yes))
    }
}

impl<I: Identifier> IntoFuture for ChangeIdentifier<I> {
    type Output = Result<I>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0.send())
    }
}

impl<I> fmt::Debug for ChangeIdentifier<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeIdentifier").finish_non_exhaustive()
    }
}

/// Whether and how a user was found to own an identifier (spec schema `EmailAddress`, `verification`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Verification {
    /// `verified`, `unverified`, `failed` or `expired`.
    pub status: String,
    /// How it was or will be verified: `admin`, `email_code`, `phone_code`, …
    pub strategy: Option<String>,
}

/// An e-mail address of a user (spec schema `EmailAddress`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct EmailAddress {
    /// The id, by which it is changed or removed.
    pub id: EmailAddressId,
    /// The address itself.
    pub email_address: String,
    /// Whether it is kept from others without being verified.
    #[serde(default)]
    pub reserved: bool,
    /// `None` where nobody began to verify it.
    pub verification: Option<Verification>,
    /// When the user got it.
    #[serde(default, with = "millisecond::optional")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, with = "millisecond::optional")]
    pub updated_at: Option<Timestamp>,
}

/// A phone number of a user (spec schema `PhoneNumber`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct PhoneNumber {
    /// The id, by which it is changed or removed.
    pub id: PhoneNumberId,
    /// The number itself, as in `+15551234567` (E.164).
    pub phone_number: String,
    /// Whether it is kept from others without being verified.
    #[serde(default)]
    pub reserved: bool,
    /// `None` where nobody began to verify it.
    pub verification: Option<Verification>,
    /// When the user got it.
    #[serde(default, with = "millisecond::optional")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, with = "millisecond::optional")]
    pub updated_at: Option<Timestamp>,
}

macro_rules! identifiers {
    ($($name:ident, $id:ident, $text:literal, $path:literal;)+) => { $(
        impl sealed::Names for $name {
            const NAME: &'static str = $text;
            const PATH: &'static str = $path;
        }

        impl Identifier for $name {
            type Id = $id;
        }

        impl $name {
            /// Whether the user is known to own it.
            pub fn is_verified(&self) -> bool {
                self.verification.as_ref().is_some_and(|one| one.status == "verified")
            }
        }
    )+ };
}

identifiers! {
    EmailAddress, EmailAddressId, "email_address", "/v1/email_addresses";
    PhoneNumber, PhoneNumberId, "phone_number", "/v1/phone_numbers";
}

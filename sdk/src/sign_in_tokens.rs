//! Sign-in tokens: a ticket for a sign-in that a page carries out (spec paths `/sign_in_tokens…`). For agents see
//! [agent tasks](crate::agent_tasks), whose sessions say who acts.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;

use crate::call::{Call, awaitable, hide_all};
use crate::client::Client;
use crate::error::Result;
use crate::id::{SignInTokenId, UserId};
use crate::wire;

/// The calls about sign-in tokens; from [`Client::sign_in_tokens`].
#[derive(Clone, Copy, Debug)]
pub struct SignInTokens<'a>(&'a Client);

impl Client {
    /// The calls about sign-in tokens.
    pub fn sign_in_tokens(&self) -> SignInTokens<'_> {
        SignInTokens(self)
    }
}

impl SignInTokens<'_> {
    /// Creates a token that signs a user in, once (spec operation `CreateSignInToken`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::id::UserId) -> standin::Result<()> {
    /// use std::time::Duration;
    ///
    /// let made = client.sign_in_tokens().create(&ada).expires_in(Duration::from_mins(10)).await?;
    /// println!("{}", made.url);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(self, user: &UserId) -> CreateSignInToken {
        CreateSignInToken(Call::post(self.0, "/v1/sign_in_tokens").set("user_id", user))
    }

    /// Takes a token back that was not used (spec operation `RevokeSignInToken`).
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client, ada: standin::UserId) -> standin::Result<()> {
    /// let made = client.sign_in_tokens().create(&ada).await?;
    /// client.sign_in_tokens().revoke(&made.id).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) for an unknown one, 400 for one that is no longer pending.
    pub async fn revoke(self, id: &SignInTokenId) -> Result<SignInToken> {
        Call::post(self.0, format!("/v1/sign_in_tokens/{id}/revoke"))
            .send()
            .await
    }
}

/// The creation of a sign-in token; `.await` it.
#[must_use = "nothing is sent until it is awaited"]
pub struct CreateSignInToken(Call<CreatedSignInToken>);

impl CreateSignInToken {
    /// How long it can be used, in whole seconds: fractions are dropped. 30 days where not given.
    pub fn expires_in(self, duration: Duration) -> Self {
        Self(self.0.set("expires_in_seconds", duration.as_secs()))
    }
}

awaitable!(CreateSignInToken => CreatedSignInToken);

/// A token that was just created (spec schema `SignInToken`).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CreatedSignInToken {
    /// The token's id.
    pub id: SignInTokenId,
    /// Whom it signs in.
    pub user_id: UserId,
    /// The token: a credential, shown nowhere else.
    pub token: String,
    /// A page that signs in with it. As good as the token.
    pub url: String,
}

hide_all!(CreatedSignInToken);

wire::open_enum! {
    /// Where a sign-in token stands (spec schema `SignInToken`).
    SignInTokenStatus {
        /// It can be used.
        Pending = "pending",
        /// It was used.
        Accepted = "accepted",
        /// It was taken back.
        Revoked = "revoked",
    }
}

/// A sign-in token (spec schema `SignInToken`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SignInToken {
    /// The token's id.
    pub id: SignInTokenId,
    /// Whom it signs in.
    pub user_id: UserId,
    /// Where it stands.
    pub status: SignInTokenStatus,
    /// When it was created.
    #[serde(with = "millisecond::required")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "millisecond::required")]
    pub updated_at: Timestamp,
}

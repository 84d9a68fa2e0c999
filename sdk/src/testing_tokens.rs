//! Testing tokens (spec path `/testing_tokens`).

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::second;
use serde::Deserialize;

use crate::call::{Call, hide_all};
use crate::client::Client;
use crate::error::Result;

impl Client {
    /// Creates a token that lets an automated browser pass Clerk's bot detection (spec operation `CreateTestingToken`): tests
    /// add it to calls of the Frontend API as `__clerk_testing_token`. Standin detects no bots, so there it opens nothing.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let token = client.create_testing_token().await?;
    /// println!("until {}", token.expires_at);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_testing_token(&self) -> Result<TestingToken> {
        Call::post(self, "/v1/testing_tokens").send().await
    }
}

/// A testing token (spec schema `TestingToken`).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TestingToken {
    /// The token: a credential.
    pub token: String,
    /// Until when it can be used.
    #[serde(with = "second::required")]
    pub expires_at: Timestamp,
}

hide_all!(TestingToken);

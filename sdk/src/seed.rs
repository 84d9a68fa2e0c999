//! What there shall be, said at once (Standin's own `/v1/seed`): users with ids and passwords, organizations with members,
//! settings. docs/seed.md of the repository has every name.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::call::Call;
use crate::client::Client;

impl Client {
    /// What there shall be.
    pub fn seed(&self) -> Seed<'_> {
        Seed(self)
    }
}

/// See [`Client::seed`].
#[derive(Clone, Copy, Debug)]
pub struct Seed<'a>(&'a Client);

impl Seed<'_> {
    /// Makes what is missing and changes what is otherwise, all of it or nothing. What is so already is left alone, and what is
    /// not named too.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// let seed = serde_json::json!({
    ///     "users": [{ "id": "user_admin", "email_address": ["admin@example.com"] }],
    /// });
    /// let applied = client.seed().apply(seed.as_object().cloned().unwrap_or_default()).await?;
    /// assert!(applied.data.iter().all(|kind| kind.kind == "users"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply(self, seed: Map<String, Value>) -> Call<Applied> {
        Call::put(self.0, "/v1/seed").with_body(seed)
    }

    /// All there is, as [`Seed::apply`] takes it: with the digests of passwords, and other secrets. A development instance
    /// answers this, and no other.
    pub fn get(self) -> Call<Map<String, Value>> {
        Call::get(self.0, "/v1/seed")
    }
}

/// What became of a seed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Applied {
    /// Every kind that was named.
    pub data: Vec<Kind>,
}

/// What became of the things of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Kind {
    /// As the seed calls it: `users`, `organizations`, …
    pub kind: String,
    /// How many were not there.
    pub made: u64,
    /// How many were otherwise.
    pub changed: u64,
    /// How many were so already.
    pub same: u64,
}

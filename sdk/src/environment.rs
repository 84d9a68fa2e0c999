//! What a server says of itself to anybody: where browsers reach it. **Standin only**; at Clerk the Backend API's address
//! does not answer this.

use serde::Deserialize;

use crate::call::Call;
use crate::client::Client;

impl Client {
    /// What the server says of itself. It is asked without the secret key, as browsers ask. **Standin only**.
    ///
    /// ```no_run
    /// # async fn run(client: standin::Client) -> standin::Result<()> {
    /// println!("browsers sign in at {}", client.environment().await?.public_url());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](crate::Error::is_not_found) where the Backend API has an address of its own: browsers are not
    /// answered there.
    pub fn environment(&self) -> Call<Environment> {
        Call::get(self, "/v1/environment").without_key()
    }
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Environment {
    display_config: DisplayConfig,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct DisplayConfig {
    home_url: String,
    instance_environment_type: String,
}

impl Environment {
    /// Where browsers reach the server, without a trailing slash: the proxy URL of SDKs.
    pub fn public_url(&self) -> &str {
        self.display_config.home_url.trim_end_matches('/')
    }

    /// Whether it is a development instance.
    pub fn is_development(&self) -> bool {
        self.display_config.instance_environment_type == "development"
    }
}

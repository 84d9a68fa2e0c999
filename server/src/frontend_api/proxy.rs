//! The SDKs' own proxy (`frontendApiProxy`): an application's server passes its visitors' calls on, under a path of its
//! own, and shows its secret key with them.
//!
//! The address it names (`Clerk-Proxy-Url`) is not believed: some SDKs leave the port out. Addresses come from the
//! configuration.

use http::{HeaderMap, HeaderName};

use crate::app::App;
use crate::error::{Error, Result};
use crate::limits::Network;
use crate::secret::Secret;
use crate::secret_keys::SecretKey;
use crate::wire::header;

/// Whether an application's server passed this request on; it must prove that it is one of ours.
///
/// # Errors
/// [`Error::ProxyKeyMissing`], [`Error::ProxyKeyInvalid`]; [`Error::TooManyRequests`] where a network tries key after key.
pub(super) async fn recognise(
    app: &App,
    headers: &HeaderMap,
    network: Network,
) -> Result<Option<SecretKey>> {
    let named = |name: &'static str| header(headers, HeaderName::from_static(name));
    let key = match (named("clerk-proxy-url"), named("clerk-secret-key")) {
        (None, None) => return Ok(None),
        (_, Some(key)) if !key.is_empty() => Secret::from(key.to_owned()).digest(),
        _ => return Err(Error::ProxyKeyMissing),
    };
    match app.shown_key(key, network).await {
        Err(Error::KeyInvalid) => Err(Error::ProxyKeyInvalid),
        found => found.map(Some),
    }
}

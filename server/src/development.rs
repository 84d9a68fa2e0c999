//! The door for whoever builds and tests an application: what one may do to a development instance and nobody to one in
//! production. It stands behind the secret key, like the Backend API's, and only a development instance has it: elsewhere
//! nothing lives at these addresses.

mod clock;
mod faults;
mod reset;
mod snapshots;

use std::pin::Pin;

use axum::extract::Request;
use serde_json::Value;

use crate::app::App;
use crate::clock::Time;
use crate::db::Write;
use crate::error::Result;
use crate::wire::Calls;

/// What brings a seed about, and tells of it.
pub(crate) type Bring = Box<dyn Fn(&mut Write<'_>) -> Result<Value> + Send>;

/// How a request's body becomes a seed, as of a moment.
pub(crate) type ReadSeed =
    fn(App, Request, Time) -> Pin<Box<dyn Future<Output = Result<Bring>> + Send>>;

/// All calls. Seeds are known to the door that has calls for them.
pub(crate) fn calls(seed: ReadSeed) -> Calls {
    Calls::new()
        .merge(clock::routes())
        .merge(faults::routes())
        .merge(snapshots::routes())
        .merge(reset::routes(seed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn every_call_needs_a_key_of_full_scope() {
        assert_eq!(
            calls(|_, _, _| Box::pin(async { Err(Error::RouteUnknown) })).table(),
            "\
full  get    /v1/development/clock
full  patch  /v1/development/clock
full  delete /v1/development/clock
full  get    /v1/development/faults
full  post   /v1/development/faults
full  delete /v1/development/faults
full  delete /v1/development/faults/{id}
full  get    /v1/development/snapshots
full  put    /v1/development/snapshots/{name}
full  delete /v1/development/snapshots/{name}
full  post   /v1/development/snapshots/{name}/restore
full  post   /v1/development/reset
"
        );
    }
}

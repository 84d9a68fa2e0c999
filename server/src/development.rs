//! The door for whoever builds and tests an application: what one may do to a development instance and nobody to one in
//! production. It stands behind the secret key, like the Backend API's, and only a development instance has it: elsewhere
//! nothing lives at these addresses.

mod clock;
mod faults;
mod reset;
mod snapshots;

use axum::extract::Request;
use serde_json::Value;

use crate::app::App;
use crate::clock::Time;
use crate::db::Write;
use crate::error::Result;
use crate::wire::Calls;

/// All calls. How a request's body becomes a seed is known to the door that has calls for that.
pub(crate) fn calls<R, B>(
    seed: impl Fn(App, Request, Time) -> R + Clone + Send + Sync + 'static,
) -> Calls
where
    R: Future<Output = Result<B>> + Send,
    B: Fn(&mut Write<'_>) -> Result<Value> + Send + 'static,
{
    Calls::new()
        .merge(clock::routes())
        .merge(faults::routes())
        .merge(snapshots::routes())
        .merge(reset::routes(seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_needs_a_key_of_full_scope() {
        let no_seed = async |_, _, _| Ok(|_: &mut Write<'_>| Ok(Value::Null));
        assert_eq!(
            calls(no_seed).table(),
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

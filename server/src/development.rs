//! The door for whoever builds and tests an application: what one may do to a development instance and nobody to one in
//! production. It stands behind the secret key, like the Backend API's, and only a development instance has it: elsewhere
//! nothing lives at these addresses.

mod clock;
mod faults;
mod snapshots;

use crate::wire::Calls;

/// All calls.
pub(crate) fn calls() -> Calls {
    Calls::new()
        .merge(clock::routes())
        .merge(faults::routes())
        .merge(snapshots::routes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_needs_a_key_of_full_scope() {
        assert_eq!(
            calls().table(),
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

//! Looks for bytes with which a property does not hold. STANDIN_FUZZ names the property; libFuzzer makes the bytes.
#![no_main]

use std::env;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use standin_server::fuzzing::{self, Property};

#[path = "../sdk/tests/auth/fuzzed/request.rs"]
mod request;

static PROPERTY: LazyLock<Property> = LazyLock::new(|| {
    let name = env::var("STANDIN_FUZZ").expect("STANDIN_FUZZ names a property");
    let mut all = fuzzing::ALL.into_iter().chain([("request", request::nobody_signs_in as Property)]);
    let found = all.find(|(of, _)| *of == name);
    found.unwrap_or_else(|| panic!("no property is called {name}")).1
});

fuzz_target!(|data: &[u8]| PROPERTY(data));

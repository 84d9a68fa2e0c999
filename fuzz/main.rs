//! Looks for bytes with which a property does not hold. STANDIN_FUZZ names the property; libFuzzer makes the bytes.
#![no_main]

use std::env;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use standin_server::fuzzing::{self, Property};

#[allow(dead_code, reason = "the command line reads all of it")]
#[path = "../cli/src/user/clerk_csv.rs"]
mod clerk_csv;
#[path = "../cli/src/user/fuzzed.rs"]
mod fuzzed;
#[path = "../sdk/tests/auth/fuzzed/request.rs"]
mod request;

static PROPERTY: LazyLock<Property> = LazyLock::new(|| {
    let name = env::var("STANDIN_FUZZ").expect("STANDIN_FUZZ names a property");
    let elsewhere: [(&str, Property); 2] = [("request", request::nobody_signs_in), ("csv", fuzzed::csv)];
    let mut all = fuzzing::ALL.into_iter().chain(elsewhere);
    let found = all.find(|(of, _)| *of == name);
    found.unwrap_or_else(|| panic!("no property is called {name}")).1
});

fuzz_target!(|data: &[u8]| PROPERTY(data));

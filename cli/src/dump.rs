//! What a production server has in memory opens every session, so no copy of it is left on a disk when it crashes, and no other
//! program of the same user reads it.

use std::io;

use crate::failure::{Failure, Result};

/// From here on.
pub fn forbid() -> Result<()> {
    forbidden().map_err(|error| Failure::io("keep memory out of core dumps", &error))
}

#[cfg(target_os = "linux")]
fn forbidden() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

#[cfg(not(target_os = "linux"))]
fn forbidden() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    Ok(setrlimit(Resource::Core, none)?)
}

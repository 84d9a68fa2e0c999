//! The command line as people and shells meet it: the real binary, its output, its exit codes.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that meets the unexpected should stop where it stands"
)]

mod audit;
mod certificates;
mod claims;
mod database;
mod development;
mod doctor;
mod environment;
mod explain;
mod imports;
mod jwks;
mod mistakes;
mod packages;
mod packaging;
mod privacy;
mod runner;
mod seed;
mod serve;
mod snapshots;
mod starts;
mod tasks;
mod users;
mod watched;
mod webhooks;
mod world;

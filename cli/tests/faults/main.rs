//! What the binary promises when processes die and when two of them share a database. `TEST_DATABASE_URL` names a
//! PostgreSQL server to run the same on. `STANDIN_KILLS` and `STANDIN_RACE_ROUNDS` make the runs longer.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that meets the unexpected should stop where it stands"
)]

mod cluster;
mod crash;
mod database_tls;
mod disk;
mod imports;
mod process;
mod two_processes;

//! What the binary promises when processes and databases die and when several share one. `TEST_DATABASE_URL` names a
//! PostgreSQL server to run the same on, `STANDIN_FULL=1` and `STANDIN_SIZE=N` make the runs longer.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that meets the unexpected should stop where it stands"
)]

mod backups;
mod boundaries;
mod calls;
mod cluster;
mod crash;
mod damage;
mod database_tls;
mod disk;
mod failover;
mod imports;
mod load;
mod moves;
mod nodes;
mod power;
mod pressure;
mod process;
mod soak;
mod two_processes;
mod upgrades;
mod watched_disk;
mod webhooks;

//! What the binary promises when processes and databases die and when several share one. `TEST_DATABASE_URL` names a
//! PostgreSQL server to run the same on. `STANDIN_KILLS`, `STANDIN_RACE_ROUNDS`, `STANDIN_FAILOVERS`,
//! `STANDIN_NODE_KILLS` and `STANDIN_BACKUPS` make the runs longer.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that meets the unexpected should stop where it stands"
)]

mod backups;
mod cluster;
mod crash;
mod database_tls;
mod disk;
mod failover;
mod imports;
mod load;
mod moves;
mod nodes;
mod process;
mod two_processes;
mod upgrades;
mod webhooks;

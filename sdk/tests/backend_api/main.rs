//! Every call of the client against the real server; and, against a server made up for it, what a real one cannot be made
//! to do.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test stops where it meets the unexpected"
)]

mod agent_tasks;
mod agents;
mod connections;
mod environment;
mod failures;
mod identifiers;
mod organizations;
mod paging;
mod retries;
mod sessions;
mod tokens;
mod users;
mod webhooks;
mod world;

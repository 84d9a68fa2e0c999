//! Everything the server promises, asked for from outside: over HTTP, on a real database, with a clock the tests move.
//! `TEST_DATABASE_URL` names a PostgreSQL server to run the same tests on.
#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    missing_docs,
    reason = "a test tells one story to its end, and stops where it meets the unexpected"
)]

mod actor_tokens;
mod asked;
mod audit;
mod bad_input;
mod claims;
mod clocks;
mod commits;
mod confirmations;
mod coverage;
mod dashboard;
mod expired;
mod faults;
mod floods;
mod fuzzed;
mod guarded;
mod handshakes;
mod headless;
mod held;
mod house;
mod idempotency;
mod imports;
mod instance;
mod introspection;
mod invitations;
mod jwt_templates;
mod keys;
mod limits;
mod names;
mod navigation;
mod openapi;
mod organizations;
mod origins;
mod outcomes;
mod own;
mod pages;
mod passwords;
mod planted;
mod proxied;
mod queues;
mod races;
mod records;
mod restoring;
mod restricted;
mod restrictions;
mod retention;
mod revisits;
mod rotation;
mod run;
mod scans;
mod scripts;
mod seed;
mod sessions;
mod shapes;
mod sign_ins;
mod sign_ups;
mod sizes;
mod snapshots;
mod sockets;
mod starts;
mod strangers;
mod switches;
mod tasks;
mod tls;
mod travel;
mod users;
mod verification;
mod waitlist;
mod watched;
mod webhooks;
mod withstood;
mod world;

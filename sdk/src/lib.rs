//! The Rust SDK for Standin, and for Clerk, whose protocol Standin speaks.
//!
//! An *agent task* is a link that signs a program in as one of your users, once: in an end-to-end test, or for an agent that
//! uses a browser on the user's behalf. Your backend creates one, whoever opens its URL gets a session as that user, limited
//! in time, and lands on the page you chose.
//!
//! ```no_run
//! use standin::{Client, NewAgentTask, OnBehalfOf};
//!
//! # async fn run() -> standin::Result<()> {
//! let client = Client::from_env()?; // CLERK_SECRET_KEY, and CLERK_API_URL where it is not Clerk
//! let task = client
//!     .agent_tasks()
//!     .create(NewAgentTask {
//!         on_behalf_of: OnBehalfOf::identifier("ada@example.com"),
//!         agent_name: "my-agent",
//!         task_description: "Book a table for two",
//!         redirect_url: "http://localhost:3000/dashboard",
//!     })
//!     .await?;
//! println!("open {}", task.url);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! * [`Client`] is the way to the Backend API: [`agent_tasks`], [`users`] with their [e-mail addresses and phone
//!   numbers](identifiers), [`organizations`] with their members, [`sessions`], browsers' [`clients`], [`sign_in_tokens`],
//!   [`testing_tokens`], [`jwks`]. Standin alone has [`agents`], [`audit_logs`], [`webhooks`], [`tokens`], the calls of a [`development`] instance and the [`environment`]; whatever
//!   is Standin's own says so.
//! * [`auth`] checks who calls your own server, without asking anybody; `axum` (feature `axum`) is a layer for it and extractors.
//! * [`webhooks::verify`] checks an event that was sent to your own server.
//! * `testing` (feature `testing`) starts a server for a test and signs a client in.
//!
//! # How calls work
//!
//! A call that takes options is a value: set them, then `.await` it. Nothing is sent before. A list is awaited for one page, or
//! turned into a stream of everything. [`json`](Call::json) gives an answer as the server wrote it.
//!
//! Everything that fails is one [`Error`], which says what was refused and why, and answers questions as
//! [`is_not_found`](Error::is_not_found), [`code`](Error::code) and [`retry_after`](Error::retry_after). Nothing here panics.
//! A call has 30 seconds as a whole and is tried again where that is safe; see [`ClientBuilder::retries`].
//!
//! Answers grow: fields the SDK does not know are passed over, words it does not know are kept as `Other`. Moments are
//! [`jiff::Timestamp`]s, lengths of time [`std::time::Duration`]s. Secret keys, URLs that sign in, tokens and passwords never
//! show in `Debug` or in an error.
//!
//! "Spec" in these docs is Clerk's public description of its Backend API, version 2026-05-12.
//!
//! # Features
//!
//! * `axum`: see above; off by default.
//! * `testing`: see above; off by default, for `[dev-dependencies]`.

mod actor;
mod call;
mod client;
mod error;
mod page;
mod wire;

pub mod agent_tasks;
pub mod agents;
pub mod audit_logs;
pub mod auth;
#[cfg(feature = "axum")]
pub mod axum;
pub mod clients;
pub mod development;
pub mod environment;
pub mod id;
pub mod identifiers;
pub mod jwks;
pub mod organizations;
pub mod seed;
pub mod sessions;
pub mod sign_in_tokens;
#[cfg(feature = "testing")]
pub mod testing;
pub mod testing_tokens;
pub mod tokens;
pub mod users;
pub mod webhooks;

pub use actor::Actor;
pub use agent_tasks::{NewAgentTask, OnBehalfOf};
pub use call::Call;
pub use client::{Client, ClientBuilder};
pub use error::{Error, Refusal, Result};
pub use id::{AgentId, AgentTaskId, ClientId, OrganizationId, SessionId, UserId};
pub use page::{Items, Page};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

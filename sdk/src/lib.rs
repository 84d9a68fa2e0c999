//! The Rust SDK.

mod call;
mod client;
mod error;
mod open_enum;

pub mod auth;
pub mod clients;
pub mod id;
pub mod jwks;
pub mod sessions;

pub use client::{Builder, Client};
pub use error::{Error, Refusal, Result};

//! Who asks, from where, and when: one for each request, made by a door, carried by every write.

use crate::clock::Time;

/// The caller of a write. Its moment is the only time the house sees.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The moment of the request.
    pub at: Time,
    /// A secret key's id, `cli`, `standin` itself, or `anyone`. A write that finds out that a page's session acts says so,
    /// see [`crate::db::Write::acts_as`].
    pub actor: String,
    /// The caller's address, as far as proxies are trusted.
    pub ip: Option<String>,
    /// The caller's `User-Agent`.
    pub user_agent: Option<String>,
    /// Names this request in the log and in error answers (`clerk_trace_id`).
    pub request_id: String,
}

impl Caller {
    /// Nobody from outside: the server itself, or the command line on its database.
    pub fn internal(actor: &str, at: Time) -> Self {
        Self {
            at,
            actor: actor.into(),
            ip: None,
            user_agent: None,
            request_id: actor.into(),
        }
    }
}

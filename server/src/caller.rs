//! Who asks, from where, and when: one for each request, made by a door, carried by every write.

use crate::clock::Time;
use crate::secret::Digest;

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
    /// Under what name it may be sent again, and is done once all the same.
    pub once: Option<Once>,
}

/// What an `Idempotency-Key` stands for.
#[derive(Clone, Debug)]
pub struct Once {
    /// A digest of the secret key's id and the name that its holder gave the request.
    pub id: Digest,
    /// A digest of the request, to tell it from another one under the same name.
    pub request: Digest,
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
            once: None,
        }
    }
}

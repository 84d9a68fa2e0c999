//! Custom claims: a JSON object in which shortcodes such as `{{user.public_metadata.plan}}` stand for what is known of a
//! user, an organization and a session at the moment a token is made. Session tokens and JWT templates both have them.
//!
//! A [`Template`] is compiled once, and that is where everything that can be wrong with it is refused. Filling it in fails only
//! where too much comes out.

mod expression;
mod facts;
mod sessions;
mod template;

use crate::db::Read;
use crate::error::Result;
use crate::instance::Instance;
use crate::organizations;
use crate::sessions::Session;
use crate::users;

pub use facts::{Facts, Organization, Part, Source};
pub use sessions::{Current, Sample, Setting, Survey, get, set, survey};
pub use template::{Kind, Template};

/// The custom claims of one token, filled in. Two that are equal say the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custom {
    /// The members of a JSON object, without its braces; empty where there are none.
    members: String,
}

impl Custom {
    /// Adds them to claims that are a JSON object already. None of those can come twice: their names are reserved.
    pub(crate) fn add_to(&self, claims: &mut Vec<u8>) {
        if self.members.is_empty() || claims.pop() != Some(b'}') {
            return;
        }
        if claims.last() != Some(&b'{') {
            claims.push(b',');
        }
        claims.extend_from_slice(self.members.as_bytes());
        claims.push(b'}');
    }
}

/// Fills a template in for a session, with what it asks for and nothing else.
///
/// # Errors
/// [`crate::error::ClaimsError::TooLarge`] where too much comes out.
pub fn fill(
    tx: &mut Read<'_>,
    template: &Template,
    session: &Session,
    instance: &Instance,
) -> Result<Custom> {
    let profile = template
        .asks_for(Part::User)
        .then(|| users::find_profile(tx, &session.user_id))
        .transpose()?
        .flatten();
    let organization = session
        .organization
        .as_ref()
        .filter(|_| template.asks_for(Part::Organization))
        .map(|active| organizations::place(tx, &session.user_id, &active.id))
        .transpose()?
        .flatten()
        .map(|(membership, organization)| Organization::of(membership, organization));
    template.fill(&Facts {
        instance,
        session,
        profile: profile.as_ref(),
        organization: organization.as_ref(),
    })
}

//! A signed-in user as its own page sees it: with the organizations that it is in.

use super::{Membership, Organization, of_user, settings, with_ids};
use crate::clock::Time;
use crate::db::{Read, Write, values};
use crate::error::{OrganizationError, Result};
use crate::id::{OrganizationId, UserId};
use crate::sessions::Session;
use crate::users::{self, Profile, User};

/// How many memberships a page is told of with its user, the newest first; the active one is always among them. More are
/// listed by pages: a user in a thousand organizations must not carry them all in every answer.
pub const MEMBERSHIPS_MAX: i64 = 100;

/// A signed-in user.
#[derive(Clone, Debug)]
pub struct Person {
    /// The user.
    pub profile: Profile,
    /// Where it is a member.
    pub memberships: Vec<(Membership, Organization)>,
    /// Whether its page may create organizations.
    pub may_create: bool,
    /// Whether an agent acts for it.
    pub is_agents: bool,
}

/// Refuses a user whose pages may not create another organization.
///
/// # Errors
/// [`OrganizationError::UserMayNotCreate`], [`OrganizationError::CreatedQuota`].
fn may_create(tx: &mut Read<'_>, user: &User) -> Result<()> {
    if !user.create_organization_enabled {
        return Err(OrganizationError::UserMayNotCreate.into());
    }
    let Some(limit) = user.create_organizations_limit else {
        return Ok(());
    };
    let created: Vec<OrganizationId> = tx.all(
        "select id from organizations where created_by = $1 limit $2",
        values![&user.id, limit],
    )?;
    if i64::try_from(created.len()).is_ok_and(|created| created < limit) {
        Ok(())
    } else {
        Err(OrganizationError::CreatedQuota(limit).into())
    }
}

/// The same for a user who is about to. Of two at once one comes after the other.
pub(super) fn creates(tx: &mut Write<'_>, user: &UserId) -> Result<()> {
    users::lock(tx, user)?;
    let user = users::get(tx, user)?;
    may_create(tx, &user)
}

/// The user of a session.
///
/// # Errors
/// [`crate::error::Error::NotFound`].
pub fn person(tx: &mut Read<'_>, session: &Session, now: Time) -> Result<Person> {
    let profile = users::profile(tx, &session.user_id)?;
    let settings = settings(tx)?;
    let mut memberships = Vec::new();
    if settings.enabled {
        let active = session.organization.as_ref().map(|active| &active.id);
        let found = of_user(tx, &session.user_id, active, MEMBERSHIPS_MAX)?;
        let ids: Vec<_> = found.iter().map(|one| &one.organization_id).collect();
        let organizations = with_ids(tx, &ids, now)?;
        memberships.extend(found.into_iter().filter_map(|membership| {
            let mut all = organizations.iter();
            let organization = all.find(|one| one.id == membership.organization_id)?;
            Some((membership, organization.clone()))
        }));
    }
    let may_create = match may_create(tx, &profile.user) {
        Err(error) if error.is_fault() => return Err(error),
        may => may.is_ok(),
    };
    Ok(Person {
        may_create: settings.enabled && may_create && session.actor.is_none(),
        is_agents: session.actor.is_some(),
        profile,
        memberships,
    })
}

//! Who is in an organization, and in which role.

mod list;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::{Active, MetadataChange, Organization, event, hold, roles, settings, with_ids};
use crate::clock::Time;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{Error, OrganizationError, Result};
use crate::events::Action;
use crate::id::{MembershipId, OrganizationId, RoleId, UserId};
use crate::users::{self, Profile};
pub use list::{MemberFilter, MemberOrder, count_members, members, of_user, place};

/// A user's place in an organization.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The membership's id.
    pub id: MembershipId,
    /// Where.
    pub organization_id: OrganizationId,
    /// Who.
    pub user_id: UserId,
    role_id: RoleId,
    /// The key of the role.
    pub role: String,
    /// The role's name.
    pub role_name: String,
    /// The keys of the role's permissions.
    pub permissions: BTreeSet<String>,
    /// Seen by the members, written by the application's server.
    pub public_metadata: Map<String, Json>,
    /// Seen and written by the application's server.
    pub private_metadata: Map<String, Json>,
    /// Since when.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
}

impl FromRow for Membership {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            organization_id: row.take()?,
            user_id: row.take()?,
            role_id: row.take()?,
            role: row.take()?,
            role_name: row.take()?,
            permissions: roles::keys(&row.take::<String>()?),
            public_metadata: users::json(row)?,
            private_metadata: users::json(row)?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

const SELECT: &str = "select m.id, m.organization_id, m.user_id, m.role_id, r.key, r.name, r.permissions, m.public_metadata,
            m.private_metadata, m.created_at, m.updated_at
     from organization_memberships m join roles r on r.id = m.role_id";

/// A membership with what it connects.
#[derive(Clone, Debug)]
pub struct Member {
    /// The membership.
    pub membership: Membership,
    /// Where.
    pub organization: Organization,
    /// Who.
    pub profile: Profile,
}

/// The membership of this user in this organization, if there is one.
fn find(
    tx: &mut Read<'_>,
    organization: &OrganizationId,
    user: &UserId,
) -> Result<Option<Membership>> {
    tx.first(
        &format!("{SELECT} where m.user_id = $1 and m.organization_id = $2"),
        values![user, organization],
    )
}

/// The same.
///
/// # Errors
/// [`Error::NotFound`].
fn get(tx: &mut Read<'_>, organization: &OrganizationId, user: &UserId) -> Result<Membership> {
    find(tx, organization, user)?.ok_or_else(|| Error::NotFound("membership of", user.to_string()))
}

/// Adds the organizations and the users.
fn whole(tx: &mut Read<'_>, found: Vec<Membership>, now: Time) -> Result<Vec<Member>> {
    let organizations: BTreeSet<_> = found.iter().map(|one| &one.organization_id).collect();
    let organizations = with_ids(tx, &organizations.into_iter().collect::<Vec<_>>(), now)?;
    let profiles: BTreeSet<_> = found.iter().map(|one| &one.user_id).collect();
    let profiles = users::profiles(tx, &profiles.into_iter().collect::<Vec<_>>())?;
    let with = |membership: Membership| {
        let organization = organizations
            .iter()
            .find(|one| one.id == membership.organization_id)?;
        let profile = profiles
            .iter()
            .find(|one| one.user.id == membership.user_id)?;
        Some(Member {
            organization: organization.clone(),
            profile: profile.clone(),
            membership,
        })
    };
    // What was deleted between the statements is left out.
    Ok(found.into_iter().filter_map(with).collect())
}

/// The same with what it connects.
///
/// # Errors
/// [`Error::NotFound`].
pub fn member(tx: &mut Write<'_>, organization: &OrganizationId, user: &UserId) -> Result<Member> {
    let (now, found) = (tx.now(), get(tx, organization, user)?);
    let mut one = whole(tx, vec![found], now)?;
    one.pop()
        .ok_or_else(|| Error::NotFound("membership of", user.to_string()))
}

/// A membership to be made.
#[derive(Clone, Debug)]
pub struct NewMembership {
    /// The id it will have.
    pub id: MembershipId,
    /// Where.
    pub organization: OrganizationId,
    /// Who.
    pub user: UserId,
    /// See [`Membership`].
    pub public_metadata: Map<String, Json>,
    /// See [`Membership`].
    pub private_metadata: Map<String, Json>,
}

/// Makes a user a member in the role with this key.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::AlreadyMember`], [`OrganizationError::QuotaExceeded`].
pub fn add_member(tx: &mut Write<'_>, new: &NewMembership, role: &str) -> Result<Member> {
    tx.attempt(event(Action::MembershipCreate, &new.organization).user(&new.user));
    settings::enabled(tx)?;
    let organization = hold(tx, &new.organization)?;
    users::standing(tx, &new.user)?.ok_or_else(|| Error::NotFound("user", new.user.to_string()))?;
    let role = roles::named(tx, role)?;
    has_room(&organization, 1)?;
    insert(tx, new, &role.id)?;
    member(tx, &new.organization, &new.user)
}

/// Refuses where the organization, whose row is held, cannot take so many more, open invitations included.
pub(super) fn has_room(organization: &Organization, more: i64) -> Result<()> {
    let max = organization.max_allowed_memberships;
    if max > 0 && organization.members_count + organization.pending_invitations + more > max {
        return Err(OrganizationError::QuotaExceeded(max).into());
    }
    Ok(())
}

/// Writes a membership in an organization whose row is held. The user's next session begins there.
pub(super) fn insert(tx: &mut Write<'_>, new: &NewMembership, role: &RoleId) -> Result<()> {
    let now = tx.now();
    if Active::find(tx, &new.user, new.organization.as_str())?.is_some() {
        return Err(OrganizationError::AlreadyMember.into());
    }
    tx.execute(
        "insert into organization_memberships (id, organization_id, user_id, role_id, public_metadata, private_metadata,
                                               created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        values![
            &new.id,
            &new.organization,
            &new.user,
            role,
            users::metadata_text("public_metadata", &new.public_metadata)?,
            users::metadata_text("private_metadata", &new.private_metadata)?,
            now,
        ],
    )?;
    tx.execute(
        "update organizations set members_count = members_count + 1 where id = $1",
        values![&new.organization],
    )?;
    tx.execute(
        "update users set organization_id = $2 where id = $1",
        values![&new.user, &new.organization],
    )?;
    tx.note(event(Action::MembershipCreate, &new.organization).user(&new.user));
    Ok(())
}

/// Gives a member another role.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::MinimumPermissions`].
pub fn set_role(
    tx: &mut Write<'_>,
    organization: &OrganizationId,
    user: &UserId,
    role: &str,
) -> Result<Member> {
    let now = tx.now();
    let event = event(Action::MembershipUpdate, organization).user(user);
    tx.attempt(event.clone());
    hold(tx, organization)?;
    let (old, role) = (get(tx, organization, user)?, roles::named(tx, role)?);
    if !role.is_creator_eligible() {
        somebody_else_manages(tx, &old)?;
    }
    tx.execute(
        "update organization_memberships set role_id = $2, updated_at = $3 where id = $1",
        values![&old.id, &role.id, now],
    )?;
    tx.note(event.detail(format!("{organization} {}", role.key)));
    member(tx, organization, user)
}

/// Changes a member's metadata.
///
/// # Errors
/// [`Error::NotFound`], [`Error::ParamTooLong`].
pub fn set_member_metadata(
    tx: &mut Write<'_>,
    organization: &OrganizationId,
    user: &UserId,
    change: &MetadataChange,
) -> Result<Member> {
    let now = tx.now();
    let event = event(Action::MembershipUpdate, organization).user(user);
    tx.attempt(event.clone());
    hold(tx, organization)?;
    let mut old = get(tx, organization, user)?;
    let (public, private) = change.apply(&mut old.public_metadata, &mut old.private_metadata)?;
    tx.execute(
        "update organization_memberships set public_metadata = $2, private_metadata = $3, updated_at = $4 where id = $1",
        values![&old.id, public, private, now],
    )?;
    tx.note(event);
    member(tx, organization, user)
}

/// Removes a member. Its next token no longer says that it is one.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::MinimumPermissions`].
pub fn remove_member(
    tx: &mut Write<'_>,
    organization: &OrganizationId,
    user: &UserId,
) -> Result<Member> {
    let event = event(Action::MembershipDelete, organization).user(user);
    tx.attempt(event.clone());
    hold(tx, organization)?;
    let old = member(tx, organization, user)?;
    somebody_else_manages(tx, &old.membership)?;
    tx.execute(
        "delete from organization_memberships where id = $1",
        values![&old.membership.id],
    )?;
    tx.execute(
        "update organizations set members_count = members_count - 1 where id = $1",
        values![organization],
    )?;
    tx.note(event.gone(old.clone()));
    Ok(old)
}

/// Refuses where this member is the last who can manage its organization.
fn somebody_else_manages(tx: &mut Read<'_>, leaving: &Membership) -> Result<()> {
    let managing = managing(tx)?;
    if !managing.contains(&leaving.role_id) {
        return Ok(());
    }
    for role in &managing {
        let other: Option<String> = tx.first(
            "select id from organization_memberships where organization_id = $1 and role_id = $2 and id <> $3 limit 1",
            values![&leaving.organization_id, role, &leaving.id],
        )?;
        if other.is_some() {
            return Ok(());
        }
    }
    Err(OrganizationError::MinimumPermissions.into())
}

/// The roles whose members can manage an organization.
pub(super) fn managing(tx: &mut Read<'_>) -> Result<Vec<RoleId>> {
    let mut all = roles::all(tx)?;
    all.retain(roles::Role::is_creator_eligible);
    Ok(all.into_iter().map(|role| role.id).collect())
}

/// Removes a user who will be deleted from everywhere.
pub fn remove_of_user(tx: &mut Write<'_>, user: &UserId) -> Result<()> {
    let now = tx.now();
    let left = tx.all(&format!("{SELECT} where m.user_id = $1"), values![user])?;
    if left.is_empty() {
        return Ok(());
    }
    tx.execute(
        "update organizations set members_count = members_count - 1
         where id in (select organization_id from organization_memberships where user_id = $1)",
        values![user],
    )?;
    tx.execute(
        "delete from organization_memberships where user_id = $1",
        values![user],
    )?;
    for gone in whole(tx, left, now)? {
        let event = event(Action::MembershipDelete, &gone.organization.id);
        tx.note(event.user(user).gone(gone));
    }
    Ok(())
}

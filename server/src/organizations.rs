//! Organizations: users who work together, each in a role, and what roles allow.
//!
//! Whoever changes an organization or the set of its members holds the organization's row meanwhile, so the number of
//! members is right, the last administrator stays, and of two that come for the last place one gets it.

mod active;
mod domains;
mod invitations;
mod list;
mod memberships;
mod names;
mod permissions;
mod person;
mod roles;
mod settings;

use serde_json::{Map, Value as Json};

use crate::clock::Time;
use crate::db::{FromRow, Query, Read, Row, Write, values};
use crate::error::{Error, OrganizationError, Result};
use crate::events::{Action, Event};
use crate::id::{MembershipId, OrganizationId, UserId};
use crate::text;
use crate::users;
pub use active::{Active, Claim, Claims, at_start, must_be_member};
pub use domains::{Domain, DomainFilter, DomainOrder};
pub use domains::{add_domain, count_domains, domain, list_domains, remove_domain, set_domain};
pub use invitations::{Invitation, InvitationFilter, InvitationOrder, Invited, NewInvitation};
pub use invitations::{
    accept_invitation, count_invitations, invitation, invitations, invite, invited,
    revoke_invitation, revoke_open_invitations,
};
pub(crate) use invitations::{admit, invitation_by_id, invitation_with, refuse};
pub use list::{Filter, OrderBy, count, lacks_manager, list};
pub use memberships::{
    Member, MemberFilter, MemberOrder, Membership, NewMembership, add_member, count_members,
    member, members, of_user, place, remove_member, remove_of_user, set_member_metadata, set_role,
};
use names::{free_slug, made_slug};
pub use names::{logo, name};
pub use permissions::{
    Permission, PermissionChange, create_permission, delete_permission, held_by, list_permissions,
    permission, permissions_of, system, update_permission,
};
use person::creates;
pub use person::{MEMBERSHIPS_MAX, Person, person};
pub use roles::{
    Named, NamedOrder, Role, RoleChange, create_role, delete_role, give_permission, list_roles,
    role, take_permission, update_role,
};
pub use settings::{Settings, SettingsChange, is_forced, settings, update_settings};

/// An organization.
#[derive(Clone, Debug)]
pub struct Organization {
    /// The id, `o.id` in tokens.
    pub id: OrganizationId,
    /// As people know it.
    pub name: String,
    /// As addresses name it; unique.
    pub slug: Option<String>,
    /// Where its logo is.
    pub logo_url: Option<String>,
    /// Seen by its members, written by the application's server.
    pub public_metadata: Map<String, Json>,
    /// Seen and written by the application's server.
    pub private_metadata: Map<String, Json>,
    /// How many members it may have, open invitations included; 0 is any number.
    pub max_allowed_memberships: i64,
    /// Whether pages of its administrators may delete it.
    pub admin_delete_enabled: bool,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// How many members it has.
    pub members_count: i64,
    /// When it was made.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
    /// How many invitations are open.
    pub pending_invitations: i64,
}

impl FromRow for Organization {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            name: row.take()?,
            slug: row.take()?,
            logo_url: row.take()?,
            public_metadata: users::json(row)?,
            private_metadata: users::json(row)?,
            max_allowed_memberships: row.take()?,
            admin_delete_enabled: row.take()?,
            created_by: row.take()?,
            members_count: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            pending_invitations: row.take()?,
        })
    }
}

/// `$1` is the present moment.
const SELECT: &str = "select o.id, o.name, o.slug, o.logo_url, o.public_metadata, o.private_metadata, o.max_allowed_memberships,
            o.admin_delete_enabled, o.created_by, o.members_count, o.created_at, o.updated_at,
            (select count(*) from organization_invitations i where i.organization_id = o.id and i.accepted_at is null
              and i.revoked_at is null and i.expires_at > $1)
     from organizations o";

/// The organization with this id or slug. (No slug has an underscore, so none looks like an id.)
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(tx: &mut Read<'_>, id_or_slug: &str, now: Time) -> Result<Organization> {
    let column = if id_or_slug.contains('_') {
        "id"
    } else {
        "slug"
    };
    tx.first(
        &format!("{SELECT} where o.{column} = $2"),
        values![now, id_or_slug],
    )?
    .ok_or_else(|| Error::NotFound("organization", id_or_slug.to_owned()))
}

/// The organization with this id. Changes and lists take no slug.
///
/// # Errors
/// [`Error::NotFound`].
fn by_id(tx: &mut Read<'_>, id: &OrganizationId, now: Time) -> Result<Organization> {
    tx.first(&format!("{SELECT} where o.id = $2"), values![now, id])?
        .ok_or_else(|| Error::NotFound("organization", id.to_string()))
}

/// Refuses an id that no organization has.
///
/// # Errors
/// [`Error::NotFound`].
pub fn exists(tx: &mut Read<'_>, id: &OrganizationId, now: Time) -> Result<()> {
    by_id(tx, id, now).map(|_| ())
}

/// Those with these ids, in any order.
fn with_ids(tx: &mut Read<'_>, ids: &[&OrganizationId], now: Time) -> Result<Vec<Organization>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Query::new(SELECT);
    query.mark(now);
    let marks = query.marks(ids.iter().copied());
    query.and(&format!("o.id in ({marks})"));
    query.all(tx)
}

/// Reads an organization that will be changed, under its lock.
///
/// # Errors
/// [`Error::NotFound`].
fn hold(tx: &mut Write<'_>, id: &OrganizationId) -> Result<Organization> {
    let now = tx.now();
    tx.execute(
        "update organizations set updated_at = $2 where id = $1",
        values![id, now],
    )?;
    by_id(tx, id, now)
}

fn event(action: Action, id: &OrganizationId) -> Event {
    Event::new(action).organization(id).detail(id.as_str())
}

/// An organization to be made.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// The id it will have.
    pub id: OrganizationId,
    /// The id of its first membership.
    pub membership: MembershipId,
    /// As people will know it.
    pub name: String,
    /// As addresses will name it; made from the name where it is not given.
    pub slug: Option<String>,
    /// Its first member, in the role of creators.
    pub created_by: Option<UserId>,
    /// See [`Organization`].
    pub public_metadata: Map<String, Json>,
    /// See [`Organization`].
    pub private_metadata: Map<String, Json>,
    /// As the settings say where it is not given.
    pub max_allowed_memberships: Option<i64>,
    /// When it was made, for those brought from elsewhere.
    pub created_at: Option<Time>,
}

/// Makes an organization, with its creator as the first member.
///
/// # Errors
/// [`OrganizationError::NotEnabled`], [`OrganizationError::CreatorNotFound`], and what a slug is refused for.
pub fn create(tx: &mut Write<'_>, new: &NewOrganization) -> Result<Organization> {
    let now = tx.now();
    tx.attempt(event(Action::OrganizationCreate, &new.id));
    let settings = settings::enabled(tx)?;
    if let Some(creator) = &new.created_by
        && users::standing(tx, creator)?.is_none()
    {
        return Err(OrganizationError::CreatorNotFound(creator.to_string()).into());
    }
    let slug = match &new.slug {
        Some(_) if settings.slug_disabled => return Err(OrganizationError::SlugsDisabled.into()),
        Some(slug) => Some(free_slug(tx, slug, &new.id)?),
        None if settings.slug_disabled => None,
        None => Some(made_slug(tx, &new.name, &new.id)?),
    };
    let (public, private) = (
        users::metadata_text("public_metadata", &new.public_metadata)?,
        users::metadata_text("private_metadata", &new.private_metadata)?,
    );
    tx.execute(
        "insert into organizations (id, name, name_folded, slug, public_metadata, private_metadata, max_allowed_memberships,
                                    admin_delete_enabled, created_by, members_count, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)",
        values![
            &new.id,
            &new.name,
            text::folded(&new.name),
            slug,
            public,
            private,
            new.max_allowed_memberships.unwrap_or(settings.max_allowed_memberships),
            settings.admin_delete_enabled,
            new.created_by.as_ref(),
            new.created_at.unwrap_or(now),
            now,
        ],
    )?;
    tx.note(Event {
        user: new.created_by.clone(),
        ..event(Action::OrganizationCreate, &new.id)
    });
    if let Some(creator) = &new.created_by {
        memberships::insert(
            tx,
            &NewMembership {
                id: new.membership.clone(),
                organization: new.id.clone(),
                user: creator.clone(),
                public_metadata: Map::new(),
                private_metadata: Map::new(),
            },
            &settings.creator_role,
        )?;
    }
    by_id(tx, &new.id, now)
}

/// In how many organizations somebody may be who makes another one.
const OWN_MAX: i64 = 100;

/// Makes an organization for whoever is its creator, from their own page.
///
/// # Errors
/// As [`create`]; [`OrganizationError::UserMayNotCreate`], [`OrganizationError::CreatedQuota`],
/// [`OrganizationError::TooManyOrganizations`].
pub fn create_own(tx: &mut Write<'_>, new: &NewOrganization) -> Result<Organization> {
    tx.attempt(event(Action::OrganizationCreate, &new.id));
    if let Some(creator) = &new.created_by {
        creates(tx, creator)?;
        let one_more: Option<MembershipId> = tx.first(
            "select id from organization_memberships where user_id = $1 order by created_at, id limit 1 offset $2",
            values![creator, OWN_MAX - 1],
        )?;
        if one_more.is_some() {
            return Err(OrganizationError::TooManyOrganizations(OWN_MAX).into());
        }
    }
    create(tx, new)
}

/// What shall change about an organization. What is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another name.
    pub name: Option<String>,
    /// Another slug.
    pub slug: Option<String>,
    /// Another logo, or none.
    pub logo: Option<Option<String>>,
    /// How many members it may have.
    pub max_allowed_memberships: Option<i64>,
    /// Whether pages may delete it.
    pub admin_delete_enabled: Option<bool>,
    /// When it was made.
    pub created_at: Option<Time>,
    /// Another metadata.
    pub metadata: MetadataChange,
}

/// What shall become of two metadata objects.
#[derive(Clone, Debug, Default)]
pub struct MetadataChange {
    /// For everybody to see.
    pub public: Option<Map<String, Json>>,
    /// For the application's server.
    pub private: Option<Map<String, Json>>,
    /// Merged into what is there, or in its place.
    pub merge: bool,
}

impl MetadataChange {
    fn apply(
        &self,
        public: &mut Map<String, Json>,
        private: &mut Map<String, Json>,
    ) -> Result<(String, String)> {
        for (given, kept) in [(&self.public, &mut *public), (&self.private, &mut *private)] {
            match given {
                Some(patch) if self.merge => users::merge(kept, patch.clone()),
                Some(whole) => *kept = whole.clone(),
                None => {}
            }
        }
        Ok((
            users::metadata_text("public_metadata", public)?,
            users::metadata_text("private_metadata", private)?,
        ))
    }
}

/// Changes an organization.
///
/// # Errors
/// [`Error::NotFound`], and what [`create`] refuses.
pub fn update(tx: &mut Write<'_>, id: &OrganizationId, change: &Change) -> Result<Organization> {
    tx.attempt(event(Action::OrganizationUpdate, id));
    let settings = settings::enabled(tx)?;
    let mut organization = hold(tx, id)?;
    if let Some(name) = &change.name {
        organization.name.clone_from(name);
    }
    if let Some(slug) = &change.slug {
        if settings.slug_disabled {
            return Err(OrganizationError::SlugsDisabled.into());
        }
        organization.slug = Some(free_slug(tx, slug, id)?);
    }
    if let Some(logo) = &change.logo {
        organization.logo_url.clone_from(logo);
    }
    let Organization {
        public_metadata,
        private_metadata,
        ..
    } = &mut organization;
    let (public, private) = change.metadata.apply(public_metadata, private_metadata)?;
    tx.execute(
        "update organizations set name = $2, name_folded = $3, slug = $4, logo_url = $5, public_metadata = $6,
                private_metadata = $7, max_allowed_memberships = $8, admin_delete_enabled = $9, created_at = $10
         where id = $1",
        values![
            id,
            &organization.name,
            text::folded(&organization.name),
            organization.slug.as_ref(),
            organization.logo_url.as_ref(),
            public,
            private,
            change.max_allowed_memberships.unwrap_or(organization.max_allowed_memberships),
            change.admin_delete_enabled.unwrap_or(organization.admin_delete_enabled),
            change.created_at.unwrap_or(organization.created_at),
        ],
    )?;
    tx.note(event(Action::OrganizationUpdate, id));
    let now = tx.now();
    by_id(tx, id, now)
}

/// Deletes an organization with its memberships, invitations and domains. One record says how many members it had: a
/// hundred thousand that say the same would hold up everybody's writes.
///
/// # Errors
/// [`Error::NotFound`].
pub fn delete(tx: &mut Write<'_>, id: &OrganizationId) -> Result<Organization> {
    tx.attempt(event(Action::OrganizationDelete, id));
    let organization = hold(tx, id)?;
    for sql in [
        "delete from organization_memberships where organization_id = $1",
        "delete from organization_invitations where organization_id = $1",
        "delete from organization_domains where organization_id = $1",
        "delete from organizations where id = $1",
    ] {
        tx.execute(sql, values![id])?;
    }
    let members = organization.members_count;
    let event = event(Action::OrganizationDelete, id).gone(organization.clone());
    tx.note(event.detail(format!("{id}, {members} members")));
    Ok(organization)
}

/// What a page of a member asks for.
#[derive(Clone, Copy, Debug)]
pub struct Permit<'a> {
    /// Whose page it is.
    pub user: &'a UserId,
    /// The permission that the user's role must have; none for what every member may.
    pub needs: Option<&'static str>,
}

/// Refuses a user who may not do this in the organization, and says in which one by its id.
///
/// # Errors
/// [`OrganizationError::NotFoundOrUnauthorized`] for an organization that the user is not in;
/// [`OrganizationError::PermissionMissing`].
pub fn permit(tx: &mut Read<'_>, id: &str, permit: Permit<'_>) -> Result<OrganizationId> {
    let active =
        Active::find(tx, permit.user, id)?.ok_or(OrganizationError::NotFoundOrUnauthorized)?;
    match permit.needs {
        Some(key) if !active.permissions.split(' ').any(|one| one == key) => {
            Err(OrganizationError::PermissionMissing(key).into())
        }
        _ => Ok(active.id),
    }
}

//! Roles: what a member may do. There are few, the same in all organizations, and each keeps the keys of its permissions.

mod packed;

use std::collections::BTreeSet;

use super::{permissions, settings};
use crate::clock::Time;
use crate::db::{FromRow, Page, Query, Read, Row, Write, sorted, values};
use crate::error::{Error, OrganizationError, Result};
use crate::events::{Action, Event};
use crate::id::{PermissionId, RoleId};
use crate::word::words;
pub(super) use packed::Packed;

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// The role's id.
    pub id: RoleId,
    /// As `org:admin`; unique.
    pub key: String,
    /// As people know it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The keys of its permissions.
    pub permissions: BTreeSet<String>,
    /// When it was made.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
}

impl Role {
    /// Whether those who create an organization may get it: it can manage and delete the organization and its members.
    pub fn is_creator_eligible(&self) -> bool {
        may_create(&self.permissions).is_ok()
    }
}

impl FromRow for Role {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            key: row.take()?,
            name: row.take()?,
            description: row.take()?,
            permissions: keys(&row.take::<String>()?),
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

const SELECT: &str =
    "select id, key, name, description, permissions, created_at, updated_at from roles";

/// The keys in a list as it is kept.
pub(super) fn keys(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(ToOwned::to_owned).collect()
}

fn text(keys: &BTreeSet<String>) -> String {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    keys.join(" ")
}

/// What somebody in each organization must be able to do.
const MANAGING: [&str; 4] = [
    permissions::system::PROFILE_MANAGE,
    permissions::system::PROFILE_DELETE,
    permissions::system::MEMBERSHIPS_READ,
    permissions::system::MEMBERSHIPS_MANAGE,
];

/// Refuses permissions that are not enough for those who create an organization.
pub(super) fn may_create(permissions: &BTreeSet<String>) -> Result<()> {
    let missing: Vec<&str> = MANAGING
        .into_iter()
        .filter(|key| !permissions.contains(*key))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(OrganizationError::CreatorPermissionsMissing(missing.join(", ")).into())
}

/// Writes the permissions of a role, if they fit into a token and do what its use requires.
pub(super) fn put(tx: &mut Write<'_>, id: &RoleId, permissions: &BTreeSet<String>) -> Result<()> {
    if !Packed::of(permissions.iter().map(String::as_str)).fits() {
        return Err(OrganizationError::RoleTooLarge(packed::MAX).into());
    }
    if settings::settings(tx)?.creator_role == *id {
        may_create(permissions)?;
    }
    let now = tx.now();
    tx.execute(
        "update roles set permissions = $2, updated_at = $3 where id = $1",
        values![id, text(permissions), now],
    )?;
    Ok(())
}

/// The role with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn role(tx: &mut Read<'_>, id: &RoleId) -> Result<Role> {
    tx.first(&format!("{SELECT} where id = $1"), values![id])?
        .ok_or_else(|| Error::NotFound("organization role", id.to_string()))
}

/// The role with this key, as members are given it. Its id does as well.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) fn named(tx: &mut Read<'_>, key: &str) -> Result<Role> {
    tx.first(&format!("{SELECT} where key = $1 or id = $1"), values![key])?
        .ok_or_else(|| Error::NotFound("organization role", key.to_owned()))
}

/// All roles: there are few.
pub(super) fn all(tx: &mut Read<'_>) -> Result<Vec<Role>> {
    tx.all(SELECT, &[])
}

words! {
    /// What lists of roles and permissions are sorted by.
    pub enum Named {
        /// When it was made.
        Created = "created_at",
        /// Its name.
        Name = "name",
        /// Its key.
        Key = "key",
    }
}

/// An order of roles or permissions, and its direction.
#[derive(Clone, Copy, Debug)]
pub struct NamedOrder {
    /// By what.
    pub by: Named,
    /// The greatest first.
    pub descending: bool,
}

/// Which roles or permissions, in which order: a page, and how many there are.
pub(super) fn page<T: FromRow>(
    tx: &mut Read<'_>,
    (select, table): (&str, &str),
    text: Option<&str>,
    order: NamedOrder,
    page: Page,
) -> Result<(Vec<T>, i64)> {
    let narrow = |mut query: Query| {
        if let Some(text) = text {
            let id = query.mark(text);
            let part = query.mark(crate::users::containing(&text.to_lowercase()));
            query.and(&format!(
                "(id = {id} or lower(name) like {part} escape '!' or key like {part} escape '!')"
            ));
        }
        query
    };
    let order = sorted(order.by.as_str(), "id", order.descending);
    let total = narrow(Query::new(&format!("select count(*) from {table}"))).one(tx)?;
    Ok((
        narrow(Query::new(select)).page(&order, page).all(tx)?,
        total,
    ))
}

/// A page of the roles, and how many there are.
pub fn list_roles(
    tx: &mut Read<'_>,
    text: Option<&str>,
    order: NamedOrder,
    at: Page,
) -> Result<(Vec<Role>, i64)> {
    page(tx, (SELECT, "roles"), text, order, at)
}

/// What a role shall be. What is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct RoleChange {
    /// As people know it.
    pub name: Option<String>,
    /// `org:` and lower case letters, digits and underscores.
    pub key: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// All that it shall allow.
    pub permissions: Option<Vec<PermissionId>>,
}

/// How many roles an instance may have. Members' pages list them all.
const ROLES_MAX: i64 = 100;

fn event(action: Action, id: &RoleId) -> Event {
    Event::new(action).part(id.as_str()).detail(id.as_str())
}

/// Makes a role.
///
/// # Errors
/// What its key and permissions are refused for; [`OrganizationError::RolesQuota`].
pub fn create_role(tx: &mut Write<'_>, id: &RoleId, new: &RoleChange) -> Result<Role> {
    let now = tx.now();
    tx.attempt(event(Action::RoleCreate, id));
    let there: i64 = tx.one("select count(*) from roles", &[])?;
    if there >= ROLES_MAX {
        return Err(OrganizationError::RolesQuota(ROLES_MAX).into());
    }
    let key = new.key.as_deref().ok_or(Error::ParamMissing("key"))?;
    free_key(tx, key, id)?;
    tx.execute(
        "insert into roles (id, key, name, description, permissions, created_at, updated_at)
         values ($1, $2, $3, $4, '', $5, $5)",
        values![
            id,
            key,
            new.name.as_deref().unwrap_or(key),
            new.description.clone().flatten(),
            now
        ],
    )?;
    let wanted = permissions::with_ids(tx, new.permissions.as_deref().unwrap_or_default())?;
    put(tx, id, &wanted)?;
    tx.note(event(Action::RoleCreate, id));
    role(tx, id)
}

fn free_key(tx: &mut Read<'_>, key: &str, own: &RoleId) -> Result<()> {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let name = key.strip_prefix("org:").unwrap_or_default();
    if name.is_empty() || !name.chars().all(sound) {
        return Err(Error::ParamFormat(
            "key",
            "org: and then lower case letters, digits and underscores",
        ));
    }
    if key.len() > KEY_MAX {
        return Err(Error::ParamTooLong("key", KEY_MAX));
    }
    let other: Option<RoleId> = tx.first(
        "select id from roles where key = $1 and id <> $2",
        values![key, own],
    )?;
    if other.is_some() {
        return Err(OrganizationError::Exists("key").into());
    }
    Ok(())
}

/// The most characters of a key: it travels in every token.
const KEY_MAX: usize = 64;

/// Holds a role that will be changed.
fn hold(tx: &mut Write<'_>, id: &RoleId) -> Result<Role> {
    let now = tx.now();
    tx.execute(
        "update roles set updated_at = $2 where id = $1",
        values![id, now],
    )?;
    role(tx, id)
}

/// Changes a role. Its members' next tokens say so.
///
/// # Errors
/// [`Error::NotFound`], and what [`create_role`] refuses.
pub fn update_role(tx: &mut Write<'_>, id: &RoleId, change: &RoleChange) -> Result<Role> {
    tx.attempt(event(Action::RoleUpdate, id));
    let old = hold(tx, id)?;
    if let Some(key) = &change.key {
        free_key(tx, key, id)?;
    }
    tx.execute(
        "update roles set name = $2, key = $3, description = $4 where id = $1",
        values![
            id,
            change.name.as_ref().unwrap_or(&old.name),
            change.key.as_ref().unwrap_or(&old.key),
            change.description.clone().unwrap_or(old.description),
        ],
    )?;
    if let Some(ids) = &change.permissions {
        let wanted = permissions::with_ids(tx, ids)?;
        put(tx, id, &wanted)?;
    }
    tx.note(event(Action::RoleUpdate, id));
    role(tx, id)
}

/// Gives a role one more permission.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::RoleHasPermission`].
pub fn give_permission(tx: &mut Write<'_>, id: &RoleId, more: &PermissionId) -> Result<Role> {
    tx.attempt(event(Action::RoleUpdate, id));
    let mut old = hold(tx, id)?;
    if !old
        .permissions
        .insert(permissions::permission(tx, more)?.key)
    {
        return Err(OrganizationError::RoleHasPermission.into());
    }
    put(tx, id, &old.permissions)?;
    tx.note(event(Action::RoleUpdate, id));
    role(tx, id)
}

/// Takes a permission from a role.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::RoleLacksPermission`].
pub fn take_permission(tx: &mut Write<'_>, id: &RoleId, less: &PermissionId) -> Result<Role> {
    tx.attempt(event(Action::RoleUpdate, id));
    let mut old = hold(tx, id)?;
    if !old
        .permissions
        .remove(&permissions::permission(tx, less)?.key)
    {
        return Err(OrganizationError::RoleLacksPermission.into());
    }
    put(tx, id, &old.permissions)?;
    tx.note(event(Action::RoleUpdate, id));
    role(tx, id)
}

/// Removes a role that nobody has and nothing names.
///
/// # Errors
/// [`Error::NotFound`], and what it is in use for.
pub fn delete_role(tx: &mut Write<'_>, id: &RoleId) -> Result<()> {
    let now = tx.now();
    tx.attempt(event(Action::RoleDelete, id));
    hold(tx, id)?;
    let settings = settings::settings(tx)?;
    if settings.creator_role == *id {
        return Err(OrganizationError::RoleOfCreators.into());
    }
    if settings.domains_default_role == *id {
        return Err(OrganizationError::RoleOfDomains.into());
    }
    let member: Option<String> = tx.first(
        "select id from organization_memberships where role_id = $1 order by id limit 1",
        values![id],
    )?;
    if member.is_some() {
        return Err(OrganizationError::RoleAssigned.into());
    }
    let invited: Option<String> = tx.first(
        "select id from organization_invitations
         where role_id = $1 and accepted_at is null and revoked_at is null and expires_at > $2
         order by role_id, expires_at limit 1",
        values![id, now],
    )?;
    if invited.is_some() {
        return Err(OrganizationError::RoleInInvitations.into());
    }
    tx.execute("delete from roles where id = $1", values![id])?;
    tx.note(event(Action::RoleDelete, id));
    Ok(())
}

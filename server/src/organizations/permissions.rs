//! Permissions: names for what a role allows. Those that begin with `org:sys_` are what Standin itself goes by.

use std::collections::BTreeSet;

use super::roles::{self, NamedOrder, Role};
use crate::clock::Time;
use crate::db::{self, FromRow, Page, Read, Row, Write, values};
use crate::error::{Error, OrganizationError, Result};
use crate::events::{Action, Event};
use crate::id::PermissionId;

/// The permissions of the system, by their keys.
pub mod system {
    /// Change name, slug and logo.
    pub const PROFILE_MANAGE: &str = "org:sys_profile:manage";
    /// Delete the organization.
    pub const PROFILE_DELETE: &str = "org:sys_profile:delete";
    /// See the members.
    pub const MEMBERSHIPS_READ: &str = "org:sys_memberships:read";
    /// Add, invite, change and remove members.
    pub const MEMBERSHIPS_MANAGE: &str = "org:sys_memberships:manage";
    /// See the domains.
    pub const DOMAINS_READ: &str = "org:sys_domains:read";
    /// Remove domains.
    pub const DOMAINS_MANAGE: &str = "org:sys_domains:manage";
}

const SYSTEM: &str = "org:sys_";

/// The most characters of a key.
const KEY_MAX: usize = 128;

pub(super) fn is_system(key: &str) -> bool {
    key.starts_with(SYSTEM)
}

/// A permission.
#[derive(Clone, Debug)]
pub struct Permission {
    /// The permission's id.
    pub id: PermissionId,
    /// `org:feature:action`; unique.
    pub key: String,
    /// As people know it.
    pub name: String,
    /// What it allows.
    pub description: String,
    /// `system` or `user`.
    pub kind: String,
    /// When it was made.
    pub created_at: Time,
    /// The last change.
    pub updated_at: Time,
}

impl FromRow for Permission {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            key: row.take()?,
            name: row.take()?,
            description: row.take()?,
            kind: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

const SELECT: &str =
    "select id, key, name, description, kind, created_at, updated_at from permissions";

/// The permission with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn permission(tx: &mut Read<'_>, id: &PermissionId) -> Result<Permission> {
    tx.first(&format!("{SELECT} where id = $1"), values![id])?
        .ok_or_else(|| Error::NotFound("organization permission", id.to_string()))
}

/// The keys of those with these ids.
pub(super) fn with_ids(tx: &mut Read<'_>, ids: &[PermissionId]) -> Result<BTreeSet<String>> {
    ids.iter()
        .map(|id| permission(tx, id).map(|found| found.key))
        .collect()
}

/// All that these roles have: what they are shown with.
pub fn permissions_of(tx: &mut Read<'_>, roles: &[Role]) -> Result<Vec<Permission>> {
    let keys: BTreeSet<&String> = roles.iter().flat_map(|role| &role.permissions).collect();
    let keys: Vec<_> = keys.into_iter().map(Into::into).collect();
    let mut found: Vec<Permission> = db::look_up(tx, &format!("{SELECT} where key"), &keys)?;
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found.dedup_by(|a, b| a.key == b.key);
    Ok(found)
}

/// The same of one role.
pub fn held_by(tx: &mut Read<'_>, role: &Role) -> Result<Vec<Permission>> {
    permissions_of(tx, std::slice::from_ref(role))
}

/// A page of the permissions, and how many there are.
pub fn list_permissions(
    tx: &mut Read<'_>,
    text: Option<&str>,
    order: NamedOrder,
    page: Page,
) -> Result<(Vec<Permission>, i64)> {
    roles::page(tx, (SELECT, "permissions"), text, order, page)
}

/// What a permission shall be. What is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PermissionChange {
    /// As people know it.
    pub name: Option<String>,
    /// `org:feature:action`.
    pub key: Option<String>,
    /// What it allows.
    pub description: Option<String>,
}

fn event(action: Action, id: &PermissionId) -> Event {
    Event::new(action).part(id.as_str()).detail(id.as_str())
}

/// Makes a permission; no role has it yet.
///
/// # Errors
/// What its key is refused for.
pub fn create_permission(
    tx: &mut Write<'_>,
    id: &PermissionId,
    new: &PermissionChange,
) -> Result<Permission> {
    let now = tx.now();
    tx.attempt(event(Action::PermissionCreate, id));
    let key = new.key.as_deref().ok_or(Error::ParamMissing("key"))?;
    free_key(tx, key, id)?;
    tx.execute(
        "insert into permissions (id, key, name, description, kind, created_at, updated_at)
         values ($1, $2, $3, $4, 'user', $5, $5)",
        values![
            id,
            key,
            new.name.as_deref().unwrap_or(key),
            new.description.as_deref().unwrap_or_default(),
            now
        ],
    )?;
    tx.note(event(Action::PermissionCreate, id));
    permission(tx, id)
}

fn free_key(tx: &mut Read<'_>, key: &str, own: &PermissionId) -> Result<()> {
    let sound = |part: &str| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        !part.is_empty() && part.chars().all(fits)
    };
    let parts: Vec<&str> = key.split(':').collect();
    let fits = matches!(parts[..], ["org", feature, action] if sound(feature) && sound(action));
    if !fits {
        return Err(Error::ParamFormat(
            "key",
            "org:feature:action, each of lower case letters, digits and underscores",
        ));
    }
    if is_system(key) {
        return Err(OrganizationError::SystemPermission.into());
    }
    if key.len() > KEY_MAX {
        return Err(Error::ParamTooLong("key", KEY_MAX));
    }
    let other: Option<PermissionId> = tx.first(
        "select id from permissions where key = $1 and id <> $2",
        values![key, own],
    )?;
    if other.is_some() {
        return Err(OrganizationError::Exists("key").into());
    }
    Ok(())
}

/// Holds a permission that may be changed.
fn hold(tx: &mut Write<'_>, id: &PermissionId) -> Result<Permission> {
    let now = tx.now();
    tx.execute(
        "update permissions set updated_at = $2 where id = $1",
        values![id, now],
    )?;
    let held = permission(tx, id)?;
    if is_system(&held.key) {
        return Err(OrganizationError::SystemPermission.into());
    }
    Ok(held)
}

/// Changes a permission; roles that have it keep it under its new key.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::SystemPermission`], and what [`create_permission`] refuses.
pub fn update_permission(
    tx: &mut Write<'_>,
    id: &PermissionId,
    change: &PermissionChange,
) -> Result<Permission> {
    tx.attempt(event(Action::PermissionUpdate, id));
    let old = hold(tx, id)?;
    let key = change.key.as_ref().unwrap_or(&old.key);
    if *key != old.key {
        free_key(tx, key, id)?;
        in_roles(tx, &old.key, Some(key))?;
    }
    tx.execute(
        "update permissions set name = $2, key = $3, description = $4 where id = $1",
        values![
            id,
            change.name.as_ref().unwrap_or(&old.name),
            key,
            change.description.as_ref().unwrap_or(&old.description),
        ],
    )?;
    tx.note(event(Action::PermissionUpdate, id));
    permission(tx, id)
}

/// Puts a key, or nothing, in the place of another one in all roles.
fn in_roles(tx: &mut Write<'_>, old: &str, new: Option<&str>) -> Result<()> {
    for mut role in roles::all(tx)? {
        if role.permissions.remove(old) {
            role.permissions.extend(new.map(ToOwned::to_owned));
            roles::put(tx, &role.id, &role.permissions)?;
        }
    }
    Ok(())
}

/// Removes a permission, from all roles too.
///
/// # Errors
/// [`Error::NotFound`], [`OrganizationError::SystemPermission`].
pub fn delete_permission(tx: &mut Write<'_>, id: &PermissionId) -> Result<()> {
    tx.attempt(event(Action::PermissionDelete, id));
    let old = hold(tx, id)?;
    in_roles(tx, &old.key, None)?;
    tx.execute("delete from permissions where id = $1", values![id])?;
    tx.note(event(Action::PermissionDelete, id));
    Ok(())
}

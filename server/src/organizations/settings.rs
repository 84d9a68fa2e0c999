//! What holds for all organizations of the instance: one row.

use super::roles;
use crate::db::{FromRow, Read, Row, Write, values};
use crate::error::{OrganizationError, Result};
use crate::events::{Action, Event};
use crate::id::RoleId;

/// What holds for all organizations.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Clerk's settings are switches, each of its own"
)]
pub struct Settings {
    /// Whether there are organizations.
    pub enabled: bool,
    /// How many members a new organization may have; 0 is any number.
    pub max_allowed_memberships: i64,
    /// Whether pages may delete a new organization.
    pub admin_delete_enabled: bool,
    /// Whether organizations have domains.
    pub domains_enabled: bool,
    /// Whether organizations go without slugs.
    pub slug_disabled: bool,
    /// Whether nobody works outside of an organization.
    pub force_organization_selection: bool,
    /// The role of those who create an organization.
    pub creator_role: RoleId,
    /// Its key.
    pub creator_role_key: String,
    /// The role of those who come by a domain.
    pub domains_default_role: RoleId,
    /// Its key.
    pub domains_default_role_key: String,
}

impl FromRow for Settings {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            enabled: row.take()?,
            max_allowed_memberships: row.take()?,
            admin_delete_enabled: row.take()?,
            domains_enabled: row.take()?,
            slug_disabled: row.take()?,
            force_organization_selection: row.take()?,
            creator_role: row.take()?,
            creator_role_key: row.take()?,
            domains_default_role: row.take()?,
            domains_default_role_key: row.take()?,
        })
    }
}

/// The settings.
pub fn settings(tx: &mut Read<'_>) -> Result<Settings> {
    tx.one(
        "select g.enabled, g.max_allowed_memberships, g.admin_delete_enabled, g.domains_enabled, g.slug_disabled,
                g.force_organization_selection, c.id, c.key, d.id, d.key
         from organization_settings g join roles c on c.id = g.creator_role_id join roles d on d.id = g.domains_default_role_id
         where g.slot = 1",
        &[],
    )
}

/// The settings, where there are organizations.
///
/// # Errors
/// [`OrganizationError::NotEnabled`].
pub(super) fn enabled(tx: &mut Read<'_>) -> Result<Settings> {
    let settings = settings(tx)?;
    if settings.enabled {
        Ok(settings)
    } else {
        Err(OrganizationError::NotEnabled.into())
    }
}

/// Whether nobody works outside of an organization.
pub fn is_forced(tx: &mut Read<'_>) -> Result<bool> {
    let forced: i64 = tx.one(
        "select enabled * force_organization_selection from organization_settings where slot = 1",
        &[],
    )?;
    Ok(forced == 1)
}

/// What shall hold from now on. What is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SettingsChange {
    /// See [`Settings`].
    pub enabled: Option<bool>,
    /// See [`Settings`].
    pub max_allowed_memberships: Option<i64>,
    /// See [`Settings`].
    pub admin_delete_enabled: Option<bool>,
    /// See [`Settings`].
    pub domains_enabled: Option<bool>,
    /// See [`Settings`].
    pub slug_disabled: Option<bool>,
    /// See [`Settings`].
    pub force_organization_selection: Option<bool>,
    /// See [`Settings`].
    pub creator_role: Option<RoleId>,
    /// See [`Settings`].
    pub domains_default_role: Option<RoleId>,
}

/// Changes the settings.
///
/// # Errors
/// [`crate::error::Error::NotFound`] for a role that is not there; [`OrganizationError::CreatorPermissionsMissing`],
/// [`OrganizationError::ForcedWithoutOrganizations`].
pub fn update_settings(tx: &mut Write<'_>, change: &SettingsChange) -> Result<Settings> {
    tx.attempt(Event::new(Action::OrganizationSettingsUpdate));
    tx.execute(
        "update organization_settings set enabled = enabled where slot = 1",
        &[],
    )?;
    let mut new = settings(tx)?;
    let flag = |kept: &mut bool, given: Option<bool>| *kept = given.unwrap_or(*kept);
    flag(&mut new.enabled, change.enabled);
    flag(&mut new.admin_delete_enabled, change.admin_delete_enabled);
    flag(&mut new.domains_enabled, change.domains_enabled);
    flag(&mut new.slug_disabled, change.slug_disabled);
    let forced = &mut new.force_organization_selection;
    flag(forced, change.force_organization_selection);
    if !new.enabled && change.force_organization_selection == Some(true) {
        return Err(OrganizationError::ForcedWithoutOrganizations.into());
    }
    if let Some(max) = change.max_allowed_memberships {
        new.max_allowed_memberships = max;
    }
    if let Some(id) = &change.creator_role {
        let role = roles::role(tx, id)?;
        roles::may_create(&role.permissions)?;
        new.creator_role = role.id;
    }
    if let Some(id) = &change.domains_default_role {
        new.domains_default_role = roles::role(tx, id)?.id;
    }
    tx.execute(
        "update organization_settings set enabled = $1, max_allowed_memberships = $2, admin_delete_enabled = $3,
                domains_enabled = $4, slug_disabled = $5, force_organization_selection = $6, creator_role_id = $7,
                domains_default_role_id = $8
         where slot = 1",
        values![
            new.enabled,
            new.max_allowed_memberships,
            new.admin_delete_enabled,
            new.domains_enabled,
            new.slug_disabled,
            new.force_organization_selection,
            &new.creator_role,
            &new.domains_default_role,
        ],
    )?;
    tx.note(Event::new(Action::OrganizationSettingsUpdate));
    settings(tx)
}

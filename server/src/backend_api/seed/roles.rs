//! Roles and permissions of a seed. They are known by their keys, which a role names its permissions by.

use serde_json::{Map, Value, json};

use super::super::organizations::roles::{change, permission_change};
use super::{Outcome, Thing, all, is_so, without};
use crate::app::App;
use crate::clock::Time;
use crate::db::{Read, Write};
use crate::error::{Error, Result};
use crate::id::{PermissionId, RoleId};
use crate::organizations::{self, Named, NamedOrder, PermissionChange, RoleChange};
use crate::wire::Params;

const BY_KEY: NamedOrder = NamedOrder {
    by: Named::Key,
    descending: false,
};

fn permissions(tx: &mut Read<'_>) -> Result<Vec<organizations::Permission>> {
    all(tx, |tx, page| {
        Ok(organizations::list_permissions(tx, None, BY_KEY, page)?.0)
    })
}

fn roles(tx: &mut Read<'_>) -> Result<Vec<organizations::Role>> {
    all(tx, |tx, page| {
        Ok(organizations::list_roles(tx, None, BY_KEY, page)?.0)
    })
}

/// The id of the role with this key.
pub(super) fn id(tx: &mut Read<'_>, key: &str) -> Result<RoleId> {
    let found = roles(tx)?.into_iter().find(|role| role.key == key);
    found
        .map(|role| role.id)
        .ok_or_else(|| Error::NotFound("organization role", key.into()))
}

struct Permission {
    id: PermissionId,
    key: String,
    wanted: Map<String, Value>,
    change: PermissionChange,
}

pub(super) fn permission(_: &App, given: Map<String, Value>, at: Time) -> Result<Box<dyn Thing>> {
    let mut params = Params::from(given.clone());
    let change = permission_change(&mut params)?;
    params.finish()?;
    let key = change.key.clone().ok_or(Error::ParamMissing("key"))?;
    let wanted = with_name(given, change.name.as_deref());
    Ok(Box::new(Permission {
        id: PermissionId::new(at),
        key,
        wanted,
        change,
    }))
}

/// The name in the form in which it is kept.
fn with_name(mut given: Map<String, Value>, name: Option<&str>) -> Map<String, Value> {
    if let Some(name) = name {
        given.insert("name".into(), name.into());
    }
    given
}

impl Thing for Permission {
    fn bring(&self, _: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let known = permissions(tx)?.into_iter().find(|one| one.key == self.key);
        let Some(known) = known else {
            organizations::create_permission(tx, &self.id, &self.change)?;
            return Ok(Outcome::Made);
        };
        if is_so(&self.wanted, &shown_permission(&known)) {
            return Ok(Outcome::Same);
        }
        organizations::update_permission(tx, &known.id, &self.change)?;
        Ok(Outcome::Changed)
    }
}

fn shown_permission(permission: &organizations::Permission) -> Value {
    json!({
        "key": permission.key,
        "name": permission.name,
        "description": permission.description,
    })
}

/// Those that the system does not have of itself.
pub(super) fn write_permissions(tx: &mut Read<'_>) -> Result<Vec<Value>> {
    let mut found = permissions(tx)?;
    found.retain(|one| one.kind == "user");
    let shown = |one| without(shown_permission(one), &[("description", "".into())]);
    Ok(found.iter().map(shown).collect())
}

struct Role {
    id: RoleId,
    key: String,
    wanted: Map<String, Value>,
    change: RoleChange,
    permissions: Option<Vec<String>>,
}

pub(super) fn role(_: &App, given: Map<String, Value>, at: Time) -> Result<Box<dyn Thing>> {
    let mut params = Params::from(given.clone());
    let mut change = change(&mut params)?;
    params.finish()?;
    let key = change.key.clone().ok_or(Error::ParamMissing("key"))?;
    let mut wanted = with_name(given, change.name.as_deref());
    // They are named by key here, and by id where the door reads them.
    let permissions = change.permissions.take();
    let permissions = permissions.map(|keys| {
        let mut keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        keys.sort();
        keys.dedup();
        keys
    });
    if let Some(keys) = &permissions {
        wanted.insert("permissions".into(), keys.clone().into());
    }
    let id = RoleId::new(at);
    Ok(Box::new(Role {
        id,
        key,
        wanted,
        change,
        permissions,
    }))
}

impl Thing for Role {
    fn bring(&self, _: &App, tx: &mut Write<'_>) -> Result<Outcome> {
        let known = roles(tx)?.into_iter().find(|one| one.key == self.key);
        if known
            .as_ref()
            .is_some_and(|known| is_so(&self.wanted, &shown_role(known)))
        {
            return Ok(Outcome::Same);
        }
        let change = self.change(tx)?;
        if let Some(known) = known {
            organizations::update_role(tx, &known.id, &change)?;
            return Ok(Outcome::Changed);
        }
        organizations::create_role(tx, &self.id, &change)?;
        Ok(Outcome::Made)
    }
}

impl Role {
    /// The change, with the ids of the permissions.
    fn change(&self, tx: &mut Read<'_>) -> Result<RoleChange> {
        let there = permissions(tx)?;
        let id = |key: &String| {
            let found = there.iter().find(|one| one.key == *key);
            found.map(|one| one.id.clone()).ok_or_else(|| {
                let unknown = Error::NotFound("organization permission", key.clone());
                unknown.within("permissions")
            })
        };
        let ids = self
            .permissions
            .as_ref()
            .map(|keys| keys.iter().map(id).collect());
        Ok(RoleChange {
            permissions: ids.transpose()?,
            ..self.change.clone()
        })
    }
}

fn shown_role(role: &organizations::Role) -> Value {
    json!({
        "key": role.key,
        "name": role.name,
        "description": role.description.as_deref().unwrap_or_default(),
        "permissions": role.permissions,
    })
}

/// All of them.
pub(super) fn write_roles(tx: &mut Read<'_>) -> Result<Vec<Value>> {
    let shown = |one| without(shown_role(one), &[("description", "".into())]);
    Ok(roles(tx)?.iter().map(shown).collect())
}

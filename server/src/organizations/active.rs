//! The organization that a session is in, and how tokens say so.

use serde::Serialize;

use super::{roles, settings};
use crate::db::{FromRow, Read, Row, values};
use crate::error::{OrganizationError, Result};
use crate::id::{OrganizationId, UserId};

/// An organization, as far as tokens of one of its members speak of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Active {
    /// The organization's id.
    pub id: OrganizationId,
    /// Its slug.
    pub slug: Option<String>,
    /// The key of the member's role.
    pub role: String,
    /// The keys of the role's permissions, sorted, with a space between.
    pub permissions: String,
}

impl FromRow for Active {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            slug: row.take()?,
            role: row.take()?,
            permissions: row.take()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select o.id, o.slug, r.key, r.permissions from organization_memberships m
             join organization_settings g on g.slot = 1 and g.enabled = 1
             join organizations o on o.id = m.organization_id join roles r on r.id = m.role_id ",
            $rest
        )
    };
}

/// The claim `o` of a session token, version 2.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    id: OrganizationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    slg: Option<String>,
    rol: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    per: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    fpm: String,
}

/// What a token says of its organization: `o`, and the features of `fea`.
#[derive(Debug, PartialEq, Eq)]
pub struct Claims {
    /// `o`
    pub organization: Claim,
    /// `fea`
    pub features: Option<String>,
}

impl Active {
    /// The organization with this id or slug, if the user is a member of it.
    pub fn find(tx: &mut Read<'_>, user: &UserId, id_or_slug: &str) -> Result<Option<Self>> {
        // No slug has an underscore, so none looks like an id.
        let sql = if id_or_slug.contains('_') {
            select!("where m.user_id = $1 and m.organization_id = $2")
        } else {
            select!("where m.user_id = $1 and o.slug = $2")
        };
        tx.first(sql, values![user, id_or_slug])
    }

    /// The claims. Permissions of the system are not among them, as with Clerk: they are for its own pages.
    pub fn claims(&self) -> Claims {
        let packed = roles::Packed::of(self.permissions.split(' '));
        Claims {
            organization: Claim {
                id: self.id.clone(),
                slg: self.slug.clone(),
                rol: self.role.trim_start_matches("org:").to_owned(),
                per: packed.actions,
                fpm: packed.masks,
            },
            features: Some(packed.features).filter(|features| !features.is_empty()),
        }
    }
}

/// The organization, for one of its members.
///
/// # Errors
/// [`OrganizationError::NotEnabled`], [`OrganizationError::NotAMember`].
pub fn must_be_member(tx: &mut Read<'_>, user: &UserId, id: &OrganizationId) -> Result<Active> {
    settings::enabled(tx)?;
    Active::find(tx, user, id.as_str())?
        .ok_or_else(|| OrganizationError::NotAMember(user.to_string(), id.to_string()).into())
}

/// In which organization a session of the user begins that should be in `wanted`, and whether it waits for the user to
/// choose one. Where a choice is required and none is given, it is the one that the user came into last.
pub fn at_start(
    tx: &mut Read<'_>,
    user: &UserId,
    wanted: Option<&OrganizationId>,
) -> Result<(Option<Active>, bool)> {
    if let Some(id) = wanted
        && let Some(active) = Active::find(tx, user, id.as_str())?
    {
        return Ok((Some(active), false));
    }
    if !settings::is_forced(tx)? {
        return Ok((None, false));
    }
    let latest: Option<Active> = tx.first(
        select!("where m.user_id = $1 order by m.created_at desc, m.id desc limit 1"),
        values![user],
    )?;
    let waits = latest.is_none();
    Ok((latest, waits))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(permissions: &str) -> serde_json::Value {
        let active = Active {
            id: OrganizationId::from("org_1"),
            slug: Some("acme".into()),
            role: "org:admin".into(),
            permissions: permissions.into(),
        };
        let claims = active.claims();
        json!({ "o": claims.organization, "fea": claims.features })
    }

    #[test]
    fn permissions_are_packed_as_sdks_unpack_them() {
        assert_eq!(
            claims("org:billing:read org:invoices:create org:invoices:read org:sys_profile:manage"),
            json!({
                "o": { "id": "org_1", "slg": "acme", "rol": "admin", "per": "create,read", "fpm": "2,3" },
                "fea": "o:billing,o:invoices",
            })
        );
        assert_eq!(
            claims("org:sys_profile:manage"),
            json!({ "o": { "id": "org_1", "slg": "acme", "rol": "admin" }, "fea": null })
        );
        assert_eq!(claims("")["o"]["per"], serde_json::Value::Null);
    }
}

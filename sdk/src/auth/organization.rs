//! The organization a caller acts in: what a session token says of it.
//!
//! Tokens of version 2 say it in one claim, `o`, and keep it short: permissions are written once (`per`), and every feature of
//! the organization that is listed (`fea`, with the scope `o`) has a number whose bits say which of them hold for it (`fpm`).
//! Older tokens write everything out (`org_id`, `org_role`, …).

use serde_json::{Map, Value};

use crate::id::OrganizationId;

/// The organization that is active in a caller's session, and what the caller is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    id: OrganizationId,
    slug: Option<String>,
    role: String,
    permissions: Vec<String>,
}

impl Organization {
    /// Which one it is.
    pub fn id(&self) -> &OrganizationId {
        &self.id
    }

    /// Its name in addresses, where it has one.
    pub fn slug(&self) -> Option<&str> {
        self.slug.as_deref()
    }

    /// The caller's role in it, as `org:admin`.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// What that role allows, as `org:invoices:read`. Tokens hold the permissions that an application has made; those that
    /// every organization has (`org:sys_…`) are in none.
    pub fn permissions(&self) -> &[String] {
        &self.permissions
    }

    /// Whether the caller has this role. `org:` may be left out.
    pub fn has_role(&self, role: &str) -> bool {
        let asked = plain(role);
        !asked.is_empty() && !self.role.is_empty() && plain(&self.role) == asked
    }

    /// Whether the caller has this permission. `org:` may be left out.
    pub fn has_permission(&self, permission: &str) -> bool {
        let asked = plain(permission);
        let is_it = |held: &String| held.strip_prefix("org:") == Some(asked);
        !asked.is_empty() && self.permissions.iter().any(is_it)
    }

    /// Reads it from a token's claims. What cannot be read is not there: nobody gets a permission by an oddity.
    pub(super) fn read(claims: &Map<String, Value>) -> Option<Self> {
        if claims.get("v").and_then(Value::as_f64) == Some(2.0) {
            return Self::read_short(claims.get("o")?.as_object()?, claims.get("fea"));
        }
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let permissions = claims.get("org_permissions").and_then(Value::as_array);
        let permissions = permissions.map(Vec::as_slice).unwrap_or_default();
        Some(Self {
            id: text("org_id")?.try_into().ok()?,
            slug: text("org_slug").map(ToOwned::to_owned),
            role: text("org_role").unwrap_or_default().to_owned(),
            permissions: permissions
                .iter()
                .filter_map(Value::as_str)
                .map(ToOwned::to_owned)
                .collect(),
        })
    }

    fn read_short(organization: &Map<String, Value>, features: Option<&Value>) -> Option<Self> {
        let text = |name: &str| organization.get(name).and_then(Value::as_str);
        let role = text("rol").filter(|role| !role.is_empty());
        let features = features.and_then(Value::as_str);
        let permissions = match (text("per"), text("fpm"), features) {
            (Some(names), Some(masks), Some(features)) => permissions(names, masks, features),
            _ => None,
        };
        Some(Self {
            id: text("id")?.try_into().ok()?,
            slug: text("slg").map(ToOwned::to_owned),
            role: role.map(|role| format!("org:{role}")).unwrap_or_default(),
            permissions: permissions.unwrap_or_default(),
        })
    }
}

/// A role or permission without the prefix that may be left out.
fn plain(name: &str) -> &str {
    name.trim_start_matches("org:")
}

/// Every permission of every feature of the organization, written out. `None` where a feature has no scope.
fn permissions(names: &str, masks: &str, features: &str) -> Option<Vec<String>> {
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let features: Option<Vec<Listed<'_>>> = features.split(',').map(Listed::read).collect();
    let features = features?;
    let of_organization = features.iter().filter(|one| one.is_of('o'));
    let mut all = Vec::new();
    for (feature, mask) in of_organization.zip(masks.split(',')) {
        let mask = bits(mask.trim());
        for (bit, name) in names.iter().enumerate() {
            let set = u32::try_from(bit)
                .is_ok_and(|bit| mask.checked_shr(bit).is_some_and(|rest| rest & 1 == 1));
            if set && !name.is_empty() {
                all.push(format!("org:{}:{name}", feature.name));
            }
        }
    }
    Some(all)
}

/// A number in decimal; anything else is no bits.
fn bits(text: &str) -> u128 {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().unwrap_or_default()
    } else {
        0
    }
}

/// An entry of `fea` or `pla`: `o:invoices`, `u:free`, `uo:reports`.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    scope: &'a str,
    name: &'a str,
}

impl<'a> Listed<'a> {
    fn read(entry: &'a str) -> Option<Self> {
        let (scope, name) = entry.trim().split_once(':')?;
        Some(Self { scope, name })
    }

    /// Whether it is of the organization (`o`) or of the user (`u`).
    fn is_of(self, whose: char) -> bool {
        matches!(self.scope, "o" | "u" | "uo" | "ou") && self.scope.contains(whose)
    }

    /// Whether a list has what is asked for: by its name alone, or with a scope before it (`org:`, `user:`). One with an entry
    /// that cannot be read has nothing.
    pub(super) fn is_in(list: &str, asked: &str) -> bool {
        let (whose, name) = match asked.split_once(':') {
            None => (None, asked),
            Some((scope, name)) => match scope {
                "o" | "org" | "organization" => (Some('o'), name),
                "u" | "user" => (Some('u'), name),
                _ => return false,
            },
        };
        // A name has no colon of its own.
        if name.is_empty() || name.contains(':') {
            return false;
        }
        let wanted = |listed: Listed<'_>| match whose {
            Some(whose) => listed.is_of(whose),
            None => listed.is_of('o') || listed.is_of('u'),
        };
        let all: Option<Vec<_>> = list.split(',').map(Listed::read).collect();
        all.unwrap_or_default()
            .into_iter()
            .any(|listed| listed.name == name && wanted(listed))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(claims: &Value) -> Option<Organization> {
        Organization::read(claims.as_object().unwrap())
    }

    #[test]
    fn permissions_are_the_bits_of_the_organization_s_features() {
        let claims = json!({
            "v": 2, "fea": "u:ai,o:invoices,uo:reports",
            "o": { "id": "org_1", "slg": "acme", "rol": "admin", "per": "read,manage,write", "fpm": "5,2" },
        });
        let organization = read(&claims).unwrap();
        assert_eq!(organization.role(), "org:admin");
        assert_eq!(organization.slug(), Some("acme"));
        assert_eq!(
            organization.permissions(),
            [
                "org:invoices:read",
                "org:invoices:write",
                "org:reports:manage"
            ]
        );
        assert!(organization.has_permission("invoices:write"));
        assert!(organization.has_permission("org:invoices:write"));
        assert!(!organization.has_permission("invoices:manage"));
        assert!(!organization.has_permission(""));
        assert!(organization.has_role("admin") && organization.has_role("org:admin"));
        assert!(!organization.has_role("member") && !organization.has_role(""));
    }

    #[test]
    fn what_cannot_be_read_gives_nothing() {
        for (fea, fpm, per) in [
            ("invoices", "1", "read"),
            ("o:invoices,", "1", "read"),
            ("o:invoices", "-1", "read"),
            ("o:invoices", "0x1", "read"),
            ("o:invoices", "", "read"),
            ("o:invoices", "1", ""),
            ("u:invoices", "1", "read"),
            ("x:invoices", "1", "read"),
        ] {
            let organization = json!({ "id": "org_1", "rol": "admin", "per": per, "fpm": fpm });
            let claims = json!({ "v": 2, "fea": fea, "o": organization });
            let read = read(&claims).unwrap();
            assert!(read.permissions().is_empty(), "{fea} {fpm} {per}");
            assert!(read.has_role("admin"));
        }
        for o in [
            json!(null),
            json!("org_1"),
            json!({}),
            json!({ "id": "../x", "rol": "admin" }),
        ] {
            assert_eq!(read(&json!({ "v": 2, "o": o })), None);
        }
        // A token of version 2 says it in `o` and nowhere else.
        let flat = json!({ "v": 2, "org_id": "org_1", "org_role": "org:admin" });
        assert_eq!(read(&flat), None);
    }
}

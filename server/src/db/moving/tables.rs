//! Every table that is moved, with its key, in an order in which no row comes before one that it refers to.

use super::super::{Read, Value, values};
use super::BATCH;
use crate::error::{Error, Result};

/// A table.
pub(super) struct Table {
    pub(super) name: &'static str,
    key: &'static str,
    /// Whether its key is a number.
    is_counted: bool,
}

const fn named(name: &'static str, key: &'static str) -> Table {
    Table {
        name,
        key,
        is_counted: false,
    }
}

const fn numbered(name: &'static str, key: &'static str) -> Table {
    Table {
        name,
        key,
        is_counted: true,
    }
}

pub(super) const TABLES: [Table; 32] = [
    numbered("instance", "slot"),
    named("signing_keys", "kid"),
    named("secret_keys", "id"),
    named("users", "id"),
    named("identifiers", "id"),
    named("agents", "id"),
    named("clients", "id"),
    named("dev_browsers", "digest"),
    named("tasks", "id"),
    named("sign_in_tokens", "id"),
    named("sessions", "id"),
    numbered("audit", "seq"),
    numbered("audit_seals", "number"),
    numbered("revocations", "id"),
    named("jwt_templates", "id"),
    numbered("organization_settings", "slot"),
    named("permissions", "id"),
    named("roles", "id"),
    named("organizations", "id"),
    named("organization_memberships", "id"),
    named("organization_invitations", "id"),
    named("organization_domains", "id"),
    named("invitations", "id"),
    numbered("settings", "slot"),
    named("listed_identifiers", "id"),
    named("waitlist_entries", "id"),
    named("answers", "id"),
    numbered("retention", "slot"),
    named("erasures", "user_id"),
    named("webhook_endpoints", "id"),
    numbered("webhook_deliveries", "id"),
    numbered("webhook_attempts", "id"),
];

/// What each database has for itself.
pub(super) const LEFT_BEHIND: [&str; 4] = ["migrations", "writers", "moves", "arrivals"];

/// What has rows in a new database already.
pub(super) const SEEDED: [&str; 5] = [
    "roles",
    "permissions",
    "organization_settings",
    "settings",
    "retention",
];

/// Columns whose numbers the database gives.
pub(super) const COUNTED: [(&str, &str); 4] = [
    ("audit", "seq"),
    ("revocations", "id"),
    ("webhook_deliveries", "id"),
    ("webhook_attempts", "id"),
];

impl Table {
    /// The next rows after a key, in the order of the database that is asked.
    pub(super) fn after(
        &self,
        tx: &mut Read<'_>,
        columns: &[String],
        last: Option<&Value>,
    ) -> Result<Vec<Vec<Value>>> {
        let (name, key, columns) = (self.name, self.key, columns.join(", "));
        match last {
            None => tx.all(
                &format!("select {columns} from {name} order by {key} limit $1"),
                values![BATCH],
            ),
            Some(last) => tx.all(
                &format!("select {columns} from {name} where {key} > $1 order by {key} limit $2"),
                values![last.clone(), BATCH],
            ),
        }
    }

    /// Where the key is among the columns.
    pub(super) fn place(&self, columns: &[String]) -> usize {
        columns
            .iter()
            .position(|one| one == self.key)
            .unwrap_or_default()
    }

    /// A key that was kept as text.
    pub(super) fn key_of(&self, text: String) -> Result<Value> {
        if !self.is_counted {
            return Ok(Value::Text(text));
        }
        text.parse()
            .map(Value::Int)
            .map_err(|_| Error::Bug(format!("{} has come to {text}", self.name)))
    }
}

/// A key as text, to be kept.
pub(super) fn text_of(key: &Value) -> Option<String> {
    match key {
        Value::Null => None,
        Value::Int(number) => Some(number.to_string()),
        Value::Text(text) => Some(text.clone()),
    }
}

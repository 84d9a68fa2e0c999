//! Writes a user's row, whole.

use serde_json::{Map, Value as Json};

use super::User;
use crate::clock::Time;
use crate::db::{self, Value, Write, values};
use crate::error::Result;
use crate::id::UserId;

impl User {
    /// A user of whom nothing is known but the id.
    pub(super) fn new(id: &UserId, at: Time) -> Self {
        Self {
            id: id.clone(),
            username: None,
            first_name: None,
            last_name: None,
            locale: None,
            timezone: None,
            external_id: None,
            primary_email_address: None,
            primary_phone_number: None,
            password: None,
            password_changed_at: None,
            public_metadata: Map::new(),
            private_metadata: Map::new(),
            unsafe_metadata: Map::new(),
            banned_at: None,
            locked_until: None,
            delete_self_enabled: true,
            create_organization_enabled: true,
            create_organizations_limit: None,
            legal_accepted_at: None,
            last_sign_in_at: None,
            last_active_at: None,
            created_at: at,
            updated_at: at,
            failed_attempts: 0,
        }
    }
}

/// What both statements write, in their order.
fn columns(user: &User) -> Vec<Value> {
    values![
        &user.id,
        user.username.as_ref(),
        user.first_name.as_ref(),
        user.last_name.as_ref(),
        folded_name(user),
        user.locale.as_ref(),
        user.external_id.as_ref(),
        user.primary_email_address.as_ref(),
        user.primary_phone_number.as_ref(),
        user.password.as_ref(),
        user.password_changed_at,
        text(&user.public_metadata),
        text(&user.private_metadata),
        text(&user.unsafe_metadata),
        user.banned_at,
        user.locked_until,
        user.delete_self_enabled,
        user.create_organization_enabled,
        user.legal_accepted_at,
        user.created_at,
        user.failed_attempts,
        user.timezone.as_ref(),
        user.create_organizations_limit,
    ]
    .to_vec()
}

/// First and last name as searches compare them: in lower case by Unicode's rules, which the databases do not know in every
/// setting.
fn folded_name(user: &User) -> String {
    let name = |part: &Option<String>| part.as_deref().unwrap_or_default().to_lowercase();
    format!("{} {}", name(&user.first_name), name(&user.last_name))
}

fn text(map: &Map<String, Json>) -> String {
    serde_json::to_string(map).unwrap_or_default()
}

/// Writes a new user.
pub(super) fn insert(tx: &mut Write<'_>, user: &User) -> Result<()> {
    insert_all(tx, &[user])
}

/// Writes new users.
pub(super) fn insert_all(tx: &mut Write<'_>, users: &[&User]) -> Result<()> {
    let rows = users.iter().map(|user| {
        let mut values = columns(user);
        values.push(user.updated_at.into());
        values
    });
    db::insert_all(
        tx,
        "insert into users (id, username, first_name, last_name, name_folded, locale, external_id,
                            primary_email_address_id, primary_phone_number_id, password_hash, password_changed_at,
                            public_metadata, private_metadata, unsafe_metadata, banned_at, locked_until,
                            delete_self_enabled, create_organization_enabled, legal_accepted_at, created_at, failed_attempts,
                            timezone, create_organizations_limit, updated_at)",
        rows.collect(),
    )
}

/// Writes back a user whose row is held.
pub(super) fn update(tx: &mut Write<'_>, user: &User) -> Result<()> {
    tx.execute(
        "update users set username = $2, first_name = $3, last_name = $4, name_folded = $5, locale = $6, external_id = $7,
                          primary_email_address_id = $8, primary_phone_number_id = $9, password_hash = $10,
                          password_changed_at = $11, public_metadata = $12, private_metadata = $13,
                          unsafe_metadata = $14, banned_at = $15, locked_until = $16, delete_self_enabled = $17,
                          create_organization_enabled = $18, legal_accepted_at = $19, created_at = $20,
                          failed_attempts = $21, timezone = $22, create_organizations_limit = $23
         where id = $1",
        &columns(user),
    )?;
    Ok(())
}

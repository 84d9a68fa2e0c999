//! A user as a row of a file: the parameters of `POST /v1/users`, read by the same code, and what only a user has who was
//! somewhere else before: `id`, unverified identifiers, and `primary_email_address` and `primary_phone_number` where the
//! primary one is not the first.

use serde_json::{Map, Value, json};

use super::form;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::users::{Identifier, IdentifierKind, NewUser, Profile, User, Verification};
use crate::wire::Params;

/// The most bytes a row may have, as the body of a request.
const ROW_MAX: usize = 64 * 1024;
/// The most characters an id may have.
const ID_MAX: usize = 64;

/// One row, not yet held to the rules.
#[derive(Debug)]
pub struct UserRow(Params);

impl UserRow {
    /// Reads a row's JSON object.
    ///
    /// # Errors
    /// [`Error::BodyTooLarge`], [`Error::BodyInvalid`], [`Error::ParamDuplicate`].
    pub fn parse(json: &[u8]) -> Result<Self> {
        if json.len() > ROW_MAX {
            return Err(Error::BodyTooLarge(ROW_MAX));
        }
        Params::json(json).map(Self)
    }

    /// A row whose parameters were read elsewhere.
    pub fn from_params(params: Map<String, Value>) -> Self {
        Self(Params::from(params))
    }

    /// Leaves out the password, where its digest cannot be checked here.
    #[must_use]
    pub fn without_password(mut self) -> Self {
        self.0
            .ignore(&["password", "password_digest", "password_hasher"]);
        self
    }

    /// Makes a user of it that is ready to be imported.
    ///
    /// # Errors
    /// What `POST /v1/users` refuses; [`Error::ParamFormat`] for an id that cannot be a user's.
    pub fn read(self, at: Time) -> Result<NewUser> {
        let mut params = self.0;
        let id = params.text("id")?.filter(|id| !id.is_empty());
        if id.as_deref().is_some_and(|id| !is_id(id, "user_")) {
            return Err(Error::ParamFormat("id", "user_ and letters or digits"));
        }
        let kinds = [
            ("primary_email_address", IdentifierKind::EmailAddress),
            ("primary_phone_number", IdentifierKind::PhoneNumber),
        ];
        let mut primaries = Vec::new();
        for (name, kind) in kinds {
            let value = params.nullable_text(name)?;
            let value = value.map(|text| text.filter(|text| !text.is_empty()));
            primaries.extend(value.map(|value| (kind, value)));
        }
        let statuses = [
            Verification::Verified,
            Verification::Reserved,
            Verification::Unverified,
        ];
        let form = form::new_user(&mut params, &statuses, at)?;
        params.finish()?;
        let mut edits = form.edits;
        edits.extend(form.password.edit_here()?);
        let given = id.is_some();
        let id = id.map_or_else(|| UserId::new(at), UserId::from);
        let mut user = NewUser::new(&id, form.identifiers, &edits, at)?;
        for (kind, value) in primaries {
            user.set_primary(kind, value.as_deref())?;
        }
        Ok(if given { user.known_by_id() } else { user })
    }

    /// The row of a user, as [`UserRow::read`] takes it. A lock or a ban is one of the moment at which the row is read.
    pub fn write(profile: &Profile, now: Time) -> Map<String, Value> {
        let user = &profile.user;
        let mut row = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                row.insert(name.to_owned(), value);
            }
        };
        put("id", json!(user.id));
        put("external_id", json!(user.external_id));
        put("username", json!(user.username));
        put("first_name", json!(user.first_name));
        put("last_name", json!(user.last_name));
        put("locale", json!(user.locale));
        put("timezone", json!(user.timezone));
        if let Some(hash) = &user.password {
            put("password_digest", hash.expose().into());
            put("password_hasher", hash.hasher().as_str().into());
        }
        for (name, metadata) in [
            ("public_metadata", &user.public_metadata),
            ("private_metadata", &user.private_metadata),
            ("unsafe_metadata", &user.unsafe_metadata),
        ] {
            if !metadata.is_empty() {
                put(name, metadata.clone().into());
            }
        }
        for (name, yes, usual) in [
            ("banned", user.banned_at.is_some(), false),
            (
                "locked",
                user.locked_until.is_some_and(|until| until > now),
                false,
            ),
            ("delete_self_enabled", user.delete_self_enabled, true),
            (
                "create_organization_enabled",
                user.create_organization_enabled,
                true,
            ),
        ] {
            if yes != usual {
                put(name, yes.into());
            }
        }
        put(
            "create_organizations_limit",
            json!(user.create_organizations_limit),
        );
        put("created_at", rfc_3339(user.created_at));
        put(
            "legal_accepted_at",
            user.legal_accepted_at.map_or(Value::Null, rfc_3339),
        );
        if profile.identifiers.is_empty() && user.username.is_none() {
            put("skip_user_requirement", true.into());
        }
        write_identifiers(&mut row, profile);
        row
    }
}

fn write_identifiers(row: &mut Map<String, Value>, profile: &Profile) {
    for (kind, primary) in [
        (IdentifierKind::EmailAddress, "primary_email_address"),
        (IdentifierKind::PhoneNumber, "primary_phone_number"),
    ] {
        let some = profile.identifiers.iter().filter(|one| one.kind == kind);
        let some: Vec<&Identifier> = some.collect();
        let Some(first) = some.first() else {
            continue;
        };
        let values: Value = some.iter().map(|one| one.value.as_str()).collect();
        row.insert(kind.as_str().into(), values);
        if some.iter().any(|one| one.status != Verification::Verified) {
            let statuses: Value = some.iter().map(|one| one.status.as_str()).collect();
            row.insert(format!("{}_identification_status", kind.as_str()), statuses);
        }
        let named = User::primary(&profile.user, kind);
        if named != Some(&first.id) {
            let found = some.iter().find(|one| named == Some(&one.id));
            row.insert(primary.into(), json!(found.map(|one| &one.value)));
        }
    }
}

pub(in crate::backend_api) fn rfc_3339(at: Time) -> Value {
    jiff::Timestamp::from_millisecond(at.0).map_or(Value::Null, |at| at.to_string().into())
}

/// Whether this can be an id. Clerk's and ours: a KSUID behind the prefix; ids made by hand in tests may be shorter.
pub(in crate::backend_api) fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        !rest.is_empty()
            && text.len() <= ID_MAX
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

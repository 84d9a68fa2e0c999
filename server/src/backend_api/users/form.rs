//! Reads a user's fields from a body.

use serde_json::{Map, Value};

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::id::IdentifierId;
use crate::passwords::{self, Hasher, PasswordHash};
use crate::secret::Secret;
use crate::users::{Edit, IdentifierKind, Metadata, NewIdentifier, Verification};
use crate::wire::{Params, user_text};
use crate::word::Word;

/// The most identifiers of one kind that a user can be made with.
const IDENTIFIERS_MAX: usize = 10;
/// What a body says of a user to be made, all but the hash of its password.
pub(in crate::backend_api) struct NewUserForm {
    pub(in crate::backend_api) identifiers: Vec<NewIdentifier>,
    pub(in crate::backend_api) edits: Vec<Edit>,
    pub(in crate::backend_api) password: Password,
}

/// The parameters of `POST /v1/users`, whose identifiers may have one of these statuses.
pub(in crate::backend_api) fn new_user(
    params: &mut Params,
    statuses: &[Verification],
    at: Time,
) -> Result<NewUserForm> {
    let identifiers = identifiers(params, statuses, at)?;
    let mut edits = edits(params)?;
    enough(params, &identifiers, &edits)?;
    if params.boolean("banned")?.unwrap_or(false) {
        edits.push(Edit::Ban);
    }
    if params.boolean("locked")?.unwrap_or(false) {
        edits.push(Edit::Lock);
    }
    Ok(NewUserForm {
        identifiers,
        edits,
        password: password(params)?,
    })
}

/// `email_address` and `phone_number` with their `…_identification_status`.
fn identifiers(
    params: &mut Params,
    statuses: &[Verification],
    at: Time,
) -> Result<Vec<NewIdentifier>> {
    let mut all = of(params, IdentifierKind::EmailAddress, statuses, at)?;
    all.extend(of(params, IdentifierKind::PhoneNumber, statuses, at)?);
    // Made in one moment, they are told apart by their ids: the first one asked for gets the smallest.
    let mut ids: Vec<_> = all.iter().map(|new| new.id.clone()).collect();
    ids.sort();
    for (new, id) in all.iter_mut().zip(ids) {
        new.id = id;
    }
    Ok(all)
}

fn of(
    params: &mut Params,
    kind: IdentifierKind,
    allowed: &[Verification],
    at: Time,
) -> Result<Vec<NewIdentifier>> {
    let statuses = match kind {
        IdentifierKind::EmailAddress => "email_address_identification_status",
        IdentifierKind::PhoneNumber => "phone_number_identification_status",
    };
    let texts = params.texts(kind.as_str(), IDENTIFIERS_MAX)?;
    let named = params.texts(statuses, IDENTIFIERS_MAX)?;
    if !named.is_empty() && named.len() != texts.len() {
        return Err(Error::ParamLengths(statuses, kind.as_str()));
    }
    let one = |(place, text): (usize, &String)| {
        let status = named
            .get(place)
            .map_or(Some(Verification::Verified), |word| {
                Verification::from_word(word).filter(|status| allowed.contains(status))
            });
        let words = || -> Vec<_> { allowed.iter().map(|status| status.as_str()).collect() };
        let status = status
            .ok_or_else(|| Error::ParamValue(statuses, format!("one of {}", words().join(", "))))?;
        Ok(NewIdentifier {
            id: IdentifierId::new(at),
            kind,
            value: kind.normal(text)?,
            status,
        })
    };
    texts.iter().enumerate().map(one).collect()
}

/// A new user needs something to be named by, unless that is waived.
fn enough(params: &mut Params, identifiers: &[NewIdentifier], edits: &[Edit]) -> Result<()> {
    let waived = params.boolean("skip_user_requirement")?.unwrap_or(false);
    let named = edits
        .iter()
        .any(|edit| matches!(edit, Edit::Username(Some(_))));
    if waived || named || !identifiers.is_empty() {
        Ok(())
    } else {
        Err(Error::ParamMissing("email_address"))
    }
}

/// The fields that creating and updating have in common. What is not given is not touched; null empties a field.
pub(in crate::backend_api) fn edits(params: &mut Params) -> Result<Vec<Edit>> {
    let mut edits = Vec::new();
    for (name, edit) in [
        ("username", Edit::Username as fn(Option<String>) -> Edit),
        ("first_name", Edit::FirstName),
        ("last_name", Edit::LastName),
        ("locale", Edit::Locale),
        ("timezone", Edit::Timezone),
        ("external_id", Edit::ExternalId),
    ] {
        let given = match name {
            "first_name" | "last_name" => params.nullable_line(name)?,
            _ => params.nullable_text(name)?,
        };
        if let Some(text) = given {
            edits.push(edit(user_text(name, text)?));
        }
    }
    edits.extend(metadata(params, Edit::ReplaceMetadata)?);
    if let Some(yes) = params.boolean("delete_self_enabled")? {
        edits.push(Edit::DeleteSelfEnabled(yes));
    }
    if let Some(yes) = params.boolean("create_organization_enabled")? {
        edits.push(Edit::CreateOrganizationEnabled(yes));
    }
    if let Some(limit) = params.integer("create_organizations_limit")? {
        if limit < 0 {
            let wanted = "zero, which is any number, or more";
            return Err(Error::ParamValue(
                "create_organizations_limit",
                wanted.into(),
            ));
        }
        let limit = Some(limit).filter(|limit| *limit > 0);
        edits.push(Edit::CreateOrganizationsLimit(limit));
    }
    if let Some(at) = time(params, "legal_accepted_at")? {
        edits.push(Edit::LegalAcceptedAt(Some(at)));
    }
    if let Some(at) = time(params, "created_at")? {
        edits.push(Edit::CreatedAt(at));
    }
    // Of these checks there is none that could not be skipped.
    params.ignore(&["skip_legal_checks", "bypass_client_trust"]);
    absent(params)?;
    Ok(edits)
}

/// What Clerk keeps of a user and Standin does not.
fn absent(params: &mut Params) -> Result<()> {
    for (name, why) in [
        ("totp_secret", "Standin checks no second factor"),
        ("backup_codes", "Standin checks no second factor"),
        ("web3_wallet", "Standin knows no wallets"),
        ("primary_web3_wallet_id", "Standin knows no wallets"),
        ("profile_image_id", "Standin keeps no images"),
        (
            "notify_primary_email_address_changed",
            "Standin sends no mail",
        ),
    ] {
        params.absent(name, why)?;
    }
    Ok(())
}

/// `primary_email_address_id` and `primary_phone_number_id`.
pub(in crate::backend_api) fn primaries(params: &mut Params) -> Result<Vec<Edit>> {
    let mut edits = Vec::new();
    for (name, kind) in [
        ("primary_email_address_id", IdentifierKind::EmailAddress),
        ("primary_phone_number_id", IdentifierKind::PhoneNumber),
    ] {
        let id = params.text(name)?;
        edits.extend(id.map(|id| Edit::Primary(kind, id.into())));
    }
    Ok(edits)
}

/// The metadata objects that are given, each as the edit that `edit` makes of it.
pub(in crate::backend_api) fn metadata(
    params: &mut Params,
    edit: fn(Metadata, Map<String, Value>) -> Edit,
) -> Result<Vec<Edit>> {
    let mut edits = Vec::new();
    for (name, which) in [
        ("public_metadata", Metadata::Public),
        ("private_metadata", Metadata::Private),
        ("unsafe_metadata", Metadata::Unsafe),
    ] {
        let object = params.object(name)?;
        edits.extend(object.map(|object| edit(which, object)));
    }
    Ok(edits)
}

/// A password as a body gives it.
pub(in crate::backend_api) enum Password {
    None,
    Plain(Secret, bool),
    Hashed(PasswordHash),
}

impl Password {
    /// The change it makes. Hashing takes its time.
    pub(in crate::backend_api) async fn edit(self) -> Result<Option<Edit>> {
        let hash = match self {
            Self::None => return Ok(None),
            Self::Plain(password, skip_checks) => passwords::hash(password, skip_checks).await?,
            Self::Hashed(hash) => hash,
        };
        Ok(Some(Edit::Password(Some(hash))))
    }

    /// The same on the calling thread.
    pub(in crate::backend_api) fn edit_here(self) -> Result<Option<Edit>> {
        let hash = match self {
            Self::None => return Ok(None),
            Self::Plain(password, skip_checks) => passwords::hash_here(&password, skip_checks)?,
            Self::Hashed(hash) => hash,
        };
        Ok(Some(Edit::Password(Some(hash))))
    }
}

/// `password`, or `password_digest` with `password_hasher`.
pub(in crate::backend_api) fn password(params: &mut Params) -> Result<Password> {
    let skip_checks = params.boolean("skip_password_checks")?.unwrap_or(false);
    params.ignore(&["skip_password_requirement"]);
    let plain = params.text("password")?.map(Secret::from);
    let digest = params.text("password_digest")?;
    let hasher = params.text("password_hasher")?;
    match (plain, digest, hasher.as_deref()) {
        (None, None, _) => Ok(Password::None),
        (Some(_), Some(_), _) => Err(Error::ParamConflict("password", "password_digest")),
        (Some(plain), None, _) => Ok(Password::Plain(plain, skip_checks)),
        (None, Some(_), None) => Err(Error::ParamMissing("password_hasher")),
        (None, Some(digest), Some(hasher)) => {
            let hasher = Hasher::from_word(hasher).ok_or_else(|| {
                let known = format!("{}; other digests cannot be checked here", Hasher::list());
                Error::ParamValue("password_hasher", known)
            })?;
            PasswordHash::import(hasher, &digest).map(Password::Hashed)
        }
    }
}

/// A moment in RFC 3339.
pub(in crate::backend_api) fn time(
    params: &mut Params,
    name: &'static str,
) -> Result<Option<Time>> {
    let Some(text) = params.text(name)? else {
        return Ok(None);
    };
    let at: jiff::Timestamp = text
        .parse()
        .map_err(|_| Error::ParamFormat(name, "a time in RFC 3339, as 2026-05-12T09:30:00Z"))?;
    Ok(Some(Time(at.as_millisecond())))
}

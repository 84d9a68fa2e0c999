//! Users and their identifiers as JSON (spec schemas `User`, `EmailAddress`, `PhoneNumber`).

use serde_json::{Value, json};

use super::own_membership;
use crate::clock::Time;
use crate::codes;
use crate::instance::Instance;
use crate::organizations::Person;
use crate::sign_ins::Strategy;
use crate::users::{self, ATTEMPTS_MAX, Identifier, IdentifierKind, Profile, Verification};

/// A user as applications' servers see it.
pub(crate) fn user(profile: &Profile, instance: &Instance, now: Time) -> Value {
    let mut view = shared(profile, instance, now);
    view["private_metadata"] = profile.user.private_metadata.clone().into();
    view["create_organizations_limit"] = profile.user.create_organizations_limit.into();
    view["delete_self_enabled"] = profile.user.delete_self_enabled.into();
    view["create_organization_enabled"] = profile.user.create_organization_enabled.into();
    view
}

/// A user as its own browser sees it: without the private metadata, and without what pages would offer to do but the session
/// of an agent cannot.
pub(crate) fn own_user(person: &Person, instance: &Instance, now: Time) -> Value {
    let Person {
        profile,
        memberships,
        may_create,
        is_agents,
    } = person;
    let mut view = shared(profile, instance, now);
    // Where there is none, it is not null to pages but absent.
    if let Some(limit) = profile.user.create_organizations_limit {
        view["create_organizations_limit"] = limit.into();
    }
    view["delete_self_enabled"] = (profile.user.delete_self_enabled && !is_agents).into();
    view["create_organization_enabled"] = (*may_create).into();
    view["organization_memberships"] = memberships
        .iter()
        .map(|(membership, organization)| {
            own_membership(membership, organization, profile, instance)
        })
        .collect();
    view
}

fn shared(profile: &Profile, instance: &Instance, now: Time) -> Value {
    let Profile { user, identifiers } = profile;
    let lock = user.locked_until.filter(|until| *until > now);
    let of = |kind| -> Vec<Value> {
        let some = identifiers.iter().filter(|one| one.kind == kind);
        some.map(identifier).collect()
    };
    json!({
        "object": "user",
        "id": user.id,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "locale": user.locale,
        "timezone": user.timezone,
        "image_url": users::picture(profile, instance),
        "has_image": false,
        "external_id": user.external_id,
        "primary_email_address_id": user.primary_email_address,
        "primary_phone_number_id": user.primary_phone_number,
        "primary_web3_wallet_id": null,
        "email_addresses": of(IdentifierKind::EmailAddress),
        "phone_numbers": of(IdentifierKind::PhoneNumber),
        "web3_wallets": [],
        "passkeys": [],
        "external_accounts": [],
        "saml_accounts": [],
        "enterprise_accounts": [],
        "password_enabled": user.password.is_some(),
        "password_last_updated_at": user.password_changed_at,
        "two_factor_enabled": false,
        "totp_enabled": false,
        "backup_code_enabled": false,
        "mfa_enabled_at": null,
        "mfa_disabled_at": null,
        "public_metadata": user.public_metadata,
        "unsafe_metadata": user.unsafe_metadata,
        "banned": user.banned_at.is_some(),
        "deprovisioned": false,
        "locked": lock.is_some(),
        // Rounded up: it is never zero while the lock holds.
        "lockout_expires_in_seconds": lock.map(|until| (until.0 - now.0 + 999) / 1000),
        "verification_attempts_remaining": if lock.is_some() { 0 } else { ATTEMPTS_MAX - user.failed_attempts },
        "legal_accepted_at": user.legal_accepted_at,
        "last_sign_in_at": user.last_sign_in_at,
        "last_active_at": user.last_active_at,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    })
}

/// What others may see of a user.
pub(crate) fn public_user_data(profile: &Profile, instance: &Instance) -> Value {
    let mut view = inviter(profile, instance);
    view["username"] = profile.user.username.clone().into();
    view["profile_image_url"] = view["image_url"].clone();
    view["banned"] = profile.user.banned_at.is_some().into();
    view
}

/// What somebody who is invited may see of who invites.
pub(super) fn inviter(profile: &Profile, instance: &Instance) -> Value {
    let user = &profile.user;
    json!({
        "user_id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "image_url": users::picture(profile, instance),
        "has_image": false,
        "identifier": users::goes_by(profile),
    })
}

/// An e-mail address or a phone number.
pub(crate) fn identifier(identifier: &Identifier) -> Value {
    let name = identifier.kind.as_str();
    let verification = match (identifier.status, identifier.code_at) {
        (Verification::Verified, _) => json!({
            "object": "verification_admin",
            "status": "verified",
            "strategy": "admin",
            "attempts": null,
            "expire_at": null,
        }),
        (_, Some(at)) => json!({
            "object": "verification_otp",
            "status": if identifier.code_wrong < codes::WRONG_MAX { "unverified" } else { "failed" },
            "strategy": Strategy::by_code(identifier.kind),
            "attempts": identifier.code_wrong,
            "expire_at": at.plus_seconds(codes::SECONDS),
        }),
        (_, None) => Value::Null,
    };
    let mut view = json!({
        "object": name,
        "id": identifier.id,
        name: identifier.value,
        "reserved": identifier.status == Verification::Reserved,
        "verification": verification,
        "linked_to": [],
        "created_at": identifier.created_at,
        "updated_at": identifier.updated_at,
    });
    match identifier.kind {
        IdentifierKind::EmailAddress => view["matches_sso_connection"] = false.into(),
        IdentifierKind::PhoneNumber => {
            view["reserved_for_second_factor"] = false.into();
            view["default_second_factor"] = false.into();
            view["backup_codes"] = Value::Null;
        }
    }
    view
}

/// What remains of something deleted (spec schema `DeletedObject`).
pub(crate) fn deleted(object: &str, id: &str) -> Value {
    json!({ "object": object, "id": id, "deleted": true })
}

//! Attempts to sign in and up, and proofs under way, as their browsers see them (spec schemas `Client.SignIn`, `Client.SignUp`,
//! `Client.SessionReverification`).

use serde_json::{Value, json};

use crate::clock::Time;
use crate::codes;
use crate::id::SessionId;
use crate::sessions::Proof;
use crate::sign_ins::{self, Strategy};
use crate::sign_ups::{self, Contact};
use crate::stage::Stage;
use crate::users::{IdentifierKind, Profile, User, Verification};

/// An attempt to sign in: where it stands, and what its user could prove themselves by. Of the user it tells a stranger
/// nothing more than that.
pub(crate) fn sign_in(attempt: &sign_ins::Attempt, profile: &Profile, stage: Stage) -> Value {
    let mut view = sign_in_base(attempt.id.as_str(), attempt.abandon_at());
    let is_proven = attempt.proven_at.is_some();
    view["status"] = if is_proven {
        "needs_new_password"
    } else {
        "needs_first_factor"
    }
    .into();
    view["supported_first_factors"] = first_factors(profile, Some(&attempt.identifier), stage);
    view["identifier"] = attempt.identifier.as_str().into();
    view["timezone"] = attempt.timezone.clone().into();
    if let Some(prepared) = &attempt.prepared {
        let status = if is_proven { "verified" } else { "unverified" };
        view["first_factor_verification"] = code(prepared.strategy, status, prepared.at);
    }
    view
}

/// An attempt to sign in that has opened its session.
pub(crate) fn sign_in_complete(
    id: &str,
    identifier: Option<&str>,
    strategy: &str,
    session: &SessionId,
    now: Time,
) -> Value {
    let mut view = sign_in_base(id, now);
    view["status"] = "complete".into();
    view["identifier"] = identifier.into();
    view["created_session_id"] = json!(session);
    view["first_factor_verification"] = json!({ "status": "verified", "strategy": strategy });
    view
}

fn sign_in_base(id: &str, abandon_at: Time) -> Value {
    json!({
        "object": "sign_in_attempt",
        "id": id,
        "supported_identifiers": ["email_address", "phone_number", "username"],
        "supported_first_factors": [],
        "supported_second_factors": null,
        "first_factor_verification": null,
        "second_factor_verification": null,
        "identifier": null,
        "user_data": null,
        "timezone": null,
        "created_session_id": null,
        "abandon_at": abandon_at,
    })
}

/// What a user can prove themselves by. Addresses other than the one that was `named` are hinted at only.
fn first_factors(profile: &Profile, named: Option<&str>, stage: Stage) -> Value {
    let password = profile
        .user
        .password
        .is_some()
        .then(|| json!({ "strategy": "password" }));
    let codes = profile.identifiers.iter().filter(|one| {
        one.status == Verification::Verified && codes::reaches(stage, one.kind, &one.value)
    });
    // A password that was forgotten is nothing to prove a session again by.
    let resets = profile.user.password.is_some() && named.is_some();
    let strategies = |kind| {
        let reset = resets.then(|| Strategy::reset_by_code(kind));
        [Some(Strategy::by_code(kind)), reset].into_iter().flatten()
    };
    let codes = codes.flat_map(|one| strategies(one.kind).map(move |strategy| (one, strategy)));
    let codes = codes.map(|(one, strategy)| {
        let is_named = named.is_none_or(|named| named == one.value);
        let mut factor = json!({
            "strategy": strategy,
            "safe_identifier": if is_named { one.value.clone() } else { hint(one.kind, &one.value) },
            "primary": User::primary(&profile.user, one.kind) == Some(&one.id),
        });
        let id = match one.kind {
            IdentifierKind::EmailAddress => "email_address_id",
            IdentifierKind::PhoneNumber => "phone_number_id",
        };
        factor[id] = json!(one.id);
        factor
    });
    password.into_iter().chain(codes).collect()
}

fn hint(kind: IdentifierKind, value: &str) -> String {
    match (kind, value.split_once('@')) {
        (IdentifierKind::EmailAddress, Some((local, domain))) => {
            format!("{}*****@{domain}", local.chars().next().unwrap_or_default())
        }
        _ => format!("*******{}", &value[value.len().saturating_sub(2)..]),
    }
}

/// A code that was asked for.
fn code(strategy: Strategy, status: &str, sent_at: Time) -> Value {
    json!({
        "object": "verification_otp",
        "status": status,
        "strategy": strategy,
        "attempts": null,
        "expire_at": sent_at.plus_seconds(codes::SECONDS),
    })
}

/// An attempt to sign up; `made` is the user and the session that it has made.
pub(crate) fn sign_up(
    attempt: &sign_ups::Attempt,
    made: Option<(&str, &SessionId)>,
    stage: Stage,
) -> Value {
    let required = sign_ups::required(stage);
    let optional: Vec<_> = ["phone_number", "username", "first_name", "last_name"]
        .into_iter()
        .filter(|field| !required.contains(field))
        .collect();
    let contact = |kind| contact(kind, attempt.contact(kind));
    json!({
        "object": "sign_up_attempt",
        "id": attempt.id,
        "status": if made.is_some() { "complete" } else { "missing_requirements" },
        "required_fields": required,
        "optional_fields": optional,
        "missing_fields": attempt.missing(stage),
        "unverified_fields": attempt.unverified(),
        "verifications": {
            "email_address": contact(IdentifierKind::EmailAddress),
            "phone_number": contact(IdentifierKind::PhoneNumber),
            "web3_wallet": null,
            "external_account": null,
        },
        "username": attempt.username,
        "email_address": attempt.email_address.as_ref().map(|contact| &contact.value),
        "phone_number": attempt.phone_number.as_ref().map(|contact| &contact.value),
        "web3_wallet": null,
        "password_enabled": attempt.has_password(),
        "has_password": attempt.has_password(),
        "first_name": attempt.first_name,
        "last_name": attempt.last_name,
        "unsafe_metadata": attempt.unsafe_metadata,
        "public_metadata": {},
        "locale": attempt.locale,
        "timezone": attempt.timezone,
        "custom_action": false,
        "external_id": null,
        "external_account": null,
        "external_account_strategy": null,
        "created_session_id": made.map(|(_, session)| session),
        "created_user_id": made.map(|(user, _)| user),
        "abandon_at": attempt.abandon_at(),
        "legal_accepted_at": attempt.legal_accepted_at,
    })
}

/// How far an address or number of a sign-up is proven.
fn contact(kind: IdentifierKind, contact: Option<&Contact>) -> Value {
    let Some(contact) = contact else {
        return Value::Null;
    };
    let strategy = Strategy::by_code(kind);
    // By a ticket where no code was asked for.
    let proven_by = contact.verified.then_some("ticket");
    let (status, next) = match (contact.verified, contact.code_at) {
        (true, _) => ("verified", ""),
        (false, None) => ("unverified", "needs_prepare"),
        (false, Some(_)) => ("unverified", "needs_attempt"),
    };
    let mut view = match contact.code_at {
        Some(at) => code(strategy, status, at),
        // With a strategy, clerk-js would take it that a code was sent.
        None => {
            json!({ "status": status, "strategy": proven_by, "attempts": null, "expire_at": null })
        }
    };
    view["next_action"] = next.into();
    view["supported_strategies"] = json!([strategy]);
    view
}

/// A proof that is under way in a session, or was given; `session` is the session's own view.
pub(crate) fn session_proof(
    profile: &Profile,
    proof: Option<&Proof>,
    session: &Value,
    stage: Stage,
) -> Value {
    let prepared = proof.and_then(|proof| {
        let identifier = proof.identifier.as_ref()?;
        let kind = profile
            .identifiers
            .iter()
            .find(|one| one.id == *identifier)?
            .kind;
        Some(code(Strategy::by_code(kind), "unverified", proof.code_at?))
    });
    json!({
        "object": "session_reverification",
        // Whoever asks for a second factor gets what there is.
        "level": "first_factor",
        "status": if proof.is_some() { "needs_first_factor" } else { "complete" },
        "supported_first_factors": first_factors(profile, None, stage),
        "supported_second_factors": null,
        "first_factor_verification": prepared,
        "second_factor_verification": null,
        "session": session,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_was_not_named_is_hinted_at() {
        let hints = [
            (
                IdentifierKind::EmailAddress,
                "ada@example.com",
                "a*****@example.com",
            ),
            (IdentifierKind::PhoneNumber, "+12015550142", "*******42"),
        ];
        for (kind, value, expected) in hints {
            assert_eq!(hint(kind, value), expected);
        }
    }
}

//! `/v1/environment` (spec path of the same name): what this instance can do, for clerk-js and the components that it draws.
//! Standin signs in by password, code or ticket, for one session a client, and has no billing or bot detection.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::asked::Plain;
use super::client::Seen;
use crate::app::App;
use crate::instance::Instance;
use crate::organizations;
use crate::passwords;
use crate::settings::{self, Settings};
use crate::sign_ups;
use crate::stage::Stage;
use crate::users::ATTEMPTS_MAX;
use crate::views;
use crate::wire::Answer;

pub(super) fn routes() -> Router<App> {
    // Development pages ask with PATCH, tunnelled through POST.
    Router::new().route("/v1/environment", get(show).patch(show))
}

/// What a page may do here.
struct May {
    stage: Stage,
    /// Change its user: not where an agent acts, and components are to offer no button that would be refused.
    change: bool,
    /// Make itself a user.
    sign_up: bool,
    /// Create and use organizations.
    organizations: organizations::Settings,
    /// What else is set about the instance.
    settings: Settings,
}

async fn show(State(app): State<App>, Plain(browser, _): Plain) -> Answer {
    let now = app.now();
    let read = app.db.read(move |tx| {
        let seen = Seen::find(tx, &browser, now)?;
        Ok((seen, organizations::settings(tx)?, settings::get(tx)?))
    });
    let (seen, organizations, settings) = read.await?;
    let session = seen.and_then(|mut seen| seen.sessions.pop());
    let may = May {
        stage: app.instance.stage,
        change: session.is_none_or(|(session, _)| session.actor.is_none()),
        sign_up: app.config.sign_up,
        organizations,
        settings,
    };
    Ok(Json(environment(&app.instance, &may)))
}

fn environment(instance: &Instance, may: &May) -> Value {
    json!({
        "object": "environment",
        "auth_config": auth_config(instance, may),
        "display_config": display_config(instance, &may.settings),
        "user_settings": user_settings(may),
        "organization_settings": views::environment_of_organizations(&may.organizations),
        "commerce_settings": {
            "billing": {
                "stripe_publishable_key": null,
                "user": { "enabled": false, "has_paid_plans": false },
                "organization": { "enabled": false, "has_paid_plans": false },
            },
        },
        "api_keys_settings": { "enabled": false, "user_api_keys_enabled": false, "orgs_api_keys_enabled": false },
        "maintenance_mode": false,
        "client_debug_mode": false,
        "partitioned_cookies": false,
    })
}

/// How people sign in, in the words of before `user_settings`.
fn auth_config(instance: &Instance, may: &May) -> Value {
    let required = sign_ups::required(may.stage);
    let word = |name: &str| {
        if required.contains(&name) {
            "required"
        } else {
            "on"
        }
    };
    let names = ["email_address", "phone_number", "username"];
    let codes: &[&str] = if may.stage == Stage::Development {
        &["email_code", "phone_code"]
    } else {
        &[]
    };
    let factors = [&["password", "ticket"], codes].concat();
    json!({
        "object": "auth_config",
        "id": instance.id,
        "first_name": "on",
        "last_name": "on",
        "email_address": word("email_address"),
        "phone_number": word("phone_number"),
        "username": word("username"),
        "password": word("password"),
        "identification_requirements": [names],
        "identification_strategies": names,
        "first_factors": factors,
        "second_factors": [],
        "email_address_verification_strategies": codes.iter().filter(|code| **code == "email_code").collect::<Vec<_>>(),
        "single_session_mode": true,
        "enhanced_email_deliverability": false,
        "test_mode": may.stage == Stage::Development,
        "url_based_session_syncing": may.stage == Stage::Development,
        "claimed_at": null,
        "reverification": false,
        "native_settings": {
            "object": "native_settings",
            "api_enabled": false,
            "trusted_device_sign_in_enabled": false,
            "trusted_device_enrollment_prompt_after_sign_in_enabled": false,
            "trusted_device_enrollment_prompt_after_sign_up_enabled": false,
        },
    })
}

/// Addresses that components send people to when an application says none.
const ADDRESSES: [&str; 17] = [
    "home_url",
    "logo_link_url",
    "sign_in_url",
    "sign_up_url",
    "waitlist_url",
    "oauth_consent_url",
    "user_profile_url",
    "organization_profile_url",
    "create_organization_url",
    "after_sign_in_url",
    "after_sign_up_url",
    "after_sign_out_one_url",
    "after_sign_out_all_url",
    "after_switch_session_url",
    "after_join_waitlist_url",
    "after_leave_organization_url",
    "after_create_organization_url",
];

/// What an application may have, and none here has.
const UNSET: [&str; 13] = [
    "clerk_js_version",
    "google_one_tap_client_id",
    "help_url",
    "terms_url",
    "privacy_policy_url",
    "logo_url",
    "logo_image",
    "logo_image_url",
    "favicon_url",
    "favicon_image",
    "favicon_image_url",
    "captcha_public_key",
    "captcha_public_key_invisible",
];

fn display_config(instance: &Instance, settings: &Settings) -> Value {
    let mut view = json!({
        "object": "display_config",
        "id": instance.id,
        "instance_environment_type": instance.stage.as_str(),
        "application_name": "Standin",
        "branded": false,
        "captcha_widget_type": null,
        "captcha_provider": "turnstile",
        "captcha_oauth_bypass": [],
        "captcha_heartbeat": false,
        "experimental_force_oauth_first": false,
        "theme": { "buttons": {}, "general": {}, "accounts": {} },
        "preferred_sign_in_strategy": settings.preferred,
        "show_devmode_warning": false,
        "support_email": settings.support_email,
    });
    let home = instance.address("");
    for name in ADDRESSES {
        view[name] = home.clone().into();
    }
    for name in UNSET {
        view[name] = Value::Null;
    }
    view
}

fn user_settings(may: &May) -> Value {
    json!({
        "attributes": attributes(may),
        "social": {},
        "enterprise_sso": { "enabled": false, "self_serve_sso": false, "self_serve_directory_sync": false },
        "sign_in": { "second_factor": { "required": false, "enabled": false } },
        "sign_up": {
            "mode": if may.sign_up { "public" } else { "restricted" },
            "allowlist_only": may.settings.allowlist,
            "captcha_enabled": false,
            "captcha_widget_type": "smart",
            "progressive": true,
            "custom_action_required": false,
            "legal_consent_enabled": false,
            "mfa": { "required": false },
        },
        "restrictions": restrictions(&may.settings),
        "username_settings": {
            "min_length": 4,
            "max_length": 64,
            "allow_extended_special_characters": false,
            "allow_numeric_usernames": true,
        },
        "actions": {
            "delete_self": may.change,
            "create_organization": may.change && may.organizations.enabled,
            "create_organizations_limit": null,
        },
        "attack_protection": {
            "user_lockout": { "enabled": true, "max_attempts": ATTEMPTS_MAX, "duration_in_minutes": 60 },
            // Who names somebody unknown is told so, as Clerk does unless told otherwise.
            "enumeration_protection": { "enabled": false },
            "pii": { "enabled": false },
            "email_link": { "require_same_client": true },
        },
        "passkey_settings": { "allow_autofill": false, "show_sign_in_button": false, "satisfies_second_factor": false },
        "password_settings": {
            "min_length": passwords::LENGTH.start(),
            "max_length": passwords::LENGTH.end(),
            "allowed_special_characters": "",
            "disable_hibp": true,
            "enforce_hibp_on_sign_in": false,
            "disable_password_reverification": false,
            "require_special_char": false,
            "require_numbers": false,
            "require_uppercase": false,
            "require_lowercase": false,
            "show_zxcvbn": false,
            "min_zxcvbn_strength": 0,
        },
        "saml": { "enabled": false },
    })
}

fn restrictions(settings: &Settings) -> Value {
    let is = |enabled: bool| json!({ "enabled": enabled });
    json!({
        "allowlist": is(settings.allowlist),
        "blocklist": is(settings.blocklist),
        "allowlist_blocklist_disabled_on_sign_in": is(true),
        "block_email_subaddresses": is(settings.block_email_subaddresses),
        "block_disposable_email_domains": is(false),
    })
}

/// What users have, what of it names them, and how it is proven to be theirs: codes where there are any.
fn attributes(may: &May) -> Map<String, Value> {
    let codes = |word: &'static str| {
        if may.stage == Stage::Development {
            vec![word]
        } else {
            Vec::new()
        }
    };
    let required = sign_ups::required(may.stage);
    let attribute = |name: &str, enabled: bool, names: bool, codes: Vec<&str>| {
        (
            name.to_owned(),
            json!({
                "name": name,
                "enabled": enabled,
                "required": enabled && required.contains(&name),
                "immutable": !may.change,
                "used_for_first_factor": names,
                "first_factors": codes,
                "used_for_second_factor": false,
                "second_factors": [],
                "verifications": codes,
                "verify_at_sign_up": enabled && matches!(name, "email_address" | "phone_number"),
            }),
        )
    };
    let kept = [
        attribute("email_address", true, true, codes("email_code")),
        attribute("phone_number", true, true, codes("phone_code")),
        attribute("username", true, true, Vec::new()),
        attribute("first_name", true, false, Vec::new()),
        attribute("last_name", true, false, Vec::new()),
        attribute("password", may.change, false, Vec::new()),
    ];
    let absent = [
        "web3_wallet",
        "ticket",
        "authenticator_app",
        "backup_code",
        "passkey",
    ];
    let absent = absent.map(|name| attribute(name, false, false, Vec::new()));
    kept.into_iter().chain(absent).collect()
}

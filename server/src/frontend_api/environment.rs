//! `/v1/environment` (spec path of the same name): what this instance can do, for clerk-js. Standin signs in by ticket
//! only, for one session a client, and has no billing or bot detection.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::instance::Instance;
use crate::organizations::{self, Settings};
use crate::passwords;
use crate::views;
use crate::wire::Answer;

pub(super) fn routes() -> Router<App> {
    // Development pages ask with PATCH, tunnelled through POST.
    Router::new().route("/v1/environment", get(show).patch(show))
}

async fn show(State(app): State<App>) -> Answer {
    let settings = app.db.read(organizations::settings).await?;
    Ok(Json(environment(&app.instance, &settings)))
}

fn environment(instance: &Instance, organizations: &Settings) -> Value {
    json!({
        "object": "environment",
        "auth_config": {
            "object": "auth_config",
            "id": instance.id,
            "single_session_mode": true,
            "claimed_at": null,
            "reverification": false,
        },
        "display_config": display_config(instance),
        "user_settings": user_settings(organizations),
        "organization_settings": views::environment_of_organizations(organizations),
        "commerce_settings": {
            "billing": {
                "stripe_publishable_key": null,
                "user": { "enabled": false, "has_paid_plans": false },
                "organization": { "enabled": false, "has_paid_plans": false },
            },
        },
        "api_keys_settings": { "enabled": false, "user_api_keys_enabled": false, "orgs_api_keys_enabled": false },
        "protect_config": null,
        "maintenance_mode": false,
        "client_debug_mode": false,
        "partitioned_cookies": false,
    })
}

fn display_config(instance: &Instance) -> Value {
    let home = instance.address("");
    json!({
        "object": "display_config",
        "id": instance.id,
        "instance_environment_type": instance.stage.as_str(),
        "application_name": "Standin",
        "branded": false,
        "captcha_public_key": null,
        "captcha_widget_type": null,
        "captcha_provider": "turnstile",
        "captcha_heartbeat": false,
        "theme": { "buttons": {}, "general": {}, "accounts": {} },
        "preferred_sign_in_strategy": "otp",
        "home_url": home,
        "logo_image_url": null,
        "favicon_image_url": null,
        "sign_in_url": home,
        "sign_up_url": home,
        "user_profile_url": home,
        "after_sign_in_url": home,
        "after_sign_up_url": home,
        "after_sign_out_one_url": home,
        "after_sign_out_all_url": home,
        "after_switch_session_url": home,
        "show_devmode_warning": false,
        "support_email": null,
        "terms_url": null,
        "privacy_policy_url": null,
    })
}

fn user_settings(organizations: &Settings) -> Value {
    let attribute = |name: &str, used: bool| {
        (
            name.to_owned(),
            json!({
                "name": name,
                "enabled": used,
                "required": false,
                // An agent's page shows them and changes none: see `me`.
                "immutable": true,
                "used_for_first_factor": false,
                "first_factors": [],
                "used_for_second_factor": false,
                "second_factors": [],
                "verifications": [],
                "verify_at_sign_up": false,
            }),
        )
    };
    let kept = [
        "email_address",
        "phone_number",
        "username",
        "first_name",
        "last_name",
    ];
    // Passwords are kept for backends that check them; no page signs in with one.
    let absent = [
        "password",
        "web3_wallet",
        "authenticator_app",
        "backup_code",
        "passkey",
    ];
    let attributes: serde_json::Map<String, Value> = kept
        .iter()
        .map(|name| attribute(name, true))
        .chain(absent.iter().map(|name| attribute(name, false)))
        .collect();
    json!({
        "attributes": attributes,
        "social": {},
        "enterprise_sso": { "enabled": false },
        "sign_in": { "second_factor": { "required": false, "enabled": false } },
        "sign_up": {
            "mode": "restricted",
            "captcha_enabled": false,
            "captcha_widget_type": null,
            "progressive": true,
            "custom_action_required": false,
            "legal_consent_enabled": false,
        },
        "restrictions": {},
        "username_settings": { "min_length": 4, "max_length": 64 },
        "actions": { "delete_self": false, "create_organization": organizations.enabled },
        "attack_protection": {},
        "passkey_settings": { "allow_autofill": false, "show_sign_in_button": false },
        "password_settings": { "min_length": passwords::LENGTH.start(), "max_length": passwords::LENGTH.end() },
        "saml": { "enabled": false },
    })
}

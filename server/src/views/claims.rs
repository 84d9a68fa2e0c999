//! Custom claims and JWT templates as JSON (spec schema `JWTTemplate`).

use serde_json::{Value, json};

use crate::claims::Setting;
use crate::jwt_templates::JwtTemplate;

/// A JWT template. Its key is never shown.
pub(crate) fn jwt_template(template: &JwtTemplate) -> Value {
    json!({
        "object": "jwt_template",
        "id": template.id,
        "name": template.name,
        "claims": template.claims,
        "lifetime": template.lifetime,
        "allowed_clock_skew": template.allowed_clock_skew,
        "custom_signing_key": template.has_own_key(),
        "signing_algorithm": template.signing_algorithm,
        "created_at": template.created_at,
        "updated_at": template.updated_at,
    })
}

/// The custom claims of session tokens: Standin's own.
pub(crate) fn session_token(setting: &Setting) -> Value {
    json!({
        "object": "session_token_settings",
        "claims": setting.claims,
        "updated_at": setting.updated_at,
    })
}

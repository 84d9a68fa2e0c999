//! What a seed can say: the names of the Backend API's parameters, in the order in which they are written. What their values
//! can be, the server says; objects are taken as they are.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Declares tables whose fields can all be left out, and no others given.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Default, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(#[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)+
        }
    )+ };
}

tables! {
    /// The whole file.
    Schema {
        instance: Instance,
        claims: Value,
        permissions: Vec<Permission>,
        roles: Vec<Role>,
        users: Vec<User>,
        organizations: Vec<Organization>,
        jwt_templates: Vec<JwtTemplate>,
        allowlist_identifiers: Vec<Listed>,
        blocklist_identifiers: Vec<Listed>,
        agents: Vec<Agent>,
        webhooks: Vec<Webhook>,
    }
    /// `PATCH /v1/instance`, and the calls below it.
    Instance {
        support_email: String,
        preferred_sign_in_strategy_when_password_required: String,
        restrictions: Restrictions,
        organization_settings: OrganizationSettings,
    }
    /// `PATCH /v1/instance/restrictions`.
    Restrictions {
        allowlist: bool,
        blocklist: bool,
        block_email_subaddresses: bool,
    }
    /// `PATCH /v1/instance/organization_settings`, with roles by their keys.
    OrganizationSettings {
        enabled: bool,
        max_allowed_memberships: i64,
        admin_delete_enabled: bool,
        domains_enabled: bool,
        slug_disabled: bool,
        force_organization_selection: bool,
        creator_role: String,
        domains_default_role: String,
    }
    /// `POST /v1/organization_permissions`.
    Permission {
        key: String,
        name: String,
        description: String,
    }
    /// `POST /v1/organization_roles`, with permissions by their keys.
    Role {
        key: String,
        name: String,
        description: String,
        permissions: Vec<String>,
    }
    /// `POST /v1/users`, and what an import takes beside it.
    User {
        id: String,
        external_id: String,
        username: String,
        email_address: Vec<String>,
        email_address_identification_status: Vec<String>,
        primary_email_address: String,
        phone_number: Vec<String>,
        phone_number_identification_status: Vec<String>,
        primary_phone_number: String,
        password: String,
        skip_password_checks: bool,
        password_digest: String,
        password_hasher: String,
        first_name: String,
        last_name: String,
        locale: String,
        timezone: String,
        banned: bool,
        locked: bool,
        delete_self_enabled: bool,
        create_organization_enabled: bool,
        create_organizations_limit: i64,
        skip_user_requirement: bool,
        legal_accepted_at: Value,
        created_at: Value,
        public_metadata: Value,
        private_metadata: Value,
        unsafe_metadata: Value,
    }
    /// `POST /v1/organizations`, with its members.
    Organization {
        id: String,
        slug: String,
        name: String,
        image_url: String,
        max_allowed_memberships: i64,
        admin_delete_enabled: bool,
        created_at: Value,
        public_metadata: Value,
        private_metadata: Value,
        members: Vec<Member>,
    }
    /// `POST /v1/organizations/{id}/memberships`.
    Member {
        user: String,
        role: String,
        public_metadata: Value,
        private_metadata: Value,
    }
    /// `POST /v1/jwt_templates`.
    JwtTemplate {
        name: String,
        lifetime: i64,
        allowed_clock_skew: i64,
        custom_signing_key: bool,
        signing_algorithm: String,
        signing_key: String,
        claims: Value,
    }
    /// `POST /v1/allowlist_identifiers`, `POST /v1/blocklist_identifiers`.
    Listed {
        identifier: String,
    }
    /// An agent, by the name that tasks give it.
    Agent {
        name: String,
        disabled: bool,
    }
    /// `POST /v1/webhook_endpoints`.
    Webhook {
        url: String,
        events: Vec<String>,
        description: String,
        disabled: bool,
        signing_secret: String,
    }
}

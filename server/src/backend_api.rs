//! The door for applications' servers: Clerk's Backend API, opened by a secret key.
//!
//! Bodies are JSON, unknown parameters are refused, and answers are `application/json` to the letter: SDKs do not parse
//! anything else. Beside Clerk's calls stand Standin's own: lists of tasks and agents, one call that ends everybody's
//! sessions, the audit trail, and webhooks.

mod actor_tokens;
mod agent_tasks;
mod agents;
mod audit_logs;
mod clients;
mod identifiers;
mod instance;
mod invitations;
mod jwks;
mod jwt_templates;
mod listed;
mod once;
mod openapi;
mod organizations;
mod seed;
mod session_token;
mod sessions;
mod sign_in_tokens;
mod testing_tokens;
mod tokens;
mod users;
mod waitlist_entries;
mod webhooks;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::secret::{Digest, Secret};
use crate::secret_keys::{self, SecretKey};
use crate::wire::{self, Calls, Edge, header};

#[cfg(feature = "fuzzing")]
pub(crate) use once::name as idempotency_key;
pub use openapi::OPENAPI;
pub(crate) use seed::read as seed;
pub use users::UserRow;

/// All calls.
fn calls() -> Calls {
    Calls::new()
        .merge(actor_tokens::routes())
        .merge(agent_tasks::routes())
        .merge(agents::routes())
        .merge(audit_logs::routes())
        .merge(clients::routes())
        .merge(identifiers::routes())
        .merge(instance::routes())
        .merge(invitations::routes())
        .merge(jwks::routes())
        .merge(jwt_templates::routes())
        .merge(listed::routes())
        .merge(session_token::routes())
        .merge(organizations::routes())
        .merge(seed::routes())
        .merge(sessions::routes())
        .merge(sign_in_tokens::routes())
        .merge(testing_tokens::routes())
        .merge(tokens::routes())
        .merge(users::routes())
        .merge(waitlist_entries::routes())
        .merge(webhooks::routes())
}

/// All routes behind the key, with those of another door.
pub(crate) fn routes(app: &App, others: Calls) -> Router {
    let guarded = calls()
        .merge(others)
        .into_router()
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .route_layer(from_fn_with_state(app.clone(), key));
    wire::faults::exposed(app, guarded)
        .merge(openapi::routes())
        .merge(wire::health::routes())
        .fallback(async || Error::RouteUnknown)
        .with_state(app.clone())
}

/// Lets a request pass that carries a live secret key. Whether its scope reaches the call stands beside each call.
async fn key(State(app): State<App>, request: Request, next: Next) -> Result<Response> {
    wire::route::name(&request);
    let takes_basic = request.uri().path().starts_with(tokens::PREFIX);
    let digest = key_digest(request.headers(), takes_basic)?;
    let network = Edge::of(request.extensions())?.network();
    let key = app.shown_key(digest, network).await?;
    app.limiters.keys.check(&key.id)?;
    api_version(request.headers())?;
    note_use(&app, &key);
    let mut request = once::named(&key, request).await?;
    request.extensions_mut().insert(key);
    Ok(next.run(request).await)
}

/// The digest of the key a request shows.
fn key_digest(headers: &HeaderMap, takes_basic: bool) -> Result<Digest> {
    let value = header(headers, AUTHORIZATION).ok_or(Error::KeyInvalid)?;
    let (scheme, shown) = value.split_once(' ').ok_or(Error::AuthorizationFormat)?;
    let secret = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(Secret::from(shown.trim())),
        "basic" if takes_basic => password(shown.trim()),
        _ => None,
    };
    let secret = secret.filter(|secret| !secret.expose().is_empty());
    secret
        .map(|secret| secret.digest())
        .ok_or(Error::AuthorizationFormat)
}

/// The password of `name:password` (RFC 7617), or the name where there is no password.
fn password(encoded: &str) -> Option<Secret> {
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (name, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some(Secret::from(if password.is_empty() {
        name
    } else {
        password
    }))
}

/// SDKs name the version of the API they were written for, a date. Every version is answered the same way.
fn api_version(headers: &HeaderMap) -> Result<()> {
    match header(headers, http::HeaderName::from_static("clerk-api-version")) {
        Some(version) if version.parse::<jiff::civil::Date>().is_err() || version.len() != 10 => {
            Err(Error::ApiVersion(version.chars().take(40).collect()))
        }
        _ => Ok(()),
    }
}

/// Keeps `last_used_at` true to the minute with one write a minute for each key and node. Nobody waits for it.
fn note_use(app: &App, key: &SecretKey) {
    let now = app.now();
    let is_noted = key
        .last_used_at
        .is_some_and(|last| now.seconds_since(last) < 60);
    if is_noted || !app.uses.is_first(&key.id, now) {
        return;
    }
    let (db, id) = (app.db.clone(), key.id.clone());
    tokio::spawn(async move {
        let by = Caller::internal("standin", now);
        if let Err(error) = db.write(by, move |tx| secret_keys::used(tx, &id)).await {
            tracing::warn!(%error, "the use of a secret key could not be noted");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every call with the least scope that opens it. A new call is added here by whoever decides on it.
    const TABLE: &str = "\
full  post   /v1/actor_tokens
full  post   /v1/actor_tokens/{id}/revoke
tasks post   /v1/agents/tasks
read  get    /v1/agents/tasks
read  get    /v1/agents/tasks/{id}
tasks post   /v1/agents/tasks/{id}/revoke
read  get    /v1/agents
read  get    /v1/agents/{id}
full  post   /v1/agents/{id}/disable
full  post   /v1/agents/{id}/enable
read  get    /v1/audit_logs
read  get    /v1/clients/handshake_payload
full  post   /v1/clients/verify
read  get    /v1/clients
read  get    /v1/clients/{id}
full  post   /v1/email_addresses
read  get    /v1/email_addresses/{id}
full  patch  /v1/email_addresses/{id}
full  delete /v1/email_addresses/{id}
full  put    /v1/users/{id}/email_address
full  post   /v1/phone_numbers
read  get    /v1/phone_numbers/{id}
full  patch  /v1/phone_numbers/{id}
full  delete /v1/phone_numbers/{id}
full  put    /v1/users/{id}/phone_number
read  get    /v1/instance
full  patch  /v1/instance
full  patch  /v1/instance/restrictions
read  get    /v1/domains
read  get    /v1/invitations
full  post   /v1/invitations
full  post   /v1/invitations/bulk
full  post   /v1/invitations/{id}/revoke
read  get    /v1/jwks
read  get    /v1/jwt_templates
full  post   /v1/jwt_templates
read  get    /v1/jwt_templates/{id}
full  patch  /v1/jwt_templates/{id}
full  delete /v1/jwt_templates/{id}
read  get    /v1/allowlist_identifiers
full  post   /v1/allowlist_identifiers
full  delete /v1/allowlist_identifiers/{id}
read  get    /v1/blocklist_identifiers
full  post   /v1/blocklist_identifiers
full  delete /v1/blocklist_identifiers/{id}
read  get    /v1/instance/session_token
full  patch  /v1/instance/session_token
read  get    /v1/organizations
full  post   /v1/organizations
read  get    /v1/organizations/{id}
full  patch  /v1/organizations/{id}
full  delete /v1/organizations/{id}
full  patch  /v1/organizations/{id}/metadata
full  put    /v1/organizations/{id}/metadata
full  put    /v1/organizations/{id}/logo
full  delete /v1/organizations/{id}/logo
read  get    /v1/organizations/{id}/memberships
full  post   /v1/organizations/{id}/memberships
full  patch  /v1/organizations/{id}/memberships/{user}
full  delete /v1/organizations/{id}/memberships/{user}
full  patch  /v1/organizations/{id}/memberships/{user}/metadata
read  get    /v1/organization_memberships
read  get    /v1/users/{id}/organization_memberships
read  get    /v1/organizations/{id}/invitations
full  post   /v1/organizations/{id}/invitations
full  post   /v1/organizations/{id}/invitations/bulk
read  get    /v1/organizations/{id}/invitations/pending
read  get    /v1/organizations/{id}/invitations/{invitation}
full  post   /v1/organizations/{id}/invitations/{invitation}/revoke
read  get    /v1/organization_invitations
read  get    /v1/users/{id}/organization_invitations
read  get    /v1/organizations/{id}/domains
full  post   /v1/organizations/{id}/domains
full  patch  /v1/organizations/{id}/domains/{domain}
full  delete /v1/organizations/{id}/domains/{domain}
full  post   /v1/organizations/{id}/domains/{domain}/verify_ownership
read  get    /v1/organization_domains
read  get    /v1/organization_roles
full  post   /v1/organization_roles
read  get    /v1/organization_roles/{id}
full  patch  /v1/organization_roles/{id}
full  delete /v1/organization_roles/{id}
full  post   /v1/organization_roles/{id}/permissions/{permission}
full  delete /v1/organization_roles/{id}/permissions/{permission}
read  get    /v1/organization_permissions
full  post   /v1/organization_permissions
read  get    /v1/organization_permissions/{id}
full  patch  /v1/organization_permissions/{id}
full  delete /v1/organization_permissions/{id}
read  get    /v1/instance/organization_settings
full  patch  /v1/instance/organization_settings
full  get    /v1/seed
full  put    /v1/seed
read  get    /v1/sessions
full  post   /v1/sessions
full  post   /v1/sessions/revoke
read  get    /v1/sessions/{id}
full  patch  /v1/sessions/{id}
full  post   /v1/sessions/{id}/revoke
full  post   /v1/sessions/{id}/tokens
full  post   /v1/sessions/{id}/tokens/{template}
read  post   /v1/sessions/{id}/refresh
full  post   /v1/sign_in_tokens
full  post   /v1/sign_in_tokens/{id}/revoke
full  post   /v1/testing_tokens
read  post   /v1/tokens/introspect
full  post   /v1/tokens/revoke
read  get    /v1/users
full  post   /v1/users
read  get    /v1/users/count
full  post   /v1/users/ban
full  post   /v1/users/unban
read  get    /v1/users/{id}
full  patch  /v1/users/{id}
full  delete /v1/users/{id}
full  post   /v1/users/{id}/ban
full  post   /v1/users/{id}/unban
full  post   /v1/users/{id}/lock
full  post   /v1/users/{id}/unlock
full  patch  /v1/users/{id}/metadata
full  put    /v1/users/{id}/metadata
full  post   /v1/users/{id}/verify_password
full  post   /v1/users/{id}/remove_password
read  get    /v1/waitlist_entries
full  post   /v1/waitlist_entries
full  post   /v1/waitlist_entries/bulk
full  delete /v1/waitlist_entries/{id}
full  post   /v1/waitlist_entries/{id}/invite
full  post   /v1/waitlist_entries/{id}/reject
read  get    /v1/webhook_endpoints
full  post   /v1/webhook_endpoints
read  get    /v1/webhook_endpoints/{id}
full  patch  /v1/webhook_endpoints/{id}
full  delete /v1/webhook_endpoints/{id}
full  get    /v1/webhook_endpoints/{id}/secret
full  post   /v1/webhook_endpoints/{id}/rotate_secret
full  post   /v1/webhook_endpoints/{id}/test
full  post   /v1/webhook_endpoints/{id}/replay
read  get    /v1/webhook_endpoints/{id}/deliveries
read  get    /v1/webhook_endpoints/{id}/deliveries/{delivery}
full  post   /v1/webhook_endpoints/{id}/deliveries/{delivery}/replay
";

    #[test]
    fn every_call_needs_the_scope_that_was_decided_on() {
        assert_eq!(calls().table(), TABLE);
    }
}

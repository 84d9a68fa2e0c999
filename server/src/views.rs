//! The JSON objects that the doors show, under Clerk's names. Nothing is decided here.

mod activity;
mod attempts;
mod claims;
mod invitation;
mod organization;
mod user;
mod webhook;

use serde_json::{Value, json};
use url::Position;

use crate::agents::Agent;
use crate::audit::Record;
use crate::clients::Client;
use crate::clock::Time;
use crate::instance::Instance;
use crate::organizations::Person;
use crate::sessions::{Actor, Session, Status};
use crate::settings::Settings;
use crate::sign_in_tokens::SignInToken;
use crate::sign_ups::restrictions::{List, Listed};
use crate::tasks::{self, Task};
use crate::tokens;
use crate::users::Profile;
pub(crate) use attempts::*;
pub(crate) use claims::*;
pub(crate) use invitation::*;
pub(crate) use organization::*;
pub(crate) use user::*;
pub(crate) use webhook::*;

/// An agent task as Clerk shows it (spec schema `AgentTask`); the `url` only to its creator, only once.
pub(crate) fn agent_task(task: &Task, url: Option<&str>) -> Value {
    let mut view = json!({
        "object": "agent_task",
        "agent_id": task.agent_id,
        "agent_task_id": task.id,
        "task_id": task.id,
    });
    if let Some(url) = url {
        view["url"] = url.into();
    }
    view
}

/// An agent task with its whole life: Standin's own.
pub(crate) fn agent_task_record(task: &Task, now: Time) -> Value {
    json!({
        "object": "agent_task",
        "agent_id": task.agent_id,
        "agent_name": task.agent_name,
        "agent_task_id": task.id,
        "task_id": task.id,
        "user_id": task.user_id,
        "status": task.status(now),
        "permissions": task.permissions,
        "task_description": task.description,
        "redirect_url": task.redirect_url,
        "session_max_duration_in_seconds": task.session_seconds,
        "organization_id": task.organization_id,
        "confirm": task.confirm,
        "restricted": task.restricted,
        "session_id": task.session_id,
        "created_at": task.created_at,
        "expires_at": task.expires_at,
        "used_at": task.used_at,
        "revoked_at": task.revoked_at,
        "used_from": task.used_at.map(|_| json!({ "ip_address": task.used_ip, "user_agent": task.used_agent })),
    })
}

/// What came of an agent's tasks, and what it has open: Standin's own.
pub(crate) fn activity(tasks: &[Task], sessions: &[Session], now: Time) -> Value {
    let tasks_that_are = |status| {
        let such = tasks.iter().filter(|task| task.status(now) == status);
        such.count()
    };
    json!({
        "tasks": {
            "pending": tasks_that_are(tasks::Status::Pending),
            "used": tasks_that_are(tasks::Status::Used),
            "revoked": tasks_that_are(tasks::Status::Revoked),
            "expired": tasks_that_are(tasks::Status::Expired),
        },
        "open_sessions": sessions.iter().filter(|session| session.is_active(now)).count(),
        "last_active_at": sessions.iter().map(|session| session.last_active_at).max(),
    })
}

/// An agent: Standin's own.
pub(crate) fn agent(agent: &Agent) -> Value {
    json!({
        "object": "agent",
        "id": agent.id,
        "name": agent.name,
        "created_at": agent.created_at,
        "disabled_at": agent.disabled_at,
    })
}

/// A record of the audit trail: Standin's own.
pub(crate) fn audit_log(record: &Record) -> Value {
    json!({
        "object": "audit_log",
        "seq": record.seq,
        "at": record.at,
        "action": record.action,
        "result": record.result,
        "actor": record.actor,
        "user_id": record.user_id,
        "agent_id": record.agent_id,
        "agent_task_id": record.task_id,
        "session_id": record.session_id,
        "ip_address": record.ip,
        "user_agent": record.user_agent,
        "request_id": record.request_id,
        "detail": record.detail,
    })
}

/// A token in its envelope.
pub(crate) fn token(jwt: &str) -> Value {
    json!({ "object": "token", "jwt": jwt })
}

/// A sign-in token (spec schema `SignInToken`); token and URL only to its creator.
pub(crate) fn sign_in_token(made: &SignInToken, secret: Option<(&str, &str)>) -> Value {
    let mut view = json!({
        "object": "sign_in_token",
        "id": made.id,
        "status": made.status(),
        "user_id": made.user_id,
        "created_at": made.created_at,
        "updated_at": made.updated_at(),
    });
    if let Some((token, url)) = secret {
        view["token"] = token.into();
        view["url"] = url.into();
    }
    view
}

/// An actor token (spec schema `ActorToken`); token and URL only to its creator.
pub(crate) fn actor_token(made: &SignInToken, secret: Option<(&str, &str)>) -> Value {
    let mut view = sign_in_token(made, secret);
    view["object"] = "actor_token".into();
    view["actor"] = made.actor.as_ref().map(Actor::claim).into();
    view
}

/// The instance (spec schema `Instance`). Nobody's workspace owns it.
pub(crate) fn instance(instance: &Instance, origins: Option<&[String]>) -> Value {
    json!({
        "object": "instance",
        "id": instance.id,
        "environment_type": instance.stage,
        "allowed_origins": origins,
        "workspace_id": null,
    })
}

/// Where the instance is reached (spec schema `Domain`). There are no names to set in the DNS for somebody else's servers,
/// and no pages to sign in at.
pub(crate) fn domain(instance: &Instance, application: Option<&String>) -> Value {
    let address = instance.address("");
    let host = &instance.public_url[Position::BeforeHost..Position::AfterPort];
    let shared = instance.cookie_domain.as_deref();
    // Pages and SDKs find an instance in its key unless it lies below a path or is in development.
    let by_proxy = instance.is_development() || instance.public_url.path() != "/";
    json!({
        "object": "domain",
        "id": instance.id.as_str().replacen("ins_", "dmn_", 1),
        "name": shared.unwrap_or(host),
        "is_satellite": false,
        "frontend_api_url": address,
        "accounts_portal_url": null,
        "proxy_url": by_proxy.then_some(&address),
        "development_origin": if instance.is_development() { application.map_or("", String::as_str) } else { "" },
        "cname_targets": [],
    })
}

/// Who may sign up (spec schema `InstanceRestrictions`). The lists are not for those who sign in.
pub(crate) fn restrictions(settings: &Settings) -> Value {
    json!({
        "object": "instance_restrictions",
        "allowlist": settings.allowlist,
        "blocklist": settings.blocklist,
        "allowlist_blocklist_disabled_on_sign_in": true,
        "block_email_subaddresses": settings.block_email_subaddresses,
        "block_disposable_email_domains": false,
    })
}

/// An address or number on a list (spec schemas `AllowlistIdentifier`, `BlocklistIdentifier`).
pub(crate) fn listed_identifier(list: List, listed: &Listed, instance: &Instance) -> Value {
    json!({
        "object": list,
        "id": listed.id,
        "identifier": listed.identifier,
        "identifier_type": listed.kind,
        "instance_id": instance.id,
        "created_at": listed.created_at,
        "updated_at": listed.created_at,
    })
}

/// A session as applications' servers see it (spec schema `Session`).
pub(crate) fn session(session: &Session, now: Time) -> Value {
    let mut view = bare_session(session, now);
    view["latest_activity"] = activity::latest(session);
    view
}

/// A session as a page sees it that lists its user's devices.
pub(crate) fn device(one: &Session, user: &Profile, instance: &Instance, now: Time) -> Value {
    let mut view = session(one, now);
    view["public_user_data"] = public_user_data(user, instance);
    view["factor_verification_age"] = json!(tokens::factor_age(one, now));
    view
}

/// What every view of a session shows.
fn bare_session(session: &Session, now: Time) -> Value {
    json!({
        "object": "session",
        "id": session.id,
        "client_id": session.client_id,
        "user_id": session.user_id,
        "actor": session.actor.as_ref().map(Actor::claim),
        "status": session.status(now),
        "last_active_organization_id": session.organization.as_ref().map(|active| &active.id),
        "last_active_at": session.last_active_at,
        "expire_at": session.expire_at,
        "abandon_at": session.expire_at,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "tasks": (session.status(now) == Status::Pending).then(|| json!([{ "key": "choose-organization" }])),
    })
}

/// A client as applications' servers see it (spec schema `Client`).
pub(crate) fn client(client: &Client, sessions: &[Session], now: Time) -> Value {
    json!({
        "object": "client",
        "id": client.id,
        "session_ids": sessions.iter().map(|session| &session.id).collect::<Vec<_>>(),
        "sessions": sessions.iter().map(|one| session(one, now)).collect::<Vec<_>>(),
        "sign_in_id": null,
        "sign_up_id": null,
        "last_active_session_id": client.last_active_session_id,
        "last_authentication_strategy": null,
        "created_at": client.created_at,
        "updated_at": client.updated_at,
    })
}

/// A session as its own browser sees it: with its user and a token to start with.
pub(crate) fn own_session(
    session: &Session,
    person: &Person,
    instance: &Instance,
    jwt: Option<&str>,
    now: Time,
) -> Value {
    let mut view = bare_session(session, now);
    view["user"] = own_user(person, instance, now);
    view["public_user_data"] = public_user_data(&person.profile, instance);
    view["factor_verification_age"] = json!(tokens::factor_age(session, now));
    view["last_active_token"] = jwt.map(token).into();
    view
}

/// A client as its own browser sees it.
pub(crate) fn own_client(client: &Client, sessions: &[Value]) -> Value {
    json!({
        "object": "client",
        "id": client.id,
        "sessions": sessions,
        "sign_in": null,
        "sign_up": null,
        "last_active_session_id": if sessions.is_empty() { None } else { client.last_active_session_id.as_ref() },
        "last_authentication_strategy": null,
        "cookie_expires_at": null,
        "captcha_bypass": false,
        "created_at": client.created_at,
        "updated_at": client.updated_at,
    })
}

//! Webhooks as JSON: the event that is sent (spec schema `WebhookEventPayload`), and what is Standin's own.

use serde_json::{Value, json};

use crate::clock::Time;
use crate::instance::Instance;
use crate::secret::Secret;
use crate::webhooks::{Attempt, Delivery, Endpoint, Kind};

/// An event, with the address and the browser of whoever caused it.
pub(crate) fn event(
    (kind, data): (Kind, &Value),
    instance: &Instance,
    at: Time,
    (ip, user_agent): (Option<&str>, Option<&str>),
) -> Value {
    json!({
        "object": "event",
        "type": kind,
        "data": data,
        "timestamp": at,
        "instance_id": instance.id,
        "event_attributes": {
            "http_request": {
                "client_ip": ip.unwrap_or_default(),
                "user_agent": user_agent.unwrap_or_default(),
            },
        },
    })
}

/// An endpoint.
pub(crate) fn webhook(endpoint: &Endpoint) -> Value {
    json!({
        "object": "webhook",
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": endpoint.events.names().collect::<Vec<_>>(),
        "disabled": endpoint.disabled_at.is_some(),
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    })
}

/// The same with its secret, for those who may change it.
pub(crate) fn webhook_with_secret(endpoint: &Endpoint, secret: &Secret) -> Value {
    let mut view = webhook(endpoint);
    view["signing_secret"] = secret.expose().into();
    view
}

/// A delivery.
pub(crate) fn delivery(delivery: &Delivery) -> Value {
    json!({
        "object": "webhook_delivery",
        "id": delivery.id,
        "webhook_id": delivery.endpoint_id,
        "message_id": delivery.message_id,
        "type": delivery.kind,
        "object_id": delivery.object,
        "status": delivery.state(),
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.due_at,
        "delivered_at": delivery.delivered_at,
        "dead_at": delivery.dead_at,
    })
}

/// The same with what was sent and what came of it.
pub(crate) fn whole_delivery(of: &Delivery, attempts: &[Attempt]) -> Value {
    let mut view = delivery(of);
    view["payload"] = serde_json::from_str(&of.payload).unwrap_or_default();
    view["tried"] = attempts
        .iter()
        .map(|attempt| {
            json!({
                "at": attempt.at,
                "took_ms": attempt.took,
                "status": attempt.status,
                "error": attempt.error,
            })
        })
        .collect();
    view
}

//! Puts the events of a write on their way to the endpoints that listen.

use serde_json::Value;

use super::payload;
use crate::clock::Time;
use crate::db::Write;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::id::{self, WebhookId};
use crate::instance::{self, Instance};
use crate::secret::Digest;
use crate::views;
use crate::webhooks::{self, Kind, Listener, Message};

/// Posts what somebody listens to. `numbers` are those of the events' records.
pub(super) fn post(tx: &mut Write<'_>, events: &[Event], numbers: &[i64]) -> Result<()> {
    let listeners = webhooks::listeners(tx)?;
    let instance =
        instance::stored(tx)?.ok_or_else(|| Error::Bug("endpoints before an instance".into()))?;
    let mut told: Vec<(Kind, String)> = Vec::new();
    let mut messages = Vec::new();
    for (event, number) in events.iter().zip(numbers) {
        let Some((kind, data)) = heard(tx, event, &listeners, &instance)? else {
            continue;
        };
        let object = about(&data);
        let what = (kind, object.clone());
        // The end of the write is shown once, however many steps led there.
        if told.contains(&what) {
            continue;
        }
        told.push(what);
        let seed = format!("{} {number}", instance.id);
        let message = Message {
            id: message_id(&seed, tx.now()),
            kind,
            object,
            payload: body(tx, (kind, &data), &instance, tx.now()),
            at: tx.now(),
        };
        messages.extend(to(&listeners, &message));
        expiry(tx, event, (kind, &seed), &listeners, &instance)?
            .iter()
            .for_each(|message| messages.extend(to(&listeners, message)));
    }
    webhooks::post(tx, messages).map(|_| ())
}

/// The type and the object of an event that somebody listens to.
fn heard(
    tx: &mut Write<'_>,
    event: &Event,
    listeners: &[Listener],
    instance: &Instance,
) -> Result<Option<(Kind, Value)>> {
    let wanted = |kind| listeners.iter().any(|one| one.events.hold(kind));
    let Some(kind) = payload::kind(event) else {
        return Ok(None);
    };
    // Which of the two it is shows in the object. A task's steps end its waiting for the last one.
    let is_open = wanted(kind)
        || kind == Kind::SessionCreated && wanted(Kind::SessionPending)
        || event.task.is_some() && wanted(Kind::TaskExpired);
    if !is_open {
        return Ok(None);
    }
    let Some(data) = payload::data(tx, event, kind, instance)? else {
        return Ok(None);
    };
    let kind = match kind {
        Kind::SessionCreated if payload::is_pending(&data) => Kind::SessionPending,
        kind => kind,
    };
    Ok(Some((kind, data)))
}

/// That a task's link will be past its time is known when it is made, and is taken back when it is opened or taken back.
fn expiry(
    tx: &mut Write<'_>,
    event: &Event,
    (kind, seed): (Kind, &str),
    listeners: &[Listener],
    instance: &Instance,
) -> Result<Option<Message>> {
    let Some(task) = &event.task else {
        return Ok(None);
    };
    if matches!(kind, Kind::TaskOpened | Kind::TaskRevoked) {
        for one in listeners {
            webhooks::withdraw(tx, &one.id, task.as_str(), Kind::TaskExpired)?;
        }
    }
    if kind != Kind::TaskCreated {
        return Ok(None);
    }
    let data = payload::task(tx, event, Time(i64::MAX))?;
    let at = data.as_ref().and_then(|data| data["expires_at"].as_i64());
    let (Some(data), Some(at)) = (data, at.map(Time)) else {
        return Ok(None);
    };
    Ok(Some(Message {
        id: message_id(&format!("{seed} expired"), tx.now()),
        kind: Kind::TaskExpired,
        object: task.to_string(),
        payload: body(tx, (Kind::TaskExpired, &data), instance, at),
        at,
    }))
}

fn to<'a>(
    listeners: &'a [Listener],
    message: &'a Message,
) -> impl Iterator<Item = (WebhookId, Message)> + 'a {
    let some = listeners.iter().filter(|one| one.events.hold(message.kind));
    some.map(|one| (one.id.clone(), message.clone()))
}

/// The id of the object. A task is shown with its agent's beside its own.
fn about(data: &Value) -> String {
    let id = data.get("id").or_else(|| data.get("agent_task_id"));
    id.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The same for the same record, so that a write can be run again; another one in another instance.
fn message_id(seed: &str, at: Time) -> String {
    id::message(at, &Digest::of(seed.as_bytes()))
}

/// The body that is sent.
fn body(tx: &Write<'_>, (kind, data): (Kind, &Value), instance: &Instance, at: Time) -> String {
    let by = tx.by();
    let from = (by.ip.as_deref(), by.user_agent.as_deref());
    views::event((kind, data), instance, at, from).to_string()
}

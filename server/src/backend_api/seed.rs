//! `/v1/seed`: Standin's own. One body that says what there shall be: users with their ids and passwords, organizations with
//! their members, settings. `PUT` brings it about in one write, all of it or nothing, and says of every kind how much was
//! made and changed; what is so already is left alone, and what is not named too. `GET` writes such a body, in development.

mod instance;
mod organizations;
mod roles;
mod services;
mod users;

use axum::Json;
use axum::extract::{RawQuery, Request, State};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::caller::Caller;
use crate::clock::Time;
use crate::db::{Page, Read, Write};
use crate::error::{Error, Result};
use crate::wire::{Answer, Calls, FULL, Params};

const PATH: &str = "/v1/seed";

pub(super) fn routes() -> Calls {
    Calls::new().get(FULL, PATH, show).put(FULL, PATH, apply)
}

/// The most bytes of a body: some ten thousand users.
const BODY_MAX: usize = 4 * 1024 * 1024;
/// The most things of one kind.
const THINGS_MAX: usize = 10_000;

/// A thing that shall be there, checked as far as that can be done without looking.
trait Thing: Send {
    /// Makes it so, if it is not.
    fn bring(&self, app: &App, tx: &mut Write<'_>) -> Result<Outcome>;
}

/// What had to be done for a thing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Made,
    Changed,
    Same,
}

impl Outcome {
    fn changed(yes: bool) -> Self {
        if yes { Self::Changed } else { Self::Same }
    }
}

/// Reads a thing, and makes the ids and secrets that it will need.
type Reader = fn(&App, Map<String, Value>, Time) -> Result<Box<dyn Thing>>;

/// What a body can have, in the order in which things need each other. Webhooks come last: nobody is told of what was there
/// before they were.
const KINDS: [(&str, Form); 11] = [
    ("permissions", Form::Many(roles::permission)),
    ("roles", Form::Many(roles::role)),
    ("instance", Form::One(instance::settings)),
    ("users", Form::Many(users::user)),
    ("organizations", Form::Many(organizations::organization)),
    ("claims", Form::One(instance::claims)),
    ("jwt_templates", Form::Many(services::jwt_template)),
    ("allowlist_identifiers", Form::Many(instance::allowed)),
    ("blocklist_identifiers", Form::Many(instance::blocked)),
    ("agents", Form::Many(services::agent)),
    ("webhooks", Form::Many(services::webhook)),
];

enum Form {
    One(Reader),
    Many(Reader),
}

/// A thing by its kind and its place in the body.
struct Entry {
    kind: &'static str,
    place: String,
    thing: Box<dyn Thing>,
}

async fn apply(State(app): State<App>, by: Caller, request: Request) -> Answer {
    let bring = read(app.clone(), request, by.at).await?;
    app.answer(by, bring, |_, told| told.clone()).await
}

/// What brings a seed about, and tells of it.
type Bring = Box<dyn Fn(&mut Write<'_>) -> Result<Value> + Send>;

/// What brings about the seed in a request's body, as of that moment.
pub(crate) async fn read(app: App, request: Request, at: Time) -> Result<Bring> {
    let mut params = Params::large(request, BODY_MAX).await?;
    let mut entries = Vec::new();
    for (kind, form) in &KINDS {
        let (read, found) = match form {
            Form::One(read) => (read, params.object(kind)?.into_iter().collect()),
            Form::Many(read) => (read, params.objects(kind, THINGS_MAX)?),
        };
        for (number, mut given) in found.into_iter().enumerate() {
            let place = match form {
                Form::One(_) => (*kind).to_owned(),
                Form::Many(_) => format!("{kind}[{number}]"),
            };
            let digested = users::digest_password(&app, kind, &mut given).await;
            let thing = digested.and_then(|()| read(&app, given, at));
            let thing = thing.map_err(|error| error.within(&place))?;
            entries.push(Entry { kind, place, thing });
        }
    }
    params.finish()?;
    Ok(Box::new(move |tx: &mut Write<'_>| {
        let one = |entry: &Entry| {
            let brought = entry.thing.bring(&app, tx);
            let outcome = brought.map_err(|error| error.within(&entry.place))?;
            Ok((entry.kind, outcome))
        };
        let brought = entries.iter().map(one).collect::<Result<Vec<_>>>();
        brought.map(|brought| told(&brought))
    }))
}

/// How much was made and changed.
fn told(brought: &[(&str, Outcome)]) -> Value {
    let count = |kind: &str, outcome| {
        brought
            .iter()
            .filter(|one| **one == (kind, outcome))
            .count()
    };
    let kinds = KINDS.iter().map(|(kind, _)| kind);
    let named = kinds.filter(|kind| brought.iter().any(|(of, _)| of == *kind));
    let data = named.map(|kind| {
        json!({
            "kind": kind,
            "made": count(kind, Outcome::Made),
            "changed": count(kind, Outcome::Changed),
            "same": count(kind, Outcome::Same),
        })
    });
    json!({ "object": "seed", "data": data.collect::<Vec<_>>() })
}

/// It holds digests of passwords and other secrets, which no key of a production instance gets out.
async fn show(State(app): State<App>, RawQuery(query): RawQuery) -> Answer {
    Params::query(query.as_deref())?.finish()?;
    if !app.instance.is_development() {
        return Err(Error::DevelopmentOnly);
    }
    let (db, now) = (app.db.clone(), app.now());
    let write = move |tx: &mut Read<'_>| {
        let mut all = json!({
            "instance": instance::write_settings(tx)?,
            "permissions": roles::write_permissions(tx)?,
            "roles": roles::write_roles(tx)?,
            "users": users::write(tx, now)?,
            "organizations": organizations::write(tx, now)?,
            "claims": instance::write_claims(tx)?,
            "jwt_templates": services::write_jwt_templates(&app, tx)?,
            "allowlist_identifiers": instance::write_allowed(tx)?,
            "blocklist_identifiers": instance::write_blocked(tx)?,
            "agents": services::write_agents(tx)?,
            "webhooks": services::write_webhooks(&app, tx)?,
        });
        if let Some(all) = all.as_object_mut() {
            all.retain(|_, kind| !matches!(kind, Value::Array(list) if list.is_empty()));
        }
        Ok(all)
    };
    db.search(write).await.map(Json)
}

/// All rows of a list that has pages.
fn all<T>(
    tx: &mut Read<'_>,
    list: impl Fn(&mut Read<'_>, Page) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    const LIMIT: i64 = 500;
    let mut found = Vec::new();
    loop {
        let offset = i64::try_from(found.len()).unwrap_or(i64::MAX);
        let page = list(
            tx,
            Page {
                limit: LIMIT,
                offset,
            },
        )?;
        let is_last = i64::try_from(page.len()).is_ok_and(|count| count < LIMIT);
        found.extend(page);
        if is_last {
            return Ok(found);
        }
    }
}

/// Whether everything that is asked for is shown already.
fn is_so(wanted: &Map<String, Value>, shown: &Value) -> bool {
    wanted.iter().all(|(name, value)| shown[name] == *value)
}

/// Keeps of an object what is not the usual: what a body leaves out.
fn without(mut shown: Value, usual: &[(&str, Value)]) -> Value {
    if let Some(members) = shown.as_object_mut() {
        members.retain(|name, value| {
            !usual
                .iter()
                .any(|one| (name.as_str(), &*value) == (one.0, &one.1))
        });
    }
    shown
}
